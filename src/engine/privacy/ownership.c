/* Whether a record, a delivery or a message belongs to one person (docs/operations.md, Privacy). */
#include "engine/privacy/ownership.h"

#include "mapping/record_kinds.h"
#include "mapping/topics.h"

#include <string.h>

/* ---- records ---- */

/* A record of deferred deliveries holds each body as a text (mapping/deferred.c). */
static bool owns_bodies(
	const struct identifiers *identifiers, const cJSON *json, struct arena *scratch)
{
	const cJSON *waiting;

	cJSON_ArrayForEach (waiting, json_at(json, "bodies")) {
		const char *text = json_text(waiting, "body");
		const char *topic = json_text(waiting, "topic");
		struct error error;
		const cJSON *body = NULL;

		if (text != NULL && topic != NULL)
			body = json_parse(scratch, text, strlen(text), &error);
		if (body != NULL && person_owns_delivery(identifiers, topic, body))
			return true;
	}
	return false;
}

static bool has_any(
	const struct identifiers *identifiers, const cJSON *json, const char *const *members)
{
	for (; *members != NULL; members++)
		if (identifiers_has(identifiers, json_text(json, *members)))
			return true;
	return false;
}

/* Whether the record has a browser, but names no person who used it. */
static bool names_nobody(const struct record_kind *kind, const cJSON *json)
{
	if (kind->customer != NULL && json_text(json, kind->customer) != NULL)
		return false;
	for (const char *const *other = kind->others; *other != NULL; other++)
		if (json_text(json, *other) != NULL)
			return false;
	return true;
}

bool person_owns_record(const struct identifiers *identifiers, const struct record *record,
	const cJSON *json, struct arena *scratch)
{
	const struct record_kind *kind = record_kind_find(record->kind);
	const char *customer;

	if (kind == NULL || !kind->is_personal)
		return false;
	if (kind->holds_bodies && owns_bodies(identifiers, json, scratch))
		return true;
	customer = kind->customer != NULL ? json_text(json, kind->customer) : NULL;
	if (customer != NULL)
		return identifiers_has(identifiers, customer);
	return has_any(identifiers, json, kind->others) ||
	       identifiers_has(identifiers, record->key) ||
	       (names_nobody(kind, json) && has_any(identifiers, json, kind->browsers));
}

/* Adds the values of a member. Returns how many were new, or -1 when memory runs out. */
static int collect_member(struct identifiers *identifiers, const cJSON *value)
{
	const cJSON *item;
	int added = 0;

	if (!cJSON_IsArray(value))
		return identifiers_add(identifiers, json_text(value, "."));
	cJSON_ArrayForEach (item, value) {
		int more = identifiers_add(identifiers, json_text(item, "."));

		if (more < 0)
			return -1;
		added += more;
	}
	return added;
}

int person_collect(struct identifiers *identifiers, const struct record *record, const cJSON *json)
{
	const struct record_kind *kind = record_kind_find(record->kind);
	int added = identifiers_add(identifiers, record->key);

	if (added < 0 || kind == NULL)
		return added;
	for (size_t i = 0; kind->identifiers[i] != NULL; i++) {
		int more = collect_member(identifiers, json_at(json, kind->identifiers[i]));

		if (more < 0)
			return -1;
		added += more;
	}
	return added;
}

/* ---- deliveries and messages ---- */

bool person_owns_delivery(
	const struct identifiers *identifiers, const char *topic, const cJSON *body)
{
	const struct topic *known = topic_find(topic);
	const char *path =
		known != NULL && known->customer_id != NULL ? known->customer_id : "customer.id";
	const char *customer = topic_id(body, path);
	const char *account;

	if (customer != NULL)
		return identifiers_has(identifiers, customer);
	account = known != NULL ? topic_id(body, known->account) : NULL;
	if (account == NULL)
		return identifiers_are_in(identifiers, body);
	return identifiers_has(identifiers, account) ||
	       identifiers_has(identifiers, json_text(body, known->email));
}

/* A customer's id, not a browser's. */
static bool is_id(const char *text)
{
	return text != NULL && strspn(text, "0123456789") == strlen(text);
}

bool person_owns_message(const struct identifiers *identifiers, const cJSON *message)
{
	const cJSON *ids = json_at(message, "context.externalIds");
	const char *customer = ids != NULL ? json_text(ids->child, "id") : NULL;
	const char *user = json_text(message, "userId");

	/* An alias has the userId only, and perhaps the former one. */
	if (customer == NULL && user != NULL)
		return identifiers_has(identifiers, user) ||
		       (json_text(message, "anonymousId") == NULL &&
			       is_id(json_text(message, "previousId")) &&
			       identifiers_has(identifiers, json_text(message, "previousId")));
	return customer != NULL ? identifiers_has(identifiers, customer)
				: identifiers_are_in(identifiers, message);
}
