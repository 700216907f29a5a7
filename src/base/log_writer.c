/* The thread that writes the log. */
#include "base/log_writer.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	BUFFER = 256 * 1024,
	PATIENCE = 100, /* ms that a thread waits for its line; after that the reader counts as
			   stuck */
	RETRY = 1000,   /* ms, for the case that another process made stderr non-blocking */
};

static struct {
	pthread_mutex_t lock;
	pthread_cond_t arrived;
	pthread_cond_t written;
	pthread_t thread;
	char buffer[BUFFER]; /* lines, in a ring buffer */
	size_t first;
	size_t length;
	uint64_t put_bytes; /* since the start; of these, `length` bytes are not written yet */
	int64_t unreported; /* lines that were dropped and not reported yet */
	bool running;
	bool stopping;
	bool stuck;
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER};

static _Atomic int64_t dropped;

/* ---- writing ---- */

static void write_whole(const char *line, size_t length)
{
	while (length > 0) {
		ssize_t written = write(STDERR_FILENO, line, length);

		if (written >= 0) {
			line += written;
			length -= (size_t)written;
		} else if (errno == EAGAIN) {
			struct pollfd polled = {.fd = STDERR_FILENO, .events = POLLOUT};

			(void)poll(&polled, 1, RETRY);
		} else if (errno != EINTR) {
			return; /* stderr has no reader */
		}
	}
}

/* The length of the first line. Call with the lock held. */
static size_t first_line(void)
{
	size_t length = 0;

	while (length < writer.length && writer.buffer[(writer.first + length) % BUFFER] != '\n')
		length++;
	return length + (length < writer.length);
}

/* Writes the first line, releasing the lock meanwhile. One write per line, so that lines of several
 * processes do not mix. */
static void write_first(char *line)
{
	size_t length = first_line();
	size_t to_end = BUFFER - writer.first < length ? BUFFER - writer.first : length;

	memcpy(line, writer.buffer + writer.first, to_end);
	memcpy(line + to_end, writer.buffer, length - to_end);
	(void)pthread_mutex_unlock(&writer.lock);
	write_whole(line, length);
	(void)pthread_mutex_lock(&writer.lock);
	writer.first = (writer.first + length) % BUFFER;
	writer.length -= length;
	writer.stuck = false;
	(void)pthread_cond_broadcast(&writer.written);
}

/* Call with the lock held; it is released meanwhile. */
static void report_dropped(void)
{
	int64_t count = writer.unreported;

	writer.unreported = 0;
	(void)pthread_mutex_unlock(&writer.lock);
	log_line(LOG_WARNING, "log lines dropped", LOG_STRING("reason", "stderr was not read"),
		LOG_STRING("effect", "they are lost"),
		LOG_STRING("action", "check the reader of stderr: journald, a pipe, a terminal"),
		LOG_NUMBER("suppressed", count));
	(void)pthread_mutex_lock(&writer.lock);
}

static void *run(void *line)
{
	(void)pthread_mutex_lock(&writer.lock);
	for (;;) {
		if (writer.length > 0)
			write_first(line);
		else if (writer.unreported > 0)
			report_dropped();
		else if (writer.stopping)
			break;
		else
			(void)pthread_cond_wait(&writer.arrived, &writer.lock);
	}
	writer.running = false;
	(void)pthread_cond_broadcast(&writer.written);
	(void)pthread_mutex_unlock(&writer.lock);
	free(line);
	return NULL;
}

/* ---- adding lines ---- */

static struct timespec after(int64_t ms)
{
	struct timespec end;

	(void)clock_gettime(CLOCK_MONOTONIC, &end);
	end.tv_sec += ms / SECOND;
	end.tv_nsec += (ms % SECOND) * 1000000L;
	if (end.tv_nsec >= 1000000000L) {
		end.tv_sec++;
		end.tv_nsec -= 1000000000L;
	}
	return end;
}

/* Call with the lock held. */
static void wait_until_written(uint64_t end)
{
	const struct timespec patience = after(PATIENCE);

	while (writer.running && !writer.stuck && writer.put_bytes - writer.length < end)
		writer.stuck = pthread_cond_timedwait(&writer.written, &writer.lock, &patience) ==
			       ETIMEDOUT;
}

/* With the lock. */
static void put(const char *line, size_t length)
{
	size_t at = (writer.first + writer.length) % BUFFER;
	size_t to_end = BUFFER - at < length ? BUFFER - at : length;

	if (length > BUFFER - writer.length) {
		writer.unreported++;
		(void)atomic_fetch_add(&dropped, 1);
		return;
	}
	memcpy(writer.buffer + at, line, to_end);
	memcpy(writer.buffer, line + to_end, length - to_end);
	writer.length += length;
	writer.put_bytes += length;
	(void)pthread_cond_signal(&writer.arrived);
	if (!pthread_equal(pthread_self(), writer.thread))
		wait_until_written(writer.put_bytes);
}

static void put_line(const char *line, size_t length)
{
	bool running;

	(void)pthread_mutex_lock(&writer.lock);
	running = writer.running;
	if (running)
		put(line, length);
	(void)pthread_mutex_unlock(&writer.lock);
	if (!running)
		(void)!write(STDERR_FILENO, line, length);
}

int64_t log_writer_dropped(void)
{
	return atomic_load(&dropped);
}

/* ---- the thread ---- */

int log_writer_start(struct error *error)
{
	pthread_condattr_t attributes;
	char *line = malloc(BUFFER);
	sigset_t before;
	sigset_t all;
	int problem;

	if (line == NULL)
		return error_set(error, "no memory for the log");
	(void)pthread_condattr_init(&attributes);
	(void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&writer.arrived, &attributes);
	(void)pthread_cond_init(&writer.written, &attributes);
	(void)pthread_condattr_destroy(&attributes);
	(void)pthread_mutex_lock(&writer.lock);
	writer.stopping = false;
	writer.stuck = false;
	(void)sigfillset(&all); /* especially SIGPIPE */
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	problem = pthread_create(&writer.thread, NULL, run, line);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	writer.running = problem == 0;
	log_set_output(put_line);
	(void)pthread_mutex_unlock(&writer.lock);
	if (problem != 0) {
		free(line);
		return error_set(error, "starting the log thread failed: %s", strerror(problem));
	}
	return 0;
}

/* A thread that is still blocked on stderr ends with the process. */
void log_writer_stop(int64_t ms)
{
	const struct timespec end = after(ms);
	bool ended;
	int result = 0;

	(void)pthread_mutex_lock(&writer.lock);
	if (!writer.running) {
		(void)pthread_mutex_unlock(&writer.lock);
		return;
	}
	writer.stopping = true;
	(void)pthread_cond_signal(&writer.arrived);
	while (writer.running && result == 0)
		result = pthread_cond_timedwait(&writer.written, &writer.lock, &end);
	ended = !writer.running;
	(void)pthread_mutex_unlock(&writer.lock);
	if (ended)
		(void)pthread_join(writer.thread, NULL);
	else
		(void)pthread_detach(writer.thread);
}
