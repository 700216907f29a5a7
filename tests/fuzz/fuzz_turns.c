/* Whole sequences of webhooks through the engine and the store, as a shop's years would bring them:
 * the same again, changed, in any order, with time passing between them. Nothing crashes, the
 * engine never takes a payload for a failure of its store, what came in equals the sum of what
 * became of it, and a good order at the end is queued.
 *
 * The input: a byte that chooses options, then `topic LF body NUL` again and again. A topic may
 * have a digit before it: so many steps of time pass first. The mutator changes values inside the
 * bodies, repeats webhooks, and puts ids of one in place of another's.
 *
 * The wall clock is wrapped (see the Makefile), so that timers run out. */
#include "admin/api.h"
#include "base/clock.h"
#include "engine/engine.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOP "aurora-outfitters.myshopify.com"

enum { TOPIC_MAX = 64, WEBHOOKS_MAX = 40 };

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t most);
size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t most, unsigned int seed);

/* Says what is wrong before it is reported as a finding. */
static void demand(bool holds, const char *what, const char *where)
{
	if (holds)
		return;
	(void)fprintf(stderr, "%s: %s\n", what, where);
	abort();
}

/* ---- the clock ---- */

static _Atomic int64_t now_ms;

int64_t __wrap_clock_now(void);

int64_t __wrap_clock_now(void)
{
	return atomic_load(&now_ms);
}

/* Steps of 0 s, 1 s, 10 s, 2 min, 20 min, 2 h, a day, a month, two years; the last one back. */
static void pass(char digit)
{
	static const int64_t steps[] = {0, SECOND, 10 * SECOND, 2 * MINUTE, 20 * MINUTE, 2 * HOUR,
		DAY, 30 * DAY, 700 * DAY, -DAY};

	(void)atomic_fetch_add(&now_ms, steps[digit - '0']);
}

/* ---- the engine ---- */

struct webhook {
	struct task task; /* first: `run` gets its address */
	const char *topic;
	const char *body;
	size_t length;
	int applied;
};

static int apply(struct engine *engine, struct task *task, struct error *error)
{
	struct webhook *webhook = (struct webhook *)task;
	struct delivery delivery = {.shop = SHOP,
		.topic = webhook->topic,
		.received = clock_now(),
		.body = webhook->body,
		.body_length = webhook->length};

	demand(digest_hmac("k", 1, webhook->body, webhook->length, delivery.fingerprint) == 0,
		"no digest", "");
	webhook->applied =
		engine_apply(engine, &delivery, config_shop(engine_config(engine), SHOP), error);
	return webhook->applied == REFUSED ? 0 : webhook->applied;
}

static void post(struct engine *engine, const char *topic, const char *body, size_t length)
{
	struct webhook webhook = {
		.task = {.run = apply}, .topic = topic, .body = body, .length = length};
	struct error error = {.text = ""};
	int result = engine_call(engine, &webhook.task, &error);

	demand(result == 0 && webhook.applied == STORED, topic, error.text);
	demand(!engine_refuses(engine, &error), topic, error.text);
}

/* Runs a turn without a request of anybody's: only timers. */
static int do_nothing(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	return 0;
}

static void rest(struct engine *engine)
{
	struct task task = {.run = do_nothing};
	struct error error = {.text = ""};

	demand(engine_call(engine, &task, &error) == 0, "a timer", error.text);
}

struct sums {
	struct task task; /* first: `run` gets its address */
	int64_t queued;
};

static int add_up(struct engine *engine, struct task *task, struct error *error)
{
	struct sums *sums = (struct sums *)task;
	size_t count;
	const struct topic_state *topics = engine_topics(engine, &count);
	const struct destination_state *states;

	(void)error;
	for (size_t i = 0; i < count; i++)
		demand(topics[i].received == topics[i].repeated + topics[i].ignored +
						     topics[i].mapped + topics[i].dead +
						     topics[i].dropped,
			"not balanced", topics[i].topic);
	states = engine_destinations(engine, &count);
	sums->queued = 0;
	for (size_t i = 0; i < count; i++)
		sums->queued += states[i].queued;
	return 0;
}

static int64_t queued(struct engine *engine)
{
	struct sums sums = {.task = {.run = add_up}};
	struct error error = {.text = ""};

	demand(engine_call(engine, &sums.task, &error) == 0, "sums", error.text);
	return sums.queued;
}

static void ask_all(struct engine *engine)
{
	struct text answer = {0};
	struct error error = {.text = ""};

	demand(store_metrics(engine, &answer, &error) == 0, "metrics", error.text);
	demand(strstr(text_string(&answer), "segrelay_counters_balanced 1\n") != NULL,
		"not balanced", text_string(&answer));
	text_cut(&answer, 0);
	demand(api_handle(engine, "POST", "/dead/requeue", "", "{\"all\":true}", 12, &answer) ==
			200,
		"retry", text_string(&answer));
	text_free(&answer);
}

/* A good order is queued, whatever was before. */
static void finish(struct engine *engine)
{
	static const char order[] =
		"{\"id\":900719925474099,\"name\":\"#9\",\"created_at\":\"2026-11-23T10:00:00Z\","
		"\"updated_at\":\"2026-11-23T10:00:00Z\",\"total_price\":\"9.00\",\"currency\":"
		"\"USD\",\"financial_status\":\"paid\",\"customer\":{\"id\":900719925474098}}";
	int64_t before;

	for (char digit = '2'; digit <= '6'; digit++) {
		pass(digit);
		rest(engine);
	}
	ask_all(engine);
	before = queued(engine);
	post(engine, "orders/create", order, sizeof(order) - 1);
	demand(queued(engine) > before, "a good order", "is not queued");
}

/* ---- the input ---- */

static struct config *config_of(unsigned char choice)
{
	struct config *config = config_defaults(SHOP);
	struct shop *shop;

	demand(config != NULL, "no configuration", "");
	config->min_free = 0;
	shop = &config->shops[0];
	shop->user_id = choice %
			3; /* with the fourth, none, an order has nobody to name but a made-up id */
	shop->order_id = choice / 4 % 3;
	shop->identify = choice / 16 % 2;
	shop->cancel_on_max_retries = choice % 2 == 0;
	shop->test_orders = choice / 64 % 2;
	return config;
}

/* A webhook of the input, from `at` on. */
struct part {
	const char *topic;
	size_t topic_length;
	const char *body;
	size_t length;
	const char *next;
};

static bool read_part(const char *at, const char *end, struct part *part)
{
	const char *line = at < end ? memchr(at, '\n', (size_t)(end - at)) : NULL;
	const char *stop;

	if (line == NULL || line - at >= TOPIC_MAX)
		return false;
	stop = memchr(line, '\0', (size_t)(end - line));
	if (stop == NULL)
		stop = end;
	*part = (struct part){at, (size_t)(line - at), line + 1, (size_t)(stop - line) - 1,
		stop < end ? stop + 1 : end};
	return true;
}

static void bring(struct engine *engine, const struct part *part)
{
	char topic[TOPIC_MAX] = "";
	const char *name = topic;
	char *body = malloc(part->length + 1); /* so that what reads behind it is seen */

	demand(body != NULL, "no memory", "");
	memcpy(body, part->body, part->length);
	memcpy(topic, part->topic, part->topic_length);
	if (*name >= '0' && *name <= '9')
		pass(*name++);
	if (part->length > 0 && strlen(name) == (size_t)(topic + part->topic_length - name))
		post(engine, name, body, part->length);
	free(body);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const char *at = (const char *)data + 1;
	const char *end = (const char *)data + size;
	struct engine_hooks hooks = {0};
	struct config *config;
	struct store *store;
	struct engine *engine;
	struct error error;
	struct part part;

	if (size == 0)
		return 0;
	log_configure((enum log_level)(LOG_ERROR - 1), LOG_TEXT);
	atomic_store(&now_ms, time_parse("2026-11-23T12:00:00Z"));
	config = config_of(data[0]);
	demand(store_open("sqlite::memory:", &store, NULL, &error) == 0, "no store", error.text);
	demand(engine_start(store, config, &engine, &error) == 0, "no engine", error.text);
	engine_set_hooks(engine, &hooks);
	for (int i = 0; i < WEBHOOKS_MAX && read_part(at, end, &part); i++, at = part.next)
		bring(engine, &part);
	finish(engine);
	engine_stop(engine);
	store_close(store);
	config_release(config);
	return 0;
}

/* ---- the mutator ---- */

static uint64_t state;

static size_t draw(size_t below)
{
	state = state * 6364136223846793005U + 1442695040888963407U;
	return below > 0 ? (size_t)(state >> 33) % below : 0;
}

static size_t count_of(const cJSON *value)
{
	size_t count = 1;

	for (const cJSON *child = value->child; child != NULL; child = child->next)
		count += count_of(child);
	return count;
}

static cJSON *value_at(cJSON *value, size_t *place)
{
	cJSON *found = *place == 0 ? value : NULL;

	(*place)--;
	for (cJSON *child = value->child; found == NULL && child != NULL; child = child->next)
		found = value_at(child, place);
	return found;
}

static cJSON *any_value(cJSON *json)
{
	size_t place = draw(count_of(json));

	return value_at(json, &place);
}

static void put_inside(cJSON *value, const cJSON *other)
{
	value->type = other->type;
	value->child = other->child;
	value->valuestring = other->valuestring;
}

static const char *const others[] = {"{}", "[]", "null", "true", "\"\"", "0", "-1", "1e400",
	"[\"x\"]", "[{}]", "{\"id\":{}}", "\"gid://shopify/Order/\"", "\"gid://\"", "\"/\"",
	"\"gid://shopify/Customer/7\"", "99999999999999999999", "\"2026-11-23T10:00:00Z\"",
	"\"9999-12-31T23:59:59Z\"", "\"\\u0000\"", "[[[[]]]]", "\"cancelled\"", "\"error\""};

/* Changes some values of a body, of which some come from another body. */
static void change(struct text *out, const struct part *part, const struct part *from)
{
	struct arena *arena = arena_create(65536);
	struct error error;
	cJSON *json = json_parse(arena, part->body, part->length, &error);
	cJSON *giver = json_parse(arena, from->body, from->length, &error);

	for (size_t i = draw(3); json != NULL && i < 3; i++) {
		const char *other = others[draw(sizeof(others) / sizeof(others[0]))];

		if (giver != NULL && draw(2) == 0)
			put_inside(any_value(json), any_value(giver));
		else
			put_inside(
				any_value(json), json_parse(arena, other, strlen(other), &error));
		giver = NULL; /* a value that is put into itself would have no end */
	}
	if (json != NULL)
		json_add_value(out, json);
	else
		text_add(out, part->body, part->length);
	arena_destroy(arena);
}

static void add_part(struct text *out, const struct part *part, const struct part *from)
{
	bool changes = draw(3) == 0;

	if (draw(4) == 0 && (*part->topic < '0' || *part->topic > '9'))
		text_add(out, &(char){(char)('0' + (char)draw(10))}, 1);
	text_add(out, part->topic, part->topic_length);
	text_put(out, "\n");
	if (changes)
		change(out, part, from);
	else
		text_add(out, part->body, part->length);
	text_add(out, "", 1);
}

size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t most, unsigned int seed)
{
	struct part parts[WEBHOOKS_MAX];
	const char *at = (const char *)data + 1;
	struct text out = {0};
	size_t count = 0;

	state = seed;
	while (size > 0 && count < WEBHOOKS_MAX &&
		read_part(at, (const char *)data + size, &parts[count]))
		at = parts[count++].next;
	if (count == 0 || draw(4) == 0)
		return LLVMFuzzerMutate(data, size, most);
	text_add(&out, data, 1);
	for (size_t i = 0; i < count; i++) {
		size_t chance = draw(12);

		if (chance == 0) /* it is lost */
			continue;
		add_part(&out, &parts[chance == 1 ? draw(count) : i], &parts[draw(count)]);
		if (chance < 4) /* the same again, changed or not */
			add_part(&out, &parts[i], &parts[draw(count)]);
	}
	size = out.length < most ? out.length : most;
	memcpy(data, text_string(&out), size);
	text_free(&out);
	return size;
}
