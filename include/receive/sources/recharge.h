/* ReCharge's webhooks: their path, their headers, and the pin to the newer of the two signatures.
 */
#ifndef SEGRELAY_RECEIVE_SOURCES_RECHARGE_H
#define SEGRELAY_RECEIVE_SOURCES_RECHARGE_H

#include "receive/http/outcome.h"

struct engine;
struct error;
struct http_request;
struct request_head;

/* Followed by SHOP/RESOURCE/ACTION, or by SHOP alone with the topic in X-Recharge-Topic. */
#define RECHARGE_PATH "/webhooks/recharge/"

/* The hooks of the route: see route.h. */
enum http_outcome recharge_check_head(struct request_head *head);
enum http_outcome recharge_authenticate(struct http_request *request);
enum http_outcome recharge_build_delivery(struct http_request *request);
int recharge_check_quota(struct http_request *request, struct engine *engine, struct error *error);

#endif
