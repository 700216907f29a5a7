/* Deferred deliveries (docs/events.md, Subscriptions).
 *
 * A record holds the deliveries that need one other record. A timer with the same key ends the
 * wait. A body may be as deep as JSON may be at all, so the record keeps it as a text. */
#include "mapping/deferred.h"

#include "base/clock.h"
#include "mapping/rules.h"

#include <stdlib.h>
#include <string.h>

/* More than this of one customer within minutes is mapped at once, after the deferred ones. */
enum { BODIES_MAX = 16, BYTES_MAX = 256 * 1024 };

/* The webhook of a billing attempt may arrive before that of the order. */
static const int64_t ORDER_WAIT = MINUTE;

/* ---- beginning ---- */

struct wait {
	const char *kind; /* NULL when the delivery is not deferred */
	const char *key;
	int64_t time;
	const char *reason;
};

static bool has_rule(const char *topic)
{
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (topic_is_among(rule->topics, topic))
			return true;
	return false;
}

static struct wait reason_to_defer(const struct work *work)
{
	static const char billed[] = "subscription_billing_attempts/success";
	int64_t identity_wait = work->in->shop->recharge_identity_wait;

	if (work->in->was_deferred || !has_rule(work->in->delivery->topic))
		return (struct wait){0};
	if (work->identity->account_id != NULL && work->identity->person.customer_id == NULL &&
		identity_wait > 0)
		return (struct wait){DEFERRED_FOR_CUSTOMER, work->identity->account_id,
			identity_wait,
			"deferred until Shopify's customer id arrives (recharge_identity_wait)"};
	if (strcmp(work->in->delivery->topic, billed) == 0 && work->identity->order_id != NULL &&
		work->stored->order.value == NULL)
		return (struct wait){DEFERRED_FOR_ORDER, work->identity->order_id, ORDER_WAIT,
			"deferred until its order arrives"};
	return (struct wait){0};
}

static void write_delivery(struct text *json, const struct work *work)
{
	struct text body = {0};

	json_add_value(&body, work->in->payload);
	json_add_comma(json);
	text_put(json, "{");
	json_add_member(json, "topic", work->in->delivery->topic);
	json_add_number(json, "delivery", work->in->delivery->id);
	json_add_number(json, "received", work->in->delivery->received);
	json_add_member(json, "triggered_at", work->in->delivery->triggered_at);
	json_add_member(json, "body", text_string(&body));
	text_put(json, "}");
	json->failed |= body.failed;
	text_free(&body);
}

static void write_record(struct text *json, const struct work *work, const cJSON *before)
{
	const cJSON *waiting;

	text_put(json, "{\"bodies\":[");
	cJSON_ArrayForEach (waiting, before) {
		json_add_comma(json);
		json_add_value(json, waiting);
	}
	write_delivery(json, work);
	text_put(json, "]}");
}

/* Writes the record with the delivery added; returns false when that is too much. */
static bool make_record(struct text *json, const struct work *work, const cJSON *before)
{
	write_record(json, work, before);
	return cJSON_GetArraySize(before) < BODIES_MAX && json->length <= BYTES_MAX;
}

const char *deferred_begin(struct work *work)
{
	struct wait wait = reason_to_defer(work);
	struct recalled stored = {0};
	struct text json = {0};
	const cJSON *before;
	bool fits;

	if (wait.kind == NULL)
		return NULL;
	stored = work_recall(work, wait.kind, wait.key);
	before = json_at(stored.value, "bodies");
	fits = make_record(&json, work, before);
	if (fits)
		work_remember(work, wait.kind, wait.key, &json, NULL);
	if (fits && before == NULL)
		work_set_timer(work, wait.kind, wait.key, work->in->delivery->received + wait.time);
	text_free(&json);
	return fits ? wait.reason : NULL;
}

bool deferred_is_full(struct work *work, const char *kind, const char *key)
{
	struct recalled stored = work_recall(work, kind, key);
	const cJSON *before = json_at(stored.value, "bodies");
	struct text json = {0};
	bool fits;

	if (before == NULL || !has_rule(work->in->delivery->topic))
		return false;
	fits = make_record(&json, work, before);
	if (json.failed)
		work_fail(work, "no memory");
	text_free(&json);
	return !fits;
}

/* ---- ending ---- */

const cJSON *deferred_end(struct work *work, const char *kind, const char *key)
{
	struct recalled stored = work_recall(work, kind, key);

	if (stored.json == NULL)
		return NULL;
	work_forget(work, kind, key);
	work_set_timer(work, kind, key, TIME_UNKNOWN);
	return json_at(stored.value, "bodies");
}

const cJSON *deferred_open(struct work *work, const cJSON *waiting, struct delivery *delivery)
{
	const char *body = json_text(waiting, "body");
	int64_t received = work_milliseconds(waiting, "received");
	const char *topic = json_text(waiting, "topic");
	const char *id = json_text(waiting, "delivery");
	struct error error;

	*delivery = (struct delivery){
		.id = id != NULL ? strtoll(id, NULL, 10) : 0,
		.shop = work->in->delivery->shop,
		.topic = topic != NULL ? topic : "",
		.triggered_at = json_text(waiting, "triggered_at"),
		.received = received,
	};
	if (body == NULL || received == 0 || topic == NULL || topic_find(topic) == NULL)
		return NULL;
	return json_parse(work->arena, body, strlen(body), &error);
}
