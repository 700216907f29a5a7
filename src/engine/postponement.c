/* Timers that failed, and are retried with growing pauses.
 *
 * A timer may not be due later than STORE_TIMER_MOST from now, because a clock may be set back. So
 * a longer pause consists of rounds of an hour, and not every round ends with an attempt. */
#include "engine/postponement.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/schedule.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KIND "postponed"

enum { SHORT_ROUNDS = 3, HOURS_MOST = 24, LINES_PAUSE = 10 * SECOND };

static const int64_t RECORD_TTL = 3 * DAY; /* each round renews it */

/* ---- the record ---- */

static int name_of(const struct timer *timer, char key[SHA256_HEX], struct error *error)
{
	const struct digest_part parts[] = {
		{timer->kind, strlen(timer->kind) + 1}, {timer->key, strlen(timer->key)}};
	unsigned char digest[SHA256_SIZE];

	if (digest_sha256(parts, 2, digest) != 0)
		return error_no_memory(error);
	digest_hex(digest, key);
	return 0;
}

static int64_t number_at(const cJSON *json, const char *key)
{
	const char *text = json_text(json, key);
	int64_t number = text != NULL ? strtoll(text, NULL, 10) : 0;

	return number > 0 && number < INT64_MAX ? number : 0;
}

int postponement_read(struct engine *engine, const struct timer *timer, struct arena *arena,
	struct postponement *postponement, struct error *error)
{
	const char *text = NULL;
	const cJSON *json = NULL;
	struct error parse_error;

	*postponement = (struct postponement){.rounds = 0};
	if (name_of(timer, postponement->key, error) != 0 ||
		store_get_record(engine->store, timer->shop, KIND, postponement->key, arena, &text,
			error) != 0)
		return -1;
	if (text != NULL)
		json = json_parse(arena, text, strlen(text), &parse_error);
	postponement->rounds = number_at(json, "rounds");
	postponement->due = number_at(json, "due");
	return 0;
}

static int write_record(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error)
{
	char json[96];

	(void)snprintf(json, sizeof(json), "{\"rounds\":%" PRId64 ",\"due\":%" PRId64 "}",
		postponement->rounds, postponement->due);
	return store_put_record(engine->store, timer->shop, KIND, postponement->key, json,
		engine_retention_now(engine) + RECORD_TTL, error);
}

int postponement_end(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error)
{
	if (postponement->rounds == 0)
		return 0;
	return store_drop_record(engine->store, timer->shop, KIND, postponement->key, error);
}

/* ---- rounds ---- */

static int64_t pause_of(int64_t round)
{
	static const int64_t minutes[SHORT_ROUNDS] = {1, 5, 15};

	return round <= SHORT_ROUNDS ? minutes[round - 1] * MINUTE : HOUR;
}

/* Attempts are made after 1, 5 and 15 minutes, then after 1, 2, 4, 8 and 16 hours, then daily. */
static bool ends_with_attempt(int64_t round)
{
	int64_t hours = round - SHORT_ROUNDS;

	if (hours <= 0)
		return true;
	return hours < HOURS_MOST ? (hours & (hours - 1)) == 0 : hours % HOURS_MOST == 0;
}

bool postponement_is_over(const struct postponement *postponement, const struct timer *timer)
{
	return postponement->due != timer->due || ends_with_attempt(postponement->rounds);
}

static int postpone(struct engine *engine, const struct timer *timer,
	struct postponement *postponement, struct error *error)
{
	struct timer later = *timer;

	postponement->rounds++;
	postponement->due = clock_now() + pause_of(postponement->rounds);
	later.due = postponement->due;
	if (schedule_set(engine, &later, error) != 0)
		return -1;
	return write_record(engine, timer, postponement, error);
}

int postponement_continue(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error)
{
	struct postponement next = *postponement;

	return postpone(engine, timer, &next, error);
}

/* ---- with a log line ---- */

/* Logs the timer's kind, but not its key, which may identify a person. */
static void log_postponed(const struct timer *timer, const char *message, const char *reason,
	const char *effect, const char *action)
{
	static struct log_limit limit;
	int64_t suppressed;

	if (log_allow(&limit, LINES_PAUSE, &suppressed))
		log_line(LOG_ERROR, message, LOG_STRING("shop", timer->shop),
			LOG_STRING("timer", timer->kind), LOG_STRING("reason", reason),
			LOG_STRING("effect", effect), LOG_STRING("action", action),
			LOG_NUMBER("suppressed", suppressed));
}

int postponement_of_failure(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error)
{
	struct postponement next = *postponement;

	engine->postponed++;
	log_postponed(timer, "timer postponed", error->text, "it is retried with growing pauses",
		error->kind == ERROR_MEMORY ? "give segrelay more memory" : "report this line");
	return postpone(engine, timer, &next, error);
}

int postponement_of_crash(struct engine *engine, const struct timer *timer,
	const struct postponement *postponement, struct error *error)
{
	struct postponement next = *postponement;

	if (postponement_is_over(postponement, timer)) {
		engine->postponed++;
		log_postponed(timer, "timer set aside",
			"the process crashed three times while it ran",
			"it waits for another version of segrelay", "report the crash");
	}
	return postpone(engine, timer, &next, error);
}
