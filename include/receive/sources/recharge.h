/* ReCharge's webhooks: their path, their headers, and the pin to the newer of its signatures. */
#ifndef SEGRELAY_RECEIVE_SOURCES_RECHARGE_H
#define SEGRELAY_RECEIVE_SOURCES_RECHARGE_H

#include "receive/http/outcome.h"

struct engine;
struct error;
struct exchange;
struct request_head;

/* Behind it: SHOP/RESOURCE/ACTION, or SHOP alone with the topic in X-Recharge-Topic. */
#define RECHARGE_PATH "/webhooks/recharge/"

/* What a route asks of them: see route.h. */
enum verdict recharge_judge(struct request_head *head);
enum verdict recharge_verify(struct exchange *exchange);
enum verdict recharge_describe(struct exchange *exchange);
int recharge_admit(struct exchange *exchange, struct engine *engine, struct error *error);

#endif
