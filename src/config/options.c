/* The options as tables. To add an option, add a row. */
#include "config/options.h"

#include "base/clock.h"

#define KIB ((int64_t)1 << 10)
#define MIB ((int64_t)1 << 20)
#define TIB ((int64_t)1 << 40)

static const char *const log_levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const log_formats[] = {"text", "json", NULL};
static const char *const regions[] = {"us", "eu", NULL};
static const char *const order_ids[] = {"id", "name", "number", NULL};
static const char *const user_ids[] = {"customer_id", "email", "md5_email", "none", NULL};
static const char *const completed[] = {"create", "paid", NULL};
static const char *const identifies[] = {"every", "changed", NULL};
static const char *const consents[] = {"required", "off", NULL};
static const char *const recharge_signatures[] = {"v1_or_legacy", "v1", "either", NULL};
static const char *const skip_or_send[] = {"skip", "send", NULL};

/* clang-format off */
#define IN_CONFIG(member) offsetof(struct config, member)
const struct option general_options[] = {
	/* name                       kind             member                               default      least        most         choices */
	{"listen",                    OPTION_ADDRESS,  IN_CONFIG(listen),                   "127.0.0.1:8080", 0,      0,           NULL,
		"The address and port on which the relay receives webhooks, behind the reverse proxy. A change takes effect "
		"at a restart."},
	{"admin",                     OPTION_ADDRESS,  IN_CONFIG(admin),                    "127.0.0.1:9464", 0,      0,           NULL,
		"The address and port of `/healthz`, `/readyz` and `/metrics`. They need no password: keep the address on "
		"this machine. The relay answers only requests whose Host header is an address, localhost or the host of this "
		"option. A change takes effect at a restart."},
	{"admin_socket",              OPTION_PATH,     IN_CONFIG(admin_socket),             NULL,        0,           0,           NULL,
		"The path of the unix socket that the verbs use; it also serves `/status`, `/dead` and `/outbox`. The relay "
		"creates it with mode 0600: only its user and root can connect. The default is `/run/NAME/admin.sock` for a "
		"store in `/var/lib/NAME`, if the directory `/run/NAME` exists. Otherwise it is the path of the store with "
		"`.sock` in place of its suffix. At start the relay replaces the socket of a process that was killed. It "
		"refuses a socket on which another process listens, and a file that is not a socket. A change takes effect at "
		"a restart."},
	{"public_url",                OPTION_URL,      IN_CONFIG(public_url),               NULL,        0,           0,           NULL,
		"The URL at which the reverse proxy publishes `listen`, for example `https://relay.example.com`. The "
		"storefront's scripts post to it, and `segrelay webhooks` registers addresses below it."},
	{"trusted_proxies",           OPTION_NETWORKS, IN_CONFIG(trusted_proxies),          "127.0.0.0/8,::1", 0,     0,           NULL,
		"The proxies whose X-Forwarded-For header is trusted: addresses, and networks such as `10.0.0.0/8`. The "
		"header gives the address of a visitor who posts a hint."},
	{"hints_per_address",         OPTION_NUMBER,   IN_CONFIG(hints_per_address),        "60",        1,           1000000,     NULL,
		"The number of storefront hints that are accepted from one address in a minute. An IPv6 network of 56 bits "
		"counts as one address."},
	{"hints_per_shop",            OPTION_NUMBER,   IN_CONFIG(hints_per_shop),           "6000",      1,           100000000,   NULL,
		"The number of storefront hints that are accepted for one shop in a minute. Hints of carts and checkouts that "
		"a webhook has named are accepted beyond it."},
	{"store",                     OPTION_STORE,    IN_CONFIG(store),                    "sqlite:/var/lib/segrelay/segrelay.db", 0, 0, NULL,
		"The SQLite file that holds all durable state, on a local disk. A change takes effect at a restart."},
	{"keep_deliveries",           OPTION_DURATION, IN_CONFIG(keep_deliveries),          "7d",        HOUR,        3650 * DAY,  NULL,
		"How long deliveries are kept with their bodies. The time is shorter when there is no room for them (see "
		"`max_store`). Hints of the storefront are kept for one hour. ReCharge repeats a webhook for 48 hours: use at "
		"least 3d with ReCharge."},
	{"keep_orders",               OPTION_DURATION, IN_CONFIG(keep_orders),              "400d",      DAY,         36500 * DAY, NULL,
		"How long the relay keeps the records of orders and customers that later webhooks need: a refund may arrive "
		"months after its order."},
	{"keep_emitted",                 OPTION_DURATION, IN_CONFIG(keep_emitted),                "730d",      7 * DAY,     36500 * DAY, NULL,
		"How long the relay remembers that it emitted a message. A delivery that is repeated after that time emits "
		"its message again. A clock that jumps shortens none of the three times: the retention clock runs at most "
		"twice as fast as time passes, and catches up at that rate after a standstill."},
	{"redact_grace",              OPTION_DURATION, IN_CONFIG(redact_grace),             "48h",       0,           30 * DAY,    NULL,
		"How long `shop/redact` waits before the shop is erased; `0s` erases at once. `segrelay status` lists the shops "
		"that wait, and `segrelay erase cancel` cancels an erasure."},
	{"max_store",                 OPTION_SIZE,     IN_CONFIG(max_store),                "10GiB",     MIB,         1024 * TIB,  NULL,
		"The size that the store may have. From 9/10 of it on, the oldest deliveries expire early, if all their "
		"messages were sent and none is a dead letter. When messages that wait to be sent fill the store, new "
		"webhooks are answered 503. The storefront's hints are answered 503 from 19/20 on."},
	{"min_free",                  OPTION_SIZE,     IN_CONFIG(min_free),                 "256MiB",    0,           1024 * TIB,  NULL,
		"The space that stays free on the store's disk; unused pages within the store's file count as free. "
		"Deliveries expire early below twice this size (but at most a tenth of `max_store` above it). When that is "
		"not enough, new webhooks are answered 503, the storefront's hints a little earlier. A value below twice "
		"`max_in_memory` causes a warning: one transaction may write as much into the write-ahead log and then into "
		"the store."},
	{"max_body",                  OPTION_SIZE,     IN_CONFIG(max_body),                 "16MiB",     64 * KIB,    256 * MIB,   NULL,
		"The largest body that is accepted; a larger one is answered 413. The reverse proxy must accept as much."},
	{"max_in_memory",             OPTION_SIZE,     IN_CONFIG(max_in_memory),            "64MiB",     MIB,         TIB,         NULL,
		"The memory for all bodies that are being received or wait for the disk. A webhook beyond it is answered 503. "
		"An eighth is reserved for bodies up to 64 KiB, unless `max_body` needs it."},
	{"max_connections",           OPTION_NUMBER,   IN_CONFIG(max_connections),          "1000",      1,           60000,       NULL,
		"The number of connections at the same time. A change takes effect at a restart."},
	{"http_threads",              OPTION_NUMBER,   IN_CONFIG(http_threads),             "2",         1,           64,          NULL,
		"The number of threads that receive webhooks. A change takes effect at a restart."},
	{"request_timeout",           OPTION_DURATION, IN_CONFIG(request_timeout),          "20s",       500,         (int64_t)10 * MINUTE, NULL,
		"The time from the first to the last byte of a request."},
	{"idle_timeout",              OPTION_DURATION, IN_CONFIG(idle_timeout),             "75s",       SECOND,      HOUR,        NULL,
		"How long a connection is kept open between requests. It must be longer than the reverse proxy keeps its "
		"connections."},
	{"stop_grace",                OPTION_DURATION, IN_CONFIG(stop_grace),               "10s",       0,           (int64_t)10 * MINUTE, NULL,
		"How long requests and batches that are in progress may take when the relay stops. The rest is on disk."},
	{"log_level",                 OPTION_CHOICE,   IN_CONFIG(log_level),                "info",      0,           0,           log_levels,
		"The lowest level that is logged."},
	{"log_format",                OPTION_CHOICE,   IN_CONFIG(log_format),               "text",      0,           0,           log_formats,
		"The format of log lines: text is key=value."},
	{0},
};

#define IN_DESTINATION(member) offsetof(struct destination_draft, member)
const struct option destination_options[] = {
	{"write_key",                 OPTION_SECRET,   IN_DESTINATION(destination.write_key),         NULL,   0, 0,      NULL,
		"The source's write key. Everyone who can read the configuration can read it: prefer `write_key_file`."},
	{"write_key_file",            OPTION_FILE,     IN_DESTINATION(write_key_file),                NULL,   0, 0,      NULL,
		"A file that holds the source's write key and nothing else. When a destination's name is first used, its key "
		"gives the namespace of its messageIds, and the store keeps the namespace. A rotated key therefore emits "
		"nothing again, nor does a destination that is removed and added again under its name. A destination with a "
		"new name and another key is a new destination: a repeated delivery emits its messages there again. After an "
		"upgrade from a version without stored namespaces, start the relay once before you rotate a key. Of two "
		"destinations with the same key, a shop's messages go to the first. The messages of a destination that is "
		"removed or renamed are kept, and sent when the name is configured again."},
	{"region",                    OPTION_CHOICE,   IN_DESTINATION(region),                        "us",   0, 0,      regions,
		"The region of the Segment workspace. Segment silently discards messages that are sent to the wrong region."},
	{"url",                       OPTION_URL,      IN_DESTINATION(destination.url),               NULL,   0, 0,      NULL,
		"The URL that messages are posted to instead of a region's, without `/v1`: for example a proxy of your own."},
	{"batch_messages",            OPTION_NUMBER,   IN_DESTINATION(destination.batch_messages),    "100",  1, 2400,   NULL,
		"The maximum number of messages in a request."},
	{"batch_wait",                OPTION_DURATION, IN_DESTINATION(destination.batch_wait),        "1s",   0, MINUTE, NULL,
		"How long a message may wait until its batch is full."},
	{"batches_in_flight",         OPTION_NUMBER,   IN_DESTINATION(destination.batches_in_flight), "4",    1, 64,     NULL,
		"The number of requests at the same time, beside one for a message that was set aside. All destinations "
		"together hold at most 64 MiB of messages and requests in memory. Each may always hold one batch. A batch is "
		"smaller than 475,000 bytes where there are more than some 35 destinations."},
	{"gzip",                      OPTION_FLAG,     IN_DESTINATION(destination.gzip),              "no",   0, 0,      NULL,
		"Whether requests are compressed: it saves some 80 % of the traffic and costs some CPU."},
	{"poison_after",              OPTION_DURATION, IN_DESTINATION(destination.poison_after),      "24h",  SECOND, 365 * DAY, NULL,
		"When a message that fails alone becomes a dead letter. A message that fails while the destination accepts "
		"others is set aside: it is retried alone after 1 s, 2 s, 4 s and so on, at most an hour. The time counts "
		"while the relay runs, and at least three attempts are made. While the destination accepts nothing, no "
		"message is set aside or becomes a dead letter. A rate limit (429, 529, or 503 with Retry-After) pauses the "
		"destination. It counts as a failure of the message only after eight such answers in a row with nothing "
		"accepted meanwhile."},
	{"public_api_token",          OPTION_SECRET,   IN_DESTINATION(destination.public_api_token),  NULL,   0, 0,      NULL,
		"A token of Segment's Public API; prefer `public_api_token_file`."},
	{"public_api_token_file",     OPTION_FILE,     IN_DESTINATION(public_api_token_file),         NULL,   0, 0,      NULL,
		"A file that holds a token of Segment's Public API. With it the relay asks Segment to delete the users that "
		"`customers/redact`, `shop/redact` and `segrelay erase` name."},
	{"public_api_url",            OPTION_URL,      IN_DESTINATION(destination.public_api_url),    NULL,   0, 0,      NULL,
		"The URL of Segment's Public API, when it is not the one of the region."},
	{"source_id",                 OPTION_TEXT,     IN_DESTINATION(destination.source_id),         NULL,   0, 0,      NULL,
		"The Segment source whose users are deleted. Without it they are deleted in the whole workspace."},
	{"disable",                   OPTION_EVENTS,   IN_DESTINATION(destination.events.disable),    NULL,   0, 0,      NULL,
		"Events that this destination does not receive, in addition to those that the shop disables."},
	{"enable",                    OPTION_EVENTS,   IN_DESTINATION(destination.events.enable),     NULL,   0, 0,      NULL,
		"Events that this destination receives although they are off by default."},
	{"rename",                    OPTION_RENAMES,  IN_DESTINATION(destination.events.rename),     NULL,   0, 0,      NULL,
		"Own names of events for this destination, as `{\"Fulfilment Update=Fulfillment Updated\"}`. It has priority "
		"over the shop's `rename`."},
	{0},
};

#define IN_SHOP(member) offsetof(struct shop_draft, member)
const struct option shop_options[] = {
	{"secrets",                   OPTION_SECRETS,  IN_SHOP(shop.secrets),               NULL,          0, 0, NULL,
		"The secrets that sign the shop's webhooks. Everyone who can read the configuration can read them: prefer "
		"`secret_files`."},
	{"secret_files",              OPTION_FILES,    IN_SHOP(secret_files),               NULL,          0, 0, NULL,
		"Files that hold one secret each: an app's client secret, or the key shown under Settings > Notifications > "
		"Webhooks. A signature may be made with any of them."},
	{"recharge_secrets",          OPTION_SECRETS,  IN_SHOP(shop.recharge_secrets),      NULL,          0, 0, NULL,
		"The secrets that sign ReCharge's webhooks; prefer `recharge_secret_files`."},
	{"recharge_secret_files",     OPTION_FILES,    IN_SHOP(recharge_secret_files),      NULL,          0, 0, NULL,
		"Files that hold one API client secret of a ReCharge API token each. A signature may be made with any of "
		"them. Without one, ReCharge's webhooks are answered 503, and ReCharge repeats them for 48 hours."},
	{"recharge_signature",        OPTION_CHOICE,   IN_SHOP(shop.recharge_signature),    "v1_or_legacy", 0, 0, recharge_signatures,
		"The signatures of ReCharge that are accepted. `v1_or_legacy`: the older one, which has no time and can be "
		"replayed forever, until a webhook with the newer one arrives. From then on only the newer one is accepted; "
		"the store remembers it. `v1`: only the newer one. `either`: both, for a shop whose webhooks come with the "
		"older one again."},
	{"recharge_token",            OPTION_SECRET,   IN_SHOP(shop.recharge_token),        NULL,          0, 0, NULL,
		"An API token of ReCharge; prefer `recharge_token_file`."},
	{"recharge_token_file",       OPTION_FILE,     IN_SHOP(recharge_token_file),        NULL,          0, 0, NULL,
		"A file that holds an API token of ReCharge, for `segrelay webhooks recharge`."},
	{"recharge_api_url",          OPTION_URL,      IN_SHOP(shop.recharge_api_url),      "https://api.rechargeapps.com", 0, 0, NULL,
		"The URL of ReCharge's API."},
	{"destinations",              OPTION_TEXTS,    IN_SHOP(destination_names),          NULL,          0, 0, NULL,
		"The destinations of the shop's messages. The default is all of them."},
	{"order_id",                  OPTION_CHOICE,   IN_SHOP(shop.order_id),              "id",          0, 0, order_ids,
		"The value of the property order_id: the order's id, its name (#1001) or its number (1001)."},
	{"user_id",                   OPTION_CHOICE,   IN_SHOP(shop.user_id),               "customer_id", 0, 0, user_ids,
		"The value of userId. `md5_email` is the MD5 digest of the e-mail address exactly as Shopify sends it."},
	{"order_completed_on",        OPTION_CHOICE,   IN_SHOP(shop.order_completed_on),    "create",      0, 0, completed,
		"When Order Completed is sent: when the order is created, or when it is paid in full."},
	{"identify",                  OPTION_CHOICE,   IN_SHOP(shop.identify),              "every",       0, 0, identifies,
		"When identify is sent: before every event of a known customer, or only when ids or traits changed."},
	{"email_property",            OPTION_FLAG,     IN_SHOP(shop.email_property),        "yes",         0, 0, NULL,
		"Whether events carry the customer's e-mail address as the property email. Segment's Unify merges profiles by "
		"it."},
	{"anonymize_ip",              OPTION_FLAG,     IN_SHOP(shop.anonymize_ip),          "no",          0, 0, NULL,
		"Whether the last octet of IP addresses (IPv6: the last 80 bits) is set to zero."},
	{"test_orders",               OPTION_CHOICE,   IN_SHOP(shop.test_orders),           "skip",        0, 0, skip_or_send,
		"Whether test notifications and test orders are skipped or sent."},
	{"refund_without_money",      OPTION_CHOICE,   IN_SHOP(shop.refund_without_money),  "skip",        0, 0, skip_or_send,
		"Whether refunds that return no money (restocking, exchanges) are skipped, or sent with the value of their "
		"lines."},
	{"anonymous_id_attributes",   OPTION_TEXTS,    IN_SHOP(shop.anonymous_id_attributes),
		"_segment_anonymous_id,segment-clientID,_segment-clientID,segment_anonymous_id,rudderAnonymousId", 0, 0, NULL,
		"Cart attributes that hold the browser's anonymousId, in the order of preference."},
	{"google_client_id_attributes", OPTION_TEXTS,  IN_SHOP(shop.google_client_id_attributes),
		"google-clientID,_google-clientID", 0, 0, NULL,
		"Cart attributes that hold Google Analytics' client id, in the order of preference."},
	{"google_session_id_attributes", OPTION_TEXTS, IN_SHOP(shop.google_session_id_attributes),
		"_ga4session-clientID", 0, 0, NULL,
		"Cart attributes that hold Google Analytics' session id, in the order of preference."},
	{"alias",                     OPTION_FLAG,     IN_SHOP(shop.alias),                 "yes",         0, 0, NULL,
		"Whether an alias is sent when a browser's anonymousId and a userId first meet, and when two customers are "
		"merged."},
	{"alias_integrations",        OPTION_TEXTS,    IN_SHOP(shop.alias_integrations),
		"Mixpanel (Legacy),Vero,Kissmetrics", 0, 0, NULL,
		"The integrations that receive aliases, by Segment's names; `{}` means all of them."},
	{"cart_settle",               OPTION_DURATION, IN_SHOP(shop.cart_settle),           "10s",         0, MINUTE, NULL,
		"How long a cart must be unchanged until Product Added and Product Removed are sent. They are sent a minute "
		"after the first change at the latest."},
	{"cart_ttl",                  OPTION_DURATION, IN_SHOP(shop.cart_ttl),              "30d",         HOUR, 3650 * DAY, NULL,
		"How long a cart, a checkout and their identity links are kept after their last change."},
	{"recharge_identity_wait",    OPTION_DURATION, IN_SHOP(shop.recharge_identity_wait), "10m",        0, HOUR, NULL,
		"How long an event of ReCharge waits for Shopify's id of its customer; `0s` does not wait. After that it is "
		"sent with a derived anonymousId."},
	{"recharge_currency",         OPTION_CURRENCY, IN_SHOP(shop.recharge_currency),     NULL,          0, 0, NULL,
		"The currency of amounts that ReCharge sends without one: those of subscriptions, and of charges of its API "
		"version 2021-01."},
	{"cancel_on_max_retries",     OPTION_FLAG,     IN_SHOP(shop.cancel_on_max_retries), "no",          0, 0, NULL,
		"Whether Subscription Cancelled is sent when the last attempt to charge a subscription failed. Set it if the "
		"ReCharge store cancels subscriptions then: ReCharge sends no webhook of such a cancellation."},
	{"disable",                   OPTION_EVENTS,   IN_SHOP(shop.events.disable),        NULL,          0, 0, NULL,
		"Events that are not sent."},
	{"enable",                    OPTION_EVENTS,   IN_SHOP(shop.events.enable),         NULL,          0, 0, NULL,
		"Events that are sent although they are off by default: Order Updated."},
	{"rename",                    OPTION_RENAMES,  IN_SHOP(shop.events.rename),         NULL,          0, 0, NULL,
		"Own names of events, as `{\"Order Completed=Purchase Completed\"}`. The messageIds do not change. The "
		"storefront's script uses the same names."},
	{"storefront_origins",        OPTION_ORIGINS,  IN_SHOP(shop.storefront_origins),    NULL,          0, 0, NULL,
		"The origins of the shop's pages, in addition to https:// and the shop's domain. With one of them the relay "
		"serves the storefront's script and pixel and accepts their hints. It needs `public_url`."},
	{"storefront_write_key",      OPTION_TEXT,     IN_SHOP(shop.storefront_write_key),  NULL,          0, 0, NULL,
		"The write key with which the script loads analytics.js; every visitor can read it. Without it the script "
		"uses the analytics.js that the pages load."},
	{"storefront_cdn",            OPTION_URL,      IN_SHOP(shop.storefront_cdn),        "https://cdn.segment.com", 0, 0, NULL,
		"The origin from which the script loads analytics.js."},
	{"storefront_pages",          OPTION_PAGES,    IN_SHOP(shop.storefront_pages),
		"/cart=Cart Viewed,/account/register=Registration Viewed,/blogs/=Blog Viewed", 0, 0, NULL,
		"Pages whose path names an event. A path that ends with a slash includes all paths below it."},
	{"consent",                   OPTION_CHOICE,   IN_SHOP(shop.consent),               "required",    0, 0, consents,
		"`required`: the script does nothing before the visitor consents to analytics in Shopify's Customer Privacy "
		"API. `off`: the script does not ask."},
	{"consent_categories",        OPTION_PURPOSES, IN_SHOP(shop.consent_categories),
		"analytics=Analytics,marketing=Advertising,preferences=Functional,sale_of_data=DataSale", 0, 0, NULL,
		"Segment's names of the purposes that the visitor allowed or refused. A purpose without a name is not sent."},
	{0},
};
/* clang-format on */

const struct option_section option_sections[OPTION_SECTIONS] = {
	{"root", general_options},
	{"destination", destination_options},
	{"shop", shop_options},
};
