/* One thread of the public listener and its libmicrohttpd daemon.
 *
 * The loop is the relay's own and calls MHD_run: the epoll thread of libmicrohttpd 0.9.75 blocks
 * forever after 128 events are ready together, and connections that another thread resumes wake up
 * late. */
#ifndef SEGRELAY_RECEIVE_HTTP_LOOP_H
#define SEGRELAY_RECEIVE_HTTP_LOOP_H

#include "base/error.h"
#include "receive/http/server.h"

#include <stdint.h>

struct MHD_Connection;
struct loop;

/* A suspended connection; a member of the request that waits. */
struct waiter {
	struct MHD_Connection *connection;
	struct waiter *next; /* used by the loop */
};

/* Starts a thread that accepts from `listen_fd`, which the caller keeps and closes. */
int loop_start(struct server *server, int listen_fd, struct loop **loop, struct error *error);

/* Stops accepting, closes idle connections, and the others at `deadline` (clock_monotonic). Does
 * not wait. */
void loop_stop(struct loop *loop, int64_t deadline);

/* Waits for the end of the thread, and frees the loop. */
void loop_join(struct loop *loop);

/* When the loop turned last, in ms of clock_monotonic(). */
int64_t loop_heartbeat(const struct loop *loop);

/* ---- for the requests, in the loop's thread ---- */

struct server *loop_server(struct loop *loop);

/* Suspends the connection until loop_resume; then libmicrohttpd calls its handler again. */
void loop_suspend(struct waiter *waiter, struct MHD_Connection *connection);

/* ---- from any thread ---- */

void loop_resume(struct loop *loop, struct waiter *waiter);

#endif
