/* One webhook on its way: from its headers over the engine to its answer.
 *
 * It belongs to its loop's thread, but for the time between engine_submit and loop_resume, when it
 * belongs to the engine's. The functions are libmicrohttpd's callbacks. */
#ifndef SEGRELAY_RECEIVE_WEBHOOK_H
#define SEGRELAY_RECEIVE_WEBHOOK_H

#include <microhttpd.h>
#include <stddef.h>

/* Called when the headers are there, for each part of the body, when it is complete, and again when
 * the engine is done. `loop` is a struct loop. */
enum MHD_Result webhook_handle(void *loop, struct MHD_Connection *connection, const char *path,
	const char *method, const char *version, const char *part, size_t *part_length,
	void **context);

/* Called when a request has ended in whatever way. */
void webhook_completed(void *loop, struct MHD_Connection *connection, void **context,
	enum MHD_RequestTerminationCode code);

#endif
