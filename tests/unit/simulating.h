/* The sender in simulated time: the clocks and the waiting of its thread are wrapped (see the
 * Makefile), and each wait of it lets simulated time pass instead. */
#ifndef SEGRELAY_TESTS_SIMULATING_H
#define SEGRELAY_TESTS_SIMULATING_H

#include "sending.h"

#include <curl/curl.h>
#include <stdatomic.h>

static _Atomic int64_t passed;               /* ms of simulated time beyond the real */
static _Atomic int64_t stops_at = INT64_MAX; /* no time passes beyond it, but the real */
static _Atomic int64_t stands_at;            /* where the monotonic clock stands, 0: it does not */
static _Atomic int64_t set_back;             /* ms that the wall clock was */
static _Atomic bool stalls;                  /* the sender's thread, where it waits */
static _Atomic bool performs_badly;          /* each second call of curl_multi_perform fails */
enum curl_call { NO_CALL, PERFORM, POLL };
static _Atomic enum curl_call failing; /* the call that fails each time, at once */
static _Atomic int failures;           /* of it */
static _Thread_local bool in_sender;   /* whether this is the sender's thread */
static _Thread_local bool is_posting;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);
int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);
CURLMcode __real_curl_multi_perform(CURLM *multi, int *running);
CURLMcode __wrap_curl_multi_perform(CURLM *multi, int *running);
CURLMcode __real_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready);
CURLMcode __wrap_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready);

int64_t __wrap_clock_monotonic(void)
{
	int64_t stands = atomic_load(&stands_at);

	return stands > 0 ? stands : __real_clock_monotonic() + atomic_load(&passed);
}

int64_t __wrap_clock_now(void)
{
	return __real_clock_now() + atomic_load(&passed) - atomic_load(&set_back);
}

static inline bool fails(enum curl_call call)
{
	if (atomic_load(&failing) != call)
		return false;
	(void)atomic_fetch_add(&failures, 1);
	return true;
}

CURLMcode __wrap_curl_multi_perform(CURLM *multi, int *running)
{
	static _Atomic int calls;
	CURLMcode code = CURLM_OUT_OF_MEMORY;

	if (fails(PERFORM))
		return code;
	if (!atomic_load(&performs_badly) || atomic_fetch_add(&calls, 1) % 2 == 0)
		code = __real_curl_multi_perform(multi, running);
	in_sender = true;
	is_posting = code == CURLM_OK && *running > 0;
	return code;
}

/* Time passes only while the sender waits for nothing else: whatever is slow on this machine takes
 * none. */
static inline void pass(int64_t ms)
{
	int64_t left = atomic_load(&stops_at) - clock_monotonic();
	bool is_idle;

	(void)pthread_mutex_lock(&engine.lock);
	is_idle = engine.first == NULL && !is_posting;
	(void)pthread_mutex_unlock(&engine.lock);
	if (is_idle && ms > 1 && left > 1)
		(void)atomic_fetch_add(&passed, (ms < left ? ms : left) - 1);
}

CURLMcode __wrap_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready)
{
	if (fails(POLL))
		return CURLM_UNRECOVERABLE_POLL;
	pass(wait);
	do
		(void)usleep(200);
	while (atomic_load(&stalls));
	return __real_curl_multi_poll(multi, files, count, 0, ready);
}

/* Waits in real time: the tests' other waits count simulated time. */
static inline void await_really(const int *counter, int expected)
{
	for (int i = 0; i < 60000 && read_locked(&engine.lock, counter) < expected; i++)
		(void)usleep(1000);
	assert_int_equal(read_locked(&engine.lock, counter), expected);
}

/* Waits for a condition, in real time. */
static inline void await_condition(bool (*holds)(void))
{
	for (int i = 0; i < 60000 && !holds(); i++)
		(void)usleep(1000);
	assert_true(holds());
}

#endif
