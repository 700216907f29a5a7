/* What of all that is kept belongs to one person (docs/operations.md, Privacy). */
#include "engine/privacy/ownership.h"

#include "mapping/record_kinds.h"
#include "mapping/topics.h"

#include <string.h>

/* ---- records ---- */

/* A record of deferred deliveries holds each body as a text (mapping/deferred.c). */
static bool owns_bodies(const struct words *words, const cJSON *json, struct arena *scratch)
{
	const cJSON *waiting;

	cJSON_ArrayForEach (waiting, json_at(json, "bodies")) {
		const char *text = json_text(waiting, "body");
		const char *topic = json_text(waiting, "topic");
		struct error error;
		const cJSON *body = NULL;

		if (text != NULL && topic != NULL)
			body = json_parse(scratch, text, strlen(text), &error);
		if (body != NULL && person_owns_delivery(words, topic, body))
			return true;
	}
	return false;
}

static bool has_any(const struct words *words, const cJSON *json, const char *const *members)
{
	for (; *members != NULL; members++)
		if (words_has(words, json_text(json, *members)))
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

bool person_owns_record(const struct words *words, const struct record *record, const cJSON *json,
	struct arena *scratch)
{
	const struct record_kind *kind = record_kind_find(record->kind);
	const char *customer;

	if (kind == NULL || !kind->is_personal)
		return false;
	if (kind->holds_bodies && owns_bodies(words, json, scratch))
		return true;
	customer = kind->customer != NULL ? json_text(json, kind->customer) : NULL;
	if (customer != NULL)
		return words_has(words, customer);
	return has_any(words, json, kind->others) || words_has(words, record->key) ||
	       (names_nobody(kind, json) && has_any(words, json, kind->browsers));
}

/* How many new ones a member of a record gave; -1 when memory runs out. */
static int learn_member(struct words *words, const cJSON *value)
{
	const cJSON *item;
	int added = 0;

	if (!cJSON_IsArray(value))
		return words_add(words, json_text(value, "."));
	cJSON_ArrayForEach (item, value) {
		int more = words_add(words, json_text(item, "."));

		if (more < 0)
			return -1;
		added += more;
	}
	return added;
}

int person_learn(struct words *words, const struct record *record, const cJSON *json)
{
	const struct record_kind *kind = record_kind_find(record->kind);
	int added = words_add(words, record->key);

	if (added < 0 || kind == NULL)
		return added;
	for (size_t i = 0; kind->identifiers[i] != NULL; i++) {
		int more = learn_member(words, json_at(json, kind->identifiers[i]));

		if (more < 0)
			return -1;
		added += more;
	}
	return added;
}

/* ---- deliveries and messages ---- */

bool person_owns_delivery(const struct words *words, const char *topic, const cJSON *body)
{
	const struct topic *known = topic_find(topic);
	const char *path =
		known != NULL && known->customer_id != NULL ? known->customer_id : "customer.id";
	const char *customer = topic_id(body, path);
	const char *account;

	if (customer != NULL)
		return words_has(words, customer);
	account = known != NULL ? topic_id(body, known->account) : NULL;
	if (account == NULL)
		return words_are_in(words, body);
	return words_has(words, account) || words_has(words, json_text(body, known->email));
}

/* A customer's id, not a browser's. */
static bool is_id(const char *text)
{
	return text != NULL && strspn(text, "0123456789") == strlen(text);
}

bool person_owns_message(const struct words *words, const cJSON *message)
{
	const cJSON *ids = json_at(message, "context.externalIds");
	const char *customer = ids != NULL ? json_text(ids->child, "id") : NULL;
	const char *user = json_text(message, "userId");

	/* An alias names the user alone, and perhaps the user before. */
	if (customer == NULL && user != NULL)
		return words_has(words, user) ||
		       (json_text(message, "anonymousId") == NULL &&
			       is_id(json_text(message, "previousId")) &&
			       words_has(words, json_text(message, "previousId")));
	return customer != NULL ? words_has(words, customer) : words_are_in(words, message);
}
