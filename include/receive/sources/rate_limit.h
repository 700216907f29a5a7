/* How often somebody may do something: so many times a minute, evenly or all at once. */
#ifndef SEGRELAY_RECEIVE_SOURCES_RATE_LIMIT_H
#define SEGRELAY_RECEIVE_SOURCES_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

struct rates;

/* Of a fixed size: with more than 65,536 keys within a minute the least active ones are dropped,
 * and whoever takes their place starts with nothing. NULL when there is no memory. */
struct rates *rates_create(void);

/* Takes one of `a_minute` of the key at `now` (ms of any clock that does not go back); false when
 * they are used up. From any thread. */
bool rates_take(struct rates *rates, uint64_t key, int64_t a_minute, int64_t now);

/* NULL is allowed. */
void rates_destroy(struct rates *rates);

#endif
