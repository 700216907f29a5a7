/* Dead letters of deliveries, and log lines of deliveries without messages. */
#include "engine/delivery_outcomes.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Between two log lines of a kind that a shop can cause at will. */
enum { LINES_PAUSE = 10 * SECOND };

/* The command that shows a dead letter. */
struct dead_command {
	char text[64];
};

/* Stores and counts a dead letter. `was_skipped` when the delivery was counted as skipped before.
 * *dead is 0 when the delivery is not stored any more; then it is not counted. */
static int add_dead_letter(struct engine *engine, const struct delivery *delivery,
	const char *reason, bool was_skipped, int64_t *dead, struct error *error)
{
	struct topic_state *topic = engine_topic(engine, delivery->shop, delivery->topic);

	*dead = 0;
	if (topic == NULL)
		return error_no_memory(error);
	if (store_dead_letter_add_delivery(
		    engine->store, delivery->id, clock_now(), reason, dead, error) != 0)
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
	int64_t suppressed;

	if (log_allow(&engine->dead_lines, LINES_PAUSE, &suppressed))
		log_line(LOG_WARNING,
			dead != 0 ? "delivery moved to dead letters"
				  : "delivery lost: not mapped and not stored any more",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
			LOG_STRING("action", command.text), LOG_NUMBER("suppressed", suppressed));
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
	int64_t suppressed;
	int64_t dead;

	if (add_dead_letter(engine, delivery, reason, false, &dead, error) != 0)
		return -1;
	command = command_of(dead);
	engine->contradictions[contradiction]++;
	if (log_allow(&engine->contradiction_lines, LINES_PAUSE, &suppressed))
		log_line(LOG_WARNING, "delivery rejected: body contradicts headers",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_STRING("reason", reason),
			LOG_STRING("action", command.text), LOG_NUMBER("suppressed", suppressed));
	return 0;
}

/* Helps an operator who tests the setup with a test order or Shopify's test notification. */
static void log_test(const struct delivery *delivery, const char *reason)
{
	static struct log_limit limit;
	int64_t suppressed;

	if (log_allow(&limit, MINUTE, &suppressed))
		log_line(LOG_INFO, "test webhook skipped", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
			LOG_STRING("reason", reason), LOG_NUMBER("suppressed", suppressed));
}

/* Helps an operator who subscribed to topics without a mapping. */
static void log_unmapped(const struct delivery *delivery)
{
	static struct log_limit limit;
	int64_t suppressed;

	if (log_allow(&limit, MINUTE, &suppressed))
		log_line(LOG_INFO, "topic has no mapping: no event sent",
			LOG_STRING("shop", delivery->shop), LOG_STRING("topic", delivery->topic),
			LOG_NUMBER("delivery", delivery->id), LOG_NUMBER("suppressed", suppressed));
}

static void log_skipped(const struct delivery *delivery, const char *reason)
{
	if (!map_knows(delivery->topic))
		log_unmapped(delivery);
	log_line(LOG_DEBUG, "delivery skipped", LOG_STRING("shop", delivery->shop),
		LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
		LOG_STRING("reason", reason));
}

void outcome_log_invalid_fields(
	struct engine *engine, const struct delivery *delivery, const char *fields)
{
	int64_t suppressed;

	if (fields != NULL && log_allow(&engine->invalid_fields_lines, LINES_PAUSE, &suppressed))
		log_line(LOG_WARNING, "invalid fields skipped", LOG_STRING("shop", delivery->shop),
			LOG_STRING("topic", delivery->topic), LOG_NUMBER("delivery", delivery->id),
			LOG_STRING("fields", fields),
			LOG_STRING("effect", "the other fields are sent"),
			LOG_STRING("action", "check the theme, app or import that sets them"),
			LOG_NUMBER("suppressed", suppressed));
}

void outcome_count_skipped(
	const struct delivery *delivery, const struct mapped *mapped, struct topic_state *topic)
{
	if (mapped->is_test)
		log_test(delivery, mapped->reason);
	else
		log_skipped(delivery, mapped->reason);
	topic->ignored++;
}
