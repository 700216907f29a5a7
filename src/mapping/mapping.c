/* From a delivery to Segment calls: carries out the rules of its topic. */
#include "mapping/mapping.h"

#include "base/clock.h"
#include "base/digest.h"
#include "mapping/context.h"
#include "mapping/memories.h"
#include "mapping/rules.h"

#include <stdio.h>
#include <string.h>

enum {
	/* Under the 32 KB that Segment takes, as its libraries keep it. */
	MESSAGE_MAX = 32000,
	/* What message_write adds: `"messageId":"…",`. */
	MESSAGE_ID_ADDS = 12 + UUID_TEXT + 2,
	/* What follows products when they are cut, and closes the message. */
	AFTER_PRODUCTS = 100,
	/* An id of Shopify's has 18 digits at the most today; one of 20 still is an unsigned
	   64-bit. */
	ID_MAX = 20,
};

/* ---- one call ---- */

/* Says when it happened, never when it came. A time of the future is taken as now: a clock was
 * wrong. */
static void write_timestamp(struct scope *scope, const char *time_path)
{
	const struct delivery *delivery = scope->work->delivery;
	int64_t time = time_parse(json_text(scope->root, time_path));
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN)
		time = time_parse(delivery->triggered_at);
	if (time == TIME_UNKNOWN)
		return;
	time_format(time < delivery->received ? time : delivery->received, text);
	json_add_member(scope->out, "timestamp", text);
}

static void write_properties(struct scope *scope, const struct rule *rule)
{
	json_add_key(scope->out, "properties");
	text_put(scope->out, "{");
	if (scope->work->shop->email_property)
		field_text(scope, "email", scope->work->person.email);
	field_text(scope, "sent_from", "segrelay");
	fields_write(scope, rule->properties, scope->root);
	text_put(scope->out, "}");
}

static void write_traits(struct scope *scope)
{
	json_add_key(scope->out, "traits");
	text_put(scope->out, "{");
	fields_write(scope, customer_traits, scope->work->customer);
	text_put(scope->out, "}");
}

static void write_call(struct scope *scope, const struct rule *rule, enum call call)
{
	text_put(scope->out, call == TRACK ? "{\"type\":\"track\"" : "{\"type\":\"identify\"");
	if (call == TRACK)
		json_add_member(scope->out, "event", rule->event);
	context_ids(scope);
	write_timestamp(scope, rule->time);
	context_write(scope, call == TRACK);
	if (call == TRACK)
		write_properties(scope, rule);
	else
		write_traits(scope);
	text_put(scope->out, "}");
}

/* Writes the call, leaving out more and more until it is small enough. */
static bool write_within_limit(struct work *work, const struct rule *rule, const cJSON *subject,
	enum call call, struct text *out)
{
	struct scope scope = {
		.work = work,
		.out = out,
		.root = subject,
		.limit = MESSAGE_MAX - MESSAGE_ID_ADDS - AFTER_PRODUCTS,
	};

	for (int shrink = SHRINK_NOTHING; shrink <= SHRINK_LAST; shrink++) {
		text_cut(out, 0);
		scope.shrink = (enum shrink)shrink;
		write_call(&scope, rule, call);
		if (out->length + MESSAGE_ID_ADDS <= MESSAGE_MAX)
			return true;
	}
	return false;
}

/* The natural key: what stands at each of the rule's paths, with "|" between. */
static const char *natural_key(struct work *work, const struct rule *rule, const cJSON *subject)
{
	struct text key = {0};
	const char *kept;

	for (const char *at = rule->key; *at != '\0';) {
		size_t length = strcspn(at, " ");
		char path[64];
		const cJSON *value;

		(void)snprintf(path, sizeof(path), "%.*s", (int)length, at);
		value = json_at(subject, path);
		if (at != rule->key)
			text_put(&key, "|");
		if (cJSON_IsString(value))
			text_put(&key, value->valuestring);
		else if (value != NULL)
			json_add_value(&key, value);
		at += length + (at[length] == ' ');
	}
	if (key.failed)
		work_fail(work, "no memory");
	kept = work_copy(work, text_string(&key));
	text_free(&key);
	return kept;
}

/* Appends a call to the result. */
static void add_call(struct work *work, struct mapped *result, const struct rule *rule,
	const cJSON *subject, enum call call, const char *key)
{
	struct call_made *made = arena_alloc(work->arena, sizeof(*made));
	struct call_made **end = &result->calls;
	struct text out = {0};
	bool fits = write_within_limit(work, rule, subject, call, &out);
	char *json = arena_alloc(work->arena, out.length + 1);

	if (made == NULL || json == NULL || out.failed) {
		work_fail(work, "no memory");
	} else if (!fits) {
		result->outcome = UNUSABLE;
		result->reason = "the message stays over 32,000 bytes whatever is left out";
	} else {
		memcpy(json, text_string(&out), out.length + 1);
		*made = (struct call_made){.call = call,
			.event = rule->event,
			.key = key,
			.with_next = call == IDENTIFY && rule->call == TRACK,
			.json = json,
			.json_length = out.length};
		while (*end != NULL)
			end = &(*end)->next;
		*end = made;
	}
	text_free(&out);
}

/* ---- identify ---- */

/* With identify = changed only when ids or traits differ from those told last. */
static bool wants_identify(struct work *work)
{
	struct text told = {0};
	struct scope scope = {.work = work, .out = &told, .root = work->payload};
	const char *before = json_text(work->known, "identified");
	char digest[MD5_TEXT];

	if (work->customer == NULL)
		return false;
	if (work->shop->identify == IDENTIFY_EVERY)
		return true;
	text_put(&told, "{");
	context_ids(&scope);
	fields_write(&scope, customer_traits, work->customer);
	if (told.failed || digest_md5(text_string(&told), digest) != 0)
		work_fail(work, "no memory");
	text_free(&told);
	if (work->failed || (before != NULL && strcmp(before, digest) == 0))
		return false;
	work->identified = work_copy(work, digest);
	return true;
}

/* ---- a delivery ---- */

static void carry_out(struct work *work, const struct rule *rule, struct mapped *result)
{
	struct subjects subjects = rule->about(work);

	if (subjects.count == 0 && subjects.why_not != NULL)
		result->reason = subjects.why_not;
	for (size_t i = 0; i < subjects.count && !work->failed; i++) {
		const char *key = natural_key(work, rule, subjects.items[i]);

		result->outcome = MAPPED;
		if (wants_identify(work))
			add_call(work, result, rule, subjects.items[i], IDENTIFY, key);
		if (rule->call == TRACK)
			add_call(work, result, rule, subjects.items[i], TRACK, key);
		if (result->outcome == UNUSABLE)
			return;
	}
}

/* A payload whose ids are not ids cannot be told once: it is set aside. */
static const char *why_unusable(const cJSON *payload)
{
	const char *id = json_text(payload, "id");

	if (!cJSON_IsObject(payload))
		return "the payload is no JSON object";
	if (id == NULL)
		return "the payload has no id: add \"id\" to include_fields of the subscription";
	if (strlen(id) > ID_MAX || strspn(id, "0123456789") != strlen(id))
		return "the payload's id is no whole number";
	return NULL;
}

static bool is_test(const struct work *work)
{
	const cJSON *item;

	if (work->delivery->test || json_is_true(work->payload, "test") ||
		json_is_true(work->order, "test"))
		return true;
	cJSON_ArrayForEach (item, json_at(work->payload, "transactions")) {
		if (json_is_true(item, "test"))
			return true;
	}
	return false;
}

static void map_known_topic(struct work *work, struct mapped *result)
{
	memories_recall(work);
	if (is_test(work) && work->shop->test_orders == SKIP) {
		result->reason = "test traffic (test_orders = skip)";
		result->is_test = true;
	} else {
		for (const struct rule *rule = rules; rule->topics != NULL; rule++)
			if (rule_matches(rule, work->delivery->topic) &&
				result->outcome != UNUSABLE)
				carry_out(work, rule, result);
	}
	if (result->outcome != UNUSABLE)
		memories_remember(work);
}

int map_delivery(const struct delivery *delivery, const cJSON *payload, const struct shop *shop,
	const struct memory *memory, struct arena *arena, struct mapped *result,
	struct error *error)
{
	struct work work = {
		.delivery = delivery,
		.shop = shop,
		.memory = memory,
		.arena = arena,
		.payload = payload,
		.error = error,
	};

	*result = (struct mapped){.outcome = IGNORED, .reason = "there is nothing to tell"};
	error->text[0] = '\0';
	if (!map_knows(delivery->topic)) {
		result->reason = "no rule speaks of this topic";
		return 0;
	}
	if (why_unusable(payload) != NULL) {
		result->outcome = UNUSABLE;
		result->reason = why_unusable(payload);
		return 0;
	}
	map_known_topic(&work, result);
	if (work.unreadable.length > 0)
		result->unreadable = work_copy(&work, text_string(&work.unreadable));
	text_free(&work.unreadable);
	if (result->outcome == MAPPED)
		result->reason = NULL;
	return work.failed ? -1 : 0;
}
