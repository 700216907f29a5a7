/* Splits URLs: paths, queries and parameters. */
#include "base/url.h"

#include "base/json.h"

#include <string.h>
#include <strings.h>

/* A copy of `length` bytes in the arena; NULL without memory. */
static char *copy_part(struct arena *arena, const char *from, size_t length)
{
	char *copy = arena_alloc(arena, length + 1);

	if (copy == NULL)
		return NULL;
	memcpy(copy, from, length);
	copy[length] = '\0';
	return copy;
}

bool url_split(struct arena *arena, const char *string, struct url *url)
{
	const char *path = string;
	size_t path_length;
	size_t search_length;

	*url = (struct url){0};
	if (strncasecmp(string, "https://", 8) == 0 || strncasecmp(string, "http://", 7) == 0) {
		const char *host = strstr(string, "//") + 2;
		size_t length = strcspn(host, "/?#");

		url->host = copy_part(arena, host, length);
		if (url->host == NULL || length == 0)
			return false;
		path = host + length;
	} else if (*string != '/') {
		return false;
	}
	path_length = strcspn(path, "?#");
	search_length = path[path_length] == '?' ? strcspn(path + path_length, "#") : 0;
	url->path = path_length > 0 ? copy_part(arena, path, path_length) : "/";
	url->search = copy_part(arena, path + path_length, search_length);
	return url->path != NULL && url->search != NULL;
}

static int hex_digit(char character)
{
	const char *digits = "0123456789abcdef";
	const char *found;

	if (character >= 'A' && character <= 'F')
		character = (char)(character - 'A' + 'a');
	found = character != '\0' ? strchr(digits, character) : NULL;
	return found != NULL ? (int)(found - digits) : -1;
}

void url_decode(char *string)
{
	char *to = string;

	for (const char *from = string; *from != '\0'; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		if (low >= 0 && high + low > 0) {
			*to++ = (char)(high * 16 + low);
			from += 2;
		} else {
			*to++ = *from == '+' ? ' ' : *from;
		}
	}
	*to = '\0';
}

bool url_is_clean_text(const char *string)
{
	for (const char *at = string; *at != '\0'; at++)
		if ((unsigned char)*at < ' ' || *at == 0x7f)
			return false;
	return json_is_utf8(string, strlen(string));
}

const char *url_parameter(struct arena *arena, const char *search, const char *name)
{
	size_t name_length = strlen(name);

	while (*search == '?' || *search == '&') {
		size_t length = strcspn(++search, "&");

		if (length > name_length + 1 && strncmp(search, name, name_length) == 0 &&
			search[name_length] == '=') {
			char *value = copy_part(
				arena, search + name_length + 1, length - name_length - 1);

			if (value == NULL)
				return NULL;
			if (strstr(value, "%00") != NULL)
				return NULL;
			url_decode(value);
			return *value != '\0' && url_is_clean_text(value) ? value : NULL;
		}
		search += length;
	}
	return NULL;
}
