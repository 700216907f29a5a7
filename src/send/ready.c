/* The batches of a destination that are to be posted next. */
#include "send/sender_private.h"

struct batch *ready_take(struct target *target)
{
	struct batch *batch = target->ready;

	target->ready = batch->next;
	batch->next = NULL;
	return batch;
}

/* Ids ascend in the order in which messages were queued. */
void ready_put_back(struct target *target, struct batch *batch)
{
	struct batch **at = &target->ready;

	while (*at != NULL && (*at)->messages[0].id < batch->messages[0].id)
		at = &(*at)->next;
	batch->next = *at;
	*at = batch;
}

void ready_append(struct target *target, struct batch *batch)
{
	struct batch **end = &target->ready;

	while (*end != NULL)
		end = &(*end)->next;
	*end = batch;
}
