/* Serves the storefront's script and pixel: GET /segrelay.js and /segrelay-pixel.js, with ?shop=.
 */
#ifndef SEGRELAY_RECEIVE_SOURCES_SCRIPTS_HTTP_H
#define SEGRELAY_RECEIVE_SOURCES_SCRIPTS_HTTP_H

#include "receive/http/outcome.h"

#define SCRIPT_PATH "/segrelay.js"
#define PIXEL_PATH "/segrelay-pixel.js"

struct MHD_Response;
struct http_request;

/* The hooks of the route: see route.h. */
enum http_outcome scripts_http_authenticate(struct http_request *request);
struct MHD_Response *scripts_http_respond(struct http_request *request);

#endif
