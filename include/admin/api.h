/* The operator's questions and orders, answered in JSON inside a turn of the engine: the same for
 * the admin listener of a running daemon and for a verb that opened the store itself. */
#ifndef SEGRELAY_ADMIN_API_H
#define SEGRELAY_ADMIN_API_H

#include "base/text.h"
#include "engine/engine.h"

/* Answers a request; returns the HTTP status and adds the JSON to `answer`.
 *
 *   GET  /status                what came in, what waits, who is paused
 *   GET  /dead?after=N&limit=N  dead letters with an id over N, without their JSON
 *   GET  /dead/ID               one with its JSON
 *   GET  /outbox?destination=&shop=&after=N&limit=N  messages that wait, without their JSON;
 * "more" says that there may be some behind the id "last"
 *   GET  /outbox/ID             one with its JSON
 *   POST /outbox/drop with {"ids":[…]}, or {"destination":"…","shop":"…","after":N} with at least
 * one of the names, or {"all":true,"after":N}: drops up to 2000. The answer counts what is done and
 * lists the ids that are unknown, and those that the sender has: they are dropped when it has let
 * go, unless the destination accepted them; asked again, the answer says which
 *   POST /erase with {"shop":"…","customer":"…"}, or the shop alone: begins an erasure
 *   POST /erase/step with the same: some steps of it; {"running":false} when it is done
 *   POST /erase/preview with the same: how much there is to erase; while "running" is true, to be
 *                               asked again with the "state" of the answer
 *   POST /erase/cancel with {"shop":"…"}: cancels the erasure of a shop that waits; 404 for none
 *   POST /dead/retry, /dead/drop with {"ids":[…]} or {"all":true}; the answer names what was done
 * and which ids are unknown
 */
int operator_handle(struct engine *engine, const char *method, const char *path, const char *search,
	const char *body, size_t length, struct text *answer);

/* Whether there is such a path, for any method. */
bool operator_has(const char *path);

/* Adds the Prometheus metrics of what is stored. 0, or -1 when the store failed. */
int operator_metrics(struct engine *engine, struct text *text, struct error *error);

#endif
