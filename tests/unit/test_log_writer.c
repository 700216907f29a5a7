/* Nobody waits for a reader of the log who has stopped: lines are dropped, counted, and that is
 * said. */
#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/log_writer.h"
#include "base/text.h"

#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LINES = 20000, THREADS = 4, QUIET = 1000 };

static int reading = -1;
static int kept_stderr = -1;

/* A pipe that holds little takes the place of stderr. */
static int set_up(void **state)
{
	int ends[2];

	(void)state;
	if (pipe2(ends, O_CLOEXEC) != 0)
		return -1;
	(void)fcntl(ends[1], F_SETPIPE_SZ, 4096);
	kept_stderr = dup(STDERR_FILENO);
	(void)dup2(ends[1], STDERR_FILENO);
	(void)close(ends[1]);
	reading = ends[0];
	log_configure(LOG_INFO, LOG_TEXT);
	return 0;
}

/* What a writer that was held up still has goes where it would have gone. */
static int tear_down(void **state)
{
	struct pollfd polled = {.fd = reading, .events = POLLIN};
	char part[4096];

	(void)state;
	while (poll(&polled, 1, QUIET) > 0 && read(reading, part, sizeof(part)) > 0)
		continue;
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)close(reading);
	return 0;
}

static void *log_many(void *name)
{
	for (int i = 0; i < LINES / THREADS; i++)
		log_line(LOG_INFO, "delivery stored", LOG_STRING("thread", name),
			LOG_NUMBER("number", i));
	return NULL;
}

/* Reads until a line has these words; the rest stays in `text`. */
static void read_until(struct text *text, const char *words)
{
	char part[4096];

	while (strstr(text_string(text), words) == NULL) {
		ssize_t length = read(reading, part, sizeof(part));

		assert_true(length > 0);
		text_add(text, part, (size_t)length);
	}
}

static int count_lines(const char *text, bool *whole)
{
	static const char start[] = "<6>level=info msg=\"delivery stored\" thread=";
	int count = 0;

	for (*whole = true; *text != '\0' && *whole; count++) {
		const char *end = strchr(text, '\n');

		*whole = strncmp(text, start, strlen(start)) == 0 && end != NULL;
		text = end != NULL ? end + 1 : text;
	}
	return count;
}

static void a_stuck_reader_stops_nobody(void **state)
{
	static char names[THREADS][2] = {"a", "b", "c", "d"};
	pthread_t threads[THREADS];
	struct text text = {0};
	struct error error;
	int64_t before = log_writer_dropped();
	int64_t dropped;
	char *notice;
	bool whole;

	(void)state;
	assert_int_equal(log_writer_start(&error), 0);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, log_many, names[i]), 0);
	for (int i = 0; i < THREADS; i++) /* nobody reads: this must end all the same */
		(void)pthread_join(threads[i], NULL);
	dropped = log_writer_dropped() - before;
	assert_in_range(dropped, 1, LINES);
	read_until(&text, "suppressed=");
	notice = strstr(text_string(&text), "<4>level=warning msg=\"log lines dropped\"");
	assert_non_null(notice);
	assert_int_equal(strtol(strstr(notice, "suppressed=") + 11, NULL, 10), dropped);
	*notice = '\0';
	assert_int_equal(count_lines(text_string(&text), &whole), LINES - dropped);
	assert_true(whole);
	/* it works again: a line is there when log_line returns */
	text_cut(&text, 0);
	log_line(LOG_INFO, "ready", LOG_NUMBER("number", 1));
	read_until(&text, "msg=ready number=1\n");
	assert_int_equal(log_writer_dropped() - before, dropped);
	log_writer_stop(SECOND);
	log_plain(LOG_INFO, "stopped"); /* by whoever logs it */
	read_until(&text, "msg=stopped\n");
	text_free(&text);
}

/* Nor does the end of the process wait. */
static void a_stuck_reader_holds_up_no_end(void **state)
{
	static char name[] = "a";
	struct error error;

	(void)state;
	assert_int_equal(log_writer_start(&error), 0);
	(void)log_many(name);
	log_writer_stop(1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_stuck_reader_stops_nobody, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_stuck_reader_holds_up_no_end, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
