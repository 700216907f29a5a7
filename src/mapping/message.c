/* A call at its destination: its messageId, and the whole of it. */
#include "mapping/mapping.h"

#include <string.h>

struct uuid message_id_of(
	const struct destination *destination, const char *shop, const struct call_made *call)
{
	struct text name = {0};
	struct uuid uuid;

	text_put(&name, shop);
	text_put(&name, call->call == IDENTIFY ? "|identify|" : "|");
	text_put(&name, call->event);
	text_put(&name, "|");
	text_put(&name, call->key);
	uuid = uuid_of_name(&destination->space, text_string(&name), name.length);
	text_free(&name);
	return uuid;
}

void message_write(const struct call_made *call, const struct uuid *message_id, struct text *text)
{
	char id[UUID_TEXT];

	uuid_format(message_id, id);
	text_put(text, "{\"messageId\":\"");
	text_put(text, id);
	text_put(text, "\",");
	text_add(text, call->json + 1, call->json_length - 1);
}
