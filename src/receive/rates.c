/* How often somebody may do something: a bucket a key, which fills evenly. */
#include "receive/rates.h"

#include "base/clock.h"

#include <pthread.h>
#include <stdlib.h>

enum {
	SETS = 2048, /* a power of two */
	WAYS = 4,    /* buckets that a key may have */
	SET_BITS = 11,
};

struct bucket {
	uint64_t key;
	int64_t left; /* in 1/MINUTE of one, so that a ms fills by `a_minute` */
	int64_t at;   /* of `left`; 0 for a bucket that is nobody's */
};

struct rates {
	pthread_mutex_t lock;
	struct bucket buckets[SETS][WAYS];
};

struct rates *rates_create(void)
{
	struct rates *rates = calloc(1, sizeof(*rates));

	if (rates != NULL)
		(void)pthread_mutex_init(&rates->lock, NULL);
	return rates;
}

void rates_destroy(struct rates *rates)
{
	if (rates != NULL)
		(void)pthread_mutex_destroy(&rates->lock);
	free(rates);
}

/* The key's bucket, or the one that was used the longest ago, emptied for it. */
static struct bucket *find(struct rates *rates, uint64_t key, int64_t a_minute, int64_t now)
{
	uint64_t set = (key * UINT64_C(0x9e3779b97f4a7c15)) >> (64 - SET_BITS);
	struct bucket *oldest = rates->buckets[set];

	for (size_t i = 0; i < WAYS; i++) {
		struct bucket *bucket = &rates->buckets[set][i];

		if (bucket->at != 0 && bucket->key == key)
			return bucket;
		if (bucket->at < oldest->at)
			oldest = bucket;
	}
	*oldest = (struct bucket){.key = key, .left = a_minute * MINUTE, .at = now};
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
