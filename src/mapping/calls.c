/* The calls that a rule emits for an object: alias, identify, track. */
#include "mapping/calls.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/steps.h"
#include "config/events.h"
#include "mapping/context.h"
#include "mapping/identity/identity.h"
#include "mapping/trims.h"

#include <stdio.h>
#include <string.h>

enum {
	/* What message_write adds: `"messageId":"…","type":"identify","event":"…",`. */
	NAME_ADDS = 14 + UUID_TEXT + 18 + 11 + EVENT_NAME_MAX,
	/* What follows products when they are cut, and closes the message. */
	AFTER_PRODUCTS = 100,
	/* The cost of queueing a message. */
	CALL_STEPS = 20000,
};

/* ---- one call ---- */

/* The time of the event, not of its arrival. A time in the future is replaced by now, because a
 * clock was wrong. */
static void write_timestamp(struct scope *scope, const char *time_path)
{
	const struct delivery *delivery = scope->work->in->delivery;
	int64_t time = time_path != NULL ? time_at(scope->root, time_path) : TIME_UNKNOWN;
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN)
		time = time_parse(delivery->triggered_at);
	if (time == TIME_UNKNOWN) /* a merge has no time: Segment would use the time of arrival,
				     which is later */
		time = delivery->received;
	time_format(time < delivery->received ? time : delivery->received, text);
	json_add_member(scope->out, "timestamp", text);
}

static void write_properties(struct scope *scope, const struct rule *rule)
{
	json_add_key(scope->out, "properties");
	text_put(scope->out, "{");
	if (scope->work->in->shop->email_property)
		field_text(scope, "email", scope->work->identity->person.email);
	field_text(scope, "sent_from", "segrelay");
	fields_write(scope, rule->properties, scope->root);
	text_put(scope->out, "}");
}

static void write_traits(struct scope *scope)
{
	json_add_key(scope->out, "traits");
	text_put(scope->out, "{");
	fields_write(scope, customer_traits, scope->work->identity->customer);
	text_put(scope->out, "}");
}

/* Only for the destinations that need an alias to join two ids. */
static void write_alias(struct scope *scope, const struct rule *rule)
{
	const struct person *person = &scope->work->identity->person;
	const char *before =
		rule->call == ALIAS ? identity_previous_id(scope->work) : person->anonymous_id;

	field_text(scope, "userId", person->user_id);
	field_text(scope, "previousId", before);
	write_timestamp(scope, rule->time);
	context_write_library(scope);
	context_write_integrations(scope, &scope->work->in->shop->alias_integrations);
}

static void write_call(struct scope *scope, const struct rule *rule, enum call call)
{
	text_put(scope->out, "{");
	if (call == ALIAS) {
		write_alias(scope, rule);
	} else {
		context_ids(scope);
		write_timestamp(scope, rule->time);
		context_write(scope, call == TRACK);
		if (call == TRACK)
			write_properties(scope, rule);
		else
			write_traits(scope);
	}
	text_put(scope->out, "}");
}

/* Writes the call at one level of shrinking; below SHRINK_PRODUCTS, at the lowest level from there
 * on that makes it small enough. */
static bool write_at(struct scope *scope, const struct rule *rule, enum call call)
{
	text_cut(scope->out, 0);
	scope->overflows = false;
	scope->has_limit = false;
	scope->is_cut = false;
	scope->trims = NULL;
	if (scope->shrink < SHRINK_PRODUCTS)
		trims_begin(scope);
	write_call(scope, rule, call);
	return trims_take_out(scope);
}

/* Writes the call, and leaves out more and more until it is small enough. */
static bool write_within_limit(const struct emission *emission, const struct rule *rule,
	enum call call, const char *anonymous_id, struct text *out)
{
	struct work *work = emission->work;
	struct scope scope = {
		.work = work,
		.out = out,
		.root = emission->object,
		.refund = emission->refund,
		.anonymous_id = anonymous_id,
		.shrink = (enum shrink)work->scratch.cart_shrink,
		.most = MESSAGE_MAX - NAME_ADDS,
		.longest = MESSAGE_MAX - NAME_ADDS,
		.limit = MESSAGE_MAX - NAME_ADDS - AFTER_PRODUCTS,
	};
	bool fits = write_at(&scope, rule, call);

	if (!fits && scope.shrink < SHRINK_TEXTS && work_goes_on(work)) {
		scope.shrink = SHRINK_TEXTS;
		fits = write_at(&scope, rule, call);
	}
	/* Each message of a cart has all its lines: the next one needs the same level. */
	if (fits && work->in->topic->set_by != NULL && call == TRACK)
		work->scratch.cart_shrink = (int)scope.shrink;
	return fits;
}

/* The natural key: the values of the rule's paths, with "|" between. */
static const char *natural_key(const struct emission *emission)
{
	struct work *work = emission->work;
	const struct rule *rule = emission->rule;
	struct text key = {0};
	const char *kept;

	for (const char *at = rule->key; *at != '\0';) {
		size_t length = strcspn(at, " ");
		char path[64];
		const cJSON *value;

		(void)snprintf(path, sizeof(path), "%.*s", (int)length, at);
		value = json_at(emission->object, path);
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

void mapped_append(struct mapped *result, struct segment_call *first, struct segment_call *last)
{
	if (first == NULL)
		return;
	if (result->last == NULL)
		result->calls = first;
	else
		result->last->next = first;
	result->last = last;
}

/* Appends a call to the result. */
static void append_call(const struct emission *emission, const struct rule *rule, enum call call,
	const char *anonymous_id, const char *key)
{
	struct work *work = emission->work;
	struct mapped *result = emission->result;
	struct segment_call *made = arena_alloc(work->arena, sizeof(*made));
	struct text out = {0};
	bool fits = write_within_limit(emission, rule, call, anonymous_id, &out);
	char *json = arena_alloc(work->arena, out.length + 1);

	if (made == NULL || json == NULL || out.failed) {
		work_fail(work, "no memory");
	} else if (!fits) {
		result->status = MAP_INVALID;
		result->reason = "the message stays over 32,000 bytes whatever is left out";
	} else {
		memcpy(json, text_string(&out), out.length + 1);
		*made = (struct segment_call){.call = call,
			.event = call == ALIAS ? "alias" : rule->event,
			.key = key,
			.with_next = call != rule->call,
			.json = json,
			.json_length = out.length};
		mapped_append(result, made, made);
		steps_add(CALL_STEPS);
	}
	text_free(&out);
}

/* ---- alias and identify ---- */

/* Whether the pair was emitted last. A userId made from an e-mail changes with the e-mail. */
static bool is_aliased(const struct work *work, const char *browser, const char *user)
{
	const char *aliased = json_text(work->stored->customer.value, "aliased");
	const char *as = text_or(json_text(work->stored->customer.value, "aliased_as"),
		work->identity->person.customer_id);

	return aliased != NULL && strcmp(aliased, browser) == 0 && strcmp(as, user) == 0;
}

/* Once for each pair of a browser's id and a userId, before their first identify. */
static void add_alias(const struct emission *emission)
{
	struct work *work = emission->work;
	const char *browser = work_browser_id(work);
	const char *user = work->identity->person.user_id;
	const char *key;

	if (!work->in->shop->alias || work->emitted->aliased || browser == NULL || user == NULL ||
		strcmp(browser, user) == 0 || is_aliased(work, browser, user))
		return;
	key = arena_format(work->arena, "%s|%s", user, browser);
	if (key == NULL)
		work_fail(work, "no memory");
	else
		append_call(emission, emission->rule, ALIAS, browser, key);
	emission->emitted->aliased = true;
}

/* Joins a derived id with the userId: once, by an identify with both, when events of the cart were
 * emitted under the derived id before its buyer was known. */
static void add_join(const struct emission *emission)
{
	struct work *work = emission->work;
	const struct person *person = &work->identity->person;
	const char *derived = identity_derived_id(work);
	const struct rule join = {
		.call = IDENTIFY, .event = "made-up id", .time = emission->rule->time};
	const char *key;

	if (derived == NULL || person->user_id == NULL || work->emitted->joined ||
		person->is_derived || identity_is_joined(work))
		return;
	key = arena_format(work->arena, "%s|%s", person->user_id, derived);
	if (key == NULL) {
		work_fail(work, "no memory");
		return;
	}
	append_call(emission, &join, IDENTIFY, derived, key);
	emission->emitted->joined = true;
}

/* A digest of the ids and traits, which are the same in all calls. */
static const char *traits_digest(struct work *work)
{
	struct text ids_and_traits = {0};
	struct scope scope = {
		.work = work,
		.out = &ids_and_traits,
		.root = work->in->payload,
		.anonymous_id = work->identity->person.anonymous_id,
		.most = UNBOUNDED,
		.longest = UNBOUNDED,
	};
	char digest[MD5_TEXT];

	if (work->scratch.traits_digest != NULL)
		return work->scratch.traits_digest;
	text_put(&ids_and_traits, "{");
	context_ids(&scope);
	fields_write(&scope, customer_traits, work->identity->customer);
	if (ids_and_traits.failed || digest_md5(text_string(&ids_and_traits), digest) != 0)
		work_fail(work, "no memory");
	else
		work->scratch.traits_digest = work_copy(work, digest);
	text_free(&ids_and_traits);
	return work->scratch.traits_digest;
}

/* With identify = changed, only when ids or traits differ from those that were emitted last. */
static bool wants_identify(struct work *work, struct emitted *emitted)
{
	const char *before = work->emitted->identified != NULL
				     ? work->emitted->identified
				     : json_text(work->stored->customer.value, "identified");
	const char *digest;

	if (work->identity->customer == NULL)
		return false;
	if (work->in->shop->identify == IDENTIFY_EVERY)
		return true;
	digest = traits_digest(work);
	if (work->failed || (before != NULL && strcmp(before, digest) == 0))
		return false;
	emitted->identified = digest;
	return true;
}

/* ---- a delivery ---- */

/* With identify = changed, the key has the traits as well: the identify of a repeated event may be
 * new. When the event is disabled at a destination, its identify is not emitted there either, so
 * the traits do not count as emitted. */
static void add_identify(const struct emission *emission, const char *key)
{
	struct work *work = emission->work;
	const struct rule *rule = emission->rule;
	const char *identified;

	if (!wants_identify(work, emission->emitted))
		return;
	identified = work->emitted->identified;
	if (identified != NULL) {
		key = arena_format(work->arena, "%s|%s", key, identified);
		if (key == NULL) {
			work_fail(work, "no memory");
			return;
		}
	}
	emission->emitted->is_identified =
		rule->call != TRACK || events_is_everywhere(work->in->shop, rule->event);
	append_call(emission, rule, IDENTIFY, work->identity->person.anonymous_id, key);
}

void calls_emit(const struct emission *emission)
{
	const struct work *work = emission->work;
	const struct rule *rule = emission->rule;
	const struct person *person = &work->identity->person;
	const char *key = natural_key(emission);

	emission->result->status = MAP_EVENTS;
	if (rule->call != ALIAS && work->identity->customer != NULL) {
		add_alias(emission);
		add_join(emission);
		add_identify(emission, key);
	}
	if (rule->call != IDENTIFY)
		append_call(emission, rule, rule->call, person->anonymous_id, key);
	emission->emitted->under_derived_id |= person->is_derived && person->user_id == NULL;
}
