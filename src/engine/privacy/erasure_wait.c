/* Erasures of shops, which wait for redact_grace (docs/operations.md, Privacy). */
#include "engine/privacy/erasure_wait.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/privacy/privacy.h"
#include "engine/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The record belongs to no shop: the erasure removes the records of the shop, and a cancelled one
 * must stay. */
#define KIND ERASURE_WAIT

enum {
	AT_ONCE = 100, /* records read at once */
	HEX = 2 * SHA256_SIZE + 1,
};

/* A timer is not set further ahead. */
static const int64_t LOOK_AGAIN = HOUR;

struct wait {
	bool waits;    /* false: it was cancelled */
	int64_t asked; /* by the wall clock */
	int64_t due;   /* by the retention clock: a jump of the wall clock does not shorten the wait
			*/
	char body[HEX]; /* the fingerprint of the webhook that asked */
	struct erasure_bounds bounds;
};

/* ---- the record ---- */

static int64_t number_at(const cJSON *json, const char *path)
{
	const char *text = json_text(json, path);

	return text != NULL ? strtoll(text, NULL, 10) : 0;
}

/* Returns false when there is no record, or it cannot be read. */
static bool read_wait(const char *text, struct arena *arena, struct wait *wait)
{
	struct error unreadable;
	const cJSON *json =
		text != NULL ? json_parse(arena, text, strlen(text), &unreadable) : NULL;
	const char *body = json_text(json, "body");

	*wait = (struct wait){0};
	if (body == NULL)
		return false;
	wait->waits = json_is_true(json, "waits");
	wait->asked = number_at(json, "asked");
	wait->due = number_at(json, "due");
	wait->bounds.last[STORE_DELIVERIES] = number_at(json, "last_delivery");
	wait->bounds.last[STORE_DEAD] = number_at(json, "last_dead");
	(void)snprintf(wait->body, sizeof(wait->body), "%s", body);
	return true;
}

static int write_wait(
	struct engine *engine, const char *shop, const struct wait *wait, struct error *error)
{
	char json[320];

	(void)snprintf(json, sizeof(json),
		"{\"waits\":%s,\"asked\":%" PRId64 ",\"due\":%" PRId64 ",\"body\":\"%s\","
		"\"last_delivery\":%" PRId64 ",\"last_dead\":%" PRId64 "}",
		wait->waits ? "true" : "false", wait->asked, wait->due, wait->body,
		wait->bounds.last[STORE_DELIVERIES], wait->bounds.last[STORE_DEAD]);
	return store_put_record(engine->store, "", KIND, shop, json, INT64_MAX, error);
}

static int find_wait(struct engine *engine, const char *shop, struct arena *arena,
	struct wait *wait, bool *found, struct error *error)
{
	const char *text = NULL;

	if (store_get_record(engine->store, "", KIND, shop, arena, &text, error) != 0)
		return -1;
	*found = read_wait(text, arena, wait);
	return arena_failed(arena) ? error_no_memory(error) : 0;
}

/* By the wall clock, for the log and the operator. */
static int64_t due_at(const struct engine *engine, const struct wait *wait)
{
	return clock_now() + wait->due - engine_retention_now(engine);
}

/* ---- beginning ---- */

static void write_hex(const unsigned char *bytes, char text[HEX])
{
	for (size_t i = 0; i < SHA256_SIZE; i++)
		(void)snprintf(text + 2 * i, 3, "%02x", bytes[i]);
}

static int set_timer(
	struct engine *engine, const char *shop, const struct wait *wait, struct error *error)
{
	int64_t left = wait->due - engine_retention_now(engine);
	struct timer timer = {.due = clock_now() + (left < LOOK_AGAIN ? left : LOOK_AGAIN),
		.shop = "",
		.kind = KIND,
		.key = shop};

	return schedule_set(engine, &timer, error);
}

static int begin_wait(
	struct engine *engine, const char *shop, struct wait *wait, struct error *error)
{
	char due[TIME_TEXT];
	char action[400];

	wait->waits = true;
	wait->asked = clock_now();
	wait->due = engine_retention_now(engine) + engine->config->redact_grace;
	time_format(due_at(engine, wait), due);
	(void)snprintf(action, sizeof(action), "segrelay erase cancel --shop %s keeps it", shop);
	if (job_bounds(engine, &wait->bounds, error) != 0)
		return -1;
	if (engine->config->redact_grace == 0)
		return job_erase_shop(engine, shop, &wait->bounds, error);
	log_line(LOG_WARNING, "shop erasure waiting", LOG_STRING("shop", shop),
		LOG_STRING("topic", "shop/redact"), LOG_STRING("due", due),
		LOG_STRING("reason", "Shopify asks to erase the shop"),
		LOG_STRING("action", action));
	if (write_wait(engine, shop, wait, error) != 0)
		return -1;
	return set_timer(engine, shop, wait, error);
}

static void log_passed_over(const char *shop, const struct wait *wait)
{
	static struct log_limit limit;
	int64_t left_out;

	if (!log_allow(&limit, MINUTE, &left_out))
		return;
	log_line(LOG_WARNING, "shop erasure skipped", LOG_STRING("shop", shop),
		LOG_STRING("topic", "shop/redact"),
		LOG_STRING("reason", wait->waits
					     ? "one waits already"
					     : "the same request was cancelled, or carried out"),
		LOG_STRING("action",
			wait->waits ? "segrelay status shows when it is carried out"
				    : "erase the shop by hand if it was uninstalled again"),
		LOG_NUMBER("suppressed", left_out));
}

int erasure_ask(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	struct error *error)
{
	struct arena *arena = arena_create(1024);
	struct wait wait;
	char body[HEX];
	bool found;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	write_hex(delivery->fingerprint, body);
	result = find_wait(engine, shop->domain, arena, &wait, &found, error);
	if (result == 0 && found && (wait.waits || strcmp(wait.body, body) == 0)) {
		log_passed_over(shop->domain, &wait);
	} else if (result == 0) {
		memcpy(wait.body, body, sizeof(body));
		result = begin_wait(engine, shop->domain, &wait, error);
	}
	arena_destroy(arena);
	return result;
}

/* ---- the end ---- */

int erasure_continue(
	struct engine *engine, const struct timer *timer, struct arena *arena, struct error *error)
{
	struct wait wait;
	bool found;

	if (find_wait(engine, timer->key, arena, &wait, &found, error) != 0)
		return -1;
	if (!found || !wait.waits)
		return 0;
	if (engine_retention_now(engine) < wait.due)
		return set_timer(engine, timer->key, &wait, error);
	if (store_drop_record(engine->store, "", KIND, timer->key, error) != 0)
		return -1;
	return job_erase_shop(engine, timer->key, &wait.bounds, error);
}

/* Ends the wait of a shop; `log` is the line for one that waited. *found is false when none waits,
 * and none has ended before. */
static int stop_wait(
	struct engine *engine, const char *shop, const char *log, bool *found, struct error *error)
{
	struct arena *arena = arena_create(1024);
	struct timer timer = {.shop = "", .kind = KIND, .key = shop};
	struct wait wait;
	int result;

	*found = false;
	if (arena == NULL)
		return error_no_memory(error);
	result = find_wait(engine, shop, arena, &wait, found, error);
	if (*found && wait.waits && result == 0) {
		wait.waits = false;
		result = write_wait(engine, shop, &wait, error);
		if (result == 0)
			result = store_drop_timer(engine->store, &timer, error);
		log_line(LOG_INFO, log, LOG_STRING("shop", shop));
	}
	arena_destroy(arena);
	return result;
}

int erasure_cancel(struct engine *engine, const char *shop, bool *cancelled, struct error *error)
{
	return stop_wait(engine, shop, "shop erasure cancelled", cancelled, error);
}

int erasure_end_wait(struct engine *engine, const char *shop, struct error *error)
{
	bool found;

	return stop_wait(
		engine, shop, "waiting shop erasure replaced by the operator's", &found, error);
}

/* ---- listing ---- */

struct listing {
	struct engine *engine;
	void (*visit)(void *context, const struct erasure *erasure);
	void *context;
	struct arena *arena;
	const char *last; /* the last shop */
	size_t seen;
};

static int visit_record(void *context, const struct record *record)
{
	struct listing *listing = context;
	struct wait wait;

	if (strcmp(record->kind, KIND) != 0)
		return 1;
	listing->seen++;
	listing->last = arena_copy(listing->arena, record->key);
	if (read_wait(record->json, listing->arena, &wait) && wait.waits)
		listing->visit(listing->context,
			&(struct erasure){record->key, wait.asked, due_at(listing->engine, &wait)});
	return arena_failed(listing->arena) ? 1 : 0;
}

int erasure_each(struct engine *engine, void (*visit)(void *context, const struct erasure *erasure),
	void *context, struct arena *arena, struct error *error)
{
	struct listing listing = {
		.engine = engine, .visit = visit, .context = context, .arena = arena, .last = ""};

	do {
		listing.seen = 0;
		if (store_each_record(engine->store, "", KIND, listing.last, AT_ONCE, visit_record,
			    &listing, error) != 0)
			return -1;
		if (arena_failed(arena))
			return error_no_memory(error);
	} while (listing.seen == AT_ONCE);
	return 0;
}
