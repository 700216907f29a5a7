/* The verb outbox, shared by its files. */
#ifndef SEGRELAY_COMMANDS_OUTBOX_WORDS_H
#define SEGRELAY_COMMANDS_OUTBOX_WORDS_H

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

/* Whether messages are named by a filter, or all of them. */
bool outbox_has_filter(const struct outbox *outbox);

/* Drops the messages of these ids, or with none those of the filter. The exit status. */
int outbox_drop(const struct outbox *outbox, char **ids, int count);

#endif
