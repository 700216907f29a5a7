/* Hints of the storefront: POST /collect, by the script and the pixel. */
#ifndef SEGRELAY_RECEIVE_SOURCES_COLLECT_H
#define SEGRELAY_RECEIVE_SOURCES_COLLECT_H

#include "receive/http/outcome.h"

#define COLLECT_PATH "/collect"

enum { COLLECT_MOST = 8 * 1024 }; /* bytes of a hint */

struct MHD_Response;
struct engine;
struct error;
struct exchange;
struct request_head;

/* What a route asks of them: see route.h. */
enum verdict collect_judge(struct request_head *head);
enum verdict collect_verify(struct exchange *exchange);
enum verdict collect_describe(struct exchange *exchange);
int collect_admit(struct exchange *exchange, struct engine *engine, struct error *error);
struct MHD_Response *collect_respond(struct exchange *exchange);

#endif
