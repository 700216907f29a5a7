/* The thread that writes the log, so that no other thread is blocked when stderr is not read.
 *
 * stderr may be shared with other processes, so it is not made non-blocking: only this thread may
 * block on it. Lines wait in a buffer of fixed size; lines that do not fit are dropped and counted,
 * and the count is logged when stderr is read again. While stderr is read, a line is written before
 * log_write returns. */
#ifndef SEGRELAY_BASE_LOG_WRITER_H
#define SEGRELAY_BASE_LOG_WRITER_H

#include "base/error.h"

#include <stdint.h>

/* Starts the thread. Before that and after log_writer_stop, the thread that logs a line writes it.
 */
int log_writer_start(struct error *error);

/* Writes the buffered lines, for at most `ms`, and ends the thread. */
void log_writer_stop(int64_t ms);

/* The number of lines dropped since the process started. From any thread. */
int64_t log_writer_dropped(void);

#endif
