/* One thread of the public listener and its libmicrohttpd daemon.
 *
 * The loop is ours and calls MHD_run: libmicrohttpd 0.9.75's own epoll thread blocks for ever once
 * 128 events are ready together, and connections that another thread resumes wake up late. */
#ifndef SEGRELAY_RECEIVE_HTTP_LOOP_H
#define SEGRELAY_RECEIVE_HTTP_LOOP_H

#include "base/error.h"
#include "receive/http/server.h"

#include <stdint.h>

struct MHD_Connection;
struct loop;

/* A suspended connection; part of what waits for something. */
struct waiter {
	struct MHD_Connection *connection;
	struct waiter *next; /* the loop's */
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

/* Suspends the connection until loop_resume; then its handler is called again. */
void loop_suspend(struct waiter *waiter, struct MHD_Connection *connection);

/* ---- from any thread ---- */

void loop_resume(struct loop *loop, struct waiter *waiter);

#endif
