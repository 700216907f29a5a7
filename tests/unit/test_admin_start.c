/* The admin listener when libmicrohttpd does not start (see the Makefile for what is wrapped). */
#include "unit.h"

#include "admin/admin_listener.h"
#include "receive/http/socket.h"

#include <microhttpd.h>
#include <stdbool.h>
#include <unistd.h>

static int its_socket;
static bool closed_again;

int __real_socket_listen(const char *option, const char *address, int *port, struct error *error);
int __wrap_socket_listen(const char *option, const char *address, int *port, struct error *error);
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, ...);
int __real_close(int fd);
int __wrap_close(int fd);

int __wrap_socket_listen(const char *option, const char *address, int *port, struct error *error)
{
	return its_socket = __real_socket_listen(option, address, port, error);
}

/* As the real one without a thread. */
struct MHD_Daemon *__wrap_MHD_start_daemon(unsigned flags, ...)
{
	(void)flags;
	assert_int_equal(__real_close(its_socket), 0);
	return NULL;
}

int __wrap_close(int fd)
{
	closed_again = closed_again || fd == its_socket;
	return __real_close(fd);
}

/* Its number may be a connection's of the public listener by then. */
static void a_socket_that_is_closed_is_not_closed_again(void **state)
{
	const struct admin_sources sources = {0};
	struct admin *admin = NULL;
	struct error error = {.text = ""};
	int port;

	(void)state;
	assert_int_equal(admin_start(&sources, "127.0.0.1:0", NULL, &admin, &port, &error), -1);
	assert_string_equal(
		error.text, "admin = \"127.0.0.1:0\": cannot start the listener's thread");
	assert_null(admin);
	assert_false(closed_again);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_socket_that_is_closed_is_not_closed_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
