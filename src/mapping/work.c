/* The context of mapping one delivery. */
#include "mapping/work.h"

#include "base/clock.h"
#include "base/steps.h"
#include "mapping/record_kinds.h"

#include <stdlib.h>
#include <string.h>

enum {
	UNREADABLE_MAX = 300,
	LONGEST_TIME = 64,
	/* The cost of reading or writing a record. */
	STORE_STEPS = 5000,
};

void work_invalid_field(struct work *work, const char *property)
{
	if (work->invalid_fields.length > UNREADABLE_MAX)
		return;
	/* A message is written again when it is shrunk: a field is named once. */
	if (work->invalid_fields.length > 0 &&
		strstr(text_string(&work->invalid_fields), property) != NULL)
		return;
	if (work->invalid_fields.length > 0)
		text_put(&work->invalid_fields, ",");
	text_put(&work->invalid_fields, property);
}

void work_fail(struct work *work, const char *what)
{
	if (work->error->text[0] == '\0') { /* the function that failed may have set the reason */
		(void)error_set(work->error, "mapping: %s", what);
		(void)error_classify(work->error, ERROR_MEMORY);
	}
	work->failed = true;
}

bool work_goes_on(struct work *work)
{
	if (!work->failed && !work->is_kept && steps_done > work->steps_end)
		work->is_spent = work->failed = true;
	return !work->failed;
}

/* ---- records ---- */

struct recalled work_recall(struct work *work, const char *kind, const char *key)
{
	struct recalled recalled = {0};
	struct error error;

	if (key == NULL || !work_goes_on(work))
		return recalled;
	steps_add(STORE_STEPS);
	if (work->records->get(work->records->context, kind, key, work->arena, &recalled.json) !=
		0) {
		work_fail(work, "a record cannot be read");
		return (struct recalled){0};
	}
	if (recalled.json == NULL)
		return recalled;
	recalled.value = json_parse(work->arena, recalled.json, strlen(recalled.json), &error);
	if (cJSON_IsObject(recalled.value))
		return recalled;
	/* A damaged record is treated as missing; otherwise it would stop all later deliveries. */
	if (arena_failed(work->arena))
		work_fail(work, error.text);
	work_invalid_field(work, "(record)");
	return (struct recalled){0};
}

/* A kind without a row would have no retention, and no erasure would find its records. */
static bool may_write(struct work *work, const char *name, bool is_timer)
{
	const struct record_kind *kind = record_kind_find(name);

	if (kind != NULL && !kind->is_engines && (!is_timer || kind->timer != RECORD_TIMER_NONE))
		return true;
	(void)error_set(work->error, "mapping: %s kind %s has no row in record_kinds.c",
		is_timer ? "timer" : "record", name);
	(void)error_classify(work->error, ERROR_VALUE);
	work->failed = true;
	return false;
}

static void put(struct work *work, const char *kind, const char *key, const char *json)
{
	if (!may_write(work, kind, false))
		return;
	steps_add(STORE_STEPS);
	if (work->records->put(work->records->context, kind, key, json) != 0)
		work_fail(work, "a record cannot be written");
}

void work_remember(struct work *work, const char *kind, const char *key, const struct text *json,
	const char *before)
{
	if (json->failed)
		work_fail(work, "no memory");
	if (work->failed || key == NULL ||
		(before != NULL && strcmp(text_string(json), before) == 0))
		return;
	put(work, kind, key, text_string(json));
}

void work_forget(struct work *work, const char *kind, const char *key)
{
	if (!work->failed && key != NULL)
		put(work, kind, key, NULL);
}

void work_set_timer(struct work *work, const char *kind, const char *key, int64_t due)
{
	if (!work->failed && key != NULL && may_write(work, kind, true) &&
		work->records->set_timer(work->records->context, kind, key, due) != 0)
		work_fail(work, "a timer cannot be set");
}

const cJSON *work_named(const cJSON *record, const char *key)
{
	const cJSON *value = json_at(record, key);

	return cJSON_IsObject(value) ? value : NULL;
}

int64_t work_milliseconds(const cJSON *record, const char *key)
{
	static const int64_t YEAR_10000 = 253402300800 * SECOND;
	const char *text = json_text(record, key);
	int64_t time = text != NULL ? strtoll(text, NULL, 10) : 0;

	return time > 0 && time < YEAR_10000 ? time : 0;
}

/* ---- values ---- */

const char *work_copy(struct work *work, const char *string)
{
	const char *copy = arena_copy(work->arena, string);

	if (copy == NULL && string != NULL)
		work_fail(work, "no memory");
	return copy;
}

const char *work_cut(struct work *work, const char *string)
{
	size_t length = string != NULL ? strnlen(string, MESSAGE_MAX + 1) : 0;
	char *cut;

	if (length <= MESSAGE_MAX)
		return string;
	while (length > 0 && ((unsigned char)string[length] & 0xc0) == 0x80)
		length--;
	cut = arena_alloc(work->arena, length + 1);
	if (cut == NULL) {
		work_fail(work, "no memory");
		return NULL;
	}
	memcpy(cut, string, length);
	cut[length] = '\0';
	return cut;
}

const char *work_keep(struct work *work, struct text *text)
{
	const char *kept = text->length > 0 ? work_copy(work, text_string(text)) : NULL;

	if (text->failed)
		work_fail(work, "no memory");
	text_free(text);
	return kept;
}

static cJSON *made(struct work *work, cJSON *value)
{
	if (value == NULL)
		work_fail(work, "no memory");
	return value;
}

cJSON *work_object(struct work *work)
{
	return made(work, json_object(work->arena));
}

cJSON *work_list(struct work *work)
{
	return made(work, json_list(work->arena));
}

cJSON *work_view(struct work *work, const cJSON *object)
{
	return made(work, json_view(work->arena, object));
}

cJSON *work_overlay(struct work *work, const cJSON *object)
{
	return made(work, json_overlay(work->arena, object));
}

void work_hide(struct work *work, cJSON *overlay, const char *key)
{
	static const cJSON nothing = {.type = cJSON_NULL};

	if (json_at(overlay, key) != NULL)
		work_refer(work, overlay, key, &nothing);
}

void work_set(struct work *work, cJSON *object, const char *key, const char *value)
{
	if (object != NULL && value != NULL &&
		json_put_string(work->arena, object, key, value) != 0)
		work_fail(work, "no memory");
}

void work_refer(struct work *work, cJSON *object, const char *key, const cJSON *value)
{
	if (object != NULL && value != NULL && json_refer(work->arena, object, key, value) != 0)
		work_fail(work, "no memory");
}

void work_flag(struct work *work, cJSON *object, const char *key)
{
	static const cJSON truth = {.type = cJSON_True};

	work_refer(work, object, key, &truth);
}

void work_append(struct work *work, cJSON *list, const cJSON *value)
{
	if (list != NULL && value != NULL && json_append(work->arena, list, value) != 0)
		work_fail(work, "no memory");
}

bool work_note(struct work *work, struct string_map *map, const char *string, const void *value)
{
	void **place = string_map_place(map, string, strlen(string));

	if (place == NULL)
		work_fail(work, "no memory");
	if (place == NULL || *place != NULL)
		return false;
	*place = (void *)(uintptr_t)value;
	return true;
}

const char *time_like(const char *text)
{
	return text != NULL && strnlen(text, LONGEST_TIME + 1) <= LONGEST_TIME ? text : NULL;
}

int64_t time_at(const cJSON *object, const char *path)
{
	return time_parse(json_text(object, path));
}

/* ---- the person ---- */

const char *work_browser_id(const struct work *work)
{
	return work->identity->person.is_derived ? NULL : work->identity->person.anonymous_id;
}

const char *work_account(const struct work *work)
{
	const char *account = text_or(
		work->identity->account_id, json_text(work->stored->customer.value, "account"));

	return text_or(account, json_text(work->stored->merged.value, "account"));
}

bool work_has_refused(const struct work *work)
{
	return json_is_true(work->stored->customer.value, "refused") ||
	       json_is_true(work->stored->merged.value, "refused");
}
