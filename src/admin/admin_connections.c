/* The connections of the admin listener and their deadlines. */
#include "admin/admin_connections.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum {
	LOOK_PAUSE = 250,   /* ms between two looks at the deadlines */
	ENGINE_VISITS = 24, /* that wait for the engine: the rest of the places is for health */
};

struct client_place {
	struct admin_clients *clients;
	struct client_place *previous;
	struct client_place *next;
	int fd;
	int64_t deadline; /* clock_monotonic; INT64_MAX for none, or when it was cut already */
};

struct admin_clients {
	pthread_mutex_t lock;
	pthread_cond_t changed; /* there is a first one, or it is time to end */
	pthread_t thread;
	struct client_place *first;
	bool stopping;
	_Atomic int engine_visits;
};

/* ---- the thread ---- */

/* With the lock, so that no socket's number is somebody else's by now: a closed one is not in the
 * list. Shutting it down makes libmicrohttpd close it in its own time. */
static void cut_late_ones(struct admin_clients *clients)
{
	int64_t now = clock_monotonic();

	for (struct client_place *place = clients->first; place != NULL; place = place->next)
		if (now >= place->deadline) {
			place->deadline = INT64_MAX;
			(void)shutdown(place->fd, SHUT_RDWR);
		}
}

static void *run(void *context)
{
	const struct timespec pause = {.tv_nsec = LOOK_PAUSE * 1000000L};
	struct admin_clients *clients = context;

	(void)pthread_mutex_lock(&clients->lock);
	while (!clients->stopping) {
		if (clients->first == NULL) {
			(void)pthread_cond_wait(&clients->changed, &clients->lock);
			continue;
		}
		cut_late_ones(clients);
		(void)pthread_mutex_unlock(&clients->lock);
		(void)nanosleep(&pause, NULL);
		(void)pthread_mutex_lock(&clients->lock);
	}
	(void)pthread_mutex_unlock(&clients->lock);
	return NULL;
}

struct admin_clients *admin_clients_create(void)
{
	struct admin_clients *clients = calloc(1, sizeof(*clients));

	if (clients == NULL)
		return NULL;
	(void)pthread_mutex_init(&clients->lock, NULL);
	(void)pthread_cond_init(&clients->changed, NULL);
	if (pthread_create(&clients->thread, NULL, run, clients) == 0)
		return clients;
	(void)pthread_cond_destroy(&clients->changed);
	(void)pthread_mutex_destroy(&clients->lock);
	free(clients);
	return NULL;
}

void admin_clients_destroy(struct admin_clients *clients)
{
	if (clients == NULL)
		return;
	(void)pthread_mutex_lock(&clients->lock);
	clients->stopping = true;
	(void)pthread_cond_signal(&clients->changed);
	(void)pthread_mutex_unlock(&clients->lock);
	(void)pthread_join(clients->thread, NULL);
	(void)pthread_cond_destroy(&clients->changed);
	(void)pthread_mutex_destroy(&clients->lock);
	free(clients);
}

/* ---- connections ---- */

static void open_place(
	struct admin_clients *clients, struct MHD_Connection *connection, void **context)
{
	int fd = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
	struct client_place *place = malloc(sizeof(*place));

	if (place == NULL) {
		(void)shutdown(fd, SHUT_RDWR);
		return;
	}
	(void)pthread_mutex_lock(&clients->lock);
	*place = (struct client_place){
		.clients = clients,
		.next = clients->first,
		.fd = fd,
		.deadline = clock_monotonic() + ADMIN_DEADLINE,
	};
	if (clients->first != NULL)
		clients->first->previous = place;
	clients->first = place;
	(void)pthread_cond_signal(&clients->changed);
	(void)pthread_mutex_unlock(&clients->lock);
	*context = place;
}

static void close_place(struct client_place *place)
{
	struct admin_clients *clients = place->clients;

	(void)pthread_mutex_lock(&clients->lock);
	if (place->previous != NULL)
		place->previous->next = place->next;
	else
		clients->first = place->next;
	if (place->next != NULL)
		place->next->previous = place->previous;
	(void)pthread_mutex_unlock(&clients->lock);
	free(place);
}

void admin_clients_changed(void *clients, struct MHD_Connection *connection, void **socket_context,
	enum MHD_ConnectionNotificationCode code)
{
	if (code == MHD_CONNECTION_NOTIFY_STARTED)
		open_place(clients, connection, socket_context);
	else if (*socket_context != NULL)
		close_place(*socket_context);
}

static void set_deadline(struct MHD_Connection *connection, int64_t deadline)
{
	struct client_place *place =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)
			->socket_context;

	if (place == NULL)
		return;
	(void)pthread_mutex_lock(&place->clients->lock);
	place->deadline = deadline;
	(void)pthread_mutex_unlock(&place->clients->lock);
}

void admin_client_hurry(struct MHD_Connection *connection)
{
	set_deadline(connection, clock_monotonic() + ADMIN_DEADLINE);
}

void admin_client_rest(struct MHD_Connection *connection)
{
	set_deadline(connection, INT64_MAX);
}

/* ---- the engine ---- */

bool admin_clients_enter_engine(struct admin_clients *clients)
{
	if (atomic_fetch_add(&clients->engine_visits, 1) < ENGINE_VISITS)
		return true;
	(void)atomic_fetch_sub(&clients->engine_visits, 1);
	return false;
}

void admin_clients_leave_engine(struct admin_clients *clients)
{
	(void)atomic_fetch_sub(&clients->engine_visits, 1);
}
