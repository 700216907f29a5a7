/* The list of a destination's batches that are to be posted next. */
#include "send/sender_private.h"

struct batch *ready_take(struct lane *lane)
{
	struct batch *batch = lane->ready;

	lane->ready = batch->next;
	batch->next = NULL;
	return batch;
}

/* The order of ids is the order in which messages were queued. */
void ready_put_back(struct lane *lane, struct batch *batch)
{
	struct batch **at = &lane->ready;

	while (*at != NULL && (*at)->messages[0].id < batch->messages[0].id)
		at = &(*at)->next;
	batch->next = *at;
	*at = batch;
}

void ready_append(struct lane *lane, struct batch *batch)
{
	struct batch **end = &lane->ready;

	while (*end != NULL)
		end = &(*end)->next;
	*end = batch;
}
