/* The daemon's signals: SIGHUP to reload, SIGTERM and SIGINT to stop. */
#include "commands/signals.h"

#include "base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <time.h>

static void add_stop_signals(sigset_t *signals)
{
	(void)sigemptyset(signals);
	(void)sigaddset(signals, SIGTERM);
	(void)sigaddset(signals, SIGINT);
}

static void add_all_signals(sigset_t *signals)
{
	add_stop_signals(signals);
	(void)sigaddset(signals, SIGHUP);
}

void signals_block(void)
{
	sigset_t signals;

	add_all_signals(&signals);
	(void)pthread_sigmask(SIG_BLOCK, &signals, NULL);
	(void)signal(SIGPIPE, SIG_IGN);
}

int signals_wait(int64_t ms)
{
	const struct timespec time = {.tv_sec = ms / SECOND, .tv_nsec = ms % SECOND * 1000000};
	sigset_t signals;

	add_all_signals(&signals);
	return sigtimedwait(&signals, NULL, &time);
}

void signals_end_at_once(void)
{
	sigset_t signals;

	add_stop_signals(&signals);
	(void)signal(SIGTERM, SIG_DFL);
	(void)signal(SIGINT, SIG_DFL);
	(void)pthread_sigmask(SIG_UNBLOCK, &signals, NULL);
}
