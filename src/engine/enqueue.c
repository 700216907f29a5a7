/* From the calls that a delivery was mapped to, to messages in the outbox. */
#include "engine/enqueue.h"

#include "base/clock.h"
#include "engine/engine_private.h"

#include <string.h>

uint64_t queueing_number(const char *text)
{
	uint64_t number = 0;

	for (; text != NULL && *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

/* Under which a call is remembered as told: half of its messageId behind the id that its natural
 * key begins with. Shopify's ids grow, so what is told together stands together, and a commit
 * writes a few pages of the store instead of one for each message. */
static struct uuid told_id(const struct call_made *call, const struct uuid *message_id)
{
	uint64_t number = queueing_number(call->key);
	struct uuid id = *message_id;

	memcpy(id.bytes + 8, message_id->bytes, 8);
	for (int i = 7; i >= 0; i--, number >>= 8)
		id.bytes[i] = (unsigned char)number;
	return id;
}

/* The id of a call of a delivery that its header alone calls a test: one of its own, so that it
 * takes nothing from the real one. That is emitted already where a real delivery was posted again
 * as a test. */
static int mark_test(struct engine *engine, const struct uuid *space, const struct call_made *call,
	struct uuid *message_id, bool *emitted, struct error *error)
{
	struct uuid id = told_id(call, message_id);
	char name[UUID_TEXT + 5] = "test ";

	if (store_is_emitted(engine->store, &id, emitted, error) != 0)
		return -1;
	uuid_format(message_id, name + 5);
	*message_id = uuid_of_name(space, name, strlen(name));
	return 0;
}

/* Tells one call to one destination, unless it was told before. */
static int tell(struct engine *engine, const struct delivery *delivery,
	const struct destination *destination, const struct call_made *call, bool *fresh,
	struct message *message, struct error *error)
{
	const struct uuid *space = namespaces_find(engine, destination, error);
	bool emitted = false;
	struct uuid id;

	if (space == NULL)
		return -1;
	*message = (struct message){
		.destination = destination->name,
		.shop = delivery->shop,
		.event = call->call == IDENTIFY ? "identify" : call->event,
		.queued = clock_now(),
		.delivery = delivery->id,
	};
	if (message_id_of(space, delivery->shop, call, &message->message_id) != 0)
		return error_no_memory(error);
	if (delivery->test &&
		mark_test(engine, space, call, &message->message_id, &emitted, error) != 0)
		return -1;
	*fresh = false;
	if (emitted)
		return 0;
	id = told_id(call, &message->message_id);
	return store_tell(engine->store, &id, engine_steady_now(engine), fresh, error);
}

static int queue(struct engine *engine, const struct call_made *call, const char *name,
	struct message *message, struct error *error)
{
	struct destination_state *state;

	text_cut(&engine->message, 0);
	message_write(call, name, &message->message_id, &engine->message);
	if (engine->message.failed) {
		text_free(&engine->message); /* else it would be failed for the next ones, too */
		return error_no_memory(error);
	}
	message->json = text_string(&engine->message);
	message->json_length = engine->message.length;
	if (store_queue(engine->store, message, error) != 0)
		return -1;
	state = engine_destination(engine, message->destination);
	if (state == NULL || counters_fresh(&engine->counters, message->destination, 1) != 0)
		return error_no_memory(error);
	state->queued++;
	return 0;
}

/* Queues the calls that are new to a destination; adds their number to *count. Whether the call
 * after an identify will be queued with it is known only when it was told: so long it waits. */
static int queue_calls(struct engine *engine, const struct delivery *delivery,
	const struct shop *shop, const struct destination *destination,
	const struct call_made *calls, size_t *count, struct error *error)
{
	const struct call_made *waiting = NULL;
	const char *name_before = NULL;
	struct message before;
	struct message message;
	bool fresh = false;

	for (const struct call_made *call = calls; call != NULL; call = call->next) {
		const char *name = message_name(call, shop, destination);

		if (name == NULL)
			continue;
		if (tell(engine, delivery, destination, call, &fresh, &message, error) != 0)
			return -1;
		*count += fresh;
		if (waiting != NULL) {
			before.with_next = fresh;
			if (queue(engine, waiting, name_before, &before, error) != 0)
				return -1;
		}
		waiting = fresh && call->with_next ? call : NULL;
		before = message;
		name_before = name;
		if (fresh && waiting == NULL && queue(engine, call, name, &message, error) != 0)
			return -1;
	}
	return waiting == NULL ? 0 : queue(engine, waiting, name_before, &before, error);
}

int queueing_add(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
	const struct mapped *mapped, size_t *queued, struct error *error)
{
	struct delivery marked = *delivery;

	marked.test = mapped->marked_test;
	for (size_t i = 0; i < shop->destination_count; i++)
		if (queue_calls(engine, &marked, shop, shop->destinations[i], mapped->calls, queued,
			    error) != 0)
			return -1;
	return 0;
}
