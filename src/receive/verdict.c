/* What can become of a request: its answer, its counter's label and its log line, in one table. */
#include "receive/verdict.h"

#include <stddef.h>

/* The same for every failure of authentication: who asks must not learn which shops there are. */
#define UNAUTHENTICATED "the signature is missing or wrong\n"
#define TRY_AGAIN "cannot store the webhook now, send it again\n"

const struct verdict_facts verdicts[VERDICT_COUNT] = {
	[VERDICT_STORED] = {.reason = "stored", .status = 200, .answer = "ok\n"},
	[VERDICT_MALFORMED] = {.reason = "malformed",
		.status = 400,
		.close = true,
		.answer = "the request is malformed\n",
		.log = "request refused: its headers leave open where it ends, or break HTTP's "
		       "rules",
		.advice =
			"neither Shopify nor a proxy sends this: it may be an attempt to smuggle a "
			"second request in"},
	[VERDICT_HEADERS] = {.reason = "headers",
		.status = 400,
		.answer = "a header that every webhook has is missing or wrong\n",
		.log = "webhook refused: a header that every webhook has is missing or wrong",
		.advice = "is this path called by Shopify, and does the reverse proxy pass all "
			  "X-Shopify-* headers on?"},
	[VERDICT_NEXT_GENERATION] = {.reason = "next_generation",
		.status = 400,
		.answer = "Shopify's next-generation events are not supported, use webhooks\n",
		.log = "webhook refused: it is one of Shopify's next-generation events, whose "
		       "payloads "
		       "are others",
		.advice = "subscribe with [[webhooks.subscriptions]] in shopify.app.toml, not with "
			  "events"},
	[VERDICT_EMPTY] = {.reason = "empty",
		.status = 400,
		.answer = "the body is empty\n",
		.log = "webhook refused: its body is empty",
		.advice = "does the reverse proxy pass the body on?"},
	[VERDICT_UNSIGNED] = {.reason = "unsigned",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: it has no signature, or one that is not 44 characters of "
		       "base64",
		.advice =
			"Shopify signs every webhook: is this a test by hand, or does the reverse "
			"proxy drop X-Shopify-Hmac-Sha256? `segrelay post` signs"},
	[VERDICT_SIGNATURE] = {.reason = "signature",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: none of the shop's secrets made its signature",
		.advice = "the app's client secret signs webhooks made by an app, the key shown "
			  "under "
			  "Settings > Notifications > Webhooks signs those made in the admin; give "
			  "both "
			  "if both are used; a proxy that changes or cuts the body breaks it, too"},
	[VERDICT_UNKNOWN_SHOP] = {.reason = "unknown_shop",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: its shop is not in the configuration",
		.advice = "the name of a shop is its permanent one, NAME.myshopify.com"},
	[VERDICT_PATH] = {.reason = "path",
		.status = 404,
		.close = true,
		.answer = "nothing here\n",
		.log = "request refused: nothing is at its path",
		.advice = "webhooks go to /webhooks/shopify"},
	[VERDICT_METHOD] = {.reason = "method",
		.status = 405,
		.close = true,
		.answer = "POST webhooks here\n",
		.log = "request refused: webhooks are sent with POST"},
	[VERDICT_TOO_LARGE] = {.reason = "too_large",
		.status = 413,
		.close = true,
		.answer = "the body is too large\n",
		.log = "webhook refused: its body is larger than max_body",
		.advice = "raise max_body, and the reverse proxy's limit with it"},
	[VERDICT_XML] = {.reason = "xml",
		.status = 415,
		.answer = "send JSON\n",
		.log = "webhook refused: it is XML",
		.advice =
			"choose JSON as the webhook's format in the shop's admin under Settings > "
			"Notifications > Webhooks, or in the subscription"},
	[VERDICT_MEMORY] = {.reason = "memory",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused for now: all bodies together would take more than "
		       "max_in_memory",
		.advice = "Shopify sends it again; if it goes on, raise max_in_memory or look at "
			  "what "
			  "slows the store"},
	[VERDICT_STORE] = {.reason = "store",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused for now: it could not be stored",
		.advice = "Shopify sends it again for 4 hours"},
	[VERDICT_SLOW] = {.reason = "slow",
		.close = true,
		.log = "request cut off: it did not arrive within request_timeout",
		.advice = "let the reverse proxy buffer requests (nginx: proxy_request_buffering "
			  "on)"},
	[VERDICT_ADDRESS] = {.reason = "address",
		.log = "connection closed: its address has max_connections_per_address already",
		.advice = "behind a reverse proxy all connections have the proxy's address: leave "
			  "the "
			  "limit to it, and max_connections_per_address at 0"},
	[VERDICT_ABORTED] = {.reason = "aborted", .close = true},
};
