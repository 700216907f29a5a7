/* Shopify's webhooks: their headers and their signature (Shopify's documentation, "Verify
 * webhooks"). */
#ifndef SEGRELAY_RECEIVE_SOURCES_SHOPIFY_H
#define SEGRELAY_RECEIVE_SOURCES_SHOPIFY_H

#include "receive/http/outcome.h"

struct http_request;
struct request_head;

/* The hooks of the route: see route.h. */
enum http_outcome shopify_check_head(struct request_head *head);
enum http_outcome shopify_authenticate(struct http_request *request);
enum http_outcome shopify_build_delivery(struct http_request *request);

#endif
