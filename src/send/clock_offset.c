/* The offset of this machine's clock from a destination's, by the Date of its answers.
 *
 * Segment stores each timestamp moved by receivedAt - sentAt (its documentation, "timestamps").
 * Most timestamps are Shopify's, and right. A clock that is ahead would move them back, so sentAt
 * is then made by the destination's clock, as far as its answers have shown it. With a clock that
 * is behind, no timestamp is later than that clock says (write_timestamp), and sentAt by the same
 * clock puts them right. A Retry-After date is wrong by the offset. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "base/log.h"
#include "send/send_metrics.h"

#include <stdlib.h>

enum { TOLERANCE = MINUTE, LINES_PAUSE = HOUR };

/* The end of the year 9999; later dates are ignored. */
static const time_t LAST_DATE = 253402300799;

/* The ms that this clock is ahead of the answer's Date; negative when it is behind. The Date is in
 * whole seconds, and the answer was made at an unknown time during the request: an offset within
 * these limits is 0. False without a Date. */
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

static bool is_large(int64_t offset)
{
	return offset > TOLERANCE || offset < -TOLERANCE;
}

static void log_offset(struct lane *lane, int64_t offset, int64_t suppressed)
{
	log_line(LOG_WARNING, "clock offset detected", LOG_STRING("destination", lane->name),
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

void clock_offset_update(const struct attempt *attempt)
{
	struct lane *lane = attempt->lane;
	int64_t before = lane->pause.clock_offset;
	int64_t suppressed = 0;
	bool is_due = false;
	int64_t offset;

	if (!measure(attempt, &offset))
		return;
	send_metrics_clock(lane, offset);
	lane->pause.clock_offset = is_large(offset) ? offset : 0;
	if (is_large(offset))
		is_due = log_allow(&lane->clock_lines, LINES_PAUSE, &suppressed);
	if (is_due)
		log_offset(lane, offset, suppressed);
	/* `segrelay status` shows the stored offset */
	if (is_due || is_large(before) != is_large(offset))
		save_pause(lane);
}

int64_t clock_offset_sent_at(const struct lane *lane)
{
	int64_t offset = lane->pause.clock_offset;

	return clock_now() - (offset > 0 ? offset : 0);
}
