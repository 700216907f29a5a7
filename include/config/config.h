/* The configuration, validated, as the daemon and the verbs use it.
 *
 * A configuration never changes once loaded. It is shared: each user holds a reference. A reload
 * creates a new configuration; the old one is freed with its last reference. */
#ifndef SEGRELAY_CONFIG_CONFIG_H
#define SEGRELAY_CONFIG_CONFIG_H

#include "base/ids.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONFIG_DEFAULT_PATH "/etc/segrelay/segrelay.conf"

enum order_id_from { ORDER_ID_ID, ORDER_ID_NAME, ORDER_ID_NUMBER };
enum user_id_from { USER_ID_CUSTOMER_ID, USER_ID_EMAIL, USER_ID_MD5_EMAIL, USER_ID_NONE };
enum completed_on { COMPLETED_ON_CREATE, COMPLETED_ON_PAID };
enum identify_when { IDENTIFY_EVERY, IDENTIFY_CHANGED };
enum send_or_skip { SKIP, SEND };
enum consent { CONSENT_REQUIRED, CONSENT_OFF };

/* The accepted signatures of ReCharge. V1_OR_LEGACY accepts the older one until a shop's webhook
 * had the newer. */
enum recharge_signature {
	RECHARGE_SIGNATURE_V1_OR_LEGACY,
	RECHARGE_SIGNATURE_V1,
	RECHARGE_SIGNATURE_EITHER,
};

/* The options that select and rename events, of a shop or a destination. */
struct event_choices {
	struct strings disable; /* names of the catalogue */
	struct strings enable;  /* of events that are off by default */
	struct strings rename;  /* "Name of the catalogue=Own name" */
};

/* The suffix of the destination whose outbox has the deletion requests of another one. */
#define DELETIONS_SUFFIX " (deletions)"

/* A Segment source that messages are sent to, or its workspace's Public API, when `deletes`. */
struct destination {
	char *name;
	char *write_key;             /* a secret */
	char *url;                   /* without a trailing slash and without /v1 */
	struct uuid space;           /* initial namespace of its messageIds */
	int64_t batch_messages;      /* maximum number of messages in a batch */
	int64_t batch_wait;          /* ms that a message may wait for others */
	int64_t batches_in_flight;   /* maximum number of batches in flight */
	bool gzip;                   /* compress requests */
	int64_t poison_after;        /* ms until a message that fails alone is a dead letter */
	struct event_choices events; /* in addition to the shop's, with precedence */
	char *public_api_token;      /* a secret; NULL for none */
	char *public_api_url;
	char *source_id; /* delete from this source only; NULL for the whole workspace */
	const struct destination
		*deletions; /* the destination that deletes users, NULL without a token */
	bool deletes; /* a destination of that kind: one request after the other, with the token */
};

enum { SHARING_MAX = 100 };

/* A shop whose webhooks are accepted, with its options. */
struct shop {
	char *domain;                    /* "my-store.myshopify.com", lower case */
	struct strings secrets;          /* webhook secrets; any of them may have signed */
	struct strings recharge_secrets; /* of ReCharge's webhooks; without any, none is accepted */
	enum recharge_signature recharge_signature;
	char *recharge_token;   /* a secret of ReCharge's API; NULL for none */
	char *recharge_api_url; /* without a trailing slash */
	const struct destination **destinations;
	size_t destination_count;
	enum order_id_from order_id;
	enum user_id_from user_id;
	enum completed_on order_completed_on;
	enum identify_when identify;
	bool email_property;
	bool anonymize_ip;
	enum send_or_skip test_orders;
	enum send_or_skip refund_without_money;
	struct strings anonymous_id_attributes;
	struct strings google_client_id_attributes;
	struct strings google_session_id_attributes;
	bool alias;
	struct strings alias_integrations; /* Segment's names; empty for all */
	int64_t cart_settle;               /* ms without a change until a cart's changes are sent */
	int64_t cart_ttl;                  /* ms that an unchanged cart is stored */
	int64_t recharge_identity_wait;    /* ms that an event waits for Shopify's customer id */
	char *recharge_currency;    /* for payloads of ReCharge without a currency; NULL for none */
	bool cancel_on_max_retries; /* the last failed attempt cancels the subscription */
	struct event_choices events;
	const struct shop **sharing; /* shops with a secret in common, at most SHARING_MAX */
	size_t sharing_count;
	/* the storefront's script and pixel; off while `storefront_origins` is empty */
	struct strings storefront_origins; /* origins of its pages, in addition to https:// and the
					      domain */
	char *storefront_write_key; /* public; NULL when the pages load analytics.js themselves */
	char *storefront_cdn;       /* the host that analytics.js is loaded from */
	struct strings storefront_pages;   /* "/path=Event of the catalogue" */
	enum consent consent;              /* whether the script waits for the visitor's consent */
	struct strings consent_categories; /* "Shopify's purpose=Name of Segment's category" */
};

struct config {
	char *path;   /* the file it was read from */
	char *listen; /* "127.0.0.1:8080", "[::1]:8080" */
	char *admin;
	char *admin_socket; /* the path of a unix socket; NULL for a store in memory */
	char *public_url; /* the public URL of `listen`, without a trailing slash; NULL when not set
			   */
	struct strings trusted_proxies; /* networks whose X-Forwarded-For counts */
	int64_t hints_per_address;      /* of the storefront, per minute */
	int64_t hints_per_shop;
	char *store;             /* "sqlite:/var/lib/segrelay/segrelay.db" */
	int64_t keep_deliveries; /* ms that raw bodies are kept */
	int64_t keep_orders;     /* ms that records of orders and customers are kept */
	int64_t keep_emitted;    /* ms that emitted message ids are kept */
	int64_t redact_grace;    /* ms until shop/redact is carried out */
	int64_t max_store;       /* bytes of the store; beyond it webhooks get 503 */
	int64_t min_free;        /* bytes that must stay free on its disk */
	int64_t max_body;        /* bytes of a webhook's body */
	int64_t max_in_memory;   /* bytes of all bodies being received or waiting for a commit */
	int64_t max_connections;
	int64_t http_threads;
	int64_t request_timeout; /* ms from a request's first byte to its last */
	int64_t idle_timeout;    /* ms that an idle connection is kept */
	int64_t stop_grace;      /* ms for requests in progress when stopping */
	enum log_level log_level;
	enum log_format log_format;
	struct destination *destinations;
	size_t destination_count;
	size_t deletion_count; /* of destinations that delete, stored after the others */
	struct shop *shops;    /* sorted by domain */
	size_t shop_count;
	_Atomic int references;
};

/* Reads and validates a file. 0 and *config (one reference, the caller's), or -1; then `report` has
 * every error, one per line: file:line: the error and the allowed values. Reads secrets from their
 * files. `report` may have warnings after success, too. */
int config_load(const char *path, struct config **config, struct text *report);

/* The same, with warnings of unsafe settings: addresses that other machines reach, secrets that can
 * be guessed, files that others can read. For the start of the daemon, not for each verb. */
int config_review(const char *path, struct config **config, struct text *report);

/* A configuration of defaults with one shop and one destination "map" (write key "map"), for
 * `segrelay map` without a file. NULL without memory. */
struct config *config_defaults(const char *shop_domain);

/* Adds and releases a reference; the last release frees the configuration and overwrites its
 * secrets. NULL is allowed for both. */
struct config *config_share(struct config *config);
void config_release(struct config *config);

/* The shop of a domain (any case), or NULL. Valid as long as the configuration. The second form
 * takes a domain of `length` bytes without a terminating NUL, for example a part of a request's
 * header. */
const struct shop *config_shop(const struct config *config, const char *domain);
const struct shop *config_shop_of(const struct config *config, const char *domain, size_t length);

/* The destination of a name, or NULL. */
const struct destination *config_destination(const struct config *config, const char *name);

/* Whether a destination's name, which may be NULL, is that of an outbox of deletion requests. */
bool destination_is_deletions(const char *name);

/* Lists the options that differ but need a restart ("listen, store"); false when there are none. */
bool config_needs_restart(
	const struct config *before, const struct config *after, struct text *names);

#endif
