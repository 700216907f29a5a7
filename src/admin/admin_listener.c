/* The admin listener: health, metrics, and the operator's questions. */
#include "admin/admin_listener.h"

#include "admin/admin_connections.h"
#include "admin/api.h"
#include "admin/pages.h"
#include "admin/unix_socket.h"
#include "base/json.h"
#include "config/values.h"
#include "receive/http/socket.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum {
	CONNECTIONS = 32,
	STACK = 256 * 1024, /* of a connection's thread */
	BODY_MAX = 8 << 20, /* the state of a preview (admin/api.h) */
	SEARCH_MAX = 512,
	HOST_MAX = 256,
};

/* One of the two ways in. */
struct door {
	struct admin *admin;
	struct MHD_Daemon *daemon;
	bool is_socket; /* the unix socket, which only the operator can reach */
};

struct admin {
	struct admin_sources sources;
	struct door address;
	struct door socket;
	struct unix_socket file; /* of the unix socket */
	struct admin_clients *clients;
	char *path;          /* of the file */
	char host[HOST_MAX]; /* of the address that it listens at */
};

/* ---- who may ask, and modify ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_port_or_nothing(const char *rest)
{
	return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

/* Whether a request's Host is one that nobody else's page can have: an address, which no name
 * server gives, or a name that the operator chose. Brackets hold nothing but addresses. A page's
 * requests have a Host; probes of load balancers may have none. */
static bool is_meant(const struct admin *admin, const char *named)
{
	char host[HOST_MAX];
	const char *rest;

	if (named == NULL)
		return true;
	rest = value_split_host(named, host, sizeof(host));
	return rest != NULL && is_port_or_nothing(rest) &&
	       (named[0] == '[' || host[strspn(host, "0123456789.")] == '\0' ||
		       strcasecmp(host, "localhost") == 0 || strcasecmp(host, admin->host) == 0);
}

static bool may_modify(struct MHD_Connection *connection)
{
	const char *type = header(connection, "Content-Type");

	return header(connection, "Origin") == NULL && header(connection, "Host") != NULL &&
	       type != NULL && strncasecmp(type, "application/json", 16) == 0;
}

static void refuse(struct visit *visit, unsigned status, const char *reason)
{
	visit->status = status;
	text_put(&visit->answer, "{");
	json_add_member(&visit->answer, "error", reason);
	text_put(&visit->answer, "}");
}

/* Where what shows bodies or modifies something is served. */
static void refuse_at_address(const struct admin *admin, const char *path, struct visit *visit)
{
	struct text reason = {0};

	text_put(&reason, "this address serves /healthz, /readyz and /metrics only; the rest is "
			  "served on the unix socket ");
	text_put(&reason, admin->file.path != NULL ? admin->file.path
						   : "that admin_socket names (none is set)");
	refuse(visit, operator_has(path) ? MHD_HTTP_FORBIDDEN : MHD_HTTP_NOT_FOUND,
		text_string(&reason));
	text_free(&reason);
}

/* ---- a request ---- */

static enum MHD_Result add_parameter(
	void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct text *search = context;

	(void)kind;
	if (value != NULL && search->length < SEARCH_MAX)
		text_format(search, "%c%.40s=%.128s", search->length > 0 ? '&' : '?', key, value);
	return MHD_YES;
}

static void route(const struct door *door, struct MHD_Connection *connection, const char *method,
	const char *path, struct visit *visit)
{
	struct admin *admin = door->admin;
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	struct text search = {0};

	visit->type = "application/json";
	if (!is_meant(admin, header(connection, "Host"))) {
		refuse(visit, MHD_HTTP_FORBIDDEN,
			"the Host of this request is not an address, localhost, or the host in "
			"admin = \"HOST:PORT\"");
		return;
	}
	if (is_read && admin_page(&admin->sources, admin->clients, path, visit))
		return;
	if (!door->is_socket) {
		refuse_at_address(admin, path, visit);
		return;
	}
	if (!is_read && !may_modify(connection)) {
		refuse(visit, MHD_HTTP_FORBIDDEN,
			"a request that modifies something needs Content-Type: application/json "
			"and no Origin");
		return;
	}
	if (!admin_clients_enter_engine(admin->clients)) {
		visit->status = MHD_HTTP_SERVICE_UNAVAILABLE;
		text_put(&visit->answer, "{\"error\":\"too many requests wait for the engine: try "
					 "again later\"}");
		return;
	}
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter, &search);
	visit->status = (unsigned)operator_handle(admin->sources.engine, is_read ? "GET" : method,
		path, text_string(&search), text_string(&visit->body), visit->body.length,
		&visit->answer);
	admin_clients_leave_engine(admin->clients);
	text_free(&search);
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct visit *visit)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (visit->answer.failed)
		return MHD_NO;
	if (visit->answer.length > 0 && visit->answer.data[visit->answer.length - 1] != '\n')
		text_put(&visit->answer, "\n");
	response = MHD_create_response_from_buffer(visit->answer.length,
		(void *)(uintptr_t)text_string(&visit->answer), MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", visit->type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	result = MHD_queue_response(connection, visit->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **visit_of)
{
	const struct door *door = context;
	struct visit *visit = *visit_of;

	(void)version;
	if (visit == NULL) {
		visit = calloc(1, sizeof(*visit));
		*visit_of = visit;
		return visit != NULL ? MHD_YES : MHD_NO;
	}
	if (*part_length > 0) {
		if (visit->body.length + *part_length > BODY_MAX)
			return MHD_NO;
		if (door->is_socket) /* at the address nothing reads one */
			text_add(&visit->body, part, *part_length);
		*part_length = 0;
		return MHD_YES;
	}
	admin_client_rest(connection);
	route(door, connection, method, path, visit);
	admin_client_hurry(connection);
	return respond(connection, visit);
}

static void completed(void *context, struct MHD_Connection *connection, void **visit_of,
	enum MHD_RequestTerminationCode code)
{
	struct visit *visit = *visit_of;

	(void)context, (void)code;
	admin_client_hurry(connection); /* with the next request */
	if (visit == NULL)
		return;
	text_free(&visit->body);
	text_free(&visit->answer);
	free(visit);
	*visit_of = NULL;
}

/* ---- the listener ---- */

/* The line of a request has arrived. */
static void *begun(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context, (void)uri;
	admin_client_hurry(connection);
	return NULL;
}

/* Starts a thread of its own that serves a listening socket, which is the thread's from now on. By
 * poll: libmicrohttpd's epoll thread can hang, see receive/http/loop.h. A thread for each
 * connection: who waits for the engine must not hold up who asks for health. */
static int open_door(struct admin *admin, struct door *door, int fd)
{
	door->admin = admin;
	door->daemon =
		MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0,
			NULL, NULL, handle, door, MHD_OPTION_LISTEN_SOCKET, fd,
			MHD_OPTION_CONNECTION_LIMIT, (unsigned)CONNECTIONS,
			MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK, MHD_OPTION_CONNECTION_TIMEOUT,
			(unsigned)(ADMIN_DEADLINE / SECOND), MHD_OPTION_NOTIFY_CONNECTION,
			admin_clients_changed, admin->clients, MHD_OPTION_URI_LOG_CALLBACK, begun,
			NULL, MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	/* Without a thread it has closed the socket, whose number may be a connection's of the
	 * public listener by now: it is not closed again. */
	return door->daemon != NULL ? 0 : -1;
}

static int open_address(struct admin *admin, const char *address, int *port, struct error *error)
{
	int fd = socket_listen("admin", address, port, error);

	(void)value_split_host(address, admin->host, sizeof(admin->host));
	if (fd < 0)
		return -1;
	if (open_door(admin, &admin->address, fd) != 0)
		return error_set(error, "admin = \"%s\": no thread to listen", address);
	return 0;
}

static int open_socket(struct admin *admin, const char *path, struct error *error)
{
	int fd;

	if (path == NULL)
		return 0;
	admin->path = strdup(path);
	if (admin->path == NULL)
		return error_set(error, "no memory");
	fd = unix_socket_listen("admin_socket", admin->path, &admin->file, error);
	if (fd < 0) {
		admin->file.path = NULL;
		return -1;
	}
	admin->socket.is_socket = true;
	if (open_door(admin, &admin->socket, fd) != 0)
		return error_set(error, "admin_socket = \"%s\": no thread to listen", path);
	return 0;
}

int admin_start(const struct admin_sources *sources, const char *address, const char *path,
	struct admin **admin, int *port, struct error *error)
{
	struct admin *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return error_set(error, "no memory");
	made->sources = *sources;
	made->clients = admin_clients_create();
	if (made->clients == NULL) {
		free(made);
		return error_set(error, "no thread for the admin listener");
	}
	/* The socket first: what is asked at the address names it. */
	if (open_socket(made, path, error) != 0 || open_address(made, address, port, error) != 0) {
		admin_stop(made);
		return -1;
	}
	*admin = made;
	return 0;
}

static void close_door(struct door *door)
{
	if (door->daemon != NULL)
		MHD_stop_daemon(door->daemon); /* it closes the socket */
}

void admin_stop(struct admin *admin)
{
	if (admin == NULL)
		return;
	unix_socket_remove(&admin->file);
	close_door(&admin->socket);
	close_door(&admin->address);
	admin_clients_destroy(admin->clients);
	free(admin->path);
	free(admin);
}
