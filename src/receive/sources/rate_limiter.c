/* A rate limiter: one token bucket for each key. */
#include "receive/sources/rate_limiter.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	SET_BITS = 13,
	SETS = 1 << SET_BITS,
	WAYS = 8, /* buckets in which a key can be */
};

struct bucket {
	uint64_t key;
	int64_t left; /* in 1/MINUTE of a token, so that a ms adds `a_minute` */
	int64_t at;   /* time of `left`; 0 for an unused bucket */
};

struct rate_limiter {
	pthread_mutex_t lock;
	uint64_t
		seed[2]; /* otherwise an attacker could choose keys of the same set as a victim's */
	struct bucket buckets[SETS][WAYS];
};

struct rate_limiter *rate_limiter_create(void)
{
	struct rate_limiter *limiter = calloc(1, sizeof(*limiter));

	if (limiter == NULL)
		return NULL;
	if (getrandom(limiter->seed, sizeof(limiter->seed), 0) != (ssize_t)sizeof(limiter->seed)) {
		free(limiter);
		return NULL;
	}
	(void)pthread_mutex_init(&limiter->lock, NULL);
	return limiter;
}

void rate_limiter_destroy(struct rate_limiter *limiter)
{
	if (limiter != NULL)
		(void)pthread_mutex_destroy(&limiter->lock);
	free(limiter);
}

/* Both halves of the seed are mixed in between multiplications (the finaliser of MurmurHash3):
 * nobody outside can know which keys share a set. */
static uint64_t set_of(const struct rate_limiter *limiter, uint64_t key)
{
	uint64_t hash = key ^ limiter->seed[0];

	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash += limiter->seed[1];
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash >> (64 - SET_BITS);
}

/* The key's bucket, or the least recently used one of its set. When that one was not full again,
 * the new key starts with no tokens: otherwise a client that alternates between more keys than
 * there are buckets would never be limited. */
static struct bucket *find(
	struct rate_limiter *limiter, uint64_t key, int64_t a_minute, int64_t now)
{
	struct bucket *set = limiter->buckets[set_of(limiter, key)];
	struct bucket *oldest = set;
	bool is_full;

	for (size_t i = 0; i < WAYS; i++) {
		struct bucket *bucket = &set[i];

		if (bucket->at != 0 && bucket->key == key)
			return bucket;
		if (bucket->at < oldest->at)
			oldest = bucket;
	}
	is_full = oldest->at == 0 || now - oldest->at >= MINUTE;
	*oldest = (struct bucket){.key = key, .left = is_full ? a_minute * MINUTE : 0, .at = now};
	return oldest;
}

bool rate_limiter_take(struct rate_limiter *limiter, uint64_t key, int64_t a_minute, int64_t now)
{
	struct bucket *bucket;
	bool taken;

	(void)pthread_mutex_lock(&limiter->lock);
	bucket = find(limiter, key, a_minute, now);
	if (now - bucket->at >= MINUTE)
		bucket->left = a_minute * MINUTE;
	else if (now > bucket->at)
		bucket->left += (now - bucket->at) * a_minute;
	if (bucket->left > a_minute * MINUTE)
		bucket->left = a_minute * MINUTE;
	bucket->at = now;
	taken = bucket->left >= MINUTE;
	if (taken)
		bucket->left -= MINUTE;
	(void)pthread_mutex_unlock(&limiter->lock);
	return taken;
}
