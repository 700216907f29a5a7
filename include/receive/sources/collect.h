/* Hints of the storefront: POST /collect, by the script and the pixel. */
#ifndef SEGRELAY_RECEIVE_SOURCES_COLLECT_H
#define SEGRELAY_RECEIVE_SOURCES_COLLECT_H

#include "receive/http/outcome.h"

#define COLLECT_PATH "/collect"

enum { COLLECT_MOST = 8 * 1024 }; /* maximum size of a hint, bytes */

struct MHD_Response;
struct engine;
struct error;
struct http_request;
struct request_head;

/* The hooks of the route: see route.h. */
enum http_outcome collect_check_head(struct request_head *head);
enum http_outcome collect_authenticate(struct http_request *request);
enum http_outcome collect_build_delivery(struct http_request *request);
int collect_check_quota(struct http_request *request, struct engine *engine, struct error *error);
struct MHD_Response *collect_respond(struct http_request *request);

#endif
