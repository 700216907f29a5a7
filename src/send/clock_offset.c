/* How far this machine's clock is from that of a destination, by the Date of its answers.
 *
 * Segment corrects the timestamps of calls by sentAt, which is this clock's: a wrong clock moves no
 * event, but the times that the relay makes itself (and Retry-After as a date) are as wrong as it
 * is. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdlib.h>

enum { TOLERANCE = MINUTE, LINES_PAUSE = HOUR };

/* Later than any date that a server means: the end of the year 9999. */
static const time_t LAST_DATE = 253402300799;

/* Milliseconds that our clock is ahead of the answer's Date, below 0 when it is behind. The answer
 * was made while the request took place, and its Date is in whole seconds: within that nothing is
 * known, and it counts as 0. False without a Date. */
static bool measure(const struct attempt *attempt, int64_t *offset)
{
	int64_t ended = clock_now();
	int64_t began = ended - (clock_monotonic() - attempt->started);
	struct curl_header *header;
	time_t date;
	int64_t first;
	int64_t last;

	if (curl_easy_header(attempt->handle, "Date", 0, CURLH_HEADER, -1, &header) != CURLHE_OK)
		return false;
	date = curl_getdate(header->value, NULL);
	if (date < 0 || date > LAST_DATE)
		return false;
	first = (int64_t)date * SECOND;
	last = first + SECOND - 1;
	*offset = 0;
	if (began > last)
		*offset = began - last;
	else if (ended < first)
		*offset = ended - first;
	return true;
}

static bool is_off(int64_t offset)
{
	return offset > TOLERANCE || offset < -TOLERANCE;
}

static void log_offset(struct target *target, int64_t offset, int64_t suppressed)
{
	log_line(LOG_WARNING, "clock offset detected", LOG_STRING("destination", target->name),
		LOG_NUMBER("seconds", offset / SECOND),
		LOG_STRING("reason", offset > 0
					     ? "this machine's clock is ahead of the Date of the "
					       "destination's answers"
					     : "this machine's clock is behind the Date of the "
					       "destination's answers"),
		LOG_STRING("effect", "messages are sent; times that segrelay makes are wrong"),
		LOG_STRING("action", "synchronise this machine's clock (NTP)"),
		LOG_NUMBER("suppressed", suppressed));
}

void clock_offset_note(const struct attempt *attempt)
{
	struct target *target = attempt->target;
	int64_t before = target->pause.clock_offset;
	int64_t suppressed = 0;
	bool is_due = false;
	int64_t offset;

	if (!measure(attempt, &offset))
		return;
	tally_clock(target, offset);
	target->pause.clock_offset = is_off(offset) ? offset : 0;
	if (is_off(offset))
		is_due = log_allow(&target->clock_lines, LINES_PAUSE, &suppressed);
	if (is_due)
		log_offset(target, offset, suppressed);
	/* the engine has it for the status */
	if (is_due || is_off(before) != is_off(offset))
		settle_pause(target);
}
