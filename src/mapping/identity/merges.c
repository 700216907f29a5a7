/* Merges of two customers (docs/events.md, Identity). */
#include "mapping/identity/identity_private.h"

#include "mapping/rules.h"
#include "mapping/user_ids.h"

#include <string.h>

static bool is_done(const struct work *work)
{
	const char *status = json_text(work->in->payload, "status");

	return strcmp(work->in->delivery->topic, "customers/merge") == 0 && status != NULL &&
	       strcmp(status, "completed") == 0;
}

static const char *gone(const struct work *work)
{
	return topic_id(work->in->payload, "admin_graphql_api_customer_deleted_id");
}

void merges_recall(struct work *work, struct stored *stored)
{
	if (is_done(work))
		stored->merged = work_recall(work, "customer", gone(work));
}

void merges_remember(struct work *work)
{
	const char *id = gone(work);
	struct text json = {0};

	if (!is_done(work) || id == NULL || strcmp(id, work->identity->person.customer_id) == 0)
		return;
	text_put(&json, "{");
	json_add_member(&json, "merged_into", work->identity->person.customer_id);
	/* by these an erasure finds what was emitted before the merge */
	user_ids_write(work, &json, work->stored->merged.value, id, NULL);
	text_put(&json, "}");
	work_remember(work, "customer", id, &json, work->stored->merged.json);
	text_free(&json);
}

const char *identity_previous_id(struct work *work)
{
	return identity_user_id(work, gone(work), json_text(work->stored->merged.value, "email"));
}

struct selection merged(struct work *work)
{
	const char *before = identity_previous_id(work);

	if (!work->in->shop->alias)
		return select_none("alias = no");
	if (!is_done(work))
		return select_none("the merge is not completed");
	if (before == NULL || work->identity->person.user_id == NULL ||
		strcmp(before, work->identity->person.user_id) == 0)
		return select_none("the two customers do not have different userIds");
	return whole_payload(work);
}
