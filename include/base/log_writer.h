/* The thread that writes the log, so that nobody waits for a reader of stderr who has stopped.
 *
 * stderr may be shared with other processes, so it is not made non-blocking: this thread alone may
 * be held up by it. Lines wait for it in a buffer of a fixed size; what does not fit is dropped and
 * counted, and the count is logged once the reader reads again. As long as it does, a line is
 * written before log_write returns. */
#ifndef SEGRELAY_BASE_LOG_WRITER_H
#define SEGRELAY_BASE_LOG_WRITER_H

#include "base/error.h"

#include <stdint.h>

/* Starts the thread; until then, and after log_writer_stop, lines are written by whoever logs them.
 */
int log_writer_start(struct error *error);

/* Writes what waits, but waits no longer than `ms` for it, and ends the thread. */
void log_writer_stop(int64_t ms);

/* Lines that were dropped since the process started. From any thread. */
int64_t log_writer_dropped(void);

#endif
