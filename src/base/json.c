/* Reads JSON with cJSON. */
#include "base/json.h"

#include "base/json_index.h"
#include "base/json_scan.h"
#include "base/steps.h"

#include <pthread.h>
#include <string.h>

/* ---- cJSON in an arena ---- */

/* cJSON's hooks are global, so the arena to allocate from is set per thread. */
static _Thread_local struct arena *current_arena;

static void *allocate(size_t size)
{
	return current_arena != NULL ? arena_alloc(current_arena, size) : NULL;
}

static void release(void *memory)
{
	(void)memory; /* the arena frees everything at once */
}

static void install_hooks(void)
{
	cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = allocate, .free_fn = release});
}

static void use_arena(struct arena *arena)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	(void)pthread_once(&once, install_hooks);
	current_arena = arena;
}

/* ---- parsing ---- */

static int no_memory(size_t length, struct error *error)
{
	(void)error_set(error, "no memory to parse a body of %zu bytes", length);
	return error_classify(error, ERROR_MEMORY);
}

cJSON *json_parse(struct arena *arena, const char *body, size_t length, struct error *error)
{
	/* A number grows by two quotes, an invalid byte to three bytes: the result is at most three
	 * times as long. */
	char *quoted = length < SIZE_MAX / 4 ? arena_alloc(arena, length * 3 + 1) : NULL;
	size_t quoted_length;
	struct arena *before = current_arena;
	const char *end = NULL;
	cJSON *value;

	if (quoted == NULL) {
		(void)no_memory(length, error);
		return NULL;
	}
	if (json_scan(body, length, quoted, &quoted_length, error) != 0)
		return NULL;
	use_arena(arena);
	value = cJSON_ParseWithLengthOpts(quoted, quoted_length + 1, &end, 1);
	current_arena = before;
	if (value != NULL && !json_index(arena, value))
		value = NULL;
	if (value == NULL && arena_failed(arena))
		(void)no_memory(length, error);
	else if (value == NULL)
		(void)error_set(error, "not usable JSON: %s",
			length == 0 ? "the body is empty"
				    : "invalid, truncated, or followed by more bytes");
	return value;
}

/* ---- building ---- */

/* The cost of creating a value. */
enum { MAKE_STEPS = 50 };

cJSON *json_object(struct arena *arena)
{
	struct arena *before = current_arena;
	cJSON *object;

	use_arena(arena);
	object = cJSON_CreateObject();
	current_arena = before;
	return object;
}

cJSON *json_list(struct arena *arena)
{
	struct arena *before = current_arena;
	cJSON *list;

	use_arena(arena);
	list = cJSON_CreateArray();
	current_arena = before;
	return list;
}

/* cJSON can add a value to a list without a copy only through a reference node. */
static cJSON *lent(const cJSON *value)
{
	return (cJSON *)(uintptr_t)value;
}

cJSON *json_view(struct arena *arena, const cJSON *object)
{
	struct arena *before = current_arena;
	const cJSON *child = cJSON_IsObject(object) ? object->child : NULL;
	cJSON *view;

	use_arena(arena);
	view = cJSON_CreateObject();
	for (; view != NULL && child != NULL; child = child->next) {
		steps_add(MAKE_STEPS);
		if (!cJSON_AddItemReferenceToObject(view, child->string, lent(child)))
			view = NULL;
	}
	current_arena = before;
	return view;
}

cJSON *json_overlay(struct arena *arena, const cJSON *object)
{
	cJSON *overlay = json_object(arena);

	return overlay != NULL && json_index_overlay(arena, overlay, object) ? overlay : NULL;
}

int json_append(struct arena *arena, cJSON *list, const cJSON *value)
{
	struct arena *before = current_arena;
	bool added;

	steps_add(MAKE_STEPS);
	use_arena(arena);
	added = cJSON_AddItemReferenceToArray(list, lent(value));
	current_arena = before;
	return added ? 0 : -1;
}

/* The memory of a removed value stays in the arena. */
static void take_out(cJSON *object, const char *key)
{
	cJSON *member = object != NULL ? object->child : NULL;
	uint64_t steps = MAKE_STEPS;

	json_index_drop(object);
	for (; member != NULL && strcmp(member->string, key) != 0; member = member->next)
		steps++;
	if (member != NULL)
		(void)cJSON_DetachItemViaPointer(object, member);
	steps_add(steps);
}

static int put_item(cJSON *object, const char *key, cJSON *item)
{
	if (item == NULL)
		return -1;
	take_out(object, key);
	return cJSON_AddItemToObject(object, key, item) ? 0 : -1;
}

int json_put_string(struct arena *arena, cJSON *object, const char *key, const char *value)
{
	struct arena *before = current_arena;
	int result;

	steps_add_bytes(strlen(value));
	use_arena(arena);
	result = put_item(object, key, cJSON_CreateString(value));
	current_arena = before;
	return result;
}

int json_refer(struct arena *arena, cJSON *object, const char *key, const cJSON *value)
{
	struct arena *before = current_arena;
	bool added;

	use_arena(arena);
	take_out(object, key);
	added = cJSON_AddItemReferenceToObject(object, key, lent(value));
	current_arena = before;
	return added ? 0 : -1;
}

void json_remove(cJSON *object, const char *key)
{
	take_out(object, key);
}

/* ---- look-up ---- */

/* NULL for an empty value. */
static const cJSON *holding(const cJSON *value)
{
	if (value == NULL || cJSON_IsNull(value) || cJSON_IsInvalid(value))
		return NULL;
	if (cJSON_IsString(value) && value->valuestring[0] == '\0')
		return NULL;
	if ((cJSON_IsArray(value) || cJSON_IsObject(value)) && value->child == NULL)
		return NULL;
	return value;
}

static const bool ends_name[256] = {['\0'] = true, ['.'] = true, ['|'] = true};

const cJSON *json_at(const cJSON *object, const char *path)
{
	const cJSON *value = object;

	if (path[0] == '.' && path[1] == '\0')
		return holding(object);
	for (;;) {
		size_t length = 0;

		while (!ends_name[(unsigned char)path[length]])
			length++;
		value = json_find(value, path, length);
		path += length;
		if (*path == '.') {
			path++;
			continue;
		}
		value = holding(value);
		if (value != NULL || *path == '\0')
			return value;
		path++;
		value = object;
	}
}

const char *json_text(const cJSON *object, const char *path)
{
	const cJSON *value = json_at(object, path);

	return cJSON_IsString(value) ? value->valuestring : NULL;
}

bool json_is_true(const cJSON *object, const char *path)
{
	return cJSON_IsTrue(json_at(object, path));
}
