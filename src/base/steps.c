/* Counts the work of a thread. */
#include "base/steps.h"

_Thread_local uint64_t steps_done;
