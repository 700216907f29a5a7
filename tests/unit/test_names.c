/* Names of hosts: looked up once for all, on a bounded number of threads, however they hang.
 *
 * getaddrinfo and the monotonic clock are wrapped (see the Makefile). */
#include "sending.h"

#include "send/names.h"

#include <netdb.h>
#include <stdatomic.h>

enum { MANY = 150 };

static _Atomic int64_t passed; /* ms of the monotonic clock, beyond the real */
static _Atomic int running;    /* look-ups of now */
static _Atomic int most;       /* at once, ever */
static _Atomic int lookups;
static _Atomic bool hangs;   /* names with "hang" do */
static _Atomic bool failing; /* all others fail */
static _Atomic int woken;

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);
int __real_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **found);
int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **found);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&passed);
}

int __wrap_getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
	struct addrinfo **found)
{
	int now = atomic_fetch_add(&running, 1) + 1;
	int result = EAI_AGAIN;

	if (now > atomic_load(&most))
		atomic_store(&most, now);
	atomic_fetch_add(&lookups, 1);
	while (strstr(node, "hang") != NULL && atomic_load(&hangs))
		(void)usleep(1000);
	if (strstr(node, "hang") == NULL)
		result = atomic_load(&failing)
				 ? EAI_NONAME
				 : __real_getaddrinfo("127.0.0.1", service, hints, found);
	atomic_fetch_sub(&running, 1);
	return result;
}

static void note_wake(void *context)
{
	(void)context;
	atomic_fetch_add(&woken, 1);
}

static void reset(void)
{
	atomic_store(&passed, 0);
	atomic_store(&most, 0);
	atomic_store(&lookups, 0);
	atomic_store(&hangs, false);
	atomic_store(&failing, false);
	atomic_store(&woken, 0);
}

static int begin(void **state)
{
	reset();
	*state = names_create(note_wake, NULL);
	return *state != NULL ? 0 : -1;
}

static void await_none(void)
{
	int64_t end = __real_clock_monotonic() + PATIENCE;

	while (atomic_load(&running) > 0) {
		assert_true(__real_clock_monotonic() < end);
		(void)usleep(1000);
	}
}

static int end(void **state)
{
	atomic_store(&hangs, false);
	names_stop(*state);
	await_none();
	return 0;
}

static enum name_state find(struct names *names, const char *host, char *addresses, size_t size)
{
	struct text text = {0};
	const char *reason = NULL;
	enum name_state state = names_find(names, host, &text, &reason);

	(void)snprintf(addresses, size, "%s", state == NAME_FAILED ? reason : text_string(&text));
	text_free(&text);
	return state;
}

/* Asks until the name is not pending. */
static enum name_state await_name(
	struct names *names, const char *host, char *addresses, size_t size)
{
	int64_t end = __real_clock_monotonic() + PATIENCE;
	enum name_state state;

	while ((state = find(names, host, addresses, size)) == NAME_PENDING) {
		assert_true(__real_clock_monotonic() < end);
		(void)usleep(1000);
	}
	return state;
}

static void await_lookups(int count)
{
	int64_t end = __real_clock_monotonic() + PATIENCE;

	while (atomic_load(&lookups) < count || atomic_load(&running) > 0) {
		assert_true(__real_clock_monotonic() < end);
		(void)usleep(1000);
	}
}

static void a_name_is_looked_up_once_for_all(void **state)
{
	char addresses[100];

	for (int i = 0; i < MANY; i++)
		(void)find(*state, "segment.test", addresses, sizeof(addresses));
	assert_int_equal(
		await_name(*state, "segment.test", addresses, sizeof(addresses)), NAME_RESOLVED);
	assert_string_equal(addresses, "127.0.0.1");
	assert_int_equal(atomic_load(&lookups), 1);
	assert_true(atomic_load(&woken) >= 1);
}

static void names_that_hang_take_a_bounded_number_of_threads(void **state)
{
	char host[40];
	char addresses[100];

	atomic_store(&hangs, true);
	for (int round = 0; round < 3; round++)
		for (int i = 0; i < MANY; i++) {
			(void)snprintf(host, sizeof(host), "%d.hang.test", i);
			assert_int_equal(
				find(*state, host, addresses, sizeof(addresses)), NAME_PENDING);
		}
	for (int i = 0; i < PATIENCE && atomic_load(&running) < NAMES_THREADS_MAX; i++)
		(void)usleep(1000);
	assert_int_equal(atomic_load(&lookups), NAMES_THREADS_MAX);
	atomic_store(&hangs, false);
	await_lookups(MANY);
	assert_int_equal(atomic_load(&most), NAMES_THREADS_MAX);
}

/* Those that are known stay so while others take all threads. */
static void known_names_do_not_wait_for_those_that_hang(void **state)
{
	char host[40];
	char addresses[100];

	assert_int_equal(
		await_name(*state, "segment.test", addresses, sizeof(addresses)), NAME_RESOLVED);
	atomic_store(&hangs, true);
	for (int i = 0; i < MANY; i++) {
		(void)snprintf(host, sizeof(host), "%d.hang.test", i);
		(void)find(*state, host, addresses, sizeof(addresses));
	}
	atomic_store(&passed, 30 * MINUTE);
	assert_int_equal(find(*state, "segment.test", addresses, sizeof(addresses)), NAME_RESOLVED);
	atomic_store(&passed, 2 * HOUR);
	assert_int_equal(find(*state, "segment.test", addresses, sizeof(addresses)), NAME_PENDING);
}

static void a_failure_has_its_reason_and_is_tried_again(void **state)
{
	char words[100];

	atomic_store(&failing, true);
	assert_int_equal(await_name(*state, "segment.test", words, sizeof(words)), NAME_FAILED);
	assert_string_equal(words, gai_strerror(EAI_NONAME));
	atomic_store(&failing, false);
	atomic_store(&passed, 2 * SECOND);
	assert_int_equal(await_name(*state, "segment.test", words, sizeof(words)), NAME_RESOLVED);
}

static void a_name_is_looked_up_again_after_a_minute(void **state)
{
	char words[100];

	(void)await_name(*state, "segment.test", words, sizeof(words));
	atomic_store(&passed, 50 * SECOND);
	assert_int_equal(find(*state, "segment.test", words, sizeof(words)), NAME_RESOLVED);
	assert_int_equal(atomic_load(&lookups), 1);
	atomic_store(&failing, true);
	atomic_store(&passed, 70 * SECOND);
	assert_int_equal(find(*state, "segment.test", words, sizeof(words)), NAME_RESOLVED);
	await_lookups(2);
	assert_int_equal(find(*state, "segment.test", words, sizeof(words)), NAME_RESOLVED);
	assert_string_equal(words, "127.0.0.1"); /* what failed changes nothing */
}

/* ---- in the sender ---- */

static int set_up_sender(void **state)
{
	reset();
	return set_up(state);
}

static int end_sender(void **state)
{
	int result;

	atomic_store(&hangs, false);
	result = tear_down(state);
	await_none();
	return result;
}

static void a_destination_is_reached_by_its_name(void **state)
{
	static char named[64];

	(void)state;
	(void)snprintf(named, sizeof(named), "http://segment.test:%d", segment.port);
	destinations[0].url = named;
	destinations[1].url = named;
	start();
	queue("main", 3);
	queue("other", 3);
	await_sent(6);
	assert_sent_once(-1);
	assert_int_equal(atomic_load(&lookups), 1);
}

static void a_name_server_that_hangs_holds_up_nobody_else(void **state)
{
	static char hanging[] = "http://hang.test";

	(void)state;
	atomic_store(&hangs, true);
	destinations[0].url = hanging;
	start();
	queue("main", 3);
	queue("other", 3);
	await_sent(3);
	atomic_store(&passed, 6 * SECOND);
	await_paused(0, true);
	assert_non_null(strstr(state_of(0).reason, "Resolving timed out"));
	assert_int_equal(atomic_load(&lookups), 1);
}

static void a_name_that_is_not_there_is_a_failure(void **state)
{
	static char named[64];

	(void)state;
	atomic_store(&failing, true);
	(void)snprintf(named, sizeof(named), "http://segment.test:%d", segment.port);
	destinations[0].url = named;
	start();
	queue("main", 3);
	await_paused(0, true);
	assert_non_null(strstr(state_of(0).reason, "Could not resolve host: segment.test"));
	atomic_store(&failing, false);
	atomic_store(&passed, 2 * SECOND);
	await_sent(3);
	assert_sent_once(-1);
}

#define NAMES_TEST(test) cmocka_unit_test_setup_teardown(test, begin, end)
#define SENDER_TEST(test) cmocka_unit_test_setup_teardown(test, set_up_sender, end_sender)

int main(void)
{
	const struct CMUnitTest tests[] = {
		NAMES_TEST(a_name_is_looked_up_once_for_all),
		NAMES_TEST(names_that_hang_take_a_bounded_number_of_threads),
		NAMES_TEST(known_names_do_not_wait_for_those_that_hang),
		NAMES_TEST(a_failure_has_its_reason_and_is_tried_again),
		NAMES_TEST(a_name_is_looked_up_again_after_a_minute),
		SENDER_TEST(a_destination_is_reached_by_its_name),
		SENDER_TEST(a_name_server_that_hangs_holds_up_nobody_else),
		SENDER_TEST(a_name_that_is_not_there_is_a_failure),
	};

	for (const char *const *name =
			(const char *const[]){"http_proxy", "all_proxy", "ALL_PROXY", NULL};
		*name != NULL; name++)
		(void)unsetenv(*name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
