/* The names of the event catalogue, and how options select and rename them. */
#include "config/events.h"

#include "base/json.h"

#include <string.h>

const struct event_name event_names[] = {
	{"Product Added", 0},
	{"Product Removed", 0},
	{"Checkout Started", 0},
	{"Checkout Step Completed", 0},
	{"Payment Info Entered", 0},
	{"Coupon Applied", 0},
	{"Order Completed", 0},
	{"POS Order Placed", 0},
	{"Order Updated", EVENT_IS_OFF}, /* any change of an order sends one */
	{"Order Cancelled", 0},
	{"Order Refunded", 0},
	{"Payment Failure", 0},
	{"Fulfilment Update", 0},
	{"Customer Created", 0},
	{"Customer Enabled", 0},
	{"Thank you page", 0},
	{"Subscription Created", 0},
	{"Subscription Updated", 0},
	{"Subscription Cancelled", 0},
	{"Order Processed", 0},
	{"Charge Failed", 0},
	{"Charge Max Tries Reached", 0},
	{"Payment Method Updated", 0},
	{"Customer Update", 0},
	{"Page Viewed", EVENT_IN_BROWSER},
	{"Product List Viewed", EVENT_IN_BROWSER},
	{"Product Clicked", EVENT_IN_BROWSER},
	{"Product Viewed", EVENT_IN_BROWSER},
	{"Product Image Clicked", EVENT_IN_BROWSER},
	{"Product Shared", EVENT_IN_BROWSER},
	{"Products Searched", EVENT_IN_BROWSER},
	{"Cart Viewed", EVENT_IN_BROWSER},
	{"Registration Viewed", EVENT_IN_BROWSER},
	{"Registration Completed", EVENT_IN_BROWSER},
	{"Blog Viewed", EVENT_IN_BROWSER},
	{0},
};

const struct event_name *events_find(const char *name, size_t length)
{
	for (const struct event_name *row = event_names; row->name != NULL; row++)
		if (strlen(row->name) == length && strncmp(row->name, name, length) == 0)
			return row;
	return NULL;
}

void events_list(struct text *text, bool in_browser)
{
	const char *comma = "";

	for (const struct event_name *row = event_names; row->name != NULL; row++) {
		if (in_browser && (row->flags & EVENT_IN_BROWSER) == 0)
			continue;
		text_format(text, "%s%s", comma, row->name);
		comma = ", ";
	}
}

/* A name without escapes has the same length in JSON. */
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

bool events_is_page(const char *value)
{
	size_t length = strcspn(value, "=");
	const struct event_name *row;

	if (value[0] != '/' || value[length] != '=' || !json_is_utf8(value, length))
		return false;
	row = events_find(value + length + 1, strlen(value + length + 1));
	return row != NULL && (row->flags & EVENT_IN_BROWSER) != 0;
}

bool events_is_purpose(const char *value)
{
	static const char *const purposes[] = {
		"analytics", "marketing", "preferences", "sale_of_data"};
	size_t length = strcspn(value, "=");
	const char *own = value + length + 1;

	if (value[length] != '=' || *own == '\0' || strlen(own) > EVENT_NAME_MAX ||
		!json_is_utf8(own, strlen(own)))
		return false;
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++)
		if (strlen(purposes[i]) == length && strncmp(purposes[i], value, length) == 0)
			return true;
	return false;
}

static bool names(const struct strings *list, const char *event)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], event) == 0)
			return true;
	return false;
}

const char *events_name_at(
	const struct shop *shop, const struct destination *destination, const char *event)
{
	const struct event_name *row = events_find(event, strlen(event));
	const char *name = strings_named(&destination->events.rename, event);

	if (names(&shop->events.disable, event) || names(&destination->events.disable, event))
		return NULL;
	if (row != NULL && (row->flags & EVENT_IS_OFF) != 0 &&
		!names(&shop->events.enable, event) && !names(&destination->events.enable, event))
		return NULL;
	if (name == NULL)
		name = strings_named(&shop->events.rename, event);
	return name != NULL ? name : event;
}

bool events_is_sent(const struct shop *shop, const char *event)
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
