/* The names of the catalogue's events, and what an operator chose of them. */
#include "config/events.h"

#include "base/json.h"

#include <string.h>

const struct event_name event_names[] = {
	{"Product Added", false},
	{"Product Removed", false},
	{"Checkout Started", false},
	{"Checkout Step Completed", false},
	{"Payment Info Entered", false},
	{"Coupon Applied", false},
	{"Order Completed", false},
	{"POS Order Placed", false},
	{"Order Updated", true}, /* any touch of an order tells one */
	{"Order Cancelled", false},
	{"Order Refunded", false},
	{"Payment Failure", false},
	{"Fulfilment Update", false},
	{"Customer Created", false},
	{"Customer Enabled", false},
	{"Subscription Created", false},
	{"Subscription Updated", false},
	{"Subscription Cancelled", false},
	{"Order Processed", false},
	{"Charge Failed", false},
	{"Charge Max Tries Reached", false},
	{"Payment Method Updated", false},
	{"Customer Update", false},
	{0},
};

const struct event_name *events_find(const char *name, size_t length)
{
	for (const struct event_name *row = event_names; row->name != NULL; row++)
		if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
			return row;
	return NULL;
}

void events_list(struct text *text)
{
	for (const struct event_name *row = event_names; row->name != NULL; row++)
		text_format(text, "%s%s", row == event_names ? "" : ", ", row->name);
}

/* So that its length in a message is that of the name. */
static bool needs_no_escapes(const char *name)
{
	for (; *name != '\0'; name++)
		if ((unsigned char)*name < ' ' || strchr("\"\\\x7f", *name) != NULL)
			return false;
	return true;
}

bool events_is_rename(const char *value)
{
	size_t length = strcspn(value, "=");
	const char *own = value + length + 1;

	return value[length] == '=' && events_find(value, length) != NULL && *own != '\0' &&
	       strlen(own) <= EVENT_NAME_MAX && json_is_utf8(own, strlen(own)) &&
	       needs_no_escapes(own);
}

static bool names(const struct strings *list, const char *event)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], event) == 0)
			return true;
	return false;
}

static const char *own_name(const struct strings *renames, const char *event)
{
	size_t length = strlen(event);

	for (size_t i = 0; i < renames->count; i++)
		if (strncmp(renames->items[i], event, length) == 0 &&
			renames->items[i][length] == '=')
			return renames->items[i] + length + 1;
	return NULL;
}

const char *events_name_at(
	const struct shop *shop, const struct destination *destination, const char *event)
{
	const struct event_name *row = events_find(event, strlen(event));
	const char *name = own_name(&destination->events.rename, event);

	if (names(&shop->events.disable, event) || names(&destination->events.disable, event))
		return NULL;
	if (row != NULL && row->is_off && !names(&shop->events.enable, event) &&
		!names(&destination->events.enable, event))
		return NULL;
	if (name == NULL)
		name = own_name(&shop->events.rename, event);
	return name != NULL ? name : event;
}

bool events_is_told(const struct shop *shop, const char *event)
{
	for (size_t i = 0; i < shop->destination_count; i++)
		if (events_name_at(shop, shop->destinations[i], event) != NULL)
			return true;
	return false;
}

bool events_is_everywhere(const struct shop *shop, const char *event)
{
	for (size_t i = 0; i < shop->destination_count; i++)
		if (events_name_at(shop, shop->destinations[i], event) == NULL)
			return false;
	return true;
}
