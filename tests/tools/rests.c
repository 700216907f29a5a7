/* A library to be preloaded into the relay: its threads rest at random in what they call, so that
 * what usually comes first may come last. `make check-rests` runs the tests with it.
 *
 *     RESTS_ODDS=10 LD_PRELOAD=build/release/rests.so segrelay serve ...
 *
 * RESTS_ODDS: one call in so many rests, for up to 30 ms; unlocking a mutex, which is called often,
 * 60 times rarer; a line of the log one time in three. */
#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MOST_US = 30000, LOG_ODDS = 3, UNLOCK_RARER = 60 };

static _Atomic uint64_t state;
static uint64_t odds = 10;

__attribute__((constructor)) static void begin(void)
{
	const char *text = getenv("RESTS_ODDS");
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	atomic_store(&state, (uint64_t)now.tv_nsec * 2654435761U + (uint64_t)getpid());
	if (text != NULL && strtoull(text, NULL, 10) > 0)
		odds = strtoull(text, NULL, 10);
}

/* SplitMix64. */
static uint64_t draw(void)
{
	uint64_t value = atomic_fetch_add(&state, 0x9e3779b97f4a7c15U);

	value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9U;
	value = (value ^ (value >> 27)) * 0x94d049bb133111ebU;
	return value ^ (value >> 31);
}

/* One time in so many; 0 is never. */
static void rest(uint64_t one_in)
{
	uint64_t drawn = draw();
	int error = errno;

	if (one_in > 0 && drawn % one_in == 0)
		(void)usleep((useconds_t)((drawn >> 20) % MOST_US));
	errno = error;
}

/* Stands before the function of that name, and rests before and after it. */
#define REST(type, name, parameters, arguments, before, after)     \
	type name parameters                                       \
	{                                                          \
		static type(*real) parameters;                     \
		type result;                                       \
                                                                   \
		if (real == NULL)                                  \
			*(void **)&real = dlsym(RTLD_NEXT, #name); \
		rest(before);                                      \
		result = real arguments;                           \
		rest(after);                                       \
		return result;                                     \
	}

REST(int, pthread_mutex_unlock, (pthread_mutex_t * mutex), (mutex), 0, odds *UNLOCK_RARER)
REST(int, pthread_cond_signal, (pthread_cond_t * cond), (cond), odds, odds)
REST(int, fdatasync, (int fd), (fd), odds, odds)
REST(ssize_t, write, (int fd, const void *bytes, size_t length), (fd, bytes, length),
	fd == STDERR_FILENO ? LOG_ODDS : odds, odds)
REST(ssize_t, send, (int fd, const void *bytes, size_t length, int flags),
	(fd, bytes, length, flags), odds, odds)
REST(ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags),
	odds, odds)
REST(ssize_t, recv, (int fd, void *bytes, size_t length, int flags), (fd, bytes, length, flags),
	odds, 0)
REST(int, epoll_wait, (int fd, struct epoll_event *events, int most, int timeout),
	(fd, events, most, timeout), 0, odds)
