/* Chooses the engine of the store by its URL. */
#include "store/sqlite.h"

#include <stdlib.h>
#include <string.h>

int store_open(
	const char *url, struct store **store, enum store_obstacle *obstacle, struct error *error)
{
	static const char sqlite[] = "sqlite:";

	*store = NULL;
	if (obstacle != NULL)
		*obstacle = STORE_UNUSABLE;
	if (strncmp(url, sqlite, sizeof(sqlite) - 1) == 0)
		return sqlite_open(url + sizeof(sqlite) - 1, store, obstacle, error);
	return error_set(error, "store = \"%.100s\" is not supported: write sqlite:PATH", url);
}

void store_close(struct store *store)
{
	if (store != NULL)
		store->engine->close(store);
}

void store_free_topics(struct topic_state *topics, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(topics[i].shop);
		free(topics[i].topic);
	}
	free(topics);
}

void store_free_destinations(struct destination_state *states, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(states[i].name);
	free(states);
}

bool store_is_due(int64_t due, int64_t now)
{
	return due <= now || (due > now + STORE_TIMER_MOST && due != INT64_MAX);
}
