/* The public listener over real sockets: many clients, slow ones, limits, reloading, stopping. */
#include "listening.h"

/* ---- many clients ---- */

enum { MANY = 300 };

/* libmicrohttpd's own epoll thread hangs when 128 events are ready at once. */
static void many_connections_at_once_are_all_answered(void **state)
{
	char answer[ANSWER_MAX];
	int fds[MANY];

	(void)state;
	start();
	for (int round = 0; round < 3; round++) {
		int before = count_of(&engine.submitted);

		for (int i = 0; i < MANY; i++)
			fds[i] = open_connection();
		set(&engine.holding, true);
		for (int i = 0; i < MANY; i++)
			send_webhook(fds[i]);
		await(&engine.submitted, before + MANY);
		set(&engine.holding, false);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(read_answer(fds[i], answer), 200);
		for (int i = 0; i < MANY; i++)
			send_webhook(fds[i]);
		for (int i = 0; i < MANY; i++)
			assert_int_equal(read_answer(fds[i], answer), 200);
		for (int i = 0; i < MANY; i++)
			(void)close(fds[i]);
	}
	assert_int_equal(count_of(&engine.applied), 3 * 2 * MANY);
}

static void reset(int fd)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	(void)close(fd);
}

static void a_client_may_leave_while_it_waits(void **state)
{
	char answer[ANSWER_MAX];
	int fds[40];
	int fd;

	(void)state;
	start();
	set(&engine.holding, true);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open_connection();
		send_webhook(fds[i]);
	}
	await(&engine.submitted, COUNT_OF(fds));
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		if (i % 2 == 0)
			(void)close(fds[i]);
		else
			reset(fds[i]);
	}
	set(&engine.holding, false);
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(count_of(&engine.applied), COUNT_OF(fds) + 1);
	(void)close(fd);
}

/* ---- bounds ---- */

static void all_bodies_together_are_bounded(void **state)
{
	char answer[ANSWER_MAX];
	struct text body = {0};
	struct text request = {0};
	int first;
	int second;

	(void)state;
	config.max_in_memory = 150 * 1000;
	start();
	while (body.length < 100 * 1000)
		text_put(&body, "          ");
	add_webhook(&request, SECRET, body.data, body.length);
	first = open_connection();
	second = open_connection();
	set(&engine.holding, true);
	write_all(first, request.data, request.length);
	await(&engine.submitted, 1);
	expect_metric("segrelay_http_in_memory_bytes 100000\n");
	expect_metric("segrelay_http_waiting 1\n");
	assert_int_equal(answer_to(second, &request, answer), 503);
	assert_non_null(strstr(answer, "Retry-After: 30\r\n"));
	set(&engine.holding, false);
	assert_int_equal(read_answer(first, answer), 200);
	assert_int_equal(answer_to(second, &request, answer), 200);
	expect_metric("{code=\"503\",reason=\"memory\"} 1\n");
	text_free(&request);
	text_free(&body);
	(void)close(first);
	(void)close(second);
}

/* Large bodies that never end, announced or chunked, leave room for the many small ones. */
static void small_bodies_have_room_of_their_own(void **state)
{
	enum { CLIENTS = 80, STARTED = 100 * 1000 };
	struct text announced = {0};
	struct text chunked = {0};
	char answer[ANSWER_MAX];
	int fds[CLIENTS];
	int fd;

	(void)state;
	config.max_in_memory = 2 * 1024 * 1024;
	start();
	add_head(&announced, SECRET, "", 0);
	text_add(&chunked, announced.data, announced.length);
	text_put(&announced, "Content-Length: 1000000\r\n\r\n{");
	text_format(&chunked, "Transfer-Encoding: chunked\r\n\r\n%x\r\n", 1000000);
	while (chunked.length < STARTED)
		text_put(&chunked, "          ");
	for (int i = 0; i < CLIENTS; i++) {
		const struct text *request = i % 2 == 0 ? &announced : &chunked;

		fds[i] = open_connection();
		write_all(fds[i], request->data, request->length);
	}
	/* each has taken what it can: one more would get nothing */
	fd = open_connection();
	write_all(fd, chunked.data, chunked.length);
	for (int i = 0; i < 20; i++) {
		int small = open_connection();

		send_webhook(small);
		assert_int_equal(read_answer(small, answer), 200);
		(void)close(small);
	}
	(void)close(fd);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
	expect_metric("segrelay_http_in_memory_bytes 0\n");
	text_free(&announced);
	text_free(&chunked);
}

/* Memory is not taken on the word of a Content-Length. */
static void an_announced_body_takes_no_room(void **state)
{
	enum { CLIENTS = 50 };
	struct text request = {0};
	char answer[ANSWER_MAX];
	int fds[CLIENTS];
	int fd;

	(void)state;
	config.max_in_memory = 4 * 1024 * 1024;
	start();
	add_head(&request, SECRET, "", 0);
	text_put(&request, "Content-Length: 1000000\r\n\r\n{");
	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = open_connection();
		write_all(fds[i], request.data, request.length);
	}
	expect_metric("segrelay_http_in_memory_bytes 3276800\n"); /* 64 KiB each */
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	for (int i = 0; i < CLIENTS; i++)
		(void)close(fds[i]);
	text_free(&request);
	(void)close(fd);
}

/* Sends a byte now and then until the connection is cut, which is not before its time. That a byte
 * does not restart the time is for test_listener_deadlines.c, whose time is simulated. */
static void drip(int fd, const char *bytes, int64_t begin)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	bool is_cut = false;

	while (!is_cut && clock_monotonic() < begin + PATIENCE) {
		(void)send(fd, bytes, 1, MSG_NOSIGNAL);
		if (bytes[1] != '\0')
			bytes++;
		is_cut = poll(&polled, 1, 50) != 0;
	}
	assert_true(is_cut); /* while its bytes arrived */
	assert_true(has_ended(fd));
	assert_true(clock_monotonic() - begin >= 550);
}

static void a_slow_request_is_cut_at_its_deadline(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	int64_t begin;
	int fd;

	(void)state;
	config.request_timeout = 600;
	start();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	begin = clock_monotonic();
	fd = open_connection(); /* a slow first line */
	drip(fd, request.data, begin);
	(void)close(fd);
	begin = clock_monotonic();
	fd = open_connection(); /* slow headers */
	write_all(fd, request.data, 60);
	drip(fd, request.data + 60, begin);
	(void)close(fd);
	fd = open_connection(); /* a slow body on one that was used */
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	begin = clock_monotonic();
	write_all(fd, request.data, request.length - strlen(BODY));
	drip(fd, "{ ", begin);
	(void)close(fd);
	expect_metric("{code=\"none\",reason=\"slow\"} 2\n");
	assert_int_equal(count_of(&engine.applied), 1);
	text_free(&request);
}

static void an_idle_connection_is_not_a_slow_request(void **state)
{
	char answer[ANSWER_MAX];
	int64_t begin;
	int fd;

	(void)state;
	start();
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	config.request_timeout = 300;
	listener_reload(listener, &config);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)usleep(900 * 1000);
	config.idle_timeout = 1500;
	listener_reload(listener, &config);
	begin = clock_monotonic();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_true(has_ended(fd));
	assert_true(clock_monotonic() - begin >= 1400);
	expect_metric("reason=\"slow\"} 0\n");
	(void)close(fd);
}

/* What is left of the time to be idle is not the time of the next request, whose headers, or whose
 * first line, are there just before that ends. */
static void the_end_of_idleness_cuts_no_request(void **state)
{
	static const size_t parts[] = {5, 120};
	char answer[ANSWER_MAX];
	struct text request = {0};

	(void)state;
	config.idle_timeout = 1500;
	start();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	for (size_t i = 0; i < COUNT_OF(parts); i++) {
		int fd = open_connection();

		send_webhook(fd);
		assert_int_equal(read_answer(fd, answer), 200);
		(void)usleep(900 * 1000);
		write_all(fd, request.data, parts[i]);
		(void)usleep(1500 * 1000);
		write_all(fd, request.data + parts[i], request.length - parts[i]);
		assert_int_equal(read_answer(fd, answer), 200);
		assert_true(has_ended(fd)); /* and it is idle again */
		(void)close(fd);
	}
	text_free(&request);
}

/* Nor is one that waits for the engine. It arrives as a whole, on a connection that was used: its
 * time is not that which the client takes between connecting and sending. */
static void a_waiting_request_has_no_deadline(void **state)
{
	char answer[ANSWER_MAX];
	int fd;

	(void)state;
	start();
	fd = open_connection();
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	config.request_timeout = 200;
	listener_reload(listener, &config);
	set(&engine.holding, true);
	send_webhook(fd);
	await(&engine.submitted, 2);
	(void)usleep(1000 * 1000);
	set(&engine.holding, false);
	assert_int_equal(read_answer(fd, answer), 200);
	(void)close(fd);
}

static void connections_beyond_the_limit_wait_for_their_turn(void **state)
{
	char answer[ANSWER_MAX];
	int fds[4];
	int late;

	(void)state;
	config.max_connections = 4;
	config.http_threads = 2;
	start();
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		fds[i] = open_connection();
		send_webhook(fds[i]);
		assert_int_equal(read_answer(fds[i], answer), 200);
	}
	late = open_connection();
	send_webhook(late);
	assert_int_equal(poll(&(struct pollfd){late, POLLIN, 0}, 1, 300), 0);
	(void)close(fds[0]);
	assert_int_equal(read_answer(late, answer), 200);
	for (size_t i = 1; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
	(void)close(late);
}

/* ---- starting, reloading, stopping ---- */

static void another_configuration_counts_from_the_next_request_on(void **state)
{
	char *new_secrets[] = {"rotated"};
	struct shop new_shops[] = {
		{.domain = SHOP, .secrets = {.items = new_secrets, .count = 1}},
	};
	char answer[ANSWER_MAX];
	struct config other;
	struct text request = {0};
	int fd;

	(void)state;
	start();
	other = config;
	other.shops = new_shops;
	other.references = 1;
	add_webhook(&request, "rotated", BODY, strlen(BODY));
	fd = open_connection();
	assert_int_equal(answer_to(fd, &request, answer), 401);
	set(&engine.holding, true);
	send_webhook(fd); /* under way: the old one stays until it is answered */
	await(&engine.submitted, 1);
	listener_reload(listener, &other);
	assert_int_equal(config.references, 2);
	set(&engine.holding, false);
	assert_int_equal(read_answer(fd, answer), 200);
	assert_int_equal(answer_to(fd, &request, answer), 200);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 401);
	listener_reload(listener, &config);
	send_webhook(fd);
	assert_int_equal(read_answer(fd, answer), 200);
	text_free(&request);
	(void)close(fd);
	listener_stop(listener, SECOND);
	listener = NULL;
	assert_int_equal(other.references, 1);
}

static void *stop_with_patience(void *context)
{
	(void)context;
	listener_stop(listener, PATIENCE);
	return NULL;
}

/* Waits until so many bytes of bodies are held: then what was sent has arrived. */
static void expect_held(size_t bytes)
{
	char line[64];

	(void)snprintf(line, sizeof(line), "segrelay_http_in_memory_bytes %zu\n", bytes);
	expect_metric(line);
}

static void stopping_finishes_what_is_under_way(void **state)
{
	char answer[ANSWER_MAX];
	struct text request = {0};
	pthread_t stopper;
	int idle;
	int waiting;
	int half;

	(void)state;
	config.http_threads = 2;
	start();
	idle = open_connection();
	send_webhook(idle);
	assert_int_equal(read_answer(idle, answer), 200);
	set(&engine.holding, true);
	waiting = open_connection();
	send_webhook(waiting);
	await(&engine.submitted, 2);
	half = open_connection();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(half, request.data, request.length - 10);
	expect_held(2 * strlen(BODY));
	assert_int_equal(pthread_create(&stopper, NULL, stop_with_patience, NULL), 0);
	assert_true(has_ended(idle));
	write_all(half, request.data + request.length - 10, 10);
	await(&engine.submitted, 3);
	set(&engine.holding, false);
	assert_int_equal(read_answer(waiting, answer), 200);
	assert_int_equal(read_answer(half, answer), 200);
	assert_true(has_ended(waiting));
	assert_true(has_ended(half));
	(void)pthread_join(stopper, NULL);
	listener = NULL;
	text_free(&request);
	(void)close(idle);
	(void)close(waiting);
	(void)close(half);
}

static void stopping_does_not_wait_for_a_slow_client(void **state)
{
	struct text request = {0};
	int64_t begin;
	int fd;

	(void)state;
	start();
	fd = open_connection();
	add_webhook(&request, SECRET, BODY, strlen(BODY));
	write_all(fd, request.data, request.length - 1);
	expect_held(strlen(BODY));
	text_free(&request);
	begin = clock_monotonic();
	listener_stop(listener, 400);
	listener = NULL;
	assert_true(clock_monotonic() - begin >= 350);
	assert_true(has_ended(fd));
	(void)close(fd);
}

static void an_address_in_use_is_an_error(void **state)
{
	static const char *const bad[] = {
		"127.0.0.1", "::1:8080", "127.0.0.1:", "127.0.0.1:x", "192.0.2.1:0"};
	struct listener *second = NULL;
	struct error error = {.text = ""};
	char taken[32];
	int other_port;

	(void)state;
	start();
	(void)snprintf(taken, sizeof(taken), "127.0.0.1:%d", port);
	config.listen = taken;
	assert_int_equal(listener_start(&engine, &config, &second, &other_port, &error), -1);
	assert_non_null(strstr(error.text, taken));
	for (size_t i = 0; i < COUNT_OF(bad); i++) {
		char address[32];

		(void)snprintf(address, sizeof(address), "%s", bad[i]);
		config.listen = address;
		assert_int_equal(
			listener_start(&engine, &config, &second, &other_port, &error), -1);
		assert_non_null(strstr(error.text, bad[i]));
	}
	assert_null(second);
}

static void a_listener_may_have_any_address(void **state)
{
	static const char *const addresses[] = {"localhost:0", ":0", "[::1]:0"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct error error = {.text = ""};
		char address[32];

		(void)snprintf(address, sizeof(address), "%s", addresses[i]);
		config.listen = address;
		if (listener_start(&engine, &config, &listener, &port, &error) != 0) {
			assert_non_null(strstr(error.text, addresses[i])); /* no IPv6 here */
			assert_int_equal(address[0], '[');
			continue;
		}
		assert_in_range(port, 1, 65535);
		listener_stop(listener, 0);
		listener = NULL;
	}
}

static void the_heartbeat_goes_on_without_requests(void **state)
{
	(void)state;
	start();
	for (int beat = 0; beat < 3; beat++) {
		int64_t before = listener_heartbeat(listener);
		int64_t end = clock_monotonic() + PATIENCE;

		while (listener_heartbeat(listener) == before && clock_monotonic() < end)
			(void)usleep(1000);
		assert_true(listener_heartbeat(listener) > before);
	}
}

/* ---- everything at once ---- */

static void *churn(void *context)
{
	unsigned seed = (unsigned)(uintptr_t)context;
	char answer[ANSWER_MAX];

	for (int i = 0; i < 60; i++) {
		int fd = open_connection();
		int requests = rand_r(&seed) % 4;

		for (int j = 0; j < requests; j++) {
			send_webhook(fd);
			if (read_answer(fd, answer) != 200)
				return "refused";
		}
		if (rand_r(&seed) % 2 == 0)
			send_webhook(fd); /* and leave */
		if (rand_r(&seed) % 2 == 0)
			reset(fd);
		else
			(void)close(fd);
	}
	return NULL;
}

static void clients_come_and_go(void **state)
{
	pthread_t clients[8];
	void *trouble;

	(void)state;
	config.http_threads = 3;
	start();
	for (size_t i = 0; i < COUNT_OF(clients); i++)
		assert_int_equal(
			pthread_create(&clients[i], NULL, churn, (void *)(uintptr_t)(i + 1)), 0);
	for (int i = 0; i < 50; i++) {
		listener_reload(listener, &config);
		(void)listener_heartbeat(listener);
		expect_metric("segrelay_http_waiting");
	}
	for (size_t i = 0; i < COUNT_OF(clients); i++) {
		(void)pthread_join(clients[i], &trouble);
		assert_null(trouble);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(many_connections_at_once_are_all_answered),
		TEST(a_client_may_leave_while_it_waits),
		TEST(all_bodies_together_are_bounded),
		TEST(an_announced_body_takes_no_room),
		TEST(small_bodies_have_room_of_their_own),
		TEST(a_slow_request_is_cut_at_its_deadline),
		TEST(an_idle_connection_is_not_a_slow_request),
		TEST(the_end_of_idleness_cuts_no_request),
		TEST(a_waiting_request_has_no_deadline),
		TEST(connections_beyond_the_limit_wait_for_their_turn),
		TEST(another_configuration_counts_from_the_next_request_on),
		TEST(stopping_finishes_what_is_under_way),
		TEST(stopping_does_not_wait_for_a_slow_client),
		TEST(an_address_in_use_is_an_error),
		TEST(a_listener_may_have_any_address),
		TEST(the_heartbeat_goes_on_without_requests),
		TEST(clients_come_and_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
