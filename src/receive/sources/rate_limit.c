/* How often somebody may do something: a bucket a key, which fills evenly. */
#include "receive/sources/rate_limit.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/random.h>

enum {
	SET_BITS = 13,
	SETS = 1 << SET_BITS,
	WAYS = 8, /* buckets that a key may have */
};

struct bucket {
	uint64_t key;
	int64_t left; /* in 1/MINUTE of one, so that a ms fills by `a_minute` */
	int64_t at;   /* of `left`; 0 for a bucket that is nobody's */
};

struct rates {
	pthread_mutex_t lock;
	uint64_t seed[2]; /* else anyone could choose keys that share a set with a victim's */
	struct bucket buckets[SETS][WAYS];
};

struct rates *rates_create(void)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (rates == NULL)
		return NULL;
	if (getrandom(rates->seed, sizeof(rates->seed), 0) != (ssize_t)sizeof(rates->seed)) {
		free(rates);
		return NULL;
	}
	(void)pthread_mutex_init(&rates->lock, NULL);
	return rates;
}

void rates_destroy(struct rates *rates)
{
	if (rates != NULL)
		(void)pthread_mutex_destroy(&rates->lock);
	free(rates);
}

/* Both halves of the seed take part between multiplications (the finaliser of MurmurHash3): which
 * keys share a set cannot be known from outside. */
static uint64_t set_of(const struct rates *rates, uint64_t key)
{
	uint64_t hash = key ^ rates->seed[0];

	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash += rates->seed[1];
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash >> (64 - SET_BITS);
}

/* The key's bucket, or the one that was used the longest ago. Where that one was not full again,
 * the new key starts with nothing: else whoever takes turns with more keys than there are buckets
 * would never be held up. */
static struct bucket *find(struct rates *rates, uint64_t key, int64_t a_minute, int64_t now)
{
	struct bucket *set = rates->buckets[set_of(rates, key)];
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

bool rates_take(struct rates *rates, uint64_t key, int64_t a_minute, int64_t now)
{
	struct bucket *bucket;
	bool taken;

	(void)pthread_mutex_lock(&rates->lock);
	bucket = find(rates, key, a_minute, now);
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
	(void)pthread_mutex_unlock(&rates->lock);
	return taken;
}
