/* A customer's tags (docs/events.md, Customers).
 *
 * Until API version 2025-01 a customer had all tags. Since then customer.tags_added and
 * customer.tags_removed carry only the changes, in any order. So the record keeps the last whole
 * list with its time, and the last change of each tag with its time: the newer one is used. */
#include "mapping/identity/identity_private.h"

#include "base/clock.h"
#include "base/json_index.h"
#include "base/steps.h"

#include <stdlib.h>
#include <string.h>

enum {
	CHANGES_MAX = 250, /* the most tags that Shopify allows a customer */
	/* Bytes of a whole list; such a tag has 255 characters at most. */
	WHOLE_MAX = CHANGES_MAX * 4 * 260,
};

/* A change is stored as "+" or "-" and its time. */
static int64_t time_of(const cJSON *change)
{
	const char *text = json_text(change, ".");

	return text != NULL ? time_parse(text + 1) : TIME_UNKNOWN;
}

/* ---- the changes of single tags ---- */

struct change {
	const char *name;
	const char *value;
	int64_t time;
	uint64_t turn; /* the order of arrival */
};

struct changes {
	struct work *work;
	struct string_map by_name; /* NULL value for one that was dropped */
	struct change items[CHANGES_MAX];
	size_t count;
	uint64_t turns;
};

/* The place for another change; when all are used, that of the oldest change. */
static struct change *place_for_change(struct changes *changes)
{
	struct change *oldest = changes->items;

	if (changes->count < CHANGES_MAX)
		return &changes->items[changes->count++];
	for (struct change *item = oldest + 1; item < changes->items + CHANGES_MAX; item++)
		if (item->time < oldest->time ||
			(item->time == oldest->time && item->turn < oldest->turn))
			oldest = item;
	steps_add(CHANGES_MAX / 2);
	*string_map_place(&changes->by_name, oldest->name, strlen(oldest->name)) = NULL;
	return oldest;
}

/* Adds a change unless a newer one of the same tag is stored. */
static void add_change(struct changes *changes, const char *name, const char *value, int64_t time)
{
	void **place = string_map_place(&changes->by_name, name, strlen(name));
	struct change *change;

	if (place == NULL) {
		work_fail(changes->work, "no memory");
		return;
	}
	change = *place;
	if (change != NULL && change->time != TIME_UNKNOWN && time != TIME_UNKNOWN &&
		time < change->time)
		return;
	if (change == NULL)
		change = place_for_change(changes);
	*change = (struct change){name, value, time, changes->turns++};
	*place = change;
}

static int by_turn(const void *a, const void *b)
{
	const struct change *one = a;
	const struct change *other = b;

	return (one->turn > other->turn) - (one->turn < other->turn);
}

/* As an object, in the order of arrival. */
static const cJSON *object_of(struct changes *changes)
{
	cJSON *object = work_object(changes->work);

	qsort(changes->items, changes->count, sizeof(changes->items[0]), by_turn);
	for (size_t i = 0; i < changes->count; i++)
		work_set(changes->work, object, changes->items[i].name, changes->items[i].value);
	if (object != NULL && !json_index(changes->work->arena, object))
		work_fail(changes->work, "no memory");
	return object;
}

/* The stored changes, and those of the payload. */
static const cJSON *merge_changes(struct work *work, const cJSON *stored)
{
	bool is_added = strcmp(work->in->delivery->topic, "customer.tags_added") == 0;
	const char *at = json_text(work->in->payload, "occurredAt");
	struct changes changes = {.work = work, .by_name = {.arena = work->arena}};
	int64_t time = time_parse(at);
	const cJSON *item;
	const char *value;

	if (!is_added && strcmp(work->in->delivery->topic, "customer.tags_removed") != 0)
		return stored;
	value = arena_format(work->arena, "%c%s", is_added ? '+' : '-', at != NULL ? at : "");
	if (value == NULL)
		work_fail(work, "no memory");
	cJSON_ArrayForEach (item, stored) {
		if (item->string != NULL && json_text(item, ".") != NULL)
			add_change(&changes, item->string, item->valuestring, time_of(item));
	}
	cJSON_ArrayForEach (item, json_at(work->in->payload, "tags")) {
		if (json_text(item, ".") != NULL && work_goes_on(work))
			add_change(&changes, item->valuestring, value, time);
	}
	return object_of(&changes);
}

/* ---- the whole list ---- */

struct tag_list {
	struct text text;
	const cJSON *changes;
	int64_t since; /* older changes are in the whole list already */
};

/* Whether newer changes added a tag (1), removed it (-1), or neither (0). */
static int changed(const struct tag_list *list, const cJSON *change)
{
	int64_t time = time_of(change);

	if (!cJSON_IsString(change) ||
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

/* Adds the tags of "a, b" that were not removed since. */
static void keep_tags(struct tag_list *list, const char *whole)
{
	while (whole != NULL && *whole != '\0' && list->text.length <= MESSAGE_MAX) {
		size_t length;

		whole += strspn(whole, ", ");
		length = strcspn(whole, ",");
		/* tags that were added since follow later */
		if (length > 0 && changed(list, json_find(list->changes, whole, length)) == 0)
			add_tag(list, whole, length);
		whole += length;
	}
}

static int by_name(const void *a, const void *b)
{
	return strcmp((*(const cJSON *const *)a)->string, (*(const cJSON *const *)b)->string);
}

/* Sorted by name, so that the trait does not depend on the order of arrival. */
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
	for (size_t i = 0; i < count && list->text.length <= MESSAGE_MAX; i++)
		add_tag(list, added[i]->string, strlen(added[i]->string));
}

/* The newer of two whole lists. */
static const cJSON *newer_whole(const cJSON *stored, const cJSON *update)
{
	int64_t stored_at = time_at(stored, "tags_at");
	int64_t update_at = time_at(update, "tags_at");

	if (json_text(update, "tags_whole|tags") == NULL)
		return stored;
	if (stored_at != TIME_UNKNOWN && update_at != TIME_UNKNOWN && stored_at > update_at)
		return stored;
	return update;
}

void tags_join(struct work *work, cJSON *customer, const cJSON *update)
{
	const cJSON *stored = work->stored->customer.value;
	const cJSON *source = newer_whole(stored, update);
	const char *whole = json_text(source, source == stored ? "tags_whole" : "tags_whole|tags");
	const cJSON *changes = merge_changes(work, json_at(stored, "tag_changes"));
	struct tag_list list = {.changes = changes, .since = TIME_UNKNOWN};

	if (work->failed)
		return;
	if (whole != NULL)
		list.since = time_at(source, "tags_at");
	keep_tags(&list, whole);
	add_new_tags(&list);
	work_set(work, customer, "tags", work_keep(work, &list.text));
	if (whole != NULL && strnlen(whole, WHOLE_MAX + 1) <= WHOLE_MAX) {
		work_set(work, customer, "tags_whole", whole);
		work_set(work, customer, "tags_at", json_text(source, "tags_at"));
	}
	if (json_at(changes, ".") != NULL)
		work_refer(work, customer, "tag_changes", changes);
}
