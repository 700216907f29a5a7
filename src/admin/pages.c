/* The pages of the admin listener: health, readiness, metrics. */
#include "admin/pages.h"

#include "admin/api.h"
#include "base/json.h"

#include <microhttpd.h>
#include <string.h>

static void answer_health(
	struct admin_request *request, bool is_good, const char *name, const char *reason)
{
	request->status = is_good ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
	text_put(&request->answer, "{");
	json_add_flag(&request->answer, name, is_good);
	json_add_key(&request->answer, "reasons");
	text_put(&request->answer, "[");
	if (!is_good)
		json_add_string(&request->answer, reason);
	text_put(&request->answer, "]}");
}

static void health(const struct admin_sources *sources, struct admin_connections *connections,
	struct admin_request *request)
{
	struct error reason = {.text = ""};
	bool is_good = sources->is_alive(sources->context, &reason);

	(void)connections;
	answer_health(request, is_good, "alive", reason.text);
}

static void readiness(const struct admin_sources *sources, struct admin_connections *connections,
	struct admin_request *request)
{
	struct error reason = {.text = ""};
	bool is_good = sources->is_alive(sources->context, &reason) &&
		       sources->is_ready(sources->context, &reason);

	(void)connections;
	answer_health(request, is_good, "ready", reason.text);
}

static void metrics(const struct admin_sources *sources, struct admin_connections *connections,
	struct admin_request *request)
{
	bool entered = admin_connections_enter_engine(connections);
	struct error error;

	request->type = "text/plain; version=0.0.4; charset=utf-8";
	sources->metrics(sources->context, &request->answer);
	/* The metrics of other rooms are written although the store fails. */
	if (!entered || store_metrics(sources->engine, &request->answer, &error) != 0)
		text_put(&request->answer, "# the store cannot be read\n");
	if (entered)
		admin_connections_leave_engine(connections);
	request->status = MHD_HTTP_OK;
}

static const struct {
	const char *path;
	void (*answer)(const struct admin_sources *sources, struct admin_connections *connections,
		struct admin_request *request);
} pages[] = {
	{"/healthz", health},
	{"/readyz", readiness},
	{"/metrics", metrics},
};

bool admin_page(const struct admin_sources *sources, struct admin_connections *connections,
	const char *path, struct admin_request *request)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].path, path) == 0) {
			pages[i].answer(sources, connections, request);
			return true;
		}
	}
	return false;
}
