/* Lists of strings. */
#include "base/strings.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>

int strings_add_part(struct strings *strings, const char *item, size_t length)
{
	char **items = realloc(strings->items, (strings->count + 1) * sizeof(*items));

	if (items == NULL)
		return -1;
	strings->items = items;
	items[strings->count] = strndup(item, length);
	if (items[strings->count] == NULL)
		return -1;
	strings->count++;
	return 0;
}

int strings_add(struct strings *strings, const char *item)
{
	return strings_add_part(strings, item, strlen(item));
}

void strings_free(struct strings *strings)
{
	for (size_t i = 0; i < strings->count; i++) {
		digest_wipe(strings->items[i], strlen(strings->items[i]));
		free(strings->items[i]);
	}
	free(strings->items);
	*strings = (struct strings){0};
}

const char *strings_named(const struct strings *pairs, const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < pairs->count; i++)
		if (strncmp(pairs->items[i], name, length) == 0 && pairs->items[i][length] == '=')
			return pairs->items[i] + length + 1;
	return NULL;
}
