/* A delivery within a turn: stored, mapped, its new messages queued. */
#include "engine/inside.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/contradictions.h"
#include "engine/privacy.h"
#include "engine/queueing.h"
#include "engine/timers.h"
#include "mapping/links.h"
#include "mapping/waits.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- what the mapping sees of the store ---- */

struct memory_context {
	struct engine *engine;
	const struct shop *shop;
	struct error *error;
};

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	struct memory_context *memory = context;

	return store_get_record(
		memory->engine->store, memory->shop->domain, kind, key, arena, json, memory->error);
}

/* How long what is remembered is kept after it was last written. A product that never changes is
 * never written again; it goes when the shop deletes it. */
static int64_t keeps(const struct memory_context *memory, const char *kind, const char *json)
{
	int64_t cart_ttl = memory->shop->cart_ttl;

	if (strcmp(kind, "product") == 0)
		return 3650 * DAY;
	if (strcmp(kind, "link") == 0 && !links_are_named(json) && cart_ttl > HINT_LINK_TTL)
		return HINT_LINK_TTL;
	return map_is_of_cart(kind) ? cart_ttl : memory->engine->config->keep_orders;
}

/* A webhook names a link that was only a hint's until now. */
static int give_back(struct memory_context *memory, const char *key, const char *json)
{
	struct engine *engine = memory->engine;
	const char *before = NULL;

	if (!links_are_named(json))
		return 0;
	if (store_get_record(engine->store, memory->shop->domain, "link", key, engine->arena,
		    &before, memory->error) != 0)
		return -1;
	if (before != NULL && !links_are_named(before))
		hint_room_give(engine->hint_room, memory->shop->domain, strlen(before));
	return 0;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	struct memory_context *memory = context;
	const char *shop = memory->shop->domain;

	if (json == NULL)
		return store_drop_record(memory->engine->store, shop, kind, key, memory->error);
	if (strcmp(kind, "link") == 0 && give_back(memory, key, json) != 0)
		return -1;
	return store_put_record(memory->engine->store, shop, kind, key, json,
		engine_steady_now(memory->engine) + keeps(memory, kind, json), memory->error);
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	struct memory_context *memory = context;
	struct timer timer = {.due = due, .shop = memory->shop->domain, .kind = kind, .key = key};

	return timers_set(memory->engine, &timer, memory->error);
}

static struct memory memory_of(struct memory_context *context)
{
	return (struct memory){.get = get, .put = put, .set_timer = set_timer, .context = context};
}

/* ---- outcomes ---- */

/* Between two lines of a kind that a shop can cause at will. */
enum { LINES_PAUSE = 10 * SECOND };

static int bury(struct engine *engine, const struct delivery *delivery, const char *reason,
	struct topic_state *topic, struct error *error)
{
	int64_t dead;
	int64_t left_out;
	char command[64];

	if (store_bury_delivery(engine->store, delivery->id, clock_now(), reason, &dead, error) !=
		0)
		return -1;
	topic->dead++;
	if (!log_allow(&engine->dead_lines, LINES_PAUSE, &left_out))
		return 0;
	(void)snprintf(command, sizeof(command), "segrelay dead show %" PRId64, dead);
	log_line(LOG_WARNING, "dead letter: a webhook cannot be mapped",
		LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
		LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
		LOG_STRING("see", command), LOG_NUMBER("more_before", left_out));
	return 0;
}

/* A dead letter as the others: the operator can look at it, and map it again. */
static int set_aside(struct engine *engine, const struct delivery *delivery, const char *reason,
	enum contradiction contradiction, struct topic_state *topic, struct error *error)
{
	int64_t dead;
	int64_t left_out;
	char action[64];

	if (store_bury_delivery(engine->store, delivery->id, clock_now(), reason, &dead, error) !=
		0)
		return -1;
	topic->dead++;
	engine->contradictions[contradiction]++;
	if (!log_allow(&engine->contradiction_lines, LINES_PAUSE, &left_out))
		return 0;
	(void)snprintf(action, sizeof(action), "segrelay dead show %" PRId64, dead);
	log_line(LOG_WARNING, "delivery refused: its body contradicts its headers",
		LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
		LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
		LOG_STRING("action", action), LOG_NUMBER("suppressed", left_out));
	return 0;
}

/* What the mapping refused: a request to erase, or another topic. */
static enum contradiction contradiction_of(const struct delivery *delivery)
{
	return map_asks_privacy(delivery->topic) ? CONTRADICTS_ERASURE : CONTRADICTS_TOPIC;
}

/* Who tries the set-up with a test order or Shopify's test notification asks where it went. */
static void log_test(const struct delivery *delivery, const char *reason)
{
	static struct log_limit limit;
	int64_t left_out;

	if (log_allow(&limit, MINUTE, &left_out))
		log_line(LOG_INFO, "test webhook is not told", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
			LOG_STRING("reason", reason), LOG_NUMBER("more_before", left_out));
}

/* Whoever subscribed to more than is told should learn that it comes to nothing. */
static void log_unmapped(const struct delivery *delivery)
{
	static struct log_limit limit;
	int64_t left_out;

	if (log_allow(&limit, MINUTE, &left_out))
		log_line(LOG_INFO, "unmapped topic: nothing is told of it",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_NUMBER("more_before", left_out));
}

static void log_ignored(const struct delivery *delivery, const char *reason)
{
	if (!map_knows(delivery->topic))
		log_unmapped(delivery);
	log_line(LOG_DEBUG, "ignored", LOG_STRING("shop", delivery->shop),
		LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
		LOG_STRING("reason", reason));
}

static void log_unreadable(
	struct engine *engine, const struct delivery *delivery, const char *fields)
{
	int64_t left_out;

	if (fields != NULL && log_allow(&engine->unreadable_lines, LINES_PAUSE, &left_out))
		log_line(LOG_WARNING, "fields left out that could not be read",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("fields", fields),
			LOG_STRING("effect", "the rest of it is told"),
			LOG_STRING("next", "see what sends them: a theme, an app or an import"),
			LOG_NUMBER("more_before", left_out));
}

static int queue_mapped(struct engine *engine, const struct delivery *delivery,
	const struct shop *shop, const struct mapped *mapped, struct topic_state *topic,
	struct error *error)
{
	size_t queued = 0;

	if (queueing_add(engine, delivery, shop, mapped, &queued, error) != 0)
		return -1;
	if (queued > 0)
		topic->mapped++;
	else
		topic->repeated++;
	return 0;
}

int engine_map(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct arena *arena, struct error *error)
{
	struct topic_state *topic = engine_topic(engine, delivery->shop, delivery->topic);
	struct memory_context context = {engine, shop, error};
	struct memory memory = memory_of(&context);
	enum contradiction contradiction;
	const char *why_not;
	struct mapped mapped;

	if (topic == NULL)
		return error_set(error, "no memory");
	if (payload == NULL)
		return bury(engine, delivery, problem, topic, error);
	if (contradictions_find(
		    engine, delivery, payload, shop, arena, &why_not, &contradiction, error) != 0)
		return -1;
	if (why_not != NULL)
		return set_aside(engine, delivery, why_not, contradiction, topic, error);
	if (map_delivery(delivery, payload, shop, &memory, arena, &mapped, error) != 0)
		return -1;
	log_unreadable(engine, delivery, mapped.unreadable);
	if (mapped.privacy != PRIVACY_NONE) {
		topic->mapped++;
		return privacy_begin(engine, delivery, payload, mapped.privacy, shop, error);
	}
	switch (mapped.outcome) {
	case MAPPED:
		return queue_mapped(engine, delivery, shop, &mapped, topic, error);
	case UNUSABLE:
		return mapped.contradicts ? set_aside(engine, delivery, mapped.reason,
						    contradiction_of(delivery), topic, error)
					  : bury(engine, delivery, mapped.reason, topic, error);
	case IGNORED:
		break;
	}
	if (mapped.is_test)
		log_test(delivery, mapped.reason);
	else
		log_ignored(delivery, mapped.reason);
	topic->ignored++;
	return 0;
}

static int apply(struct engine *engine, struct delivery *delivery, const cJSON *payload,
	const char *problem, const struct shop *shop, struct error *error)
{
	struct topic_state *topic = engine_topic(engine, delivery->shop, delivery->topic);
	bool repeated = false;

	if (topic == NULL)
		return error_set(error, "no memory");
	delivery->near = queueing_number(json_text(payload, "id|order_id"));
	delivery->stored = engine_steady_now(engine);
	/* Whoever has one body could have it stored again under any number of topics. */
	if (!map_knows(delivery->topic) &&
		contradictions_is_known(engine, delivery, &repeated, error) != 0)
		return -1;
	if (!repeated && store_add_delivery(engine->store, delivery, &repeated, error) != 0)
		return -1;
	topic->received++;
	topic->last = delivery->received;
	if (!repeated)
		return engine_map(engine, delivery, payload, problem, shop, engine->arena, error);
	topic->repeated++;
	return STORED;
}

/* The body is parsed here, not where it is received, so that what comes of it is still in this
 * processor's cache when it is mapped. What cannot be parsed is stored all the same; but a dead
 * letter is for bodies that stay broken, not for lack of memory. */
int engine_apply(struct engine *engine, struct delivery *delivery, const struct shop *shop,
	struct error *error)
{
	struct error problem = {""};
	const cJSON *payload;
	int result = REFUSED;

	if (engine_check_room(engine, error) != 0)
		return REFUSED;
	payload = json_parse(engine->arena, delivery->body, delivery->body_length, &problem);
	if (arena_failed(engine->arena))
		(void)error_set(error, "no memory to parse a webhook");
	else
		result = apply(engine, delivery, payload, problem.text, shop, error);
	arena_clear(engine->arena);
	return result;
}

/* A cart for which there is no memory must not hold up all else; of a wait all is undone. */
static int put_off(struct engine *engine, const struct timer *timer, struct error *error)
{
	struct timer later = *timer;

	later.due = clock_now() + HOUR;
	log_line(LOG_ERROR, "no memory to tell a cart's changes", LOG_STRING("shop", timer->shop),
		LOG_STRING("effect", "they are told later"),
		LOG_STRING("next", "tried again in an hour"));
	return timers_set(engine, &later, error);
}

static void log_waited(const struct timer *timer)
{
	static struct log_limit limit;
	int64_t left_out;

	if (strcmp(timer->kind, WAIT_FOR_CUSTOMER) == 0 && log_allow(&limit, HOUR, &left_out))
		log_line(LOG_INFO, "a subscriber is told without Shopify's id: it did not come",
			LOG_STRING("shop", timer->shop), LOG_NUMBER("more_before", left_out),
			LOG_STRING("next", "have ReCharge include the customer"));
}

int engine_map_timer(struct engine *engine, const struct timer *timer, const struct shop *shop,
	struct arena *arena, struct error *error)
{
	struct memory_context context = {engine, shop, error};
	struct memory memory = memory_of(&context);
	struct delivery none = {.shop = shop->domain, .topic = timer->kind};
	struct mapped mapped;
	size_t queued = 0;

	if (map_timer(timer, clock_now(), shop, &memory, arena, &mapped, error) != 0)
		return arena_failed(arena) && !waits_are_meant(timer)
			       ? put_off(engine, timer, error)
			       : -1;
	log_unreadable(engine, &none, mapped.unreadable);
	if (mapped.outcome == UNUSABLE)
		log_line(LOG_ERROR, "a cart's changes cannot be told",
			LOG_STRING("shop", shop->domain), LOG_STRING("reason", mapped.reason),
			LOG_STRING("effect", "they are left out"),
			LOG_STRING("next", "report this line: it is a fault of segrelay"));
	if (mapped.calls != NULL)
		log_waited(timer);
	return queueing_add(engine, &none, shop, &mapped, &queued, error);
}
