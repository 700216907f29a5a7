/* The daemon's signals: SIGHUP to reload, SIGTERM and SIGINT to stop. */
#ifndef SEGRELAY_COMMANDS_SIGNALS_H
#define SEGRELAY_COMMANDS_SIGNALS_H

#include <stdint.h>

/* Blocks them in this thread and in threads started later, for signals_wait. Ignores SIGPIPE. */
void signals_block(void);

/* Waits up to `ms` for one of them and returns its number, or another number when none arrived. */
int signals_wait(int64_t ms);

/* From now on SIGTERM and SIGINT end the process at once. SIGHUP stays blocked, because its default
 * action would end the process, too. */
void signals_end_at_once(void);

#endif
