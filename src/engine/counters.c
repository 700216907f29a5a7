/* The counters of topics and destinations, in memory, and saved with the turn that changes them. */
#include "engine/counters.h"

#include "mapping/mapping.h"

#include <stdlib.h>
#include <string.h>

static int compare(const struct topic_state *state, const char *shop, const char *topic)
{
	int shops = strcmp(state->shop, shop);

	return shops != 0 ? shops : strcmp(state->topic, topic);
}

static int compare_states(const void *left, const void *right)
{
	const struct topic_state *other = right;

	return compare(left, other->shop, other->topic);
}

int counters_load(struct counters *counters, struct store *store, struct error *error)
{
	counters_free(counters);
	if (store_topics(store, &counters->topics, &counters->topic_count, error) != 0 ||
		store_destinations(
			store, &counters->destinations, &counters->destination_count, error) != 0)
		return -1;
	counters->topic_changed = calloc(counters->topic_count + 1, sizeof(bool));
	counters->destination_marks =
		calloc(counters->destination_count + 1, sizeof(*counters->destination_marks));
	if (counters->topic_changed == NULL || counters->destination_marks == NULL)
		return error_no_memory(error);
	if (counters->topic_count > 0)
		qsort(counters->topics, counters->topic_count, sizeof(*counters->topics),
			compare_states);
	return 0;
}

int counters_save(struct counters *counters, struct store *store, struct error *error)
{
	for (size_t i = 0; i < counters->topic_count; i++) {
		if (!counters->topic_changed[i])
			continue;
		if (store_save_topic(store, &counters->topics[i], error) != 0)
			return -1;
		counters->topic_changed[i] = false;
	}
	for (size_t i = 0; i < counters->destination_count; i++) {
		if (!counters->destination_marks[i].changed)
			continue;
		if (store_save_destination(store, &counters->destinations[i], error) != 0)
			return -1;
		counters->destination_marks[i].changed = false;
	}
	return 0;
}

void counters_begin(struct counters *counters)
{
	for (size_t i = 0; i < counters->destination_count; i++) {
		counters->destination_marks[i].queued = 0;
		counters->destination_marks[i].removed = false;
	}
}

int counters_queued(struct counters *counters, const char *name, int64_t messages)
{
	struct destination_state *state = counters_destination(counters, name);

	if (state == NULL)
		return -1;
	counters->destination_marks[state - counters->destinations].queued += messages;
	return 0;
}

int counters_removed(struct counters *counters, const char *name)
{
	struct destination_state *state = counters_destination(counters, name);

	if (state == NULL)
		return -1;
	state->dropped++;
	counters->destination_marks[state - counters->destinations].removed = true;
	return 0;
}

int counters_request_release(struct counters *counters, const char *name)
{
	struct destination_state *state = counters_destination(counters, name);

	if (state == NULL)
		return -1;
	counters->destination_marks[state - counters->destinations].removed = true;
	return 0;
}

void counters_free(struct counters *counters)
{
	store_free_topics(counters->topics, counters->topic_count);
	store_free_destinations(counters->destinations, counters->destination_count);
	free(counters->topic_changed);
	free(counters->destination_marks);
	free(counters->before);
	*counters = (struct counters){0};
}

/* ---- savepoints ---- */

void counters_savepoint(struct counters *counters)
{
	counters->in_savepoint = true;
	counters->before_count = 0;
}

void counters_release(struct counters *counters)
{
	counters->in_savepoint = false;
	counters->before_count = 0;
}

/* Makes room for one more state. False without memory. */
static bool make_room(struct counters *counters)
{
	size_t room = counters->before_room > 0 ? counters->before_room * 2 : 16;
	struct counters_before *before;

	if (!counters->in_savepoint || counters->before_count < counters->before_room)
		return true;
	before = realloc(counters->before, room * sizeof(*before));
	if (before == NULL)
		return false;
	counters->before = before;
	counters->before_room = room;
	return true;
}

/* The caller may change the state that it gets, so each time a copy is saved for a rollback. */
static struct topic_state *hand_out_topic(struct counters *counters, struct topic_state *topic)
{
	if (topic == NULL || !make_room(counters))
		return NULL;
	if (counters->in_savepoint)
		counters->before[counters->before_count++] =
			(struct counters_before){.is_topic = true, .topic = *topic};
	return topic;
}

static struct destination_state *hand_out_destination(struct counters *counters, size_t index)
{
	if (!make_room(counters))
		return NULL;
	if (counters->in_savepoint)
		counters->before[counters->before_count++] = (struct counters_before){
			.destination = index,
			.state = counters->destinations[index],
			.mark = counters->destination_marks[index],
		};
	counters->destination_marks[index].changed = true;
	return &counters->destinations[index];
}

/* Adds one element of zeros to an array. */
static bool grow(void **array, size_t size, size_t count)
{
	char *more = realloc(*array, (count + 1) * size);

	if (more == NULL)
		return false;
	*array = more;
	memset(more + count * size, 0, size);
	return true;
}

/* The index of a topic, or of the place to insert it. */
static size_t index_of(const struct counters *counters, const char *shop, const char *topic)
{
	size_t low = 0;
	size_t high = counters->topic_count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&counters->topics[middle], shop, topic) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void counters_rollback_to(struct counters *counters)
{
	while (counters->before_count > 0) {
		const struct counters_before *before = &counters->before[--counters->before_count];

		if (before->is_topic) {
			counters->topics[index_of(
				counters, before->topic.shop, before->topic.topic)] = before->topic;
			continue;
		}
		counters->destinations[before->destination] = before->state;
		counters->destination_marks[before->destination] = before->mark;
	}
	counters->in_savepoint = false;
}

/* ---- single counters ---- */

static struct topic_state *insert_topic(
	struct counters *counters, size_t at, const char *shop, const char *topic)
{
	size_t behind = counters->topic_count - at;
	struct topic_state made = {.shop = strdup(shop), .topic = strdup(topic)};

	if (made.shop == NULL || made.topic == NULL ||
		!grow((void **)&counters->topics, sizeof(made), counters->topic_count) ||
		!grow((void **)&counters->topic_changed, sizeof(bool), counters->topic_count)) {
		free(made.shop);
		free(made.topic);
		return NULL;
	}
	memmove(&counters->topics[at + 1], &counters->topics[at], behind * sizeof(made));
	memmove(&counters->topic_changed[at + 1], &counters->topic_changed[at],
		behind * sizeof(bool));
	counters->topics[at] = made;
	counters->topic_changed[at] = true;
	counters->topic_count++;
	return &counters->topics[at];
}

struct topic_state *counters_topic(struct counters *counters, const char *shop, const char *topic)
{
	size_t at = index_of(counters, shop, topic);

	if (at < counters->topic_count && compare(&counters->topics[at], shop, topic) == 0) {
		counters->topic_changed[at] = true;
		return hand_out_topic(counters, &counters->topics[at]);
	}
	if (counters->topic_count >= TOPICS_MAX && !map_knows(topic) && strcmp(topic, "other") != 0)
		return counters_topic(counters, shop, "other");
	return hand_out_topic(counters, insert_topic(counters, at, shop, topic));
}

struct destination_state *counters_destination(struct counters *counters, const char *name)
{
	struct destination_state *state;

	for (size_t i = 0; i < counters->destination_count; i++) {
		if (strcmp(counters->destinations[i].name, name) != 0)
			continue;
		return hand_out_destination(counters, i);
	}
	if (!grow((void **)&counters->destinations, sizeof(*state), counters->destination_count) ||
		!grow((void **)&counters->destination_marks, sizeof(*counters->destination_marks),
			counters->destination_count))
		return NULL;
	state = &counters->destinations[counters->destination_count];
	state->name = strdup(name);
	if (state->name == NULL)
		return NULL;
	return hand_out_destination(counters, counters->destination_count++);
}
