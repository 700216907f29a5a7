/* Shopify's webhooks: their headers and their signature (Shopify's documentation, "Verify
 * webhooks"). */
#ifndef SEGRELAY_RECEIVE_SOURCES_SHOPIFY_H
#define SEGRELAY_RECEIVE_SOURCES_SHOPIFY_H

#include "receive/http/outcome.h"

struct exchange;
struct request_head;

/* What a route asks of them: see route.h. */
enum verdict shopify_judge(struct request_head *head);
enum verdict shopify_verify(struct exchange *exchange);
enum verdict shopify_describe(struct exchange *exchange);

#endif
