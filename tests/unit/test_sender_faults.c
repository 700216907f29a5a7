/* The sender's network and memory: each call of curl and each allocation of its thread fails in
 * turn. Nothing is lost, nothing is sent twice.
 *
 * The calls are wrapped (see the Makefile), and the second after which the sender tries again is
 * simulated. */
#include "simulating.h"

#include "send/sender_private.h"

#include <errno.h>

static _Atomic int curl_calls_left = INT32_MAX; /* until the one that fails */
static _Atomic int allocations_left = INT32_MAX;
static _Atomic int threads_left = INT32_MAX;

int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*begin)(void *context), void *context);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*begin)(void *context), void *context);

CURL *__real_curl_easy_init(void);
CURL *__wrap_curl_easy_init(void);
struct curl_slist *__real_curl_slist_append(struct curl_slist *list, const char *text);
struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *handle);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *handle);
CURLM *__real_curl_multi_init(void);
CURLM *__wrap_curl_multi_init(void);
CURLcode __real_curl_easy_setopt(CURL *handle, CURLoption option, ...);
CURLcode __wrap_curl_easy_setopt(CURL *handle, CURLoption option, void *value);
void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);

static bool is_hit(_Atomic int *left)
{
	return atomic_fetch_sub(left, 1) == 1;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
	void *(*begin)(void *context), void *context)
{
	return is_hit(&threads_left) ? EAGAIN
				     : __real_pthread_create(thread, attributes, begin, context);
}

CURL *__wrap_curl_easy_init(void)
{
	return is_hit(&curl_calls_left) ? NULL : __real_curl_easy_init();
}

struct curl_slist *__wrap_curl_slist_append(struct curl_slist *list, const char *text)
{
	return is_hit(&curl_calls_left) ? NULL : __real_curl_slist_append(list, text);
}

CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *handle)
{
	return is_hit(&curl_calls_left) ? CURLM_OUT_OF_MEMORY
					: __real_curl_multi_add_handle(multi, handle);
}

CURLM *__wrap_curl_multi_init(void)
{
	return is_hit(&curl_calls_left) ? NULL : __real_curl_multi_init();
}

/* Only those that copy what they are given may fail. All values are of a pointer's size. */
CURLcode __wrap_curl_easy_setopt(CURL *handle, CURLoption option, void *value)
{
	bool copies = option == CURLOPT_URL || option == CURLOPT_PROXY ||
		      option == CURLOPT_USERNAME || option == CURLOPT_PASSWORD;

	if (copies && is_hit(&curl_calls_left))
		return CURLE_OUT_OF_MEMORY;
	return __real_curl_easy_setopt(handle, option, value);
}

void *__wrap_malloc(size_t size)
{
	return in_sender && is_hit(&allocations_left) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return in_sender && is_hit(&allocations_left) ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return in_sender && is_hit(&allocations_left) ? NULL : __real_realloc(memory, size);
}

/* ---- what is sent ---- */

enum { POISON = 13 };

/* The first attempt fails, one message is refused: so all that the sender does is done. */
static void be_difficult(struct visit *visit)
{
	char poison[16];

	(void)snprintf(poison, sizeof(poison), "\"n\":%d}", POISON);
	if (visit->number == 0)
		visit->status = 503;
	else if (strstr(visit->body, poison) != NULL)
		visit->status = 400;
}

/* The calls are counted before there is anything to be done. */
static void send_all(_Atomic int *left, int call)
{
	destinations[0].batch_messages = 10;
	behave(be_difficult);
	start();
	if (left != NULL)
		atomic_store(left, call);
	queue("main", 30);
	queue("other", 5);
}

static bool is_all_sent(void)
{
	return read_locked(&engine.lock, &engine.sent) == 34 &&
	       read_locked(&engine.lock, &engine.dead) == 1;
}

/* Waits until the call was reached or all is sent, and lets no other call fail; whether it was
 * reached.
 */
static bool await_call(_Atomic int *left)
{
	for (int i = 0; i < 60000 && atomic_load(left) > 0 && !is_all_sent(); i++)
		(void)usleep(1000);
	return atomic_exchange(left, INT32_MAX) <= 0;
}

static void fail_in_turn(_Atomic int *left, void (*check)(void))
{
	bool reached = true;
	int call = 1;

	for (; reached; call++) {
		void *none = NULL;

		assert_int_equal(set_up(&none), 0);
		atomic_store(&passed, 0);
		send_all(left, call);
		reached = await_call(left);
		check();
		assert_int_equal(tear_down(&none), 0);
	}
	assert_true(call > 10);
}

static void all_is_sent_once(void)
{
	await_really(&engine.sent, 34);
	await_really(&engine.dead, 1);
	assert_sent_once(POISON);
}

static void each_call_of_curl_fails_in_turn(void **state)
{
	(void)state;
	fail_in_turn(&curl_calls_left, all_is_sent_once);
}

/* A batch that could not be acknowledged for want of memory is sent again, with its messageId, and
 * without a restart: that may come when Segment has forgotten it. */
static void all_is_sent_soon(void)
{
	await_really(&engine.sent, 34);
	await_really(&engine.dead, 1);
	for (int i = 0; i < engine.count; i++) {
		assert_int_equal(engine.parcels[i].sent, i != POISON);
		assert_in_range(segment.accepted[i], i != POISON, 2 * (i != POISON));
	}
}

static void each_allocation_fails_in_turn(void **state)
{
	(void)state;
	fail_in_turn(&allocations_left, all_is_sent_soon);
}

/* Nothing else is ever queued that could take it along; and it is more than a batch. */
static void what_there_was_no_memory_to_announce_is_sent(void **state)
{
	(void)state;
	start();
	store("main", 230);
	in_sender = true;
	atomic_store(&allocations_left, 1);
	sender_queued(sender, "main", 230);
	in_sender = false;
	assert_true(atomic_load(&allocations_left) <= 0);
	atomic_store(&allocations_left, INT32_MAX);
	await_really(&engine.sent, 230);
	assert_sent_once(-1);
}

static void what_there_was_no_memory_to_take_back_is_not_sent(void **state)
{
	(void)state;
	start();
	close_segment();
	queue("main", 5);
	await_paused(0, true); /* they are in memory, to be tried again */
	(void)pthread_mutex_lock(&engine.lock);
	engine.parcels[2].removed = true;
	(void)pthread_mutex_unlock(&engine.lock);
	in_sender = true;
	atomic_store(&allocations_left, 1);
	sender_removed(sender, "main");
	in_sender = false;
	assert_true(atomic_load(&allocations_left) <= 0);
	atomic_store(&allocations_left, INT32_MAX);
	await_really(&engine.renewals, 2); /* of both destinations */
	open_segment();
	await_really(&engine.sent, 4);
	assert_sent_once(2);
}

static bool is_asked(void)
{
	bool asked;

	(void)pthread_mutex_lock(&engine.lock);
	asked = engine.first != NULL;
	(void)pthread_mutex_unlock(&engine.lock);
	return asked;
}

static void hold_engine(bool hold)
{
	(void)pthread_mutex_lock(&engine.lock);
	engine.holding = hold;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
}

/* The sender hears of both together: of a claim that found nothing, and of what came right after
 * it.
 */
static void what_was_missed_after_a_claim_in_vain_is_sent(void **state)
{
	(void)state;
	hold_engine(true);
	start();
	sender_queued(sender, "main", 1); /* of a turn that was rolled back after all */
	await_condition(is_asked);
	atomic_store(&stalls, true);
	(void)usleep(50000);
	hold_engine(false);
	await_really(&engine.claims, 1);
	(void)usleep(50000);
	store("main", 5);
	in_sender = true;
	atomic_store(&allocations_left, 1);
	sender_queued(sender, "main", 5);
	in_sender = false;
	atomic_store(&allocations_left, INT32_MAX);
	atomic_store(&stalls, false);
	await_really(&engine.sent, 5);
	assert_sent_once(-1);
}

/* While the sender reads its notes, after it looked for what there was no memory to say. */
static void remove_one(struct sender *reading, struct mail *mail)
{
	(void)mail;
	(void)pthread_mutex_lock(&engine.lock);
	engine.parcels[2].removed = true;
	(void)pthread_mutex_unlock(&engine.lock);
	atomic_store(&allocations_left, 1);
	sender_removed(reading, "main");
	assert_true(atomic_load(&allocations_left) <= 0);
	atomic_store(&allocations_left, INT32_MAX);
}

static void what_was_claimed_before_it_was_taken_back_is_not_sent(void **state)
{
	struct mail mail = {.handle = remove_one};

	(void)state;
	hold_engine(true);
	start();
	queue("main", 5);
	await_condition(is_asked);
	atomic_store(&stalls, true);
	(void)usleep(50000);
	inbox_post(sender, &mail);
	hold_engine(false);
	await_really(&engine.claims, 1);
	(void)usleep(50000);
	atomic_store(&stalls, false);
	await_really(&engine.sent, 4);
	assert_sent_once(2);
}

static void sending_goes_on_though_curl_fails_now_and_then(void **state)
{
	(void)state;
	atomic_store(&performs_badly, true);
	send_all(NULL, 0);
	all_is_sent_once();
	atomic_store(&performs_badly, false);
}

static bool has_failed(void)
{
	return atomic_load(&failures) > 0;
}

static bool has_recovered(void)
{
	return count_logged("sending resumed") > 0;
}

/* Half a second of a call that fails: the loop turns a few times, not as fast as it can. */
static void fail_for_a_while(enum curl_call call)
{
	int64_t began = __real_clock_monotonic();

	atomic_store(&failures, 0);
	atomic_store(&failing, call);
	await_condition(has_failed);
	(void)usleep(500000);
	assert_in_range(atomic_load(&failures), 1, 10 + (__real_clock_monotonic() - began) / 50);
}

static void curl_recovers(int sent)
{
	atomic_store(&failing, NO_CALL);
	await_really(&engine.sent, sent);
	assert_sent_once(-1);
}

static void where_curl_fails_the_sender_rests(void **state)
{
	static const enum curl_call calls[] = {PERFORM, POLL};

	for (size_t i = 0; i < COUNT_OF(calls); i++) {
		assert_int_equal(set_up(state), 0);
		keep_log();
		atomic_store(&stops_at, clock_monotonic()); /* else a minute passes in a moment */
		start();
		queue("main", 5);
		fail_for_a_while(calls[i]);
		assert_logged("sending suspended: libcurl error", true);
		assert_logged("sending resumed", false);
		curl_recovers(5);
		await_condition(has_recovered);
		fail_for_a_while(calls[i]); /* once more within the minute: nothing new */
		queue("main", 5);
		curl_recovers(10);
		assert_int_equal(count_logged("libcurl error"), 1);
		atomic_store(&failing, calls[i]);
		assert_int_equal(tear_down(state), 0); /* it can be stopped all the same */
		atomic_store(&failing, NO_CALL);
		atomic_store(&stops_at, INT64_MAX);
	}
}

static void without_curl_it_does_not_start(void **state)
{
	struct error error = {.text = ""};

	(void)state;
	atomic_store(&curl_calls_left, 2); /* the first one only sets curl up */
	assert_int_equal(sender_start(&engine, &config, &sender, &error), -1);
	assert_string_equal(error.text, "no memory");
	atomic_store(&curl_calls_left, INT32_MAX);
}

static void without_a_thread_it_does_not_start(void **state)
{
	struct error error = {.text = ""};

	(void)state;
	atomic_store(&threads_left, 1);
	assert_int_equal(sender_start(&engine, &config, &sender, &error), -1);
	assert_string_equal(
		error.text, "cannot start the sender's thread: Resource temporarily unavailable");
	atomic_store(&threads_left, INT32_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_call_of_curl_fails_in_turn),
		cmocka_unit_test(each_allocation_fails_in_turn),
		TEST(what_there_was_no_memory_to_announce_is_sent),
		TEST(what_there_was_no_memory_to_take_back_is_not_sent),
		TEST(what_was_missed_after_a_claim_in_vain_is_sent),
		TEST(what_was_claimed_before_it_was_taken_back_is_not_sent),
		TEST(sending_goes_on_though_curl_fails_now_and_then),
		cmocka_unit_test(where_curl_fails_the_sender_rests),
		TEST(without_curl_it_does_not_start),
		TEST(without_a_thread_it_does_not_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
