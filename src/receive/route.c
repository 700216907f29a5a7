/* Routes: what is at which path, and what its requests have to show. */
#include "receive/route.h"

#include "receive/sources/collect.h"
#include "receive/sources/recharge.h"
#include "receive/sources/scripts_http.h"
#include "receive/sources/shopify.h"

#include <string.h>

static const struct route routes[] = {
	{.path = "/webhooks/shopify",
		.methods = "POST",
		.most = ROUTE_MAX_BODY,
		.judge = shopify_judge,
		.verify = shopify_verify,
		.describe = shopify_describe},
	{.path = RECHARGE_PATH,
		.methods = "POST",
		.most = ROUTE_MAX_BODY,
		.judge = recharge_judge,
		.verify = recharge_verify,
		.describe = recharge_describe,
		.admit = recharge_admit},
	{.path = COLLECT_PATH,
		.methods = "POST, OPTIONS",
		.most = COLLECT_MOST,
		.stored = VERDICT_COLLECTED,
		.judge = collect_judge,
		.verify = collect_verify,
		.describe = collect_describe,
		.admit = collect_admit,
		.respond = collect_respond},
	{.path = SCRIPT_PATH,
		.methods = "GET, HEAD",
		.verify = serving_verify,
		.respond = serving_respond},
	{.path = PIXEL_PATH,
		.methods = "GET, HEAD",
		.verify = serving_verify,
		.respond = serving_respond},
	{0},
};

static bool is_at(const struct route *route, const char *path)
{
	size_t length = strlen(route->path);

	return route->path[length - 1] == '/' ? strncmp(route->path, path, length) == 0
					      : strcmp(route->path, path) == 0;
}

const struct route *route_find(const char *path)
{
	for (const struct route *route = routes; route->path != NULL; route++)
		if (is_at(route, path))
			return route;
	return NULL;
}

bool route_takes(const struct route *route, const char *method)
{
	size_t length = strlen(method);

	for (const char *at = route->methods; *at != '\0';) {
		size_t step = strcspn(at, ",");

		if (step == length && strncmp(at, method, length) == 0)
			return true;
		at += step;
		at += strspn(at, ", ");
	}
	return false;
}
