/* A rate limiter: a number of tokens per minute for each key, used evenly or all at once. */
#ifndef SEGRELAY_RECEIVE_SOURCES_RATE_LIMITER_H
#define SEGRELAY_RECEIVE_SOURCES_RATE_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

struct rate_limiter;

/* Of fixed size: with more than 65,536 keys within a minute the least active ones are dropped, and
 * the keys that replace them start with no tokens. NULL without memory. */
struct rate_limiter *rate_limiter_create(void);

/* Takes one of `a_minute` tokens of the key at `now` (ms of a monotonic clock); false when none is
 * left. From any thread. */
bool rate_limiter_take(struct rate_limiter *limiter, uint64_t key, int64_t a_minute, int64_t now);

/* NULL is allowed. */
void rate_limiter_destroy(struct rate_limiter *limiter);

#endif
