/* What ReCharge told of a customer whom Shopify's id does not name yet (docs/events.md,
 * Subscriptions).
 *
 * A record by ReCharge's id of the customer holds the bodies that wait, and a timer of the same
 * name ends that. A body may be as deep as JSON may be at all, so it is kept as a text. */
#include "mapping/waits.h"

#include "base/clock.h"
#include "mapping/rules.h"

#include <stdlib.h>
#include <string.h>

/* More than that of one customer within minutes is not waited for. */
enum { BODIES_MAX = 16, BYTES_MAX = 256 * 1024 };

static bool is_told(const char *topic)
{
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (topic_is_among(rule->topics, topic))
			return true;
	return false;
}

bool waits_must(const struct work *work)
{
	return work->account_id != NULL && work->person.customer_id == NULL && !work->has_waited &&
	       work->shop->recharge_identity_wait > 0 && is_told(work->delivery->topic);
}

static void write_waiting(struct text *json, const struct work *work)
{
	struct text body = {0};

	json_add_value(&body, work->payload);
	json_add_comma(json);
	text_put(json, "{");
	json_add_member(json, "topic", work->delivery->topic);
	json_add_number(json, "received", work->delivery->received);
	json_add_member(json, "triggered_at", work->delivery->triggered_at);
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
	write_waiting(json, work);
	text_put(json, "]}");
}

static void set_timer(struct work *work, const char *account_id, int64_t due)
{
	if (!work->failed &&
		work->memory->set_timer(work->memory->context, WAIT_KIND, account_id, due) != 0)
		work_fail(work, "a timer cannot be set");
}

bool waits_begin(struct work *work)
{
	struct recalled known = work_recall(work, WAIT_KIND, work->account_id);
	const cJSON *before = json_at(known.value, "bodies");
	struct text json = {0};
	bool fits;

	write_record(&json, work, before);
	fits = cJSON_GetArraySize(before) < BODIES_MAX && json.length <= BYTES_MAX;
	if (fits)
		work_remember(work, WAIT_KIND, work->account_id, &json, NULL);
	if (fits && before == NULL)
		set_timer(work, work->account_id,
			work->delivery->received + work->shop->recharge_identity_wait);
	text_free(&json);
	return fits;
}

const cJSON *waits_end(struct work *work, const char *account_id)
{
	struct recalled known = work_recall(work, WAIT_KIND, account_id);

	if (known.json == NULL)
		return NULL;
	work_forget(work, WAIT_KIND, account_id);
	set_timer(work, account_id, TIME_UNKNOWN);
	return json_at(known.value, "bodies");
}

const cJSON *waits_open(struct work *work, const cJSON *waiting, struct delivery *delivery)
{
	const char *body = json_text(waiting, "body");
	const char *received = json_text(waiting, "received");
	const char *topic = json_text(waiting, "topic");
	struct error error;

	if (body == NULL || received == NULL || topic == NULL || topic_find(topic) == NULL)
		return NULL;
	*delivery = (struct delivery){
		.shop = work->delivery->shop,
		.topic = topic,
		.triggered_at = json_text(waiting, "triggered_at"),
		.received = strtoll(received, NULL, 10),
	};
	return json_parse(work->arena, body, strlen(body), &error);
}
