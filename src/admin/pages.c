/* The pages of the admin listener: health, readiness, metrics. */
#include "admin/pages.h"

#include "admin/api.h"
#include "base/json.h"

#include <microhttpd.h>
#include <string.h>

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

static void health(
	const struct admin_sources *sources, struct admin_clients *clients, struct visit *visit)
{
	struct error reason = {.text = ""};
	bool good = sources->is_alive(sources->context, &reason);

	(void)clients;
	answer_health(visit, good, "alive", reason.text);
}

static void readiness(
	const struct admin_sources *sources, struct admin_clients *clients, struct visit *visit)
{
	struct error reason = {.text = ""};
	bool good = sources->is_alive(sources->context, &reason) &&
		    sources->is_ready(sources->context, &reason);

	(void)clients;
	answer_health(visit, good, "ready", reason.text);
}

static void metrics(
	const struct admin_sources *sources, struct admin_clients *clients, struct visit *visit)
{
	bool entered = admin_clients_enter_engine(clients);
	struct error error;

	visit->type = "text/plain; version=0.0.4; charset=utf-8";
	sources->metrics(sources->context, &visit->answer);
	/* While the store fails the other numbers are wanted all the more. */
	if (!entered || operator_metrics(sources->engine, &visit->answer, &error) != 0)
		text_put(&visit->answer, "# the store cannot be read now\n");
	if (entered)
		admin_clients_leave_engine(clients);
	visit->status = MHD_HTTP_OK;
}

static const struct {
	const char *path;
	void (*answer)(const struct admin_sources *sources, struct admin_clients *clients,
		struct visit *visit);
} pages[] = {
	{"/healthz", health},
	{"/readyz", readiness},
	{"/metrics", metrics},
};

bool admin_page(const struct admin_sources *sources, struct admin_clients *clients,
	const char *path, struct visit *visit)
{
	for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(pages[i].path, path) == 0) {
			pages[i].answer(sources, clients, visit);
			return true;
		}
	}
	return false;
}
