/* Who a delivery is about (docs/events.md, Identity): reads and updates the records in order. */
#include "mapping/identity/identity_private.h"
#include "mapping/recharge/subscription_states.h"

static bool has_links(const struct work *work)
{
	const struct topic *topic = work->in->topic;

	return topic->checkout != NULL || topic->cart != NULL || work->identity->account_id != NULL;
}

static void recall_tokens(struct work *work, struct stored *stored, struct identity *identity)
{
	const struct topic *topic = work->in->topic;

	identity->order_id = topic_id(work->in->payload, topic->order);
	stored->order = work_recall(work, "order", identity->order_id);
	identity->checkout_id = text_or(topic_id(work->in->payload, topic->checkout),
		json_text(stored->order.value, "checkout_token"));
	identity->cart_id = text_or(topic_id(work->in->payload, topic->cart),
		json_text(stored->order.value, "cart_token"));
	identity->account_id = topic_id(work->in->payload, topic->account);
	/* Deliveries after an order find all of it in the record of the order. */
	if (has_links(work))
		links_recall(work, stored);
	if (topic->is_hint) {
		identity->order_id = identity_order(work);
		stored->order = work_recall(work, "order", identity->order_id);
	}
	if (topic->subscription != NULL)
		states_recall(work, stored);
}

void identity_recall(struct work *work, struct stored *stored, struct identity *identity)
{
	const char *customer = topic_id(work->in->payload, work->in->topic->customer_id);

	recall_tokens(work, stored, identity);
	merges_recall(work, stored);
	customer = text_or(customer, work->in->awaited_customer_id);
	customer = text_or(customer, json_text(stored->order.value, "customer_id"));
	customer = text_or(customer, states_customer(work));
	traits_recall(work, stored, identity, text_or(customer, links_customer(work)));
	user_find(work, &identity->person);
}

void identity_remember(struct work *work)
{
	if (work->identity->customer != NULL)
		traits_remember(work);
	merges_remember(work);
	if (has_links(work))
		identity_remember_links(work);
}
