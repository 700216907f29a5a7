/* The kinds of options: their allowed values, and how their members are set and freed. */
#include "config/options.h"

#include "base/clock.h"
#include "config/events.h"
#include "config/secrets.h"
#include "config/values.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

size_t option_section(const char *name)
{
	size_t i = OPTION_SECTIONS - 1;

	while (i > 0 && strcmp(option_sections[i].name, name) != 0)
		i--;
	return i;
}

const struct option *option_find(const struct option *options, const char *name)
{
	for (; options->name != NULL; options++)
		if (strcmp(options->name, name) == 0)
			return options;
	return NULL;
}

bool option_is_list(const struct option *option)
{
	return option->kind >= OPTION_TEXTS && option->kind <= OPTION_NETWORKS;
}

static bool is_one_text(const struct option *option)
{
	return option->kind < OPTION_TEXTS;
}

/* ---- what is allowed ---- */

static void add_choices(const struct option *option, struct text *text)
{
	for (size_t i = 0; option->choices[i] != NULL; i++)
		text_format(text, "%s%s", i > 0 ? " | " : "", option->choices[i]);
}

static void add_duration(struct text *text, int64_t ms)
{
	if (ms % DAY == 0 && ms > 0)
		text_format(text, "%" PRId64 "d", ms / DAY);
	else if (ms % SECOND == 0)
		text_format(text, "%" PRId64 "s", ms / SECOND);
	else
		text_format(text, "%" PRId64 "ms", ms);
}

static void add_size(struct text *text, int64_t bytes)
{
	if (bytes % ((int64_t)1 << 40) == 0 && bytes > 0)
		text_format(text, "%" PRId64 "TiB", bytes >> 40);
	else if (bytes % ((int64_t)1 << 20) == 0 && bytes > 0)
		text_format(text, "%" PRId64 "MiB", bytes >> 20);
	else
		text_format(text, "%" PRId64 "KiB", bytes >> 10);
}

void option_allows(const struct option *option, struct text *text)
{
	void (*add)(struct text *, int64_t) =
		option->kind == OPTION_DURATION ? add_duration : add_size;

	switch (option->kind) {
	case OPTION_ADDRESS:
		text_put(text, "an address and port as \"127.0.0.1:8080\" or \"[::1]:8080\"");
		return;
	case OPTION_URL:
		text_put(text, "an https:// URL, or http:// to this machine");
		return;
	case OPTION_STORE:
		text_put(text, "\"sqlite:FILE\", as \"sqlite:/var/lib/segrelay/segrelay.db\"");
		return;
	case OPTION_FILE:
	case OPTION_FILES:
		text_put(text, "the absolute path of a file with the secret");
		return;
	case OPTION_SECRET:
	case OPTION_SECRETS:
		text_put(text, "the secret alone: ASCII without spaces");
		return;
	case OPTION_PATH:
		text_put(text, "an absolute path");
		return;
	case OPTION_CURRENCY:
		text_put(text, "a currency's three letters as \"USD\"");
		return;
	case OPTION_NUMBER:
		text_format(text, "a whole number from %" PRId64 " to %" PRId64, option->least,
			option->most);
		return;
	case OPTION_DURATION:
	case OPTION_SIZE:
		text_put(text, option->kind == OPTION_DURATION
				       ? "a duration as \"500ms\", \"10s\", \"5m\", \"2h\" or "
					 "\"7d\", from "
				       : "a size as \"512KiB\", \"16MiB\" or \"10GiB\", from ");
		add(text, option->least);
		text_put(text, " to ");
		add(text, option->most);
		return;
	case OPTION_FLAG:
		text_put(text, "yes | no");
		return;
	case OPTION_EVENTS:
	case OPTION_RENAMES:
		if (option->kind == OPTION_RENAMES)
			text_format(text,
				"\"NAME=OWN NAME\", the own name of at most %d bytes and NAME "
				"one of ",
				EVENT_NAME_MAX);
		events_list(text, false);
		return;
	case OPTION_ORIGINS:
		text_put(text, "an origin as \"https://www.example.com\", without a path");
		return;
	case OPTION_PAGES:
		text_put(text,
			"\"/PATH=NAME\", with a \"/\" at the path's end for all below it, and "
			"NAME one of ");
		events_list(text, true);
		return;
	case OPTION_PURPOSES:
		text_put(text, "\"PURPOSE=OWN NAME\", and PURPOSE one of analytics, marketing, "
			       "preferences, sale_of_data");
		return;
	case OPTION_NETWORKS:
		text_put(text, "an address, or a network as \"10.0.0.0/8\" or \"fd00::/8\"");
		return;
	case OPTION_CHOICE:
		add_choices(option, text);
		return;
	default:
		text_put(text, "a text that is not empty");
	}
}

static int choice_of(const struct option *option, const char *value)
{
	for (int i = 0; option->choices[i] != NULL; i++)
		if (strcmp(option->choices[i], value) == 0)
			return i;
	return -1;
}

static bool read_number(const struct option *option, const char *value, int64_t *number)
{
	if (option->kind == OPTION_NUMBER)
		return value_number(value, number);
	if (option->kind == OPTION_DURATION)
		return value_duration(value, number);
	return value_size(value, number);
}

bool option_accepts(const struct option *option, const char *value)
{
	struct network network;
	int64_t number;
	bool flag;

	switch (option->kind) {
	case OPTION_ADDRESS:
		return value_address(value);
	case OPTION_URL:
		return value_url(value);
	case OPTION_STORE:
		return value_store(value);
	case OPTION_SECRET:
	case OPTION_SECRETS:
		return value_secret(value);
	case OPTION_CURRENCY:
		return strlen(value) == 3 && strspn(value, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == 3;
	case OPTION_FILE:
	case OPTION_FILES:
	case OPTION_PATH:
		return value[0] == '/';
	case OPTION_NUMBER:
	case OPTION_DURATION:
	case OPTION_SIZE:
		return read_number(option, value, &number) && number >= option->least &&
		       number <= option->most;
	case OPTION_FLAG:
		return value_flag(value, &flag);
	case OPTION_CHOICE:
		return choice_of(option, value) >= 0;
	case OPTION_EVENTS:
		return events_find(value, strlen(value)) != NULL;
	case OPTION_RENAMES:
		return events_is_rename(value);
	case OPTION_ORIGINS:
		return value_origin(value);
	case OPTION_PAGES:
		return events_is_page(value);
	case OPTION_PURPOSES:
		return events_is_purpose(value);
	case OPTION_NETWORKS:
		return value_network(value, &network);
	default:
		return value[0] != '\0';
	}
}

/* ---- lists ---- */

/* Adds the elements of "a,b". */
static int add_fallbacks(struct strings *strings, const char *fallback)
{
	while (fallback != NULL && *fallback != '\0') {
		size_t length = strcspn(fallback, ",");

		if (strings_add_part(strings, fallback, length) != 0)
			return -1;
		fallback += length + (fallback[length] == ',');
	}
	return 0;
}

/* ---- members ---- */

static int set_one(const struct option *option, void *member, const char *value)
{
	if (is_one_text(option)) {
		*(char **)member = strdup(value);
		return *(char **)member != NULL ? 0 : -1;
	}
	if (option->kind == OPTION_FLAG)
		return value_flag(value, member) ? 0 : -1;
	if (option->kind != OPTION_CHOICE)
		return read_number(option, value, member) ? 0 : -1;
	*(int *)member = choice_of(option, value);
	return 0;
}

int option_set(const struct option *option, void *target, const char *const *values, size_t count)
{
	void *member = (char *)target + option->offset;

	if (option_is_list(option)) {
		for (size_t i = 0; i < count; i++)
			if (strings_add(member, values[i]) != 0)
				return -1;
		return count > 0 ? 0 : add_fallbacks(member, option->fallback);
	}
	if (count == 0 && option->fallback == NULL)
		return 0;
	return set_one(option, member, count > 0 ? values[count - 1] : option->fallback);
}

void option_free(const struct option *options, void *target)
{
	for (; options->name != NULL; options++) {
		void *member = (char *)target + options->offset;

		if (option_is_list(options)) {
			strings_free(member);
		} else if (is_one_text(options)) {
			secret_free(*(char **)member);
			*(char **)member = NULL;
		}
	}
}
