/* Reads JSON with cJSON, and writes JSON into a text.
 *
 * cJSON 1.7.15 stores numbers as doubles, so an id of 19 digits or an amount would change. So
 * json_scan puts every number into quotes before parsing: in a parsed value, numbers are strings of
 * their digits, and code that reads it need not know which type a field had. */
#ifndef SEGRELAY_BASE_JSON_H
#define SEGRELAY_BASE_JSON_H

#include "base/arena.h"
#include "base/error.h"
#include "base/text.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	JSON_DEPTH_MAX = 64,     /* nesting of arrays and objects */
	JSON_VALUES_MAX = 200000 /* number of values, which bounds memory */
};

/* Parses a whole body into the arena, which owns the result. Numbers become strings of their
 * digits. Bytes that are not UTF-8, halves of surrogate pairs and \u0000 become U+FFFD. NULL with
 * an error that names the byte when the body is not one JSON value, too deep, or too large. */
cJSON *json_parse(struct arena *arena, const char *body, size_t length, struct error *error);

/* Whether bytes other than white space follow the object or list at the start of a body; its
 * content is not checked. json_parse rejects such a body. */
bool json_is_followed(const char *body, size_t length);

/* A new object or list in the arena; NULL without memory. */
cJSON *json_object(struct arena *arena);
cJSON *json_list(struct arena *arena);

/* A new object that shares the members of another one, which must live as long. Members can be
 * replaced without changing the original. An empty object for NULL and for a value that is not an
 * object. NULL without memory. */
cJSON *json_view(struct arena *arena, const cJSON *object);

/* The same for look-ups only, at constant cost: members that it does not have itself are looked up
 * in `object`, which may be NULL and need not be an object. Its list contains only its own members.
 * NULL without memory. */
cJSON *json_overlay(struct arena *arena, const cJSON *object);

/* Sets a member to a string, replacing an earlier value. -1 without memory. */
int json_put_string(struct arena *arena, cJSON *object, const char *key, const char *value);

/* Adds `value` as a member without copying it: it must live as long as the object. -1 without
 * memory. */
int json_refer(struct arena *arena, cJSON *object, const char *key, const cJSON *value);

/* Appends `value` to a list without copying it. -1 without memory. */
int json_append(struct arena *arena, cJSON *list, const cJSON *value);

/* Removes a member if present; from an overlay only its own. */
void json_remove(cJSON *object, const char *key);

/* The value at a path: `a`, `a.b` (member of a member), `a|b` (the first that is not empty), `.`
 * (the object itself). NULL for an empty value: absent, null, "", [] and {}. */
const cJSON *json_at(const cJSON *object, const char *path);

/* The text of the string or number at a path; NULL when it is another type or empty. */
const char *json_text(const cJSON *object, const char *path);

/* Whether the value at the path is `true`. */
bool json_is_true(const cJSON *object, const char *path);

/* Whether `length` bytes are UTF-8 (RFC 3629). */
bool json_is_utf8(const char *bytes, size_t length);

/* Appends a JSON string with its quotes; control characters are escaped. */
void json_add_string(struct text *text, const char *string);

/* Appends `"key":`, with a comma before it unless it is the first of its object. Keys are
 * constants, so they are not escaped. */
void json_add_key(struct text *text, const char *key);

/* Appends a comma unless the next value is the first of its array. */
void json_add_comma(struct text *text);

/* Appends `"key":"value"`; nothing for NULL and "". */
void json_add_member(struct text *text, const char *key, const char *value);

/* Appends `"key":number`. */
void json_add_number(struct text *text, const char *key, int64_t number);

/* Appends `"key":true` or `"key":false`. */
void json_add_flag(struct text *text, const char *key, bool value);

/* Appends a parsed value. Quoted numbers stay strings. */
void json_add_value(struct text *text, const cJSON *value);

#endif
