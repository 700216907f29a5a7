/* The time, and times as text. */
#ifndef SEGRELAY_BASE_CLOCK_H
#define SEGRELAY_BASE_CLOCK_H

#include <stdint.h>

/* A time that no payload can contain: "unknown". */
#define TIME_UNKNOWN INT64_MIN

/* In milliseconds. */
#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)

/* Now, in milliseconds since 1970 UTC. */
int64_t clock_now(void);

/* Milliseconds of a clock that never jumps, to wait and measure. */
int64_t clock_monotonic(void);

/* Fixes clock_now() at `time` (milliseconds), or lets it run again for TIME_UNKNOWN: for tests and
 * for `segrelay map`, whose output must not depend on the current time. */
void clock_hold(int64_t time);

/* Parses an ISO 8601 time with a zone (`Z` or `+hh:mm`), to the millisecond, or a date and time
 * without a zone as UTC. TIME_UNKNOWN for NULL and for anything else. */
int64_t time_parse(const char *string);

/* The same, but a time without a zone is local time of New York, as in ReCharge's payloads. */
int64_t time_parse_new_york(const char *string);

enum { TIME_TEXT = 32 };

/* Writes `2026-11-23T10:00:00.000Z`, the format of Segment's spec, always UTC. */
void time_format(int64_t time, char text[TIME_TEXT]);

#endif
