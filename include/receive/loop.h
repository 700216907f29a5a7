/* One thread of the public listener: its libmicrohttpd daemon, the connections, their deadlines.
 *
 * The loop is ours and calls MHD_run: libmicrohttpd 0.9.75's own epoll thread blocks for ever once
 * 128 events are ready together, and connections that another thread resumes wake up late. */
#ifndef SEGRELAY_RECEIVE_LOOP_H
#define SEGRELAY_RECEIVE_LOOP_H

#include "base/error.h"
#include "receive/reception.h"

#include <stdbool.h>
#include <stdint.h>

struct MHD_Connection;
struct loop;

/* A suspended connection; part of what waits for something. */
struct waiter {
	struct MHD_Connection *connection;
	struct waiter *next; /* the loop's */
};

/* Where a connection's request is; each phase has its deadline. */
enum phase {
	PHASE_IDLE,      /* between requests: idle_timeout */
	PHASE_RECEIVING, /* request_timeout from the first byte to the last */
	PHASE_WAITING,   /* for the engine: none, it always answers */
	PHASE_ANSWERING, /* request_timeout */
};

/* Starts a thread that accepts from `listen_fd`, which stays the caller's. */
int loop_start(struct reception *reception, int listen_fd, struct loop **loop, struct error *error);

/* Accepts no more, ends idle connections, and the others at `deadline` (clock_monotonic). Returns
 * at once. */
void loop_stop(struct loop *loop, int64_t deadline);

/* Waits for the end of the thread, and frees the loop. */
void loop_join(struct loop *loop);

/* When the loop last turned, in ms of clock_monotonic(). */
int64_t loop_heartbeat(const struct loop *loop);

/* ---- for the requests, in the loop's thread ---- */

struct reception *loop_reception(struct loop *loop);

/* False for a connection that was turned away when it opened; nothing that it sent counts. */
bool loop_admitted(struct MHD_Connection *connection);

/* Says where the connection's request is. */
void loop_phase(struct MHD_Connection *connection, enum phase phase);

/* Whether the connection was cut because its request took too long to arrive. */
bool loop_was_cut(struct MHD_Connection *connection);

/* Suspends the connection until loop_resume; then its handler is called again. */
void loop_suspend(struct waiter *waiter, struct MHD_Connection *connection);

/* ---- from any thread ---- */

void loop_resume(struct loop *loop, struct waiter *waiter);

#endif
