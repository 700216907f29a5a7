/* A customer's tags (docs/events.md, Customers).
 *
 * Until API version 2025-01 a customer carried all of its tags; since then customer.tags_added and
 * customer.tags_removed tell the changes only, and in no certain order. So the record keeps the
 * last whole list with its time, and of each tag the last change with its time: what is newer
 * counts. */
#include "mapping/tags.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

enum { CHANGES_MAX = 250 }; /* as many tags as Shopify allows a customer */

/* A change is kept as "+" or "-" and its time. */
static int64_t time_of(const cJSON *change)
{
	const char *text = json_text(change, ".");

	return text != NULL ? time_parse(text + 1) : TIME_UNKNOWN;
}

/* ---- the changes of single tags ---- */

static bool is_newer(const cJSON *known, int64_t time)
{
	int64_t before = time_of(known);

	return before == TIME_UNKNOWN || time == TIME_UNKNOWN || time >= before;
}

/* Forgets the oldest change when there are as many as may be. */
static void make_room(cJSON *changes)
{
	const cJSON *oldest = changes->child;
	const cJSON *change;

	if (cJSON_GetArraySize(changes) < CHANGES_MAX)
		return;
	cJSON_ArrayForEach (change, changes) {
		if (time_of(change) < time_of(oldest))
			oldest = change;
	}
	json_remove(changes, oldest->string);
}

/* Adds the changes that the payload tells to those that are known. */
static void take_changes(struct work *work, cJSON *changes)
{
	bool is_added = strcmp(work->delivery->topic, "customer.tags_added") == 0;
	const char *at = json_text(work->payload, "occurredAt");
	const cJSON *tags = json_at(work->payload, "tags");
	const char *change;
	const cJSON *tag;

	if (!is_added && strcmp(work->delivery->topic, "customer.tags_removed") != 0)
		return;
	change = arena_format(work->arena, "%c%s", is_added ? '+' : '-', at != NULL ? at : "");
	if (change == NULL)
		work_fail(work, "no memory");
	cJSON_ArrayForEach (tag, tags) {
		const char *name = json_text(tag, ".");
		const cJSON *known;

		if (name == NULL)
			continue;
		known = cJSON_GetObjectItemCaseSensitive(changes, name);
		if (known == NULL)
			make_room(changes);
		if (is_newer(known, time_parse(at)))
			work_set(work, changes, name, change);
	}
}

/* ---- the whole list ---- */

struct tag_list {
	struct text text;
	const cJSON *changes;
	int64_t since; /* changes of before are in the whole list already */
};

/* What the newer changes say of a tag: 1 it was added, -1 removed, 0 nothing. */
static int changed(const struct tag_list *list, const cJSON *change)
{
	int64_t time = time_of(change);

	if (change == NULL ||
		(list->since != TIME_UNKNOWN && time != TIME_UNKNOWN && time <= list->since))
		return 0;
	return change->valuestring[0] == '+' ? 1 : -1;
}

static void add_tag(struct tag_list *list, const char *name, size_t length)
{
	if (list->text.length > 0)
		text_put(&list->text, ", ");
	text_add(&list->text, name, length);
}

/* Takes over the tags of "a, b" that were not removed since. */
static void keep_tags(struct work *work, struct tag_list *list, const char *whole)
{
	while (whole != NULL && *whole != '\0') {
		char *name;
		size_t length;

		whole += strspn(whole, ", ");
		length = strcspn(whole, ",");
		name = arena_alloc(work->arena, length + 1);
		if (name == NULL) {
			work_fail(work, "no memory");
			return;
		}
		memcpy(name, whole, length);
		name[length] = '\0';
		/* those that were added since come behind */
		if (length > 0 &&
			changed(list, cJSON_GetObjectItemCaseSensitive(list->changes, name)) == 0)
			add_tag(list, name, length);
		whole += length;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* By name: in whichever order they came, the trait is the same. */
static void add_new_tags(struct tag_list *list)
{
	const cJSON *added[CHANGES_MAX];
	const cJSON *change;
	size_t count = 0;

	cJSON_ArrayForEach (change, list->changes) {
		if (changed(list, change) > 0 && count < CHANGES_MAX)
			added[count++] = change;
	}
	if (count > 0)
		qsort(added, count, sizeof(added[0]), by_name);
	for (size_t i = 0; i < count; i++)
		add_tag(list, added[i]->string, strlen(added[i]->string));
}

/* The newer of two whole lists. */
static const cJSON *newer_whole(const cJSON *known, const cJSON *learnt)
{
	int64_t known_at = time_at(known, "tags_at");
	int64_t learnt_at = time_at(learnt, "tags_at");

	if (json_text(learnt, "tags_whole|tags") == NULL)
		return known;
	if (known_at != TIME_UNKNOWN && learnt_at != TIME_UNKNOWN && known_at > learnt_at)
		return known;
	return learnt;
}

void tags_join(struct work *work, const cJSON *learnt)
{
	const cJSON *known = work->known.value;
	const cJSON *source = newer_whole(known, learnt);
	const char *whole = json_text(source, source == known ? "tags_whole" : "tags_whole|tags");
	const cJSON *changes_known = json_at(known, "tag_changes");
	cJSON *changes = changes_known != NULL ? work_view(work, changes_known) : work_object(work);
	struct tag_list list = {.changes = changes, .since = TIME_UNKNOWN};

	if (work->failed)
		return;
	take_changes(work, changes);
	if (whole != NULL)
		list.since = time_at(source, "tags_at");
	keep_tags(work, &list, whole);
	add_new_tags(&list);
	work_set(work, work->customer, "tags", work_keep(work, &list.text));
	if (whole != NULL) {
		work_set(work, work->customer, "tags_whole", whole);
		work_set(work, work->customer, "tags_at", json_text(source, "tags_at"));
	}
	if (changes->child != NULL)
		work_refer(work, work->customer, "tag_changes", changes);
}
