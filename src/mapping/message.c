/* The messageId of a call, its name at a destination, and the call with both. */
#include "mapping/mapping.h"

#include "config/events.h"

static const char *const types[] = {[TRACK] = "track", [IDENTIFY] = "identify", [ALIAS] = "alias"};

int message_id_of(const struct uuid *space, const char *shop, const struct segment_call *call,
	struct uuid *id)
{
	struct text name = {0};
	int result;

	text_put(&name, shop);
	text_put(&name, call->call == IDENTIFY ? "|identify|" : "|");
	text_put(&name, call->event);
	text_put(&name, "|");
	text_put(&name, call->key);
	result = name.failed ? -1 : 0; /* a cut name would be the name of another message */
	if (result == 0)
		*id = uuid_of_name(space, text_string(&name), name.length);
	text_free(&name);
	return result;
}

const char *message_name(const struct segment_call *call, const struct shop *shop,
	const struct destination *destination)
{
	const struct segment_call *beside = call;

	while (beside->call != TRACK && beside->with_next && beside->next != NULL)
		beside = beside->next;
	if (beside->call == TRACK && call->call != ALIAS &&
		events_name_at(shop, destination, beside->event) == NULL)
		return NULL;
	return call->call == TRACK ? events_name_at(shop, destination, call->event)
				   : types[call->call];
}

void message_write(const struct segment_call *call, const char *name, const struct uuid *message_id,
	struct text *text)
{
	char id[UUID_TEXT];

	uuid_format(message_id, id);
	text_put(text, "{\"messageId\":\"");
	text_put(text, id);
	text_put(text, "\",\"type\":\"");
	text_put(text, types[call->call]);
	text_put(text, "\",");
	if (call->call == TRACK) {
		text_put(text, "\"event\":");
		json_add_string(text, name);
		text_put(text, ",");
	}
	text_add(text, call->json + 1, call->json_length - 1);
}
