/* The sender in simulated time: the clocks and the waiting of its thread are wrapped (see the
 * Makefile), and each wait of it lets simulated time pass instead. */
#ifndef SEGRELAY_TESTS_SIMULATING_H
#define SEGRELAY_TESTS_SIMULATING_H

#include "sending.h"

#include <curl/curl.h>
#include <stdatomic.h>

static _Atomic int64_t passed;       /* ms of simulated time beyond the real */
static _Thread_local bool in_sender; /* whether this is the sender's thread: it has waited before */

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);
int64_t __real_clock_now(void);
int64_t __wrap_clock_now(void);
CURLMcode __real_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready);
CURLMcode __wrap_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&passed);
}

int64_t __wrap_clock_now(void)
{
	return __real_clock_now() + atomic_load(&passed);
}

CURLMcode __wrap_curl_multi_poll(
	CURLM *multi, struct curl_waitfd *files, unsigned count, int wait, int *ready)
{
	if (wait > 1)
		(void)atomic_fetch_add(&passed, wait - 1);
	in_sender = true;
	(void)usleep(200);
	return __real_curl_multi_poll(multi, files, count, 0, ready);
}

/* Waits in real time: the tests' other waits count simulated time. */
static inline void await_really(const int *counter, int expected)
{
	for (int i = 0; i < 60000 && read_locked(&engine.lock, counter) < expected; i++)
		(void)usleep(1000);
	assert_int_equal(read_locked(&engine.lock, counter), expected);
}

#endif
