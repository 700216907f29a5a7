/* The configuration: what the operator wrote, checked, as the daemon and the verbs use it.
 *
 * A configuration never changes once loaded. It is shared: each user holds a reference, and a
 * reload is a new configuration beside the old one, which goes when its last user lets go. */
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

/* Which of ReCharge's signatures are taken; V1_OR_LEGACY takes the older one until a shop was seen
 * with the newer. */
enum recharge_signature {
	RECHARGE_SIGNATURE_V1_OR_LEGACY,
	RECHARGE_SIGNATURE_V1,
	RECHARGE_SIGNATURE_EITHER,
};

/* What an operator chose of the events of a shop, or of a destination. */
struct event_choices {
	struct strings disable; /* names of the catalogue */
	struct strings enable;  /* of those that are off unless they are named here */
	struct strings rename;  /* "Name of the catalogue=Own name" */
};

/* What the outbox of a destination's requests to delete is called, behind the destination's name.
 */
#define DELETIONS_SUFFIX " (deletions)"

/* A Segment source that messages are sent to; or its workspace's Public API, when `deletes`. */
struct destination {
	char *name;
	char *write_key;             /* a secret */
	char *url;                   /* without a trailing slash and without /v1 */
	struct uuid space;           /* what a first use makes the namespace of its messageIds */
	int64_t batch_messages;      /* messages a batch at the most */
	int64_t batch_wait;          /* ms that a message may wait for others */
	int64_t batches_in_flight;   /* at once, at the most */
	bool gzip;                   /* compress what is sent */
	int64_t poison_after;        /* ms until what fails alone is a dead letter */
	struct event_choices events; /* beside the shop's, and before them */
	char *public_api_token;      /* a secret; NULL for none */
	char *public_api_url;
	char *source_id; /* deletions of this source alone, NULL of the workspace */
	const struct destination *deletions; /* where users are deleted, NULL without a token */
	bool deletes; /* one such: posts one request after the other, under the token */
};

enum { SHARING_MAX = 100 };

/* A shop whose webhooks are accepted, with its choices of what is told. */
struct shop {
	char *domain;                    /* "my-store.myshopify.com", lower case */
	struct strings secrets;          /* any of them may have signed */
	struct strings recharge_secrets; /* the same of ReCharge's webhooks; none takes none */
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
	struct strings alias_integrations; /* by Segment's names; none means all */
	int64_t cart_settle;            /* ms that a cart must rest before its changes are told */
	int64_t cart_ttl;               /* ms that an untouched cart is remembered */
	int64_t recharge_identity_wait; /* ms that an event waits for Shopify's customer id */
	char *recharge_currency;        /* of what ReCharge sends without one; NULL for none */
	bool cancel_on_max_retries;     /* the last failed try ends the subscription */
	struct event_choices events;
	const struct shop **sharing; /* shops that have one of its secrets, at most SHARING_MAX */
	size_t sharing_count;
	/* the storefront's script and pixel; off while `origins` has none */
	struct strings storefront_origins; /* of its pages, beside https:// and the domain */
	char *storefront_write_key;        /* public; NULL where pages have their analytics.js */
	char *storefront_cdn;              /* where analytics.js comes from */
	struct strings storefront_pages;   /* "/path=Event of the catalogue" */
	enum consent consent;              /* whether the script waits for the visitor's */
	struct strings consent_categories; /* "Shopify's purpose=Name of Segment's category" */
};

struct config {
	char *path;   /* the file that it came from */
	char *listen; /* "127.0.0.1:8080", "[::1]:8080" */
	char *admin;
	char *admin_socket; /* the path of a unix socket; NULL for a store in memory */
	char *public_url;   /* of `listen` to the world, without a trailing slash; NULL if not given
			     */
	struct strings trusted_proxies; /* networks whose X-Forwarded-For counts */
	int64_t hints_per_address;      /* of the storefront, a minute */
	int64_t hints_per_shop;
	char *store;             /* "sqlite:/var/lib/segrelay/segrelay.db" */
	int64_t keep_deliveries; /* ms that raw bodies are kept */
	int64_t keep_orders;     /* ms that what is known of an order or a customer is kept */
	int64_t keep_emitted;       /* ms that what was told is remembered */
	int64_t redact_grace;    /* ms that shop/redact waits to be carried out */
	int64_t max_store;       /* bytes of the store; beyond it webhooks get 503 */
	int64_t min_free;        /* bytes that must stay free on its disk */
	int64_t max_body;        /* bytes of a webhook's body */
	int64_t max_in_memory;   /* bytes of all bodies being received or waiting for a commit */
	int64_t max_connections;
	int64_t http_threads;
	int64_t request_timeout; /* ms from a request's first byte to its last */
	int64_t idle_timeout;    /* ms that an idle connection is kept */
	int64_t stop_grace;      /* ms for what is in flight when stopping */
	enum log_level log_level;
	enum log_format log_format;
	struct destination *destinations;
	size_t destination_count;
	size_t deletion_count; /* of those that delete, behind the others */
	struct shop *shops;    /* sorted by domain */
	size_t shop_count;
	_Atomic int references;
};

/* Reads and checks a file. 0 and *config (one reference, the caller's), or -1; then `report` holds
 * every error, a line each: file:line: what is wrong, and what is allowed. Secrets are read from
 * their files here. `report` may hold warnings after success, too. */
int config_load(const char *path, struct config **config, struct text *report);

/* The same, with warnings of what is not safe: addresses that others reach, secrets that can be
 * guessed, files that others can read. For who starts the daemon, not for each verb. */
int config_review(const char *path, struct config **config, struct text *report);

/* A configuration of defaults with one shop and one destination "map" (write key "map"), for
 * `segrelay map` without a file. NULL when memory runs out. */
struct config *config_defaults(const char *shop_domain);

/* One reference more, and one less; the last one frees it and overwrites its secrets. NULL is
 * allowed for both. */
struct config *config_share(struct config *config);
void config_release(struct config *config);

/* The shop of a domain (any case), or NULL. Lives as long as the configuration. The second form
 * takes a domain of `length` bytes that no NUL ends, such as a part of a request's header. */
const struct shop *config_shop(const struct config *config, const char *domain);
const struct shop *config_shop_of(const struct config *config, const char *domain, size_t length);

/* The destination of a name, or NULL. */
const struct destination *config_destination(const struct config *config, const char *name);

/* Whether a destination's name, which may be NULL, is that of one whose outbox holds requests to
 * delete users. */
bool destination_is_deletions(const char *name);

/* Names the options that differ but need a restart ("listen, store"); false when there are none. */
bool config_needs_restart(
	const struct config *before, const struct config *after, struct text *names);

#endif
