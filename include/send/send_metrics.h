/* Counts of each destination, for the metrics. */
#ifndef SEGRELAY_SEND_SEND_METRICS_H
#define SEGRELAY_SEND_SEND_METRICS_H

#include "send/sender_private.h"

/* Counts an attempt. */
void send_metrics_attempt(struct lane *lane, CURLcode code, long status, int64_t milliseconds);

/* Counts a batch that was posted (1) or ended (-1). */
void send_metrics_in_flight(struct lane *lane, int64_t change);

/* Counts a batch that was split. */
void send_metrics_split(struct lane *lane);

/* Counts a message that was set aside. */
void send_metrics_set_aside(struct lane *lane);

/* Records the time of an accepted batch, in ms since 1970. */
void send_metrics_success(struct lane *lane, int64_t now);

/* Records the ms that this machine's clock is ahead of the destination's. */
void send_metrics_clock(struct lane *lane, int64_t offset);

/* Records the lane's pause. */
void send_metrics_pause(struct lane *lane);

#endif
