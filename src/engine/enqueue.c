/* Queues the calls of a mapped delivery as messages in the outbox. */
#include "engine/enqueue.h"

#include "base/clock.h"
#include "engine/engine_private.h"

#include <string.h>

uint64_t enqueue_leading_number(const char *text)
{
	uint64_t number = 0;

	for (; text != NULL && *text >= '0' && *text <= '9'; text++)
		number = number * 10 + (uint64_t)(*text - '0');
	return number;
}

/* The key of a call in the deduplication set: the id at the beginning of its natural key, then half
 * of its messageId. Shopify's ids grow, so calls that are emitted together are stored together, and
 * a commit writes a few pages instead of one for each message. */
static struct uuid emitted_id(const struct segment_call *call, const struct uuid *message_id)
{
	uint64_t number = enqueue_leading_number(call->key);
	struct uuid id = *message_id;

	memcpy(id.bytes + 8, message_id->bytes, 8);
	for (int i = 7; i >= 0; i--, number >>= 8)
		id.bytes[i] = (unsigned char)number;
	return id;
}

/* Gives a call of a delivery that only a header calls a test its own messageId, so that it does not
 * use up that of the real one. *emitted when the real one was emitted before. */
static int mark_test_call(struct engine *engine, const struct uuid *space,
	const struct segment_call *call, struct uuid *message_id, bool *emitted,
	struct error *error)
{
	struct uuid id = emitted_id(call, message_id);
	char name[UUID_TEXT + 5] = "test ";

	if (store_is_emitted(engine->store, &id, emitted, error) != 0)
		return -1;
	uuid_format(message_id, name + 5);
	*message_id = uuid_of_name(space, name, strlen(name));
	return 0;
}

/* Adds a call to the deduplication set of a destination. *is_new when it was not emitted before. */
static int emit(struct engine *engine, const struct delivery *delivery,
	const struct destination *destination, const struct segment_call *call, bool *is_new,
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
		mark_test_call(engine, space, call, &message->message_id, &emitted, error) != 0)
		return -1;
	*is_new = false;
	if (emitted)
		return 0;
	id = emitted_id(call, &message->message_id);
	return store_mark_emitted(engine->store, &id, engine_retention_now(engine), is_new, error);
}

static int queue(struct engine *engine, const struct segment_call *call, const char *name,
	struct message *message, struct error *error)
{
	struct destination_state *state;

	text_cut(&engine->message, 0);
	message_write(call, name, &message->message_id, &engine->message);
	if (engine->message.failed) {
		text_free(&engine->message); /* clears `failed` for the next message */
		return error_no_memory(error);
	}
	message->json = text_string(&engine->message);
	message->json_length = engine->message.length;
	if (store_queue(engine->store, message, error) != 0)
		return -1;
	state = engine_destination(engine, message->destination);
	if (state == NULL || counters_queued(&engine->counters, message->destination, 1) != 0)
		return error_no_memory(error);
	state->queued++;
	return 0;
}

/* Queues the calls that are new to a destination; adds their number to *count. A call with
 * with_next is held back until it is known whether the next call is queued, too. */
static int queue_calls(struct engine *engine, const struct delivery *delivery,
	const struct shop *shop, const struct destination *destination,
	const struct segment_call *calls, size_t *count, struct error *error)
{
	const struct segment_call *waiting = NULL;
	const char *name_before = NULL;
	struct message before;
	struct message message;
	bool is_new = false;

	for (const struct segment_call *call = calls; call != NULL; call = call->next) {
		const char *name = message_name(call, shop, destination);

		if (name == NULL)
			continue;
		if (emit(engine, delivery, destination, call, &is_new, &message, error) != 0)
			return -1;
		*count += is_new;
		if (waiting != NULL) {
			before.with_next = is_new;
			if (queue(engine, waiting, name_before, &before, error) != 0)
				return -1;
		}
		waiting = is_new && call->with_next ? call : NULL;
		before = message;
		name_before = name;
		if (is_new && waiting == NULL && queue(engine, call, name, &message, error) != 0)
			return -1;
	}
	return waiting == NULL ? 0 : queue(engine, waiting, name_before, &before, error);
}

int enqueue_calls(struct engine *engine, const struct delivery *delivery, const struct shop *shop,
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
