/* The admin API: the operator's requests, answered in JSON inside a turn of the engine. The admin
 * listener of a running daemon uses it, and so does a command that opened the store itself. */
#ifndef SEGRELAY_ADMIN_API_H
#define SEGRELAY_ADMIN_API_H

#include "base/text.h"
#include "engine/engine.h"

/* Handles a request. Returns the HTTP status and adds the JSON to `answer`.
 *
 *   GET  /status                deliveries, waiting messages, pauses
 *   GET  /dead?after=N&limit=N  dead letters with an id over N, without their JSON
 *   GET  /dead/ID               one dead letter with its JSON
 *   GET  /outbox?destination=&shop=&after=N&limit=N
 *                               waiting messages without their JSON; "more" is true when there may
 *                               be others after the id "last"
 *   GET  /outbox/ID             one message with its JSON
 *   POST /outbox/drop           {"ids":[…]}, or {"destination":"…","shop":"…","after":N} with at
 *                               least one of the names, or {"all":true,"after":N}: drops up to 2000
 *                               messages. The answer has the count of dropped messages, the unknown
 *                               ids, and the ids in flight. Those are dropped when the sender
 *                               releases them, unless the destination accepts them; the same
 *                               request later shows the result
 *   POST /erase                 {"shop":"…","customer":"…"}, or the shop alone: begins an erasure
 *   POST /erase/step            the same body: does some steps; {"running":false} at the end
 *   POST /erase/preview         the same body: counts the data to erase; while "running" is true,
 *                               repeat it with the "state" of the answer
 *   POST /erase/cancel          {"shop":"…"}: cancels a waiting erasure of a shop; 404 for none
 *   POST /dead/requeue, /dead/drop  {"ids":[…]} or {"all":true}: the answer has the count of
 * requeued or dropped letters, and the unknown ids
 */
int api_handle(struct engine *engine, const char *method, const char *path, const char *search,
	const char *body, size_t length, struct text *answer);

/* Whether the path exists, for any method. */
bool api_has(const char *path);

/* Adds the Prometheus metrics of the store. 0, or -1 when the store failed. */
int store_metrics(struct engine *engine, struct text *text, struct error *error);

#endif
