/* The pass over a body before cJSON parses it: quotes numbers, replaces invalid text. */
#include "base/json_scan.h"

#include "base/json.h"

#include <string.h>

/* Classes of bytes, in a table because every byte received is looked up. */
enum {
	PLAIN = 1,   /* allowed in a string unescaped */
	DIGIT = 2,   /* allowed in a number */
	OUTSIDE = 4, /* allowed outside of strings and numbers; cJSON checks true, false and null */
};

/* clang-format off */
static const unsigned char kinds[256] = {
	0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 4, 0, 0, 4, 0, 0, /* 0x00 */
	0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, /* 0x10 */
	5, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 1, 1, 1, /* 0x20 */
	3, 3, 3, 3, 3, 3, 3, 3, 3, 3, 5, 1, 1, 1, 1, 1, /* 0x30 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, /* 0x40 */
	1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5, 0, 5, 1, 1, /* 0x50 */
	1, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, /* 0x60 */
	5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 1, 5, 1, 1, /* 0x70 */
};
/* clang-format on */

/* The state of the scan: reads `from`, writes `to`. */
struct scan {
	const unsigned char *start;
	const unsigned char *from;
	const unsigned char *end;
	char *to;
	uint64_t objects; /* one bit for each open container, the lowest for the innermost: 1 is an
			     object */
	int depth;
	size_t values;
	unsigned char previous; /* the last character outside of strings that is not white space */
	struct error *error;
};

static int fail(struct scan *scan, const char *what)
{
	return error_set(scan->error, "not usable JSON: %s at byte %zu", what,
		(size_t)(scan->from - scan->start) + 1);
}

static void put(struct scan *scan, const void *bytes, size_t length)
{
	memcpy(scan->to, bytes, length);
	scan->to += length;
}

static bool is_digit(unsigned char character)
{
	return (kinds[character] & DIGIT) != 0;
}

/* The length of the UTF-8 character at `at`, 0 when it is invalid (RFC 3629: no overlong forms, no
 * surrogates, nothing over U+10FFFF). */
static size_t utf8_length(const unsigned char *at, const unsigned char *end)
{
	size_t length = at[0] < 0x80   ? 1
			: at[0] < 0xc2 ? 0
			: at[0] < 0xe0 ? 2
			: at[0] < 0xf0 ? 3
			: at[0] < 0xf5 ? 4
				       : 0;

	if (length == 0 || length > (size_t)(end - at))
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	if ((at[0] == 0xe0 && at[1] < 0xa0) || (at[0] == 0xed && at[1] > 0x9f) ||
		(at[0] == 0xf0 && at[1] < 0x90) || (at[0] == 0xf4 && at[1] > 0x8f))
		return 0;
	return length;
}

bool json_is_utf8(const char *bytes, size_t length)
{
	const unsigned char *at = (const unsigned char *)bytes;
	const unsigned char *end = at + length;

	while (at < end) {
		size_t step = utf8_length(at, end);

		if (step == 0)
			return false;
		at += step;
	}
	return true;
}

/* The value of the four hexadecimal digits of `\uXXXX` at `at`, -1 when they are not there. */
static int escaped_unit(const unsigned char *at, const unsigned char *end)
{
	int unit = 0;

	if (end - at < 6 || at[0] != '\\' || at[1] != 'u')
		return -1;
	for (int i = 2; i < 6; i++) {
		int letter = at[i] | 0x20;

		if (is_digit(at[i]))
			unit = unit * 16 + (at[i] - '0');
		else if (letter >= 'a' && letter <= 'f')
			unit = unit * 16 + (letter - 'a' + 10);
		else
			return -1;
	}
	return unit;
}

/* Copies an escape. Halves of surrogate pairs, which UTF-8 cannot represent, and NUL, which would
 * end a C string, become U+FFFD. */
static int copy_escape(struct scan *scan)
{
	int unit = escaped_unit(scan->from, scan->end);
	size_t length = 2;

	if (scan->end - scan->from < 2)
		return fail(scan, "a string that does not end");
	if (scan->from[1] == 'u') {
		if (unit < 0)
			return fail(scan, "a bad \\u escape");
		length = 6;
	}
	if (unit >= 0xd800 && unit < 0xdc00) {
		int low = escaped_unit(scan->from + 6, scan->end);

		if (low >= 0xdc00 && low < 0xe000) {
			length = 12;
			unit = 1;
		}
	}
	if (unit == 0 || (unit >= 0xd800 && unit < 0xe000))
		put(scan, "\\ufffd", 6);
	else
		put(scan, scan->from, length);
	scan->from += length;
	return 0;
}

/* Copies a string, from its opening to its closing quote. */
static int copy_string(struct scan *scan)
{
	put(scan, scan->from++, 1);
	while (scan->from < scan->end) {
		const unsigned char *plain = scan->from;
		size_t length;

		while (plain < scan->end && (kinds[*plain] & PLAIN) != 0)
			plain++;
		put(scan, scan->from, (size_t)(plain - scan->from));
		scan->from = plain;
		if (plain == scan->end)
			break;
		if (*plain == '"') {
			put(scan, scan->from++, 1);
			return 0;
		}
		if (*plain < 0x20)
			return fail(scan, "a control character in a string");
		if (*plain == '\\') {
			if (copy_escape(scan) != 0)
				return -1;
			continue;
		}
		length = utf8_length(plain, scan->end);
		if (length == 0)
			put(scan, "\xef\xbf\xbd", 3);
		for (size_t i = 0; i < length; i++)
			*scan->to++ = (char)plain[i];
		scan->from += length > 0 ? length : 1;
	}
	return fail(scan, "a string that does not end");
}

static const unsigned char *skip_digits(const unsigned char *at, const unsigned char *end)
{
	while (at < end && is_digit(*at))
		at++;
	return at;
}

/* The end of the number at `at` by RFC 8259's grammar; NULL when it is invalid. */
static const unsigned char *number_end(const unsigned char *at, const unsigned char *end)
{
	const unsigned char *first;

	if (at < end && *at == '-')
		at++;
	first = at;
	at = skip_digits(at, end);
	if (at == first || (*first == '0' && at - first > 1))
		return NULL;
	if (at < end && *at == '.') {
		first = ++at;
		at = skip_digits(at, end);
		if (at == first)
			return NULL;
	}
	if (at < end && (*at == 'e' || *at == 'E')) {
		at++;
		if (at < end && (*at == '+' || *at == '-'))
			at++;
		first = at;
		at = skip_digits(at, end);
		if (at == first)
			return NULL;
	}
	return at;
}

static int quote_number(struct scan *scan)
{
	const unsigned char *end = number_end(scan->from, scan->end);
	bool is_key = (scan->objects & 1) != 0 && scan->depth > 0 && scan->previous != ':';

	if (end == NULL || is_key)
		return fail(scan, is_key ? "a number in place of a name" : "a bad number");
	put(scan, "\"", 1);
	put(scan, scan->from, (size_t)(end - scan->from));
	put(scan, "\"", 1);
	scan->from = end;
	scan->previous = '0';
	return 0;
}

static int copy_structure(struct scan *scan)
{
	unsigned char character = *scan->from;

	if (character == '{' || character == '[') {
		if (scan->depth == JSON_DEPTH_MAX)
			return fail(scan, "more than 64 levels");
		scan->depth++;
		scan->objects = scan->objects << 1 | (character == '{');
	} else if (character == '}' || character == ']') {
		if (scan->depth == 0)
			return fail(scan, "a closing bracket too many");
		scan->depth--;
		scan->objects >>= 1;
	}
	if (character == '{' || character == '[' || character == ',')
		if (++scan->values > JSON_VALUES_MAX)
			return fail(scan, "more than 200000 values");
	if (character > ' ')
		scan->previous = character;
	put(scan, scan->from++, 1);
	return 0;
}

/* The position after the string at `at`, which is its opening quote. */
static size_t skip_string(const char *body, size_t at, size_t length)
{
	for (at++; at < length && body[at] != '"'; at++)
		at += body[at] == '\\';
	return at + 1;
}

/* The position after the first object or list; `length` or more when it does not end. */
static size_t first_end(const char *body, size_t length)
{
	size_t depth = 0;

	for (size_t at = 0; at < length;) {
		if (body[at] == '"') {
			at = skip_string(body, at, length);
			continue;
		}
		if (body[at] == '{' || body[at] == '[') {
			depth++;
		} else if (body[at] == '}' || body[at] == ']') {
			if (depth <= 1)
				return at + 1;
			depth--;
		}
		at++;
	}
	return length;
}

bool json_is_followed(const char *body, size_t length)
{
	for (size_t at = first_end(body, length); at < length; at++)
		if (body[at] == '\0' || strchr(" \t\r\n", body[at]) == NULL)
			return true;
	return false;
}

static int scan_body(struct scan *scan)
{
	while (scan->from < scan->end) {
		unsigned char character = *scan->from;
		int result;

		if (character == '"') {
			result = copy_string(scan);
			scan->previous = '"';
		} else if (character == '-' || is_digit(character)) {
			result = quote_number(scan);
		} else if ((kinds[character] & OUTSIDE) != 0) {
			result = copy_structure(scan);
		} else {
			result = fail(scan, "an unexpected character");
		}
		if (result != 0)
			return -1;
	}
	return 0;
}

int json_scan(
	const char *body, size_t length, char *quoted, size_t *quoted_length, struct error *error)
{
	struct scan scan = {
		.start = (const unsigned char *)body,
		.from = (const unsigned char *)body,
		.end = (const unsigned char *)body + length,
		.to = quoted,
		.error = error,
	};

	if (scan_body(&scan) != 0)
		return -1;
	*scan.to = '\0';
	*quoted_length = (size_t)(scan.to - quoted);
	return 0;
}
