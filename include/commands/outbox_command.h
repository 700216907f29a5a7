/* Declarations shared by the files of the verb outbox. */
#ifndef SEGRELAY_COMMANDS_OUTBOX_COMMAND_H
#define SEGRELAY_COMMANDS_OUTBOX_COMMAND_H

#include "base/arena.h"
#include "config/config.h"

#include <stdbool.h>

struct outbox {
	const struct config *config;
	struct arena *arena;
	const char *destination;
	const char *shop;
	const char *limit;
	const char *after;
	bool all;
	bool yes;
	bool as_json;
};

/* Whether messages are selected by a filter or --all. */
bool outbox_has_filter(const struct outbox *outbox);

/* Drops the messages with these ids, or without ids those of the filter. Returns the exit status.
 */
int outbox_drop(const struct outbox *outbox, char **ids, int count);

#endif
