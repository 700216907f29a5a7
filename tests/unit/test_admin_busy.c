/* The admin listener while the engine is busy, and with clients that never end. */
#include "turning.h"

#include "admin/admin_listener.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <semaphore.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { PATIENCE_SECONDS = 60, ALL_PLACES = 32, WAITING = 24 };

static sem_t engine_holds;
static sem_t engine_may_go_on;
static int port;

static int hold_engine(struct engine *engine, struct task *task, struct error *error)
{
	(void)engine, (void)task, (void)error;
	(void)sem_post(&engine_holds);
	while (sem_wait(&engine_may_go_on) != 0)
		continue;
	return 0;
}

static void forget(struct task *task, int result, const struct error *error)
{
	(void)task, (void)result, (void)error;
}

static bool is_well(void *context, struct error *reason)
{
	(void)context, (void)reason;
	return true;
}

static void no_metrics(void *context, struct text *text)
{
	(void)context, (void)text;
}

static struct admin *start_admin(struct given *given)
{
	const struct admin_sources sources = {.engine = given->engine,
		.is_alive = is_well,
		.is_ready = is_well,
		.metrics = no_metrics};
	struct admin *admin = NULL;
	struct error error = {.text = ""};

	if (admin_start(&sources, "127.0.0.1:0", NULL, &admin, &port, &error) != 0)
		fail_msg("%s", error.text);
	return admin;
}

static int ask(const char *request)
{
	const struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	return fd;
}

static int status_of(int fd)
{
	char answer[64] = "";

	return recv(fd, answer, sizeof(answer) - 1, MSG_WAITALL) > 12 ? atoi(answer + 9) : 0;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

/* However many wait for the engine. */
static void health_is_answered_while_the_engine_is_busy(void **state)
{
	struct given *given = *state;
	struct task task = {.run = hold_engine, .done = forget};
	struct admin *admin = start_admin(given);
	int fds[WAITING];
	int fd;

	assert_int_equal(sem_init(&engine_holds, 0, 0), 0);
	assert_int_equal(sem_init(&engine_may_go_on, 0, 0), 0);
	engine_submit(given->engine, &task);
	(void)sem_wait(&engine_holds);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = ask(GET("/metrics"));
	fd = ask(GET("/healthz"));
	assert_int_equal(status_of(fd), 200);
	(void)close(fd);
	fd = ask(GET("/readyz"));
	assert_int_equal(status_of(fd), 200);
	(void)close(fd);
	(void)sem_post(&engine_may_go_on);
	for (size_t i = 0; i < COUNT_OF(fds); i++) {
		assert_int_equal(status_of(fds[i]), 200);
		(void)close(fds[i]);
	}
	admin_stop(admin);
}

/* A byte a second is not silence; all the same its place is somebody else's after a while. */
static void a_slow_client_is_cut_off(void **state)
{
	struct admin *admin = start_admin(*state);
	int64_t begin = clock_monotonic();
	int fds[ALL_PLACES];
	bool ended = false;
	int fd;

	for (size_t i = 0; i < COUNT_OF(fds); i++)
		fds[i] = ask(i % 2 == 0 ? "GET /hea" : "GET /healthz HTTP/1.1\r\nX");
	while (!ended) { /* fails by the time that a test may take */
		(void)usleep(500 * 1000);
		ended = true;
		for (size_t i = 0; i < COUNT_OF(fds); i++)
			ended = send(fds[i], "X", 1, MSG_NOSIGNAL) < 0 && ended;
		assert_true(clock_monotonic() - begin < (int64_t)PATIENCE_SECONDS * SECOND);
	}
	fd = ask(GET("/healthz"));
	assert_int_equal(status_of(fd), 200);
	(void)close(fd);
	for (size_t i = 0; i < COUNT_OF(fds); i++)
		(void)close(fds[i]);
	admin_stop(admin);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			health_is_answered_while_the_engine_is_busy, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_slow_client_is_cut_off, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
