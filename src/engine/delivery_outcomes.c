/* What becomes of deliveries beside their messages: dead letters, and what the log says of them. */
#include "engine/delivery_outcomes.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Between two lines of a kind that a shop can cause at will. */
enum { LINES_PAUSE = 10 * SECOND };

/* What `segrelay dead show` needs to be called with. */
struct dead_command {
	char text[64];
};

/* Stores and counts the dead letter, also of one that was counted as skipped before. *dead is 0
 * when the delivery is not stored any more: then nothing is counted. */
static int add_dead_letter(struct engine *engine, const struct delivery *delivery,
	const char *reason, bool was_skipped, int64_t *dead, struct error *error)
{
	struct topic_state *topic = engine_topic(engine, delivery->shop, delivery->topic);

	*dead = 0;
	if (topic == NULL)
		return error_no_memory(error);
	if (store_bury_delivery(engine->store, delivery->id, clock_now(), reason, dead, error) != 0)
		return -1;
	if (*dead == 0)
		return 0;
	topic->dead++;
	topic->ignored -= was_skipped;
	return 0;
}

static struct dead_command command_of(int64_t dead)
{
	struct dead_command command = {"-"};

	if (dead != 0)
		(void)snprintf(
			command.text, sizeof(command.text), "segrelay dead show %" PRId64, dead);
	return command;
}

static void log_dead(
	struct engine *engine, const struct delivery *delivery, const char *reason, int64_t dead)
{
	struct dead_command command = command_of(dead);
	int64_t left_out;

	if (log_allow(&engine->dead_lines, LINES_PAUSE, &left_out))
		log_line(LOG_WARNING,
			dead != 0 ? "dead letter: a webhook cannot be mapped"
				  : "delivery lost: it cannot be mapped, nor is it stored",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
			LOG_STRING("see", command.text), LOG_NUMBER("more_before", left_out));
}

int outcome_dead(struct engine *engine, const struct delivery *delivery, const char *why,
	struct error *error)
{
	char reason[sizeof(error->text)];
	int64_t dead;

	(void)snprintf(reason, sizeof(reason), "%s", why);
	if (add_dead_letter(engine, delivery, reason, false, &dead, error) != 0)
		return -1;
	log_dead(engine, delivery, reason, dead);
	return 0;
}

int outcome_dead_waiting(struct engine *engine, const char *shop,
	const struct unmappable *unmappable, struct error *error)
{
	for (; unmappable != NULL; unmappable = unmappable->next) {
		const struct delivery delivery = {
			.id = unmappable->delivery, .shop = shop, .topic = unmappable->topic};
		int64_t dead;

		if (delivery.id == 0)
			continue;
		if (add_dead_letter(engine, &delivery, unmappable->reason, true, &dead, error) != 0)
			return -1;
		log_dead(engine, &delivery, unmappable->reason, dead);
	}
	return 0;
}

int outcome_contradiction(struct engine *engine, const struct delivery *delivery,
	const char *reason, enum contradiction contradiction, struct error *error)
{
	struct dead_command command;
	int64_t left_out;
	int64_t dead;

	if (add_dead_letter(engine, delivery, reason, false, &dead, error) != 0)
		return -1;
	command = command_of(dead);
	engine->contradictions[contradiction]++;
	if (log_allow(&engine->contradiction_lines, LINES_PAUSE, &left_out))
		log_line(LOG_WARNING, "delivery refused: its body contradicts its headers",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
			LOG_STRING("action", command.text), LOG_NUMBER("suppressed", left_out));
	return 0;
}

/* Who tries the set-up with a test order or Shopify's test notification asks where it went. */
static void log_test(const struct delivery *delivery, const char *reason)
{
	static struct log_limit limit;
	int64_t left_out;

	if (log_allow(&limit, MINUTE, &left_out))
		log_line(LOG_INFO, "test webhook is not told", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
			LOG_STRING("reason", reason), LOG_NUMBER("more_before", left_out));
}

/* Whoever subscribed to more than is told should learn that it comes to nothing. */
static void log_unmapped(const struct delivery *delivery)
{
	static struct log_limit limit;
	int64_t left_out;

	if (log_allow(&limit, MINUTE, &left_out))
		log_line(LOG_INFO, "unmapped topic: nothing is told of it",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_NUMBER("more_before", left_out));
}

static void log_ignored(const struct delivery *delivery, const char *reason)
{
	if (!map_knows(delivery->topic))
		log_unmapped(delivery);
	log_line(LOG_DEBUG, "ignored", LOG_STRING("shop", delivery->shop),
		LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
		LOG_STRING("reason", reason));
}

void outcome_log_invalid_fields(
	struct engine *engine, const struct delivery *delivery, const char *fields)
{
	int64_t left_out;

	if (fields != NULL && log_allow(&engine->unreadable_lines, LINES_PAUSE, &left_out))
		log_line(LOG_WARNING, "fields left out that could not be read",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("fields", fields),
			LOG_STRING("effect", "the rest of it is told"),
			LOG_STRING("next", "see what sends them: a theme, an app or an import"),
			LOG_NUMBER("more_before", left_out));
}

void outcome_count_skipped(
	const struct delivery *delivery, const struct mapped *mapped, struct topic_state *topic)
{
	if (mapped->is_test)
		log_test(delivery, mapped->reason);
	else
		log_ignored(delivery, mapped->reason);
	topic->ignored++;
}
