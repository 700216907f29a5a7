/* The connections of the admin listener and their deadlines. */
#include "admin/admin_connections.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
	CHECK_INTERVAL = 250,    /* ms between two checks of the deadlines */
	ENGINE_WAITING_MAX = 24, /* connections waiting for the engine; the others serve health */
};

struct admin_connection {
	struct admin_connections *connections;
	struct admin_connection *previous;
	struct admin_connection *next;
	int fd;
	int64_t deadline; /* ms of clock_monotonic(); INT64_MAX for none, or when it was closed */
};

struct admin_connections {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* a connection was added, or `stopping` was set */
	pthread_t thread;
	struct admin_connection *first;
	bool stopping;
	_Atomic int waiting_for_engine;
};

/* ---- the thread ---- */

/* With the lock held, because a closed socket's number may be used again: a closed connection is
 * not in the list. libmicrohttpd closes the socket after the shutdown. */
static void close_late(struct admin_connections *connections)
{
	int64_t now = clock_monotonic();

	for (struct admin_connection *entry = connections->first; entry != NULL;
		entry = entry->next)
		if (now >= entry->deadline) {
			entry->deadline = INT64_MAX;
			(void)shutdown(entry->fd, SHUT_RDWR);
		}
}

static void *run(void *context)
{
	const struct timespec pause = {.tv_nsec = CHECK_INTERVAL * 1000000L};
	struct admin_connections *connections = context;

	(void)pthread_mutex_lock(&connections->lock);
	while (!connections->stopping) {
		if (connections->first == NULL) {
			(void)pthread_cond_wait(&connections->changed, &connections->lock);
			continue;
		}
		close_late(connections);
		(void)pthread_mutex_unlock(&connections->lock);
		(void)nanosleep(&pause, NULL);
		(void)pthread_mutex_lock(&connections->lock);
	}
	(void)pthread_mutex_unlock(&connections->lock);
	return NULL;
}

struct admin_connections *admin_connections_create(void)
{
	struct admin_connections *connections = calloc(1, sizeof(*connections));

	if (connections == NULL)
		return NULL;
	(void)pthread_mutex_init(&connections->lock, NULL);
	(void)pthread_cond_init(&connections->changed, NULL);
	if (pthread_create(&connections->thread, NULL, run, connections) == 0)
		return connections;
	(void)pthread_cond_destroy(&connections->changed);
	(void)pthread_mutex_destroy(&connections->lock);
	free(connections);
	return NULL;
}

void admin_connections_destroy(struct admin_connections *connections)
{
	if (connections == NULL)
		return;
	(void)pthread_mutex_lock(&connections->lock);
	connections->stopping = true;
	(void)pthread_cond_signal(&connections->changed);
	(void)pthread_mutex_unlock(&connections->lock);
	(void)pthread_join(connections->thread, NULL);
	(void)pthread_cond_destroy(&connections->changed);
	(void)pthread_mutex_destroy(&connections->lock);
	free(connections);
}

/* ---- connections ---- */

static void add_entry(
	struct admin_connections *connections, struct MHD_Connection *connection, void **context)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct admin_connection *entry = malloc(sizeof(*entry));

	if (entry == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	(void)pthread_mutex_lock(&connections->lock);
	*entry = (struct admin_connection){
		.connections = connections,
		.next = connections->first,
		.fd = fd,
		.deadline = clock_monotonic() + ADMIN_DEADLINE,
	};
	if (connections->first != NULL)
		connections->first->previous = entry;
	connections->first = entry;
	(void)pthread_cond_signal(&connections->changed);
	(void)pthread_mutex_unlock(&connections->lock);
	*context = entry;
}

static void remove_entry(struct admin_connection *entry)
{
	struct admin_connections *connections = entry->connections;

	(void)pthread_mutex_lock(&connections->lock);
	if (entry->previous != NULL)
		entry->previous->next = entry->next;
	else
		connections->first = entry->next;
	if (entry->next != NULL)
		entry->next->previous = entry->previous;
	(void)pthread_mutex_unlock(&connections->lock);
	free(entry);
}

void admin_connections_notify(void *connections, struct MHD_Connection *connection,
	void **socket_context, enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		add_entry(connections, connection, socket_context);
	else if (*socket_context != NULL)
		remove_entry(*socket_context);
}

static void set_deadline(struct MHD_Connection *connection, int64_t deadline)
{
	struct admin_connection *entry =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	if (entry == NULL)
		return;
	(void)pthread_mutex_lock(&entry->connections->lock);
	entry->deadline = deadline;
	(void)pthread_mutex_unlock(&entry->connections->lock);
}

void admin_connection_start_deadline(struct MHD_Connection *connection)
{
	set_deadline(connection, clock_monotonic() + ADMIN_DEADLINE);
}

void admin_connection_stop_deadline(struct MHD_Connection *connection)
{
	set_deadline(connection, INT64_MAX);
}

/* ---- the engine ---- */

bool admin_connections_enter_engine(struct admin_connections *connections)
{
	if (atomic_fetch_add(&connections->waiting_for_engine, 1) < ENGINE_WAITING_MAX)
		return true;
	(void)atomic_fetch_sub(&connections->waiting_for_engine, 1);
	return false;
}

void admin_connections_leave_engine(struct admin_connections *connections)
{
	(void)atomic_fetch_sub(&connections->waiting_for_engine, 1);
}
