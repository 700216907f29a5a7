/* The listener without memory: each allocation fails in turn. A webhook is answered 200 only when
 * the engine has it, else it is asked for again; and the listener goes on.
 *
 * What allocates, makes digests and answers is wrapped, and MHD_run, by which a loop's thread is
 * known (see the Makefile). */
#include "listening.h"

#include "logging.h"

#include <inttypes.h>
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

/* Of what a ReCharge webhook needs: how often until the time that fails. */
static _Atomic int digests_left = INT32_MAX;
static _Atomic int hmacs_left = INT32_MAX;
static _Atomic int copies_left = INT32_MAX;
static _Atomic int formats_left = INT32_MAX;

int __real_digest_sha256(
	const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE]);
int __wrap_digest_sha256(
	const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE]);
int __real_digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE]);
int __wrap_digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE]);
char *__real_arena_copy(struct arena *arena, const char *string);
char *__wrap_arena_copy(struct arena *arena, const char *string);
char *__wrap_arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static bool is_last(_Atomic int *left)
{
	return may_fail && atomic_fetch_sub(left, 1) == 1;
}

int __wrap_digest_sha256(
	const struct digest_part *parts, size_t count, unsigned char digest[SHA256_SIZE])
{
	return is_last(&digests_left) ? -1 : __real_digest_sha256(parts, count, digest);
}

int __wrap_digest_hmac_parts(const char *key, size_t key_length, const struct digest_part *parts,
	size_t count, unsigned char digest[SHA256_SIZE])
{
	return is_last(&hmacs_left)
		       ? -1
		       : __real_digest_hmac_parts(key, key_length, parts, count, digest);
}

/* As when there is no memory: there never is so much. */
static void *exhaust(struct arena *arena)
{
	return arena_alloc(arena, SIZE_MAX);
}

char *__wrap_arena_copy(struct arena *arena, const char *string)
{
	return is_last(&copies_left) ? exhaust(arena) : __real_arena_copy(arena, string);
}

char *__wrap_arena_format(struct arena *arena, const char *format, ...)
{
	char text[1024];
	va_list arguments;

	if (is_last(&formats_left))
		return exhaust(arena);
	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return __real_arena_copy(arena, text);
}

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
		int status;
		int fd;

		/* before the connection: the calls that accept it are among those that fail */
		atomic_store(&calls_left, attempt == 0 ? call : INT32_MAX);
		fd = open_connection();
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

/* How often it had to be repeated in all, with each call failing in turn. */
static int repeat_for_each_call(const struct text *request)
{
	bool reached = true;
	int repeated = 0;

	for (int call = 1; reached; call++) {
		repeated += post_until_stored(request, call);
		reached = atomic_exchange(&was_hit, false);
		atomic_store(&calls_left, INT32_MAX);
		assert_int_equal(count_of(&engine.applied), 1);
		(void)pthread_mutex_lock(&engine.lock);
		engine.applied = 0;
		(void)pthread_mutex_unlock(&engine.lock);
	}
	return repeated;
}

static void a_webhook_is_stored_or_asked_for_again(void **state)
{
	struct text request = {0};

	(void)state;
	add_large_webhook(&request);
	start();
	assert_true(repeat_for_each_call(&request) > 3);
	expect_metric("segrelay_http_in_memory_bytes 0\n");
	expect_metric("segrelay_http_waiting 0\n");
	text_free(&request);
}

/* ---- ReCharge ---- */

#define RECHARGE_SECRET "hush-of-the-token"

static void offer_recharge(void)
{
	static char *secret[] = {RECHARGE_SECRET};

	shops[0].recharge_secrets = (struct strings){.items = secret, .count = 1};
	shops[0].recharge_signature = RECHARGE_SIGNATURE_EITHER; /* no record is asked for */
}

static void withdraw_recharge(void)
{
	shops[0].recharge_secrets = (struct strings){0};
	shops[0].recharge_signature = 0;
}

/* With the newer signature or the older one. */
static void add_recharge_webhook(struct text *request, bool is_timed)
{
	static const char secret[] = RECHARGE_SECRET;
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];
	char stamp[24];
	const struct digest_part stamped[] = {
		{stamp, (size_t)snprintf(stamp, sizeof(stamp), "%" PRId64, clock_now() / SECOND)},
		{".", 1}, {BODY, strlen(BODY)}};
	const struct digest_part with_secret[] = {{secret, strlen(secret)}, {BODY, strlen(BODY)}};

	assert_int_equal(is_timed ? digest_hmac_parts(secret, strlen(secret), stamped,
					    COUNT_OF(stamped), digest)
				  : digest_sha256(with_secret, COUNT_OF(with_secret), digest),
		0);
	digest_hex(digest, hex);
	text_put(request, "POST /webhooks/recharge/" SHOP "/Charge/Paid HTTP/1.1\r\n"
			  "Host: relay.example\r\nContent-Type: application/json\r\n");
	if (is_timed)
		text_format(request, "X-Recharge-Webhook-Signature: t=%s,v1=%s\r\n", stamp, hex);
	else
		text_format(request, "X-Recharge-Hmac-Sha256: %s\r\n", hex);
	text_format(request, "Content-Length: %zu\r\n\r\n" BODY, strlen(BODY));
}

static void assert_applied(int count, const char *topic)
{
	assert_int_equal(count_of(&engine.applied), count);
	(void)pthread_mutex_lock(&engine.lock);
	if (count > 0)
		assert_non_null(strstr(text_string(&engine.seen), topic));
	(void)pthread_mutex_unlock(&engine.lock);
}

/* One thing fails: the answer is to come again, the log says why, and then it is stored. */
static void fail_once(bool is_timed, _Atomic int *left, int call, const char *because)
{
	struct text request = {0};
	char answer[ANSWER_MAX];
	char *log;
	int fd;

	keep_log();
	start();
	add_recharge_webhook(&request, is_timed);
	fd = open_connection();
	atomic_store(left, call);
	assert_int_equal(answer_to(fd, &request, answer), 503);
	assert_true(atomic_exchange(left, INT32_MAX) <= 0);
	assert_non_null(strstr(answer, "Retry-After: "));
	assert_non_null(strstr(answer, "the webhook cannot be stored now: send it again later"));
	assert_applied(0, "");
	assert_int_equal(answer_to(fd, &request, answer), 200);
	assert_applied(1, "|recharge:charge/paid|");
	expect_metric("{code=\"503\",reason=\"store\"} 1\n");
	(void)close(fd);
	log = logged();
	release_log();
	if (strstr(log, because) == NULL || strstr(log, RECHARGE_SECRET) != NULL)
		fail_msg("not because of %s: %s", because, log);
	free(log);
	text_free(&request);
}

static void a_recharge_webhook_is_asked_for_again(void **state)
{
	static const struct {
		_Atomic int *left;
		const char *because;
		int call;
		bool is_timed;
	} faults[] = {
		{&digests_left, "no memory to check a signature", 1, false},
		{&digests_left, "no memory for a digest", 2, false},
		{&formats_left, "no memory to receive a webhook", 1, false},
		{&hmacs_left, "no memory to check a signature", 1, true},
		{&digests_left, "no memory for a digest", 1, true},
		{&formats_left, "no memory to receive a webhook", 1, true},
		{&copies_left, "no memory to receive a webhook", 1, true},
	};

	offer_recharge();
	for (size_t i = 0; i < COUNT_OF(faults); i++) {
		fail_once(faults[i].is_timed, faults[i].left, faults[i].call, faults[i].because);
		assert_int_equal(tear_down(state), 0);
		assert_int_equal(set_up(state), 0);
	}
	withdraw_recharge();
}

/* ---- the record of the newer signature ---- */

static enum error_kind record_error;

struct store *__wrap_engine_store(struct engine *it);

static int get_record(struct store *store, const char *shop, const char *kind, const char *key,
	struct arena *arena, const char **json, struct error *error)
{
	(void)store;
	(void)shop;
	(void)kind;
	(void)key;
	(void)arena;
	*json = NULL;
	(void)error_set(error, "the record cannot be read");
	return error_classify(error, record_error);
}

struct store *__wrap_engine_store(struct engine *it)
{
	static const struct store_engine functions = {.get_record = get_record};
	static struct store store = {.engine = &functions};

	(void)it;
	return &store;
}

/* Without memory for it the webhook alone is asked for again; a failed store voids the turn. */
static void assert_voided(enum error_kind kind, int voided)
{
	struct text request = {0};
	char answer[ANSWER_MAX];
	int fd;

	record_error = kind;
	shops[0].recharge_signature = RECHARGE_SIGNATURE_V1;
	start();
	add_recharge_webhook(&request, true);
	fd = open_connection();
	assert_int_equal(answer_to(fd, &request, answer), 503);
	assert_int_equal(count_of(&engine.voided), voided);
	assert_applied(0, "");
	(void)close(fd);
	text_free(&request);
}

static void without_memory_for_a_record_one_webhook_is_asked_for_again(void **state)
{
	(void)state;
	offer_recharge();
	assert_voided(ERROR_MEMORY, 0);
	withdraw_recharge();
}

static void a_store_that_cannot_read_the_record_voids_the_turn(void **state)
{
	(void)state;
	offer_recharge();
	assert_voided(ERROR_OTHER, 1);
	withdraw_recharge();
}

/* Each allocation of the loop's fails in turn, as for a webhook of Shopify's. */
static void a_recharge_webhook_is_stored_or_asked_for_again(void **state)
{
	struct text request = {0};

	(void)state;
	offer_recharge();
	add_recharge_webhook(&request, true);
	start();
	assert_true(repeat_for_each_call(&request) > 3);
	text_free(&request);
	withdraw_recharge();
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
		TEST(a_recharge_webhook_is_asked_for_again),
		TEST(a_recharge_webhook_is_stored_or_asked_for_again),
		TEST(without_memory_for_a_record_one_webhook_is_asked_for_again),
		TEST(a_store_that_cannot_read_the_record_voids_the_turn),
		TEST(without_an_answer_the_connection_ends),
		TEST(it_starts_whole_or_not_at_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
