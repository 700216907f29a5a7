/* Prints the event catalogue. */
#include "commands/map_events.h"

#include "commands/commands.h"
#include "commands/common.h"
#include "config/events.h"
#include "mapping/rules.h"

#include <stdio.h>
#include <string.h>

/* Appends "a|b" as a JSON list. */
static void add_topics(struct text *line, const char *topics)
{
	const struct topic *timer = topic_of_timer(topics);

	if (timer != NULL)
		topics = timer->set_by;
	json_add_key(line, "topics");
	text_put(line, "[");
	for (const char *at = topics; *at != '\0';) {
		size_t length = strcspn(at, "|");

		text_format(line, "%s\"%.*s\"", at != topics ? "," : "", (int)length, at);
		at += length + (at[length] == '|');
	}
	text_put(line, "]");
}

/* Adds the rows as a list of objects: name, source ("." when it is computed), and the rows of an
 * item of a list or of an object. */
static void add_properties(struct text *line, const char *key, const struct field *rows)
{
	json_add_key(line, key);
	text_put(line, "[");
	for (const struct field *row = rows; row != NULL && row->property != NULL; row++) {
		json_add_comma(line);
		text_put(line, "{");
		json_add_member(line, "name", row->property);
		json_add_member(line, "source", row->path);
		if (row->items != NULL)
			add_properties(line, "items", row->items);
		text_put(line, "}");
	}
	text_put(line, "]");
}

static void add_rule(struct text *line, const struct rule *rule)
{
	static const char *const calls[] = {
		[TRACK] = "track", [IDENTIFY] = "identify", [ALIAS] = "alias"};
	const struct event_name *event = events_find(rule->event, strlen(rule->event));

	text_put(line, "{");
	json_add_member(line, "event", rule->event);
	json_add_member(line, "call", calls[rule->call]);
	add_topics(line, rule->topics);
	add_properties(
		line, "properties", rule->call == IDENTIFY ? customer_traits : rule->properties);
	json_add_flag(line, "default", event == NULL || (event->flags & EVENT_IS_OFF) == 0);
	text_put(line, "}\n");
}

int print_events(void)
{
	struct text line = {0};
	int status = EXIT_GOOD;

	for (const struct rule *rule = rules; rule->topics != NULL; rule++)
		add_rule(&line, rule);
	if (line.failed)
		status = report_error("no memory");
	else
		(void)fputs(text_string(&line), stdout);
	text_free(&line);
	return status;
}
