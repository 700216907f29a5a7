/* The pass over a body before cJSON parses it: quotes numbers, replaces invalid text. */
#ifndef SEGRELAY_BASE_JSON_SCAN_H
#define SEGRELAY_BASE_JSON_SCAN_H

#include "base/error.h"

#include <stddef.h>

/* Writes the body to `quoted`, which has room for three times its length and a NUL, with numbers in
 * quotes, and bytes that are not UTF-8, halves of surrogate pairs and \u0000 as U+FFFD. -1 with an
 * error that names the byte when it cannot be JSON, is too deep, or has too many values. */
int json_scan(
	const char *body, size_t length, char *quoted, size_t *quoted_length, struct error *error);

#endif
