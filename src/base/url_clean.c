/* The filter for addresses of pages. storefront/segrelay.js does the same with PATH, KEPT and
 * HIDDEN; tests/addresses.json tests both. */
#include "base/url_clean.h"

#include "base/url.h"
#include "base/url_at.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { WORD_MAX = 20 }; /* of the first segment of a path */

static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
static const char word_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
static const char name_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

/* Public pages, with all below them; and with one segment below them. */
static const char *const catalogue[] = {"blogs", "collections", "products", NULL};
static const char *const single[] = {"pages", "policies", NULL};

/* Allowed after the first segment of any other path. */
static const char *const inner[] = {"login", "orders", "register", NULL};

/* Parameters of campaigns and of lists of products. */
static const char *const kept_names[] = {
	"gbraid", "mc_cid", "page", "q", "ref", "sort_by", "srsltid", "variant", "wbraid", NULL};
static const char *const kept_starts[] = {"aff", NULL};
static const char *const kept_families[] = {"gad_", "hsa_", "pr_", "utm_", NULL};
static const char *const kept_ends[] = {"clid", "clickid", "clkid", NULL};
static const char filter[] = "filter.";
static const char filter_letters[] =
	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.";

/* Compares `length` bytes, ignoring case. */
static bool is_word(const char *text, size_t length, const char *word)
{
	return strlen(word) == length && strncasecmp(text, word, length) == 0;
}

static bool is_among(const char *const words[], const char *text, size_t length)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (is_word(text, length, words[i]))
			return true;
	return false;
}

/* ---- hidden parts ---- */

/* "%2540" decoded twice is an "@"; no legitimate address is encoded twice. */
static bool is_encoded_twice(const char *text, size_t length)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	for (size_t i = 0; i + 4 < length; i++)
		if (memcmp(text + i, "%25", 3) == 0 && strchr(digits, text[i + 3]) != NULL &&
			strchr(digits, text[i + 4]) != NULL)
			return true;
	return false;
}

static bool is_hidden(const char *part, size_t length)
{
	return is_encoded_twice(part, length) || url_hides_at(part, length);
}

/* ---- the path ---- */

static bool ends_segment(char character)
{
	return character == '\0' || strchr("/?#", character) != NULL;
}

static size_t segment_length(const char *segment)
{
	return strcspn(segment, "/?#");
}

/* The length of "/fr" or "/en-ca" when more of the path follows; else 0. */
static size_t locale_length(const char *path)
{
	size_t length = segment_length(path + 1);
	size_t language = strspn(path + 1, letters);
	size_t at = language;

	if (path[1 + length] != '/' || (language != 2 && !is_word(path + 1, language, "fil")))
		return 0;
	while (path[1 + at] == '-' && strspn(path + 2 + at, letters) > 0)
		at += 1 + strspn(path + 2 + at, letters);
	return at == length ? 1 + length : 0;
}

/* The length of a first segment that is a word, with the allowed words after it; 0 for none. */
static size_t words_length(const char *path)
{
	size_t at = 1 + strspn(path + 1, word_letters);

	if (at > 1 + WORD_MAX || !ends_segment(path[at]))
		return 0;
	while (path[at] == '/' && is_among(inner, path + at + 1, segment_length(path + at + 1)))
		at += 1 + segment_length(path + at + 1);
	return at;
}

/* The length of the public part of a path (after its locale); 0 for none. */
static size_t public_length(const char *path)
{
	size_t first = segment_length(path + 1);
	const char *below = path + 1 + first + 1;

	if (path[1 + first] != '/')
		return words_length(path);
	if (is_among(catalogue, path + 1, first))
		return (size_t)(below - path) + strcspn(below, ";?#");
	if (is_among(single, path + 1, first) && strcspn(below, "/;?#") > 0 &&
		strchr("?#", below[strcspn(below, "/;?#")]) != NULL)
		return (size_t)(below - path) + strcspn(below, "/;?#");
	return words_length(path);
}

/* Whether a browser would normalise the path to another one. */
static bool is_twisted(const char *path, size_t length)
{
	char *decoded = strndup(path, length);
	bool is = true;

	if (decoded == NULL)
		return true;
	url_decode(decoded);
	is = strstr(decoded, "/..") != NULL || strchr(decoded, '\\') != NULL;
	free(decoded);
	return is;
}

static size_t shown_length(const char *path)
{
	size_t locale;
	size_t rest;

	if (*path != '/' || is_twisted(path, strcspn(path, "?#")))
		return 0;
	locale = locale_length(path);
	rest = locale > 0 ? public_length(path + locale) : 0;
	return rest > 0 ? locale + rest : public_length(path);
}

void url_add_clean_path(struct text *out, const char *path)
{
	const char *end = path + shown_length(path);
	size_t before = out->length;
	const char *slash = "";

	for (const char *at = path; at <= end && end > path;) {
		const char *next = memchr(at, '/', (size_t)(end - at));
		size_t length = (size_t)((next != NULL ? next : end) - at);

		if (!is_hidden(at, length)) {
			text_put(out, slash);
			text_add(out, at, length);
			slash = "/";
		}
		at += length + 1;
	}
	if (*path == '/' && out->length == before)
		text_put(out, "/");
}

/* ---- the query ---- */

static bool is_kept(const char *name, size_t length)
{
	size_t dotted = sizeof(filter) - 1;

	if (length > dotted && strncasecmp(name, filter, dotted) == 0)
		return strspn(name + dotted, filter_letters) == length - dotted;
	if (strspn(name, name_letters) != length)
		return false;
	for (size_t i = 0; kept_families[i] != NULL; i++)
		if (length > strlen(kept_families[i]) &&
			strncasecmp(name, kept_families[i], strlen(kept_families[i])) == 0)
			return true;
	for (size_t i = 0; kept_starts[i] != NULL; i++)
		if (strncasecmp(name, kept_starts[i], strlen(kept_starts[i])) == 0)
			return true;
	for (size_t i = 0; kept_ends[i] != NULL; i++) {
		size_t end = strlen(kept_ends[i]);

		if (length >= end && strncasecmp(name + length - end, kept_ends[i], end) == 0)
			return true;
	}
	return is_among(kept_names, name, length);
}

/* Some servers treat ";" like "&". */
void url_add_clean_query(struct text *out, const char *query)
{
	const char *separator = "?";

	for (const char *at = query; *at == '?' || *at == '&' || *at == ';';) {
		size_t length = strcspn(++at, "?&;#");
		size_t name = strcspn(at, "=?&;#");

		if (name < length && is_kept(at, name) && !is_hidden(at, length)) {
			text_put(out, separator);
			text_add(out, at, length);
			separator = "&";
		}
		at += length;
	}
}

/* ---- the whole ---- */

/* Copies up to the path, without "name:password@". */
static const char *add_host(struct text *out, const char *address)
{
	const char *slashes = strstr(address, "//");
	const char *host;
	const char *end;
	const char *at;

	if (slashes == NULL || slashes == address || slashes[-1] != ':' ||
		strcspn(address, ":/?#@") != (size_t)(slashes - 1 - address))
		return NULL;
	host = slashes + 2;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	host = at != NULL ? at + 1 : host;
	if (url_hides_at(host, (size_t)(end - host)))
		return NULL;
	text_add(out, address, (size_t)(slashes + 2 - address));
	text_add(out, host, (size_t)(end - host));
	return end;
}

void url_add_clean(struct text *out, const char *address)
{
	const char *path = *address == '/' ? address : add_host(out, address);

	if (path == NULL)
		return;
	if (*path == '/')
		url_add_clean_path(out, path);
	url_add_clean_query(out, path + strcspn(path, "?#"));
}
