/* The error for a value that is not allowed. */
#include "config/not_allowed.h"

#include "config/events.h"
#include "config/nearest.h"

#include <string.h>

/* A secret in the wrong option must not be shown, nor a password in a URL. */
static bool may_be_shown(const struct option *option, const char *value)
{
	switch (option->kind) {
	case OPTION_SECRET:
	case OPTION_SECRETS:
	case OPTION_FILE:
	case OPTION_FILES:
		return false;
	default:
		return strchr(value, '@') == NULL;
	}
}

/* The event's name in a value, and its length; NULL when the option has none. */
static const char *event_in(const struct option *option, const char *value, size_t *length)
{
	const char *equals = strchr(value, '=');

	*length = strlen(value);
	switch (option->kind) {
	case OPTION_EVENTS:
		return value;
	case OPTION_RENAMES:
		*length = strcspn(value, "=");
		return value;
	case OPTION_PAGES:
		*length = equals != NULL ? strlen(equals + 1) : 0;
		return equals != NULL ? equals + 1 : NULL;
	default:
		return NULL;
	}
}

static void suggest_event(const struct option *option, const char *value, struct text *text)
{
	struct nearest nearest = {0};

	nearest.name = event_in(option, value, &nearest.length);
	if (nearest.name == NULL || nearest.length == 0 ||
		events_find(nearest.name, nearest.length) != NULL)
		return;
	for (const struct event_name *row = event_names; row->name != NULL; row++)
		if (option->kind != OPTION_PAGES || (row->flags & EVENT_IN_BROWSER) != 0)
			nearest_try(&nearest, row->name);
	if (nearest.known != NULL)
		text_format(text, "did you mean \"%s\"? Allowed: ", nearest.known);
}

void value_not_allowed(struct config_errors *errors, const cfg_t *cfg, const struct option *option,
	const char *value)
{
	struct text text = {0};

	text_put(&text, option->name);
	if (may_be_shown(option, value)) {
		text_put(&text, " = ");
		errors_quote(&text, value);
	}
	text_put(&text, " is not allowed: ");
	suggest_event(option, value, &text);
	option_allows(option, &text);
	errors_add(errors, cfg, text_string(&text));
	text_free(&text);
}
