/* The event catalogue as a table: what becomes of each topic (docs/events.md, Events). */
#include "mapping/rules.h"

#include <string.h>

/* The topics that show a whole order while it is new. */
#define ORDER_TOPICS "orders/create|orders/paid|orders/updated|orders/fulfilled"

/* clang-format off */
const struct rule rules[] = {
	/* topics                                   call      event                about              properties             time                       key */
	{ORDER_TOPICS,                              TRACK,    "Order Completed",   placed_online,     order_properties,      "processed_at|created_at", "id"},
	{ORDER_TOPICS,                              TRACK,    "POS Order Placed",  placed_at_pos,     order_properties,      "processed_at|created_at", "id"},
	{ORDER_TOPICS "|orders/cancelled",          TRACK,    "Order Cancelled",   cancelled,         order_properties,      "cancelled_at",            "id"},
	{"refunds/create",                          TRACK,    "Order Refunded",    money_returned,    refund_properties,     "processed_at|created_at", "id"},
	{"fulfillments/create|fulfillments/update", TRACK,    "Fulfilment Update", itself,            fulfilment_properties, "updated_at|created_at",
		"id status shipment_status tracking_numbers|tracking_number tracking_urls|tracking_url"},
	{"customers/create",                        TRACK,    "Customer Created",  itself,            customer_properties,   "created_at",              "id"},
	{"customers/enable|customers/update",       TRACK,    "Customer Enabled",  newly_enabled,     customer_properties,   "updated_at",              "id updated_at"},
	{"customers/update|customers/disable",      IDENTIFY, "customer",          not_newly_enabled, NULL,                  "updated_at",              "id updated_at"},
	{0},
};
/* clang-format on */

bool rule_matches(const struct rule *rule, const char *topic)
{
	size_t length = strlen(topic);

	for (const char *at = rule->topics; *at != '\0';) {
		size_t step = strcspn(at, "|");

		if (step == length && strncmp(at, topic, length) == 0)
			return true;
		at += step + (at[step] == '|');
	}
	return false;
}

struct subjects speak_of(struct work *work, const cJSON *object)
{
	const cJSON **items = arena_alloc(work->arena, sizeof(const cJSON *));

	if (items == NULL) {
		work_fail(work, "no memory");
		return silent("no memory");
	}
	*items = object;
	return (struct subjects){.items = items, .count = 1};
}

struct subjects silent(const char *why_not)
{
	return (struct subjects){.why_not = why_not};
}

struct subjects itself(struct work *work)
{
	return speak_of(work, work->payload);
}

bool map_knows(const char *topic)
{
	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		if (rule_matches(rule, topic))
			return true;
	return false;
}
