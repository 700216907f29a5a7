/* The signals that the daemon lives by: SIGHUP to reload, SIGTERM and SIGINT to end. */
#ifndef SEGRELAY_COMMANDS_SIGNALS_H
#define SEGRELAY_COMMANDS_SIGNALS_H

#include <stdint.h>

/* Blocks them in this thread and in those that it starts from now on: they are waited for. SIGPIPE
 * is ignored. */
void signals_block(void);

/* Waits up to `ms` for one of them: which it is, or another number when none came. */
int signals_wait(int64_t ms);

/* From now on one that says to end does so at once. SIGHUP stays blocked: there is nothing left to
 * reload, and its default would end it, too. */
void signals_end_at_once(void);

#endif
