/* Serves the storefront's script and pixel: GET /segrelay.js and /segrelay-pixel.js, with ?shop=.
 */
#ifndef SEGRELAY_RECEIVE_SOURCES_SCRIPTS_HTTP_H
#define SEGRELAY_RECEIVE_SOURCES_SCRIPTS_HTTP_H

#include "receive/http/outcome.h"

#define SCRIPT_PATH "/segrelay.js"
#define PIXEL_PATH "/segrelay-pixel.js"

struct MHD_Response;
struct exchange;

/* What a route asks of them: see route.h. */
enum verdict serving_verify(struct exchange *exchange);
struct MHD_Response *serving_respond(struct exchange *exchange);

#endif
