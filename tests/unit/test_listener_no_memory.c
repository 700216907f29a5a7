/* The listener without memory: each allocation fails in turn. A webhook is answered 200 only when
 * the engine has it, else it is asked for again; and the listener goes on.
 *
 * What allocates and answers is wrapped, and MHD_run, by which a loop's thread is known (see the
 * Makefile). */
#include "listening.h"

#include <microhttpd.h>
#include <stdatomic.h>

static _Atomic int calls_left = INT32_MAX; /* until the one that fails */
static _Atomic bool was_hit;
static _Atomic bool has_no_answer; /* for the next request */
static _Thread_local bool may_fail;

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
void *__wrap_realloc(void *memory, size_t size);
enum MHD_Result __real_MHD_run(struct MHD_Daemon *daemon);
enum MHD_Result __wrap_MHD_run(struct MHD_Daemon *daemon);
enum MHD_Result __real_MHD_queue_response(
	struct MHD_Connection *connection, unsigned status, struct MHD_Response *response);
enum MHD_Result __wrap_MHD_queue_response(
	struct MHD_Connection *connection, unsigned status, struct MHD_Response *response);

static bool is_hit(void)
{
	bool hit = may_fail && atomic_fetch_sub(&calls_left, 1) == 1;

	if (hit)
		atomic_store(&was_hit, true);
	return hit;
}

void *__wrap_malloc(size_t size)
{
	return is_hit() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
	return is_hit() ? NULL : __real_calloc(count, size);
}

void *__wrap_realloc(void *memory, size_t size)
{
	return is_hit() ? NULL : __real_realloc(memory, size);
}

enum MHD_Result __wrap_MHD_run(struct MHD_Daemon *daemon)
{
	may_fail = true;
	return __real_MHD_run(daemon);
}

enum MHD_Result __wrap_MHD_queue_response(
	struct MHD_Connection *connection, unsigned status, struct MHD_Response *response)
{
	if (atomic_exchange(&has_no_answer, false))
		return MHD_NO;
	return __real_MHD_queue_response(connection, status, response);
}

/* A webhook with a body that takes several blocks to read. */
static void add_large_webhook(struct text *request)
{
	struct text body = {0};

	text_put(&body, "{\"id\":\"7\",\"lines\":[0");
	while (body.length < 100 * 1000)
		text_format(&body, ",{\"n\":%zu}", body.length);
	text_put(&body, "]}");
	add_webhook(request, SECRET, body.data, body.length);
	text_free(&body);
}

/* As Shopify does, with one call failing at first. How often it had to. */
static int post_until_stored(const struct text *request, int call)
{
	for (int attempt = 0; attempt < 3; attempt++) {
		char answer[ANSWER_MAX] = "";
		int fd = open_connection();
		int status;

		atomic_store(&calls_left, attempt == 0 ? call : INT32_MAX);
		(void)send(fd, request->data, request->length, MSG_NOSIGNAL);
		status = read_answer(fd, answer);
		(void)close(fd);
		if (status == 200)
			return attempt;
		if (status != 503 && status != 0) /* 0: the connection was closed */
			fail_msg("call %d failed, and the answer was %s", call, answer);
		assert_int_equal(count_of(&engine.applied), 0);
	}
	fail_msg("call %d failed, and so did all attempts after it", call);
	return -1;
}

static void a_webhook_is_stored_or_asked_for_again(void **state)
{
	struct text request = {0};
	bool reached = true;
	int repeated = 0;

	(void)state;
	add_large_webhook(&request);
	start();
	for (int call = 1; reached; call++) {
		repeated += post_until_stored(&request, call);
		reached = atomic_exchange(&was_hit, false);
		atomic_store(&calls_left, INT32_MAX);
		assert_int_equal(count_of(&engine.applied), 1);
		(void)pthread_mutex_lock(&engine.lock);
		engine.applied = 0;
		(void)pthread_mutex_unlock(&engine.lock);
	}
	assert_true(repeated > 3);
	expect_metric("segrelay_http_in_memory_bytes 0\n");
	expect_metric("segrelay_http_waiting 0\n");
	text_free(&request);
}

/* The engine has it: Shopify repeats it, and it is known. */
static void without_an_answer_the_connection_ends(void **state)
{
	char answer[ANSWER_MAX];
	int fd;

	(void)state;
	start();
	fd = open_connection();
	atomic_store(&has_no_answer, true);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 0);
	assert_int_equal(count_of(&engine.applied), 1);
	(void)close(fd);
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)close(fd);
}

static void it_starts_whole_or_not_at_all(void **state)
{
	struct error error = {.text = ""};
	int call = 0;
	int result = -1;

	(void)state;
	while (result != 0) {
		atomic_store(&calls_left, ++call);
		may_fail = true;
		result = listener_start(&engine, &config, &listener, &port, &error);
		may_fail = false;
		atomic_store(&calls_left, INT32_MAX);
		if (result != 0) {
			assert_string_equal(error.text, "no memory to listen");
			assert_int_equal(config.references, 1);
		}
	}
	assert_true(call > 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_webhook_is_stored_or_asked_for_again),
		TEST(without_an_answer_the_connection_ends),
		TEST(it_starts_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
