/* The lines of a cart's snapshot: what the record keeps of them, and when two are equal. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CART_LINES_H
#define SEGRELAY_MAPPING_SHOPIFY_CART_LINES_H

#include "mapping/work.h"

/* The lines of the snapshot that is the payload, as the record keeps them. A line without a
 * quantity is left out; two with one key are merged. */
cJSON *cart_lines_of(struct work *work);

/* The quantity of a line; 0 for no line. */
int64_t cart_line_count(const cJSON *line);

/* The lines of a list by their keys; the first of two of one key. */
struct string_map cart_lines_by_key(struct work *work, const cJSON *lines);

/* The line with the same key as `line`, NULL for none. */
const cJSON *cart_line_like(const struct string_map *lines, const cJSON *line);

/* Whether two lists have the same lines in the same quantities, in any order. */
bool cart_lines_are_same(struct work *work, const cJSON *a, const cJSON *b);

#endif
