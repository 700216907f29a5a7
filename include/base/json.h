/* Reading JSON with cJSON, safely, and writing JSON into a text.
 *
 * cJSON 1.7.15 keeps numbers as doubles, so an id of 19 digits or an amount would change. One pass
 * over the body before parsing puts every number into quotes: below, numbers are strings that hold
 * their digits, and a reader never needs to know which a field was. */
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
	JSON_DEPTH_MAX = 64,     /* arrays and objects inside each other */
	JSON_VALUES_MAX = 200000 /* values in all: a bound on memory */
};

/* Parses a whole body into the arena, which owns the result. Numbers become strings of their
 * digits. Bytes that are not UTF-8, halves of surrogate pairs and \u0000 become U+FFFD. NULL with a
 * sentence that names the byte when it is not one JSON value, too deep, or too large. */
cJSON *json_parse(struct arena *arena, const char *body, size_t length, struct error *error);

/* Whether bytes other than white space follow the object or list that a body begins with; its
 * inside is not checked. Such a body is never parsed. */
bool json_is_followed(const char *body, size_t length);

/* A new object or list in the arena; NULL when memory runs out. */
cJSON *json_object(struct arena *arena);
cJSON *json_list(struct arena *arena);

/* A new object with the members of another one, which must live as long. Nothing is copied; members
 * can be put in place of others. An empty object for NULL and for a value that is not an object.
 * NULL when memory runs out. */
cJSON *json_view(struct arena *arena, const cJSON *object);

/* The same to be looked into only, however many members there are: what it does not have itself is
 * looked for in `object`, which may be NULL and need not be an object. Its own members alone are in
 * its list. NULL when memory runs out. */
cJSON *json_overlay(struct arena *arena, const cJSON *object);

/* Puts a string under a key, in place of an earlier value. -1 when memory runs out. */
int json_put_string(struct arena *arena, cJSON *object, const char *key, const char *value);

/* Makes `value` a member without copying it: it must live as long as the object. -1 when memory
 * runs out. */
int json_refer(struct arena *arena, cJSON *object, const char *key, const cJSON *value);

/* Appends `value` to a list without copying it. -1 when memory runs out. */
int json_append(struct arena *arena, cJSON *list, const cJSON *value);

/* Removes a member, if there; of an overlay its own only. */
void json_remove(cJSON *object, const char *key);

/* What stands at a path: `a`, `a.b` (member of a member), `a|b` (the first that holds something),
 * `.` (the object itself). NULL for what says nothing: absent, null, "", [] and {}. */
const cJSON *json_at(const cJSON *object, const char *path);

/* The text of the string or number at a path; NULL when it is neither or says nothing. */
const char *json_text(const cJSON *object, const char *path);

/* Whether `true` stands at the path. */
bool json_is_true(const cJSON *object, const char *path);

/* Whether `length` bytes are UTF-8 (RFC 3629). */
bool json_is_utf8(const char *bytes, size_t length);

/* Adds a JSON string with its quotes; control characters escaped. */
void json_add_string(struct text *text, const char *string);

/* Adds `"key":`, with a comma before it unless it is the first of its object. Keys are ours: they
 * need no escaping. */
void json_add_key(struct text *text, const char *key);

/* Adds a comma unless the next value is the first of its array. */
void json_add_comma(struct text *text);

/* Adds `"key":"value"`; nothing for NULL and "". */
void json_add_member(struct text *text, const char *key, const char *value);

/* Adds `"key":number`. */
void json_add_number(struct text *text, const char *key, int64_t number);

/* Adds `"key":true` or false. */
void json_add_flag(struct text *text, const char *key, bool value);

/* Adds a parsed value again. Quoted numbers stay strings. */
void json_add_value(struct text *text, const cJSON *value);

#endif
