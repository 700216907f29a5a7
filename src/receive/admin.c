/* The admin listener: health, metrics, and the operator's questions. */
#include "receive/admin.h"

#include "base/json.h"
#include "config/values.h"
#include "engine/operator.h"
#include "receive/socket.h"

#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	CONNECTIONS = 32,
	TIMEOUT_SECONDS = 10,
	BODY_MAX = 1 << 20,
	SEARCH_MAX = 256,
	HOST_MAX = 256,
};

struct admin {
	struct admin_sources sources;
	struct MHD_Daemon *daemon;
	char host[HOST_MAX]; /* of the address that it listens at */
	int fd;
};

/* One request and its answer. */
struct visit {
	struct text body;
	struct text answer;
	unsigned status;
	const char *type;
};

/* ---- what there is ---- */

static void answer_health(struct visit *visit, bool good, const char *name, const char *reason)
{
	visit->status = good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	text_put(&visit->answer, "{");
	json_add_flag(&visit->answer, name, good);
	json_add_key(&visit->answer, "reasons");
	text_put(&visit->answer, "[");
	if (!good)
		json_add_string(&visit->answer, reason);
	text_put(&visit->answer, "]}");
}

static void health(struct admin *admin, struct visit *visit)
{
	struct error reason = {""};
	bool good = admin->sources.is_alive(admin->sources.context, &reason);

	answer_health(visit, good, "alive", reason.text);
}

static void readiness(struct admin *admin, struct visit *visit)
{
	struct error reason = {""};
	bool good = admin->sources.is_alive(admin->sources.context, &reason) &&
		    admin->sources.is_ready(admin->sources.context, &reason);

	answer_health(visit, good, "ready", reason.text);
}

static void metrics(struct admin *admin, struct visit *visit)
{
	struct error error;

	visit->type = "text/plain; version=0.0.4; charset=utf-8";
	admin->sources.metrics(admin->sources.context, &visit->answer);
	/* While the store fails the other numbers are wanted all the more. */
	if (operator_metrics(admin->sources.engine, &visit->answer, &error) != 0)
		text_put(&visit->answer, "# the store cannot be read now\n");
	visit->status = MHD_HTTP_OK;
}

static const struct {
	const char *path;
	void (*answer)(struct admin *admin, struct visit *visit);
} pages[] = {
	{"/healthz", health},
	{"/readyz", readiness},
	{"/metrics", metrics},
};

/* ---- who may give orders ---- */

/* Whether a request's Host is one that nobody else's page can have: an address, which no name
 * server gives, or a name that the operator chose. Brackets hold nothing but addresses. */
static bool is_meant(const struct admin *admin, const char *named)
{
	char host[HOST_MAX];

	return value_split_host(named, host, sizeof(host)) != NULL &&
	       (named[0] == '[' || host[strspn(host, "0123456789.")] == '\0' ||
		       strcasecmp(host, "localhost") == 0 || strcasecmp(host, admin->host) == 0);
}

static bool may_order(const struct admin *admin, struct MHD_Connection *connection)
{
	const char *host = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Host");
	const char *type = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Content-Type");
	const char *origin = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, "Origin");

	return origin == NULL && type != NULL && strncasecmp(type, "application/json", 16) == 0 &&
	       host != NULL && is_meant(admin, host);
}

/* ---- a request ---- */

static enum MHD_Result add_parameter(
	void *context, enum MHD_ValueKind kind, const char *key, const char *value)
{
	struct text *search = context;

	(void)kind;
	if (value != NULL && search->length < SEARCH_MAX)
		text_format(search, "%c%.40s=%.40s", search->length > 0 ? '&' : '?', key, value);
	return MHD_YES;
}

static void route(struct admin *admin, struct MHD_Connection *connection, const char *method,
	const char *path, struct visit *visit)
{
	bool is_read = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	struct text search = {0};

	visit->type = "application/json";
	for (size_t i = 0; is_read && i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].path, path) == 0) {
			pages[i].answer(admin, visit);
			return;
		}
	}
	if (!is_read && !may_order(admin, connection)) {
		visit->status = MHD_HTTP_FORBIDDEN;
		text_put(&visit->answer, "{\"error\":\"orders are taken as application/json, from "
					 "this machine, and from no page\"}");
		return;
	}
	(void)MHD_get_connection_values(connection, MHD_GET_ARGUMENT_KIND, add_parameter, &search);
	visit->status = (unsigned)operator_handle(admin->sources.engine, is_read ? "GET" : method,
		path, text_string(&search), text_string(&visit->body), visit->body.length,
		&visit->answer);
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
		text_add(&visit->body, part, *part_length);
		*part_length = 0;
		return MHD_YES;
	}
	route(context, connection, method, path, visit);
	return respond(connection, visit);
}

static void completed(void *context, struct MHD_Connection *connection, void **visit_of,
	enum MHD_RequestTerminationCode code)
{
	struct visit *visit = *visit_of;

	(void)context, (void)connection, (void)code;
	if (visit == NULL)
		return;
	text_free(&visit->body);
	text_free(&visit->answer);
	free(visit);
	*visit_of = NULL;
}

/* ---- the listener ---- */

int admin_start(const struct admin_sources *sources, const char *address, struct admin **admin,
	int *port, struct error *error)
{
	struct admin *made = calloc(1, sizeof(*made));

	if (made == NULL)
		return error_set(error, "no memory");
	made->sources = *sources;
	(void)value_split_host(address, made->host, sizeof(made->host));
	made->fd = socket_listen("admin", address, port, error);
	if (made->fd < 0) {
		free(made);
		return -1;
	}
	/* Its own thread, by poll: libmicrohttpd's epoll thread can hang, see receive/loop.h. */
	made->daemon = MHD_start_daemon(MHD_USE_POLL_INTERNAL_THREAD, 0, NULL, NULL, handle, made,
		MHD_OPTION_LISTEN_SOCKET, made->fd, MHD_OPTION_CONNECTION_LIMIT,
		(unsigned)CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)TIMEOUT_SECONDS,
		MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
	if (made->daemon == NULL) {
		/* Without a thread it has closed the socket, whose number may be a connection's of
		 * the public listener by now: it is not closed again. */
		free(made);
		return error_set(error, "admin = \"%s\": no thread to listen", address);
	}
	*admin = made;
	return 0;
}

void admin_stop(struct admin *admin)
{
	if (admin == NULL)
		return;
	MHD_stop_daemon(admin->daemon); /* it closes the socket */
	free(admin);
}
