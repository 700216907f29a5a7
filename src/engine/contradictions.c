/* Finds contradictions between a body and its headers (docs/operations.md, Security). */
#include "engine/contradictions.h"

#include "base/url.h"
#include "engine/engine_private.h"
#include "engine/enqueue.h"
#include "engine/shop_numbers.h"
#include "mapping/resources.h"
#include "mapping/topics.h"

#include <string.h>
#include <strings.h>

const char *contradiction_name(enum contradiction contradiction)
{
	static const char *const names[CONTRADICTIONS] = {[CONTRADICTS_TOPIC] = "topic",
		[CONTRADICTS_ERASURE] = "erasure",
		[CONTRADICTS_SHOP] = "shop",
		[CONTRADICTS_REPLAY] = "replay"};

	return names[contradiction];
}

/* ---- earlier deliveries of the same body ---- */

struct twins {
	const struct delivery *delivery;
	const struct resource *resource;
	bool of_another_shop;
	bool of_another_resource;
	bool of_this_shop;
};

/* A delivery that only a header calls a test is not evidence: it may have been posted to hide the
 * real one. */
static int visit_twin(void *context, const struct delivery *twin)
{
	struct twins *twins = context;
	bool is_same_shop = strcmp(twin->shop, twins->delivery->shop) == 0;
	const struct resource *resource = resource_of(twin->topic);

	twins->of_this_shop |= is_same_shop;
	if (twin->test)
		return 0;
	twins->of_another_shop |= !is_same_shop;
	twins->of_another_resource |=
		is_same_shop && resource != NULL && resource != twins->resource;
	return 0;
}

static int find_twins(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	struct twins *twins, struct error *error)
{
	struct delivery found = *delivery;

	*twins = (struct twins){.delivery = delivery, .resource = resource_of(delivery->topic)};
	found.locality_key = enqueue_leading_number(json_text(payload, "id|order_id"));
	return store_each_twin(engine->store, &found, visit_twin, twins, error);
}

int contradictions_is_repeated(
	struct engine *engine, const struct delivery *delivery, bool *repeated, struct error *error)
{
	struct twins twins = {.delivery = delivery};

	*repeated = false;
	if (store_each_twin(engine->store, delivery, visit_twin, &twins, error) != 0)
		return -1;
	*repeated = twins.of_this_shop;
	return 0;
}

/* ---- records of other shops ---- */

/* Shopify's sample payloads, which every shop receives as tests, have ids of 18 digits. */
static bool is_real_id(const char *id)
{
	enum { SAMPLE_DIGITS = 18 };

	return id != NULL && strlen(id) < SAMPLE_DIGITS;
}

static int has_record(struct engine *engine, const struct shop *shop, const char *kind,
	const char *id, struct arena *arena, bool *found, struct error *error)
{
	const char *json = NULL;

	if (*found || !is_real_id(id))
		return 0;
	if (store_get_record(engine->store, shop->domain, kind, id, arena, &json, error) != 0)
		return -1;
	*found = json != NULL;
	return 0;
}

/* Whether another shop has the body's order or customer: Shopify's ids are unique across shops. */
static int belongs_to_another(struct engine *engine, const struct delivery *delivery,
	const cJSON *payload, const struct shop *shop, struct arena *arena, bool *found,
	struct error *error)
{
	const struct topic *topic = topic_find(delivery->topic);
	const char *order = topic != NULL ? topic_id(payload, topic->order) : NULL;
	const char *customer = topic != NULL ? topic_id(payload, topic->customer_id) : NULL;
	bool own = false;

	if (has_record(engine, shop, "order", order, arena, &own, error) != 0 ||
		(order == NULL &&
			has_record(engine, shop, "customer", customer, arena, &own, error) != 0))
		return -1;
	for (size_t i = 0; i < shop->sharing_count && !own && !*found; i++) {
		const struct shop *other = shop->sharing[i];

		if (has_record(engine, other, "order", order, arena, found, error) != 0 ||
			has_record(engine, other, "customer", customer, arena, found, error) != 0)
			return -1;
	}
	return 0;
}

/* ---- the shop's names in the body ---- */

static bool is_host_of(const struct shop *shop, const char *host)
{
	static const char scheme[] = "https://";

	if (strcasecmp(host, shop->domain) == 0)
		return true;
	for (size_t i = 0; i < shop->storefront_origins.count; i++) {
		const char *origin = shop->storefront_origins.items[i];

		if (strncmp(origin, scheme, sizeof(scheme) - 1) == 0 &&
			strcasecmp(origin + sizeof(scheme) - 1, host) == 0)
			return true;
	}
	return false;
}

/* A custom domain that belongs to no configured shop is not evidence. */
static bool is_host_of_another(
	const struct engine *engine, const struct shop *shop, const char *host)
{
	const struct shop *named = config_shop(engine->config, host);

	if (named != NULL)
		return named != shop;
	for (size_t i = 0; i < shop->sharing_count; i++)
		if (is_host_of(shop->sharing[i], host))
			return true;
	return false;
}

/* Finds the shop that the body names. The number, if it is stored, counts more than the host,
 * because a shop's domain may have been renamed. */
static int check_names(struct engine *engine, const cJSON *payload, const struct shop *shop,
	bool counts, struct arena *arena, enum shop_number *whose, struct shop_count *count,
	struct error *error)
{
	const char *text = json_text(payload, "order_status_url|abandoned_checkout_url");
	const char *number = json_text(payload, "shop_id");
	enum shop_number host = NUMBER_UNKNOWN;
	struct url url = {0};

	*whose = NUMBER_UNKNOWN;
	if (text != NULL && url_split(arena, text, &url) && url.host != NULL) {
		number = arena_format(
			arena, "%.*s", (int)strspn(url.path + 1, "0123456789"), url.path + 1);
		if (is_host_of(shop, url.host))
			host = NUMBER_OWN;
		else if (is_host_of_another(engine, shop, url.host))
			host = NUMBER_OF_ANOTHER;
	}
	counts = counts && host != NUMBER_OF_ANOTHER;
	if (number != NULL && *number != '\0' && !json_is_true(payload, "test") &&
		shop_numbers_check(engine, shop, number, counts, arena, whose, count, error) != 0)
		return -1;
	if (host == NUMBER_OWN || *whose == NUMBER_UNKNOWN)
		*whose = host;
	return 0;
}

/* ---- all checks ---- */

static int check_shop(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	const struct shop *shop, const struct twins *twins, struct arena *arena,
	struct finding *finding, struct error *error)
{
	bool counts = !twins->of_this_shop && !twins->of_another_shop;
	enum shop_number whose;
	bool found = false;

	if (check_names(engine, payload, shop, counts, arena, &whose, &finding->count, error) != 0)
		return -1;
	if (whose == NUMBER_OF_ANOTHER)
		finding->reason = "the body names another shop";
	if (whose != NUMBER_UNKNOWN || shop->sharing_count == 0)
		return 0;
	if (belongs_to_another(engine, delivery, payload, shop, arena, &found, error) != 0)
		return -1;
	if (twins->of_another_shop)
		finding->reason =
			"the same body was received for another shop, which shares a secret";
	else if (found)
		finding->reason =
			"its order or customer belongs to another shop, which shares a secret";
	return 0;
}

/* Hints are not signed, and skipped tests have no effect, so both are not checked. The mapping
 * rejects a body without the members of its topic. */
static bool is_checkable(const struct delivery *delivery, const cJSON *payload,
	const struct shop *shop, struct arena *arena)
{
	return map_knows(delivery->topic) && resource_of(delivery->topic) != NULL &&
	       cJSON_IsObject(payload) && !(delivery->test && shop->test_orders == SKIP) &&
	       resource_contradicts(delivery, payload, arena) == NULL;
}

int contradictions_find(struct engine *engine, const struct delivery *delivery,
	const cJSON *payload, const struct shop *shop, struct arena *arena, struct finding *finding,
	struct error *error)
{
	struct twins twins = {0};
	bool is_proven;

	*finding = (struct finding){.contradiction = CONTRADICTS_SHOP};
	if (!is_checkable(delivery, payload, shop, arena))
		return 0;
	is_proven = resource_is_proven(resource_of(delivery->topic), payload);
	if ((!is_proven || shop->sharing_count > 0) &&
		find_twins(engine, delivery, payload, &twins, error) != 0)
		return -1;
	if (check_shop(engine, delivery, payload, shop, &twins, arena, finding, error) != 0)
		return -1;
	if (finding->reason == NULL && !is_proven && twins.of_another_resource) {
		finding->contradiction = CONTRADICTS_REPLAY;
		finding->reason = "the same body was received under a topic of another resource";
	}
	return 0;
}

int contradictions_erase_shop(struct engine *engine, const char *domain, struct error *error)
{
	return shop_numbers_erase(engine, domain, error);
}
