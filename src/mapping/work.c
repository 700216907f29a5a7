/* What the parts of the mapping share while one delivery is mapped. */
#include "mapping/work.h"

#include <string.h>

enum { UNREADABLE_MAX = 300 };

void work_unreadable(struct work *work, const char *property)
{
	if (work->unreadable.length > UNREADABLE_MAX)
		return;
	/* A message is written again when it is shrunk: name a field once. */
	if (work->unreadable.length > 0 && strstr(text_string(&work->unreadable), property) != NULL)
		return;
	if (work->unreadable.length > 0)
		text_put(&work->unreadable, ",");
	text_put(&work->unreadable, property);
}

void work_fail(struct work *work, const char *what)
{
	if (work->error->text[0] == '\0') /* whoever failed may have said why */
		(void)error_set(work->error, "mapping: %s", what);
	work->failed = true;
}

const char *work_copy(struct work *work, const char *string)
{
	const char *copy = arena_copy(work->arena, string);

	if (copy == NULL && string != NULL)
		work_fail(work, "no memory");
	return copy;
}

const cJSON *work_recall(struct work *work, const char *kind, const char *key, const char **json)
{
	struct error error;
	const cJSON *value;

	*json = NULL;
	if (work->failed)
		return NULL;
	if (work->memory->get(work->memory->context, kind, key, work->arena, json) != 0) {
		work_fail(work, "what is remembered cannot be read");
		return NULL;
	}
	if (*json == NULL)
		return NULL;
	value = json_parse(work->arena, *json, strlen(*json), &error);
	if (value == NULL)
		work_fail(work, error.text);
	return value;
}

void work_remember(struct work *work, const char *kind, const char *key, const struct text *json,
	const char *before)
{
	if (json->failed)
		work_fail(work, "no memory");
	if (work->failed || (before != NULL && strcmp(text_string(json), before) == 0))
		return;
	if (work->memory->put(work->memory->context, kind, key, text_string(json)) != 0)
		work_fail(work, "what is to be remembered cannot be written");
}
