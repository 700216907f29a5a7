/* The admin listener: health, metrics, and the admin API. */
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
	BODY_MAX = 8 << 20, /* a preview's state may be that long (admin/api.h) */
	SEARCH_MAX = 512,
	HOST_MAX = 256,
};

/* The address or the unix socket. */
struct admin_entrance {
	struct admin *admin;
	struct MHD_Daemon *daemon;
	bool is_socket; /* only the operator can reach the unix socket */
};

struct admin {
	struct admin_sources sources;
	struct admin_entrance address;
	struct admin_entrance socket;
	struct unix_socket file; /* of the unix socket */
	struct admin_connections *connections;
	char *path;          /* of the file */
	char host[HOST_MAX]; /* of the address */
};

/* ---- permissions ---- */

static const char *header(struct MHD_Connection *connection, const char *name)
{
	return MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);
}

static bool is_port_or_nothing(const char *rest)
{
	return *rest == '\0' || (*rest == ':' && rest[1 + strspn(rest + 1, "0123456789")] == '\0');
}

/* Whether a request's Host cannot come from another web page (DNS rebinding): it is an address, or
 * a name that the operator configured. Brackets contain IPv6 addresses only. Requests of pages have
 * a Host; probes of load balancers may have none. */
static bool host_is_allowed(const struct admin *admin, const char *named)
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

static void reject(struct admin_request *request, unsigned status, const char *reason)
{
	request->status = status;
	text_put(&request->answer, "{");
	json_add_member(&request->answer, "error", reason);
	text_put(&request->answer, "}");
}

/* Names the unix socket, which serves requests that show bodies or modify something. */
static void reject_at_address(
	const struct admin *admin, const char *path, struct admin_request *request)
{
	struct text reason = {0};

	text_put(&reason, "this address serves /healthz, /readyz and /metrics only; use the unix "
			  "socket ");
	text_put(&reason,
		admin->file.path != NULL ? admin->file.path : "of admin_socket, which is not set");
	reject(request, api_has(path) ? MHD_HTTP_FORBIDDEN : MHD_HTTP_NOT_FOUND,
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

static void route(const struct admin_entrance *listener, struct MHD_Connection *connection,
	const char *method, const char *path, struct admin_request *request)
{
	struct admin *admin = listener->admin;
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	struct text search = {0};

	request->type = "application/json";
	if (!host_is_allowed(admin, header(connection, "Host"))) {
		reject(request, MHD_HTTP_FORBIDDEN,
			"the Host header must be an address, localhost, or the host of "
			"admin = \"HOST:PORT\"");
		return;
	}
	if (is_read && admin_page(&admin->sources, admin->connections, path, request))
		return;
	if (!listener->is_socket) {
		reject_at_address(admin, path, request);
		return;
	}
	if (!is_read && !may_modify(connection)) {
		reject(request, MHD_HTTP_FORBIDDEN,
			"a request that modifies something must have Content-Type: "
			"application/json and no Origin");
		return;
	}
	if (!admin_connections_enter_engine(admin->connections)) {
		request->status = MHD_HTTP_SERVICE_UNAVAILABLE;
		text_put(&request->answer,
			"{\"error\":\"too many requests wait for the engine: retry "
			"later\"}");
		return;
	}
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter, &search);
	request->status = (unsigned)api_handle(admin->sources.engine, is_read ? "GET" : method,
		path, text_string(&search), text_string(&request->body), request->body.length,
		&request->answer);
	admin_connections_leave_engine(admin->connections);
	text_free(&search);
}

static enum MHD_Result respond(struct MHD_Connection *connection, struct admin_request *request)
{
	struct MHD_Response *response;
	enum MHD_Result result;

	if (request->answer.failed)
		return MHD_NO;
	if (request->answer.length > 0 && request->answer.data[request->answer.length - 1] != '\n')
		text_put(&request->answer, "\n");
	response = MHD_create_response_from_buffer(request->answer.length,
		(void *)(uintptr_t)text_string(&request->answer), MHD_RESPMEM_MUST_COPY);
	if (response == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(response, "Content-Type", request->type);
	(void)MHD_add_response_header(response, "Cache-Control", "no-store");
	result = MHD_queue_response(connection, request->status, response);
	MHD_destroy_response(response);
	return result;
}

static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **request_of)
{
	const struct admin_entrance *listener = context;
	struct admin_request *request = *request_of;

	(void)version;
	if (request == NULL) {
		request = calloc(1, sizeof(*request));
		*request_of = request;
		return request != NULL ? MHD_YES : MHD_NO;
	}
	if (*part_length > 0) {
		if (request->body.length + *part_length > BODY_MAX)
			return MHD_NO;
		if (listener->is_socket) /* the address ignores bodies */
			text_add(&request->body, part, *part_length);
		*part_length = 0;
		return MHD_YES;
	}
	admin_connection_stop_deadline(connection);
	route(listener, connection, method, path, request);
	admin_connection_start_deadline(connection);
	return respond(connection, request);
}

static void on_completed(void *context, struct MHD_Connection *connection, void **request_of,
	enum MHD_RequestTerminationCode code)
{
	struct admin_request *request = *request_of;

	(void)context, (void)code;
	admin_connection_start_deadline(connection); /* for the next request */
	if (request == NULL)
		return;
	text_free(&request->body);
	text_free(&request->answer);
	free(request);
	*request_of = NULL;
}

/* ---- the listener ---- */

/* Called when the request line has arrived. */
static void *on_request_line(void *context, const char *uri, struct MHD_Connection *connection)
{
	(void)context, (void)uri;
	admin_connection_start_deadline(connection);
	return NULL;
}

/* Starts a thread that serves a listening socket and owns it. Uses poll, because libmicrohttpd's
 * epoll thread can hang (receive/http/loop.h). Each connection has its own thread, so that a
 * request that waits for the engine does not delay a health check. */
static int open_listener(struct admin *admin, struct admin_entrance *listener, int fd)
{
	listener->admin = admin;
	listener->daemon = MHD_start_daemon(
		MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_THREAD_PER_CONNECTION, 0, NULL, NULL, handle,
		listener, MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK,
		MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)(ADMIN_DEADLINE / SECOND),
		MHD_OPTION_NOTIFY_CONNECTION, admin_connections_notify, admin->connections,
		MHD_OPTION_URI_LOG_CALLBACK, on_request_line, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		on_completed, NULL, MHD_OPTION_END);
	/* On failure libmicrohttpd has closed the socket. Its number may belong to another
	 * connection by now, so it is not closed again. */
	return listener->daemon != NULL ? 0 : -1;
}

static int open_address(struct admin *admin, const char *address, int *port, struct error *error)
{
	int fd = socket_listen("admin", address, port, error);

	(void)value_split_host(address, admin->host, sizeof(admin->host));
	if (fd < 0)
		return -1;
	if (open_listener(admin, &admin->address, fd) != 0)
		return error_set(
			error, "admin = \"%s\": cannot start the listener's thread", address);
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
	if (open_listener(admin, &admin->socket, fd) != 0)
		return error_set(
			error, "admin_socket = \"%s\": cannot start the listener's thread", path);
	return 0;
}

int admin_start(const struct admin_sources *sources, const char *address, const char *path,
	struct admin **admin, int *port, struct error *error)
{
	struct admin *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return error_set(error, "no memory");
	made->sources = *sources;
	made->connections = admin_connections_create();
	if (made->connections == NULL) {
		free(made);
		return error_set(error, "cannot start a thread for the admin listener");
	}
	/* The socket comes first, because answers at the address name it. */
	if (open_socket(made, path, error) != 0 || open_address(made, address, port, error) != 0) {
		admin_stop(made);
		return -1;
	}
	*admin = made;
	return 0;
}

static void close_listener(struct admin_entrance *listener)
{
	if (listener->daemon != NULL)
		MHD_stop_daemon(listener->daemon); /* it closes the socket */
}

void admin_stop(struct admin *admin)
{
	if (admin == NULL)
		return;
	unix_socket_remove(&admin->file);
	close_listener(&admin->socket);
	close_listener(&admin->address);
	admin_connections_destroy(admin->connections);
	free(admin->path);
	free(admin);
}
