/* The outcomes of a request: its answer, its counter's label and its log line, in one table. */
#include "receive/http/outcome.h"

#include <stddef.h>

/* The same for every failed authentication: a caller must not learn which shops are configured. */
#define UNAUTHENTICATED "the signature is missing or wrong\n"
#define TRY_AGAIN "the webhook cannot be stored now: send it again later\n"

#define WEBHOOK "webhook rejected"
#define REQUEST "request rejected"
#define HINT "hint rejected"

/* clang-format off */
const struct http_outcome_facts http_outcomes[HTTP_OUTCOMES] = {
	[HTTP_STORED] = {.label = "stored", .status = 200, .answer = "ok\n"},
	[HTTP_MALFORMED] = {.label = "malformed", .status = 400, .close = true,
		.answer = "the request is malformed\n",
		.message = REQUEST, .reason = "ambiguous or malformed HTTP framing",
		.action = "none if it is rare: neither Shopify nor a proxy sends this; it may be an attempt "
			  "at request smuggling"},
	[HTTP_HEADERS] = {.label = "headers", .status = 400,
		.answer = "a header that every webhook has is missing or invalid\n",
		.message = WEBHOOK, .reason = "a required header is missing or invalid",
		.action = "check that Shopify calls this path and that the reverse proxy forwards all "
			  "X-Shopify-* headers"},
	[HTTP_NEXT_GENERATION] = {.label = "next_generation", .status = 400,
		.answer = "Shopify's next-generation events are not supported, use webhooks\n",
		.message = WEBHOOK,
		.reason = "it is one of Shopify's next-generation events, which have other payloads",
		.action = "subscribe with [[webhooks.subscriptions]] in shopify.app.toml, not with events"},
	[HTTP_EMPTY] = {.label = "empty", .status = 400,
		.answer = "the body is empty\n",
		.message = WEBHOOK, .reason = "its body is empty",
		.action = "check that the reverse proxy forwards the body"},
	[HTTP_UNSIGNED] = {.label = "unsigned", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "its signature is missing or is not 44 characters of base64",
		.action = "check that the reverse proxy forwards X-Shopify-Hmac-Sha256: Shopify signs every "
			  "webhook; use `segrelay post` for tests, which signs"},
	[HTTP_SIGNATURE] = {.label = "signature", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "none of the shop's secrets made its signature",
		.action = "check the secrets: the app's client secret signs webhooks of an app, the key under "
			  "Settings > Notifications > Webhooks those made in the admin; configure both if "
			  "both are used; a proxy that changes or truncates the body invalidates the "
			  "signature, too"},
	[HTTP_UNKNOWN_SHOP] = {.label = "unknown_shop", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "its shop is not configured",
		.action = "add a shop block with the permanent domain, NAME.myshopify.com"},
	[HTTP_RECHARGE_UNSIGNED] = {.label = "recharge_unsigned", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "ReCharge's signature is missing or malformed",
		.action = "check that the reverse proxy forwards the X-Recharge-* headers: ReCharge signs "
			  "every webhook; use `segrelay post --recharge` for tests, which signs"},
	[HTTP_RECHARGE_SIGNATURE] = {.label = "recharge_signature", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "none of the shop's recharge_secrets made its signature",
		.action = "configure the API client secret of the API token's page in ReCharge, not the "
			  "token; each token has its own secret: configure all"},
	[HTTP_RECHARGE_FOLLOWED] = {.label = "recharge_followed", .status = 401,
		.answer = UNAUTHENTICATED,
		.message = WEBHOOK, .reason = "bytes follow its JSON",
		.action = "set recharge_signature = v1 if ReCharge sends the newer signature: the older one "
			  "does not protect against appended bytes"},
	/* 503 in the next four: ReCharge may drop a webhook that was answered 400 or 401, and the fault
	 * may be the relay's: its clock, its configuration, or a proxy that removes headers. */
	[HTTP_RECHARGE_TOPIC] = {.label = "recharge_topic", .status = 503,
		.answer = "the path or X-Recharge-Topic must name the topic, and both the same\n",
		.message = WEBHOOK,
		.reason = "its topic is missing, or its path and X-Recharge-Topic differ",
		.action = "check that the reverse proxy does not change the path or the X-Recharge-* headers; "
			  "each topic has its own address: compare with `segrelay webhooks recharge list`; "
			  "ReCharge retries for 48 hours"},
	[HTTP_RECHARGE_STALE] = {.label = "recharge_stale", .status = 503,
		.answer = TRY_AGAIN,
		.message = WEBHOOK,
		.reason = "ReCharge's signature is more than 48 hours away from the current time",
		.action = "check this machine's clock, or whether an old webhook is replayed; ReCharge "
			  "retries for 48 hours"},
	[HTTP_RECHARGE_LEGACY] = {.label = "recharge_legacy", .status = 503,
		.answer = TRY_AGAIN,
		.message = WEBHOOK,
		.reason = "it has only ReCharge's older signature, and the shop requires the newer one",
		.action = "check that the reverse proxy forwards X-Recharge-Webhook-Signature; if ReCharge "
			  "itself uses the older one again, set recharge_signature = either for the shop "
			  "within 48 hours, while ReCharge retries; otherwise it is a replay"},
	[HTTP_RECHARGE_SHOP] = {.label = "recharge_shop", .status = 503,
		.answer = TRY_AGAIN,
		.message = WEBHOOK, .reason = "the relay has no secret for ReCharge's signature",
		.action = "add a shop block with recharge_secret_files for the shop of the path; ReCharge "
			  "retries for 48 hours"},
	[HTTP_PATH] = {.label = "path", .status = 404, .close = true,
		.answer = "nothing here\n",
		.message = REQUEST, .reason = "unknown path",
		.action = "send webhooks to /webhooks/shopify, ReCharge's to "
			  "/webhooks/recharge/SHOP/RESOURCE/ACTION"},
	[HTTP_METHOD] = {.label = "method", .status = 405, .close = true,
		.answer = "method not allowed\n",
		.message = REQUEST, .reason = "method not allowed for its path",
		.action = "check whether a redirection turns POST into GET; ignore browsers and scanners"},
	[HTTP_TOO_LARGE] = {.label = "too_large", .status = 413, .close = true,
		.answer = "the body is too large\n",
		.message = REQUEST, .reason = "its body is too large",
		.action = "for a webhook, raise max_body and the reverse proxy's limit"},
	[HTTP_XML] = {.label = "xml", .status = 415,
		.answer = "send JSON\n",
		.message = WEBHOOK, .reason = "its format is XML",
		.action = "choose JSON as the webhook's format in the shop's admin under Settings > "
			  "Notifications > Webhooks, or in the subscription"},
	[HTTP_MEMORY] = {.label = "memory", .status = 503,
		.answer = TRY_AGAIN,
		.message = WEBHOOK, .reason = "the bodies in memory have reached max_in_memory",
		.action = "none if it is rare, the webhook is sent again; otherwise raise max_in_memory, or "
			  "find out why the store is slow"},
	[HTTP_STORE_FAILED] = {.label = "store", .status = 503,
		.answer = TRY_AGAIN,
		.message = WEBHOOK, .reason = "storing it failed",
		.action = "remove the cause in time: Shopify retries for 4 hours, ReCharge for 48"},
	[HTTP_SLOW] = {.label = "slow", .close = true,
		.message = REQUEST, .reason = "it did not arrive within request_timeout",
		.action = "let the reverse proxy buffer requests (nginx: proxy_request_buffering on)"},
	[HTTP_COLLECTED] = {.label = "collected", .status = 204, .answer = ""},
	[HTTP_PREFLIGHT] = {.label = "preflight", .status = 204, .answer = ""},
	[HTTP_HINT] = {.label = "hint", .status = 400,
		.answer = "this is not a hint of the storefront\n",
		.message = HINT, .reason = "it is not in the format of the storefront script",
		.action = "look for an old copy of the script or the pixel in your own pages; ignore posts of "
			  "strangers"},
	[HTTP_ORIGIN] = {.label = "origin", .status = 403,
		.answer = "origin not allowed\n",
		.message = HINT, .reason = "its page does not belong to the shop",
		.action = "if the page is yours, add its origin to storefront_origins of the shop"},
	[HTTP_RATE] = {.label = "rate", .status = 429,
		.answer = "too many requests\n",
		.message = HINT, .reason = "too many hints within a minute",
		.action = "if all come from one address, let the reverse proxy set X-Forwarded-For and name "
			  "it in trusted_proxies; see hints_per_address and hints_per_shop"},
	[HTTP_ROOM] = {.label = "room", .status = 503,
		.answer = TRY_AGAIN,
		.message = HINT, .reason = "the rest of the store is reserved for webhooks",
		.action = "see the outbox with `segrelay status`, raise max_store, or subscribe to carts and "
			  "checkouts: hints of carts that no webhook has named may use a small part of "
			  "max_store, and all hints leave its last twentieth and half of min_free"},
	[HTTP_SERVED] = {.label = "served", .status = 200, .answer = ""},
	[HTTP_UNCHANGED] = {.label = "unchanged", .status = 304, .answer = ""},
	[HTTP_NO_STOREFRONT] = {.label = "no_storefront", .status = 404,
		.answer = "nothing here: does ?shop= name a shop with storefront_origins?\n",
		.message = REQUEST, .reason = "its shop has no storefront",
		.action = "set storefront_origins of the shop, and name it as "
			  "/segrelay.js?shop=NAME.myshopify.com"},
	[HTTP_ABORTED] = {.label = "aborted", .close = true},
};
/* clang-format on */
