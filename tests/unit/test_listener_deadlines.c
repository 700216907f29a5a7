/* The deadlines of connections, in simulated time: however a client spreads its bytes, the end of
 * its time stands.
 *
 * The clock is wrapped, MHD_run, by which a loop's turns are counted, poll, which waits for no real
 * time, and getsockopt, which is to know when the last byte came in simulated time (see the
 * Makefile). */
#include "listening.h"

#include <microhttpd.h>
#include <netinet/tcp.h>
#include <stdatomic.h>

static _Atomic int64_t passed;    /* ms of simulated time beyond the real */
static _Atomic int64_t last_byte; /* when the client sent it */
static _Atomic int turns;         /* of the loop */

int64_t __real_clock_monotonic(void);
int64_t __wrap_clock_monotonic(void);
enum MHD_Result __real_MHD_run(struct MHD_Daemon *daemon);
enum MHD_Result __wrap_MHD_run(struct MHD_Daemon *daemon);
int __real_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length);
int __real_poll(struct pollfd *polled, nfds_t count, int wait);
int __wrap_poll(struct pollfd *polled, nfds_t count, int wait);

int64_t __wrap_clock_monotonic(void)
{
	return __real_clock_monotonic() + atomic_load(&passed);
}

enum MHD_Result __wrap_MHD_run(struct MHD_Daemon *daemon)
{
	enum MHD_Result result = __real_MHD_run(daemon);

	(void)atomic_fetch_add(&turns, 1);
	return result;
}

int __wrap_getsockopt(int fd, int level, int name, void *value, socklen_t *length)
{
	int result = __real_getsockopt(fd, level, name, value, length);

	if (result == 0 && level == IPPROTO_TCP && name == TCP_INFO)
		((struct tcp_info *)value)->tcpi_last_data_recv =
			(uint32_t)(clock_monotonic() - atomic_load(&last_byte));
	return result;
}

int __wrap_poll(struct pollfd *polled, nfds_t count, int wait)
{
	return __real_poll(polled, count, wait != 0 ? 1 : 0);
}

/* The loop may be in the middle of a turn: after two more it has read what was sent and looked at
 * the deadlines. */
static void await_turns(void)
{
	int end = atomic_load(&turns) + 3;

	for (int i = 0; i < PATIENCE && atomic_load(&turns) < end; i++)
		(void)usleep(1000);
	assert_true(atomic_load(&turns) >= end);
}

static void let_pass(int64_t ms)
{
	(void)atomic_fetch_add(&passed, ms);
	await_turns();
}

static void give(int fd, const char *bytes, size_t length)
{
	atomic_store(&last_byte, clock_monotonic());
	(void)send(fd, bytes, length, MSG_NOSIGNAL);
	await_turns();
}

static bool is_open(int fd)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};

	return poll(&polled, 1, 0) == 0;
}

enum { REQUEST = 8 * HOUR, IDLE = 80 * HOUR, STEP = HOUR };

static void start_slowly(void)
{
	config.request_timeout = REQUEST;
	config.idle_timeout = IDLE;
	start();
}

/* No time passes before the loop has it. */
static int open_new_connection(void)
{
	int fd;

	atomic_store(&last_byte, clock_monotonic() - HOUR); /* none */
	fd = open_connection();
	await_turns();
	return fd;
}

static int open_used_connection(void)
{
	char answer[ANSWER_MAX];
	int fd = open_new_connection();

	atomic_store(&last_byte, clock_monotonic());
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	await_turns();
	return fd;
}

/* Sends a byte an hour for so many, and the connection is open after each. */
static const char *drip(int fd, const char *bytes, int hours)
{
	for (int i = 0; i < hours; i++) {
		let_pass(STEP);
		if (!is_open(fd))
			fail_msg("cut %d hours after what it sent first", i + 1);
		give(fd, bytes++, 1);
	}
	return bytes;
}

static struct text request;

static void drip_request(int fd, size_t first)
{
	const char *left;

	give(fd, request.data, first);
	left = drip(fd, request.data + first, REQUEST / HOUR - 1);
	let_pass(STEP);
	assert_true(has_ended(fd));
	assert_true((size_t)(left - request.data) < request.length);
	(void)close(fd);
}

static void a_byte_does_not_restart_a_request_s_deadline(void **state)
{
	size_t head;

	(void)state;
	start_slowly();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	head = request.length - strlen(BODY);
	drip_request(open_new_connection(), 80);   /* slow headers */
	drip_request(open_new_connection(), head); /* a slow body */
	drip_request(open_used_connection(), 80);
	drip_request(open_used_connection(), head);
	expect_metric("{code=\"none\",reason=\"slow\"} 4\n");
	assert_int_equal(count_of(&engine.applied), 2);
	text_free(&request);
}

/* A first line that begins as the connection's time ends gets the time of a request, once. */
static void a_byte_does_not_restart_the_deadline_of_a_first_line(void **state)
{
	static const char line[] = "POST /webhooks/shopify?from=the-test-of-a-slow-first-line";
	int fds[2];

	(void)state;
	start_slowly();
	fds[0] = open_new_connection();
	(void)drip(fds[0], line, REQUEST / HOUR + REQUEST / HOUR - 1);
	let_pass(STEP);
	assert_true(has_ended(fds[0]));
	fds[1] = open_used_connection();
	let_pass(IDLE - STEP - STEP / 2);
	assert_true(is_open(fds[1]));
	give(fds[1], line, 1);
	let_pass(STEP);
	(void)drip(fds[1], line + 1, REQUEST / HOUR);
	let_pass(STEP);
	assert_true(has_ended(fds[1]));
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
}

/* Nor is it prolonged by what was sent before; the next request gives a new one. */
static void an_idle_connection_has_its_deadline(void **state)
{
	char answer[ANSWER_MAX];
	int fd;

	(void)state;
	start_slowly();
	fd = open_used_connection();
	let_pass(IDLE - STEP);
	assert_true(is_open(fd));
	atomic_store(&last_byte, clock_monotonic());
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	await_turns();
	let_pass(IDLE - STEP);
	assert_true(is_open(fd));
	let_pass(STEP);
	assert_true(has_ended(fd));
	(void)close(fd);
	expect_metric("{code=\"none\",reason=\"slow\"} 0\n");
	assert_int_equal(count_of(&engine.applied), 2);
}

/* Nothing was ever sent: the time of a request, not that to be idle. */
static void a_silent_connection_has_its_deadline(void **state)
{
	int fd;

	(void)state;
	start_slowly();
	fd = open_new_connection();
	let_pass(REQUEST - STEP);
	assert_true(is_open(fd));
	let_pass(STEP);
	assert_true(has_ended(fd));
	(void)close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_byte_does_not_restart_a_request_s_deadline),
		TEST(a_byte_does_not_restart_the_deadline_of_a_first_line),
		TEST(an_idle_connection_has_its_deadline),
		TEST(a_silent_connection_has_its_deadline),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
