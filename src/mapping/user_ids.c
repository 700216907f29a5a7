/* The userIds that were emitted for a customer (docs/operations.md, Privacy). */
#include "mapping/user_ids.h"

#include "mapping/identity/identity.h"

#include <string.h>

struct user_ids {
	const char *customer_id;
	const char *items[USER_IDS_MAX];
	size_t count;
};

static void add(struct user_ids *ids, const char *id)
{
	if (id == NULL || strcmp(id, ids->customer_id) == 0)
		return;
	for (size_t i = 0; i < ids->count; i++)
		if (strcmp(ids->items[i], id) == 0)
			return;
	if (ids->count == USER_IDS_MAX) {
		ids->count--;
		memmove(&ids->items[0], &ids->items[1], ids->count * sizeof(ids->items[0]));
	}
	ids->items[ids->count++] = id;
}

/* A record of an earlier version has no list: only its e-mail, and the userId that was aliased
 * last. */
static void add_stored(
	struct work *work, struct user_ids *ids, const cJSON *record, const char *customer_id)
{
	const cJSON *id;

	cJSON_ArrayForEach (id, json_at(record, "user_ids")) {
		add(ids, json_text(id, "."));
	}
	add(ids, json_text(record, "aliased_as"));
	add(ids, identity_user_id(work, customer_id, json_text(record, "email")));
}

void user_ids_write(struct work *work, struct text *json, const cJSON *record,
	const char *customer_id, const char *now)
{
	struct user_ids ids = {.customer_id = customer_id};

	add_stored(work, &ids, record, customer_id);
	add(&ids, now);
	if (ids.count == 0)
		return;
	json_add_key(json, "user_ids");
	text_put(json, "[");
	for (size_t i = 0; i < ids.count; i++) {
		json_add_comma(json);
		json_add_string(json, ids.items[i]);
	}
	text_put(json, "]");
}
