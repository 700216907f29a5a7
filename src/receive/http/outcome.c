/* What can become of a request: its answer, its counter's label and its log line, in one table. */
#include "receive/http/outcome.h"

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
	[VERDICT_RECHARGE_UNSIGNED] = {.reason = "recharge_unsigned",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: ReCharge's signature is missing or cannot be read",
		.advice =
			"ReCharge signs every webhook: is this a test by hand, or does the reverse "
			"proxy drop X-Recharge-* headers? `segrelay post --recharge` signs"},
	[VERDICT_RECHARGE_SIGNATURE] = {.reason = "recharge_signature",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: none of the shop's recharge_secrets made its signature",
		.advice = "the secret is the API client secret on the API token's page in "
			  "ReCharge, not the token; each token has its own: give all"},
	[VERDICT_RECHARGE_FOLLOWED] = {.reason = "recharge_followed",
		.status = 401,
		.answer = UNAUTHENTICATED,
		.log = "webhook refused: bytes follow its JSON",
		.advice = "whoever has seen a webhook with ReCharge's older signature can add to "
			  "it: set recharge_signature = v1 if ReCharge sends the newer one"},
	/* 503 in these four: ReCharge may drop what was refused by 400 or 401, and it may be the
	 * relay that lacks something: the time, the header or path that a proxy drops, the secret.
	 */
	[VERDICT_RECHARGE_TOPIC] = {.reason = "recharge_topic",
		.status = 503,
		.answer = "the path or X-Recharge-Topic must name the topic, and both the same\n",
		.log = "webhook refused for now: its topic is not known, or its path and its "
		       "X-Recharge-Topic differ",
		.advice = "does the reverse proxy leave path and X-Recharge-* headers as they are? "
			  "Each topic has an address of its own: `segrelay webhooks recharge "
			  "list` compares; ReCharge sends it again for 48 hours"},
	[VERDICT_RECHARGE_STALE] = {.reason = "recharge_stale",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused: ReCharge signed it more than 48 hours away from now",
		.advice = "somebody sends an old webhook again, or the clock of this machine is "
			  "wrong: ReCharge sends it again for 48 hours"},
	[VERDICT_RECHARGE_LEGACY] = {.reason = "recharge_legacy",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused: it has ReCharge's older signature alone, and the shop is "
		       "held to the newer",
		.advice =
			"somebody may replay an old webhook without its newer headers, or a "
			"proxy drops X-Recharge-Webhook-Signature; if ReCharge itself went back, "
			"set recharge_signature = either for the shop within 48 hours: so long it "
			"sends again"},
	[VERDICT_RECHARGE_SHOP] = {.reason = "recharge_shop",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused for now: nothing can check ReCharge's signature",
		.advice = "give the shop of the path a block with recharge_secret_files; ReCharge "
			  "sends it again for 48 hours"},
	[VERDICT_PATH] = {.reason = "path",
		.status = 404,
		.close = true,
		.answer = "nothing here\n",
		.log = "request refused: nothing is at its path",
		.advice = "webhooks go to /webhooks/shopify, ReCharge's to "
			  "/webhooks/recharge/SHOP/RESOURCE/ACTION"},
	[VERDICT_METHOD] = {.reason = "method",
		.status = 405,
		.close = true,
		.answer = "not by this method\n",
		.log = "request refused: its path is asked with another method",
		.advice = "is it somebody who looks, or does a redirection turn POST into GET?"},
	[VERDICT_TOO_LARGE] = {.reason = "too_large",
		.status = 413,
		.close = true,
		.answer = "the body is too large\n",
		.log = "request refused: its body is too large",
		.advice = "of a webhook: raise max_body, and the reverse proxy's limit with it"},
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
		.advice = "it is sent again; if it goes on, raise max_in_memory or look at "
			  "what "
			  "slows the store"},
	[VERDICT_STORE] = {.reason = "store",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "webhook refused for now: it could not be stored",
		.advice = "Shopify sends it again for 4 hours, ReCharge for 48"},
	[VERDICT_SLOW] = {.reason = "slow",
		.close = true,
		.log = "request cut off: it did not arrive within request_timeout",
		.advice = "let the reverse proxy buffer requests (nginx: proxy_request_buffering "
			  "on)"},
	[VERDICT_COLLECTED] = {.reason = "collected", .status = 204, .answer = ""},
	[VERDICT_PREFLIGHT] = {.reason = "preflight", .status = 204, .answer = ""},
	[VERDICT_HINT] = {.reason = "hint",
		.status = 400,
		.answer = "this is no hint of the storefront\n",
		.log = "hint refused: it is not what the storefront's script posts",
		.advice = "somebody else's posts need no care; of your own pages, look for an old "
			  "copy "
			  "of the script or the pixel"},
	[VERDICT_ORIGIN] = {.reason = "origin",
		.status = 403,
		.answer = "not from here\n",
		.log = "hint refused: it came from a page that is not the shop's",
		.advice = "if the page is yours, add its origin to storefront_origins of the shop"},
	[VERDICT_RATE] = {.reason = "rate",
		.status = 429,
		.answer = "too many\n",
		.log = "hint refused: there were too many within a minute",
		.advice = "of one address: does the reverse proxy set X-Forwarded-For, and do "
			  "trusted_proxies name it? see hints_per_address and hints_per_shop"},
	[VERDICT_ROOM] = {.reason = "room",
		.status = 503,
		.answer = TRY_AGAIN,
		.log = "hint refused for now: what is left of the store is for webhooks",
		.advice = "hints of carts that no webhook has named may take a small part of "
			  "max_store: subscribe to carts and checkouts, or raise max_store; hints "
			  "leave "
			  "its last twentieth, and half of min_free: see what waits with `segrelay "
			  "status`"},
	[VERDICT_SERVED] = {.reason = "served", .status = 200, .answer = ""},
	[VERDICT_UNCHANGED] = {.reason = "unchanged", .status = 304, .answer = ""},
	[VERDICT_NO_STOREFRONT] = {.reason = "no_storefront",
		.status = 404,
		.answer = "nothing here: is ?shop= one with storefront_origins?\n",
		.log = "request refused: its shop has no storefront",
		.advice = "give the shop storefront_origins, and name it as "
			  "/segrelay.js?shop=NAME.myshopify.com"},
	[VERDICT_ABORTED] = {.reason = "aborted", .close = true},
};
