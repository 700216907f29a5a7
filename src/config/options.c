/* The options as tables: adding one is adding a row. */
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
	{"listen",                    OPTION_ADDRESS,  IN_CONFIG(listen),                   "127.0.0.1:8080", 0,      0,           NULL},
	{"admin",                     OPTION_ADDRESS,  IN_CONFIG(admin),                    "127.0.0.1:9464", 0,      0,           NULL},
	{"admin_socket",              OPTION_PATH,     IN_CONFIG(admin_socket),             NULL,        0,           0,           NULL},
	{"public_url",                OPTION_URL,      IN_CONFIG(public_url),               NULL,        0,           0,           NULL},
	{"trusted_proxies",           OPTION_NETWORKS, IN_CONFIG(trusted_proxies),          "127.0.0.0/8,::1", 0,     0,           NULL},
	{"hints_per_address",         OPTION_NUMBER,   IN_CONFIG(hints_per_address),        "60",        1,           1000000,     NULL},
	{"hints_per_shop",            OPTION_NUMBER,   IN_CONFIG(hints_per_shop),           "6000",      1,           100000000,   NULL},
	{"store",                     OPTION_STORE,    IN_CONFIG(store),                    "sqlite:/var/lib/segrelay/segrelay.db", 0, 0, NULL},
	{"keep_deliveries",           OPTION_DURATION, IN_CONFIG(keep_deliveries),          "7d",        HOUR,        3650 * DAY,  NULL},
	{"keep_orders",               OPTION_DURATION, IN_CONFIG(keep_orders),              "400d",      DAY,         36500 * DAY, NULL},
	{"keep_told",                 OPTION_DURATION, IN_CONFIG(keep_told),                "730d",      7 * DAY,     36500 * DAY, NULL},
	{"redact_grace",              OPTION_DURATION, IN_CONFIG(redact_grace),             "48h",       0,           30 * DAY,    NULL},
	{"max_store",                 OPTION_SIZE,     IN_CONFIG(max_store),                "10GiB",     MIB,         1024 * TIB,  NULL},
	{"min_free",                  OPTION_SIZE,     IN_CONFIG(min_free),                 "256MiB",    0,           1024 * TIB,  NULL},
	{"max_body",                  OPTION_SIZE,     IN_CONFIG(max_body),                 "16MiB",     64 * KIB,    256 * MIB,   NULL},
	{"max_in_memory",             OPTION_SIZE,     IN_CONFIG(max_in_memory),            "64MiB",     MIB,         TIB,         NULL},
	{"max_connections",           OPTION_NUMBER,   IN_CONFIG(max_connections),          "1000",      1,           60000,       NULL},
	{"http_threads",              OPTION_NUMBER,   IN_CONFIG(http_threads),             "2",         1,           64,          NULL},
	{"request_timeout",           OPTION_DURATION, IN_CONFIG(request_timeout),          "20s",       500,         (int64_t)10 * MINUTE, NULL},
	{"idle_timeout",              OPTION_DURATION, IN_CONFIG(idle_timeout),             "75s",       SECOND,      HOUR,        NULL},
	{"stop_grace",                OPTION_DURATION, IN_CONFIG(stop_grace),               "10s",       0,           (int64_t)10 * MINUTE, NULL},
	{"log_level",                 OPTION_CHOICE,   IN_CONFIG(log_level),                "info",      0,           0,           log_levels},
	{"log_format",                OPTION_CHOICE,   IN_CONFIG(log_format),               "text",      0,           0,           log_formats},
	{0},
};

#define IN_DESTINATION(member) offsetof(struct destination_draft, member)
const struct option destination_options[] = {
	{"write_key",                 OPTION_SECRET,   IN_DESTINATION(destination.write_key),         NULL,   0, 0,      NULL},
	{"write_key_file",            OPTION_FILE,     IN_DESTINATION(write_key_file),                NULL,   0, 0,      NULL},
	{"region",                    OPTION_CHOICE,   IN_DESTINATION(region),                        "us",   0, 0,      regions},
	{"url",                       OPTION_URL,      IN_DESTINATION(destination.url),               NULL,   0, 0,      NULL},
	{"batch_messages",            OPTION_NUMBER,   IN_DESTINATION(destination.batch_messages),    "100",  1, 2400,   NULL},
	{"batch_wait",                OPTION_DURATION, IN_DESTINATION(destination.batch_wait),        "1s",   0, MINUTE, NULL},
	{"batches_in_flight",         OPTION_NUMBER,   IN_DESTINATION(destination.batches_in_flight), "4",    1, 64,     NULL},
	{"gzip",                      OPTION_FLAG,     IN_DESTINATION(destination.gzip),              "no",   0, 0,      NULL},
	{"poison_after",              OPTION_DURATION, IN_DESTINATION(destination.poison_after),      "24h",  SECOND, 365 * DAY, NULL},
	{"public_api_token",          OPTION_SECRET,   IN_DESTINATION(destination.public_api_token),  NULL,   0, 0,      NULL},
	{"public_api_token_file",     OPTION_FILE,     IN_DESTINATION(public_api_token_file),         NULL,   0, 0,      NULL},
	{"public_api_url",            OPTION_URL,      IN_DESTINATION(destination.public_api_url),    NULL,   0, 0,      NULL},
	{"source_id",                 OPTION_TEXT,     IN_DESTINATION(destination.source_id),         NULL,   0, 0,      NULL},
	{"disable",                   OPTION_EVENTS,   IN_DESTINATION(destination.events.disable),    NULL,   0, 0,      NULL},
	{"enable",                    OPTION_EVENTS,   IN_DESTINATION(destination.events.enable),     NULL,   0, 0,      NULL},
	{"rename",                    OPTION_RENAMES,  IN_DESTINATION(destination.events.rename),     NULL,   0, 0,      NULL},
	{0},
};

#define IN_SHOP(member) offsetof(struct shop_draft, member)
const struct option shop_options[] = {
	{"secrets",                   OPTION_SECRETS,  IN_SHOP(shop.secrets),               NULL,          0, 0, NULL},
	{"secret_files",              OPTION_FILES,    IN_SHOP(secret_files),               NULL,          0, 0, NULL},
	{"recharge_secrets",          OPTION_SECRETS,  IN_SHOP(shop.recharge_secrets),      NULL,          0, 0, NULL},
	{"recharge_secret_files",     OPTION_FILES,    IN_SHOP(recharge_secret_files),      NULL,          0, 0, NULL},
	{"recharge_signature",        OPTION_CHOICE,   IN_SHOP(shop.recharge_signature),    "v1_or_legacy", 0, 0, recharge_signatures},
	{"recharge_token",            OPTION_SECRET,   IN_SHOP(shop.recharge_token),        NULL,          0, 0, NULL},
	{"recharge_token_file",       OPTION_FILE,     IN_SHOP(recharge_token_file),        NULL,          0, 0, NULL},
	{"recharge_api_url",          OPTION_URL,      IN_SHOP(shop.recharge_api_url),      "https://api.rechargeapps.com", 0, 0, NULL},
	{"destinations",              OPTION_TEXTS,    IN_SHOP(destination_names),          NULL,          0, 0, NULL},
	{"order_id",                  OPTION_CHOICE,   IN_SHOP(shop.order_id),              "id",          0, 0, order_ids},
	{"user_id",                   OPTION_CHOICE,   IN_SHOP(shop.user_id),               "customer_id", 0, 0, user_ids},
	{"order_completed_on",        OPTION_CHOICE,   IN_SHOP(shop.order_completed_on),    "create",      0, 0, completed},
	{"identify",                  OPTION_CHOICE,   IN_SHOP(shop.identify),              "every",       0, 0, identifies},
	{"email_property",            OPTION_FLAG,     IN_SHOP(shop.email_property),        "yes",         0, 0, NULL},
	{"anonymize_ip",              OPTION_FLAG,     IN_SHOP(shop.anonymize_ip),          "no",          0, 0, NULL},
	{"test_orders",               OPTION_CHOICE,   IN_SHOP(shop.test_orders),           "skip",        0, 0, skip_or_send},
	{"refund_without_money",      OPTION_CHOICE,   IN_SHOP(shop.refund_without_money),  "skip",        0, 0, skip_or_send},
	{"anonymous_id_attributes",   OPTION_TEXTS,    IN_SHOP(shop.anonymous_id_attributes),
		"_segment_anonymous_id,segment-clientID,_segment-clientID,segment_anonymous_id,rudderAnonymousId", 0, 0, NULL},
	{"google_client_id_attributes", OPTION_TEXTS,  IN_SHOP(shop.google_client_id_attributes),
		"google-clientID,_google-clientID", 0, 0, NULL},
	{"google_session_id_attributes", OPTION_TEXTS, IN_SHOP(shop.google_session_id_attributes),
		"_ga4session-clientID", 0, 0, NULL},
	{"alias",                     OPTION_FLAG,     IN_SHOP(shop.alias),                 "yes",         0, 0, NULL},
	{"alias_integrations",        OPTION_TEXTS,    IN_SHOP(shop.alias_integrations),
		"Mixpanel (Legacy),Vero,Kissmetrics", 0, 0, NULL},
	{"cart_settle",               OPTION_DURATION, IN_SHOP(shop.cart_settle),           "10s",         0, MINUTE, NULL},
	{"cart_ttl",                  OPTION_DURATION, IN_SHOP(shop.cart_ttl),              "30d",         HOUR, 3650 * DAY, NULL},
	{"recharge_identity_wait",    OPTION_DURATION, IN_SHOP(shop.recharge_identity_wait), "10m",        0, HOUR, NULL},
	{"recharge_currency",         OPTION_CURRENCY, IN_SHOP(shop.recharge_currency),     NULL,          0, 0, NULL},
	{"cancel_on_max_retries",     OPTION_FLAG,     IN_SHOP(shop.cancel_on_max_retries), "no",          0, 0, NULL},
	{"disable",                   OPTION_EVENTS,   IN_SHOP(shop.events.disable),        NULL,          0, 0, NULL},
	{"enable",                    OPTION_EVENTS,   IN_SHOP(shop.events.enable),         NULL,          0, 0, NULL},
	{"rename",                    OPTION_RENAMES,  IN_SHOP(shop.events.rename),         NULL,          0, 0, NULL},
	{"storefront_origins",        OPTION_ORIGINS,  IN_SHOP(shop.storefront_origins),    NULL,          0, 0, NULL},
	{"storefront_write_key",      OPTION_TEXT,     IN_SHOP(shop.storefront_write_key),  NULL,          0, 0, NULL},
	{"storefront_cdn",            OPTION_URL,      IN_SHOP(shop.storefront_cdn),        "https://cdn.segment.com", 0, 0, NULL},
	{"storefront_pages",          OPTION_PAGES,    IN_SHOP(shop.storefront_pages),
		"/cart=Cart Viewed,/account/register=Registration Viewed,/blogs/=Blog Viewed", 0, 0, NULL},
	{"consent",                   OPTION_CHOICE,   IN_SHOP(shop.consent),               "required",    0, 0, consents},
	{"consent_categories",        OPTION_PURPOSES, IN_SHOP(shop.consent_categories),
		"analytics=Analytics,marketing=Advertising,preferences=Functional,sale_of_data=DataSale", 0, 0, NULL},
	{0},
};
/* clang-format on */

const struct option_section option_sections[OPTION_SECTIONS] = {
	{"root", general_options},
	{"destination", destination_options},
	{"shop", shop_options},
};
