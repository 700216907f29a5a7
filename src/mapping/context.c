/* The parts of a call that are the same for every event: ids, context, integrations. */
#include "mapping/context.h"

#include "base/url.h"
#include "base/url_clean.h"
#include "mapping/identity/identity.h"
#include "mapping/rules.h"

#include <arpa/inet.h>
#include <string.h>

void context_ids(struct scope *scope)
{
	field_text(scope, "userId", scope->work->identity->person.user_id);
	field_text(scope, "anonymousId", scope->anonymous_id);
}

/* ---- ip ---- */

bool context_ip(const char *address, bool anonymize, char ip[46])
{
	unsigned char bytes[16];

	if (inet_pton(AF_INET, address, bytes) == 1) {
		if (anonymize)
			bytes[3] = 0;
		return inet_ntop(AF_INET, bytes, ip, 46) != NULL;
	}
	if (inet_pton(AF_INET6, address, bytes) == 1) {
		if (anonymize)
			memset(bytes + 6, 0, 10);
		return inet_ntop(AF_INET6, bytes, ip, 46) != NULL;
	}
	return false;
}

static void write_ip(struct scope *scope)
{
	const char *address =
		text_or(json_text(scope->work->in->payload, "browser_ip|client_details.browser_ip"),
			identity_browser_text(scope->work, "ip"));
	char ip[46];

	if (address == NULL || !context_ip(address, scope->work->in->shop->anonymize_ip, ip))
		return;
	field_text(scope, "ip", ip);
	field_text(scope, "uip", ip);
}

/* ---- page and campaign ---- */

/* Not a page that wallets write into landing_site: no buyer saw it. */
static bool is_page(const char *path)
{
	static const char wallets[] = "/wallets";
	size_t length = sizeof(wallets) - 1;

	return strncmp(path, wallets, length) != 0 || (path[length] != '/' && path[length] != '\0');
}

/* `landing` is a path for most orders; then the URL of the page is at the shop's permanent domain.
 */
static void write_page(
	struct scope *scope, const struct url *url, const char *landing, const char *referrer)
{
	json_add_key(scope->out, "page");
	text_put(scope->out, "{");
	if (url->path != NULL) {
		if (url->host == NULL)
			landing = arena_format(scope->work->arena, "https://%s%s",
				scope->work->in->delivery->shop, landing);
		field_text(scope, "url", landing);
		field_text(scope, "path", url->path);
		field_text(scope, "search", url->search);
	}
	field_text(scope, "referrer", referrer);
	text_put(scope->out, "}");
}

static void write_campaign(struct scope *scope, const char *search)
{
	static const struct {
		const char *parameter;
		const char *name;
	} parts[] = {
		{"utm_campaign", "name"},
		{"utm_source", "source"},
		{"utm_medium", "medium"},
		{"utm_term", "term"},
		{"utm_content", "content"},
	};
	size_t before = scope->out->length;
	size_t empty;

	json_add_key(scope->out, "campaign");
	text_put(scope->out, "{");
	empty = scope->out->length;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		field_text(scope, parts[i].name,
			url_parameter(scope->work->arena, search, parts[i].parameter));
	if (scope->out->length == empty)
		text_cut(scope->out, before);
	else
		text_put(scope->out, "}");
}

/* clang-format off */
static const struct field page_rows[] = {
	{"url", "url", as_text, NULL, 0},
	{"path", "path", as_text, NULL, 0},
	{"search", "search", as_text, NULL, 0},
	{"referrer", "referrer", as_text, NULL, 0},
	{"title", "title", as_text, NULL, 0},
	{0},
};

static const struct field campaign_rows[] = {
	{"name", "name", as_text, NULL, 0},
	{"source", "source", as_text, NULL, 0},
	{"medium", "medium", as_text, NULL, 0},
	{"term", "term", as_text, NULL, 0},
	{"content", "content", as_text, NULL, 0},
	{0},
};
/* clang-format on */

/* The page and campaign of the hints, when the payload has none. */
static void write_hinted_visit(struct scope *scope)
{
	static const struct field page = {"page", ".", as_object, page_rows, 0};
	static const struct field campaign = {"campaign", ".", as_object, campaign_rows, 0};
	const cJSON *value = identity_browser_value(scope->work, "page");

	if (value != NULL)
		as_object(scope, &page, value);
	value = identity_browser_value(scope->work, "campaign");
	if (value != NULL)
		as_object(scope, &campaign, value);
}

/* A URL of the payload without parameters that grant access or identify a person; NULL when nothing
 * remains. The end of an overlong URL is cut: no browser sends it. */
static const char *clean(struct work *work, const char *name)
{
	enum { URL_MAX = 65536 };
	const char *address = json_text(work->in->payload, name);
	struct text cleaned = {0};

	if (address != NULL && strnlen(address, URL_MAX + 1) > URL_MAX)
		address = arena_format(work->arena, "%.*s", URL_MAX, address);
	if (address != NULL)
		url_add_clean(&cleaned, address);
	return work_keep(work, &cleaned);
}

static void write_visit(struct scope *scope)
{
	const char *landing = clean(scope->work, "landing_site");
	const char *referrer = clean(scope->work, "referring_site");
	struct url url = {0};

	if (landing != NULL &&
		(!url_split(scope->work->arena, landing, &url) || !is_page(url.path)))
		url = (struct url){0};
	if (url.path != NULL || referrer != NULL)
		write_page(scope, &url, landing, referrer);
	else
		write_hinted_visit(scope);
	if (url.path != NULL)
		write_campaign(scope, url.search);
}

/* ---- consent ---- */

/* Only the choices that the visitor made and that the operator has named. An empty object would
 * mean that nothing was allowed (Segment's documentation of consent). */
static void write_consent(struct scope *scope)
{
	static const char *const purposes[] = {
		"analytics", "marketing", "preferences", "sale_of_data"};
	const struct strings *names = &scope->work->in->shop->consent_categories;
	const cJSON *consent = identity_browser_value(scope->work, "consent");
	size_t before = scope->out->length;
	size_t empty;

	json_add_key(scope->out, "consent");
	text_put(scope->out, "{\"categoryPreferences\":{");
	empty = scope->out->length;
	for (size_t i = 0; i < sizeof(purposes) / sizeof(purposes[0]); i++) {
		const cJSON *choice = json_at(consent, purposes[i]);
		const char *name = strings_named(names, purposes[i]);

		if (name == NULL || !cJSON_IsBool(choice))
			continue;
		json_add_comma(scope->out);
		json_add_string(scope->out, name);
		text_put(scope->out, cJSON_IsTrue(choice) ? ":true" : ":false");
	}
	if (scope->out->length == empty)
		text_cut(scope->out, before);
	else
		text_put(scope->out, "}}");
}

/* ---- Google Analytics ---- */

static const char *country(const struct work *work)
{
	const char *code = json_text(
		work->in->payload, "shipping_address.country_code|billing_address.country_code");

	return code != NULL && strlen(code) == 2 ? code : NULL;
}

/* Returns false, and writes nothing, when no value is known. */
static bool write_google(struct scope *scope)
{
	const struct person *person = &scope->work->identity->person;
	const char *geoid = country(scope->work);

	if (person->google_client_id == NULL && person->google_session_id == NULL && geoid == NULL)
		return false;
	json_add_key(scope->out, "Google Analytics");
	text_put(scope->out, "{");
	field_text(scope, "clientId", person->google_client_id);
	field_text(scope, "sessionId", person->google_session_id);
	field_text(scope, "geoid", geoid);
	text_put(scope->out, "}");
	return true;
}

/* ---- together ---- */

static void write_traits(struct scope *scope)
{
	static const struct field row = {"traits", ".", as_object, customer_traits, 0};

	if (scope->work->identity->customer != NULL)
		as_object(scope, &row, scope->work->identity->customer);
}

/* Unify merges profiles by it; all four keys are required (Segment's documentation of externalIds).
 */
static void write_external_ids(struct scope *scope)
{
	const char *id = scope->work->identity->person.customer_id;

	if (id == NULL)
		return;
	json_add_key(scope->out, "externalIds");
	text_put(scope->out, "[{");
	json_add_member(scope->out, "id", id);
	text_put(scope->out, ",\"type\":\"shopify_customer_id\",\"collection\":\"users\","
			     "\"encoding\":\"none\"}]");
}

static const char library[] =
	"{\"library\":{\"name\":\"segrelay\",\"version\":\"" SEGRELAY_VERSION "\"},"
	"\"integration\":{\"name\":\"shopify_segrelay\",\"version\":\"" SEGRELAY_VERSION "\"}";

/* The part of the context before the traits. */
static void write_visit_parts(struct scope *scope)
{
	const cJSON *payload = scope->work->in->payload;

	text_put(scope->out, library);
	write_ip(scope);
	field_text(scope, "userAgent",
		text_or(json_text(payload, "client_details.user_agent"),
			identity_browser_text(scope->work, "user_agent")));
	field_text(scope, "locale",
		text_or(json_text(payload, "customer_locale"),
			identity_browser_text(scope->work, "locale")));
	write_visit(scope);
	write_consent(scope);
}

/* Most deliveries emit two calls with the same visit: it is written once, and kept. */
static void write_visit_once(struct scope *scope)
{
	struct work *work = scope->work;
	size_t before = scope->out->length;

	bool is_long = scope->shrink < SHRINK_TEXTS && work->scratch.visit_is_long;
	const char **visit =
		scope->shrink < SHRINK_TEXTS ? &work->scratch.visit : &work->scratch.short_visit;

	if (*visit != NULL)
		text_put(scope->out, *visit);
	if (is_long)
		scope->overflows = true;
	if (*visit != NULL || is_long)
		return;
	write_visit_parts(scope);
	if (scope->overflows)
		work->scratch.visit_is_long = true;
	else
		*visit = work_copy(work, text_string(scope->out) + before);
}

void context_write(struct scope *scope, bool traits)
{
	bool google;

	json_add_key(scope->out, "context");
	write_visit_once(scope);
	if (traits)
		write_traits(scope);
	write_external_ids(scope);
	google = write_google(scope);
	text_put(scope->out, "}");
	if (!google)
		return;
	json_add_key(scope->out, "integrations");
	text_put(scope->out, "{");
	(void)write_google(scope);
	text_put(scope->out, "}");
}

void context_write_library(struct scope *scope)
{
	json_add_key(scope->out, "context");
	text_put(scope->out, library);
	text_put(scope->out, "}");
}

void context_write_integrations(struct scope *scope, const struct strings *names)
{
	if (names->count == 0)
		return;
	json_add_key(scope->out, "integrations");
	text_put(scope->out, "{\"All\":false");
	for (size_t i = 0; i < names->count; i++) {
		text_put(scope->out, ",");
		json_add_string(scope->out, names->items[i]);
		text_put(scope->out, ":true");
	}
	text_put(scope->out, "}");
}
