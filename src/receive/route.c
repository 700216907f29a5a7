/* The routes: for each path, how its requests are checked and stored. */
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
		.check_head = shopify_check_head,
		.authenticate = shopify_authenticate,
		.build_delivery = shopify_build_delivery},
	{.path = RECHARGE_PATH,
		.methods = "POST",
		.most = ROUTE_MAX_BODY,
		.check_head = recharge_check_head,
		.authenticate = recharge_authenticate,
		.build_delivery = recharge_build_delivery,
		.check_quota = recharge_check_quota},
	{.path = COLLECT_PATH,
		.methods = "POST, OPTIONS",
		.most = COLLECT_MOST,
		.stored = HTTP_COLLECTED,
		.check_head = collect_check_head,
		.authenticate = collect_authenticate,
		.build_delivery = collect_build_delivery,
		.check_quota = collect_check_quota,
		.respond = collect_respond},
	{.path = SCRIPT_PATH,
		.methods = "GET, HEAD",
		.authenticate = scripts_http_authenticate,
		.respond = scripts_http_respond},
	{.path = PIXEL_PATH,
		.methods = "GET, HEAD",
		.authenticate = scripts_http_authenticate,
		.respond = scripts_http_respond},
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
