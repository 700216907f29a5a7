/* A hint of the storefront: validates the posted JSON and writes it in the stored form. */
#include "receive/sources/hint.h"

#include "base/clock.h"
#include "base/url.h"
#include "base/url_at.h"
#include "base/url_clean.h"

#include <string.h>
#include <strings.h>

enum {
	ID_MAX = 128,
	TOKEN_MAX = 255,
	TEXT_MAX = 255, /* in UTF-16 units */
	URL_MAX = 2048,
};

/* Tolerance for a wrong clock of the browser, or a page that was open for long. */
static const int64_t EVENT_AGE_MAX = DAY;

enum kind { ID, TOKEN, FREE_TEXT, LABEL, ADDRESS, PATH, QUERY, FLAG, TIME, OBJECT, EVENT };

struct member {
	const char *posted;
	const char *kept;
	enum kind kind;
	const struct member *members; /* of an object */
};

static const struct member page[] = {
	{"url", "url", ADDRESS, NULL},
	{"path", "path", PATH, NULL},
	{"search", "search", QUERY, NULL},
	{"referrer", "referrer", ADDRESS, NULL},
	{"title", "title", FREE_TEXT, NULL},
	{0},
};

static const struct member campaign[] = {
	{"name", "name", LABEL, NULL},
	{"source", "source", LABEL, NULL},
	{"medium", "medium", LABEL, NULL},
	{"term", "term", LABEL, NULL},
	{"content", "content", LABEL, NULL},
	{0},
};

static const struct member consent[] = {
	{"analytics", "analytics", FLAG, NULL},
	{"marketing", "marketing", FLAG, NULL},
	{"preferences", "preferences", FLAG, NULL},
	{"saleOfData", "sale_of_data", FLAG, NULL},
	{0},
};

static const struct member event[] = {
	{"id", "id", ID, NULL},
	{"name", "name", EVENT, NULL},
	{"time", "time", TIME, NULL},
	{"type", "type", ID, NULL},
	{0},
};

static const struct member members[] = {
	{"shop", "shop", ID, NULL},
	{"anonymousId", "anonymous_id", ID, NULL},
	{"cartToken", "cart_token", TOKEN, NULL},
	{"checkoutToken", "checkout_token", TOKEN, NULL},
	{"googleClientId", "google_client_id", ID, NULL},
	{"googleSessionId", "google_session_id", ID, NULL},
	{"page", "page", OBJECT, page},
	{"campaign", "campaign", OBJECT, campaign},
	{"locale", "locale", ID, NULL},
	{"consent", "consent", OBJECT, consent},
	{"event", "event", OBJECT, event},
	{0},
};

/* Shopify's pixel API: the events of a checkout. */
static const char *const events[] = {"checkout_started", "checkout_contact_info_submitted",
	"checkout_address_info_submitted", "checkout_shipping_info_submitted",
	"payment_info_submitted", "checkout_completed", "alert_displayed"};

/* ---- values ---- */

static bool is_printable(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f)
			return false;
	return true;
}

static bool is_event(const char *text)
{
	for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++)
		if (strcmp(events[i], text) == 0)
			return true;
	return false;
}

/* Addresses of pages, and of apps, which browsers report as referrers. */
static bool is_address(const char *text)
{
	static const char *const schemes[] = {
		"https://", "http://", "android-app://", "ios-app://"};

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncasecmp(text, schemes[i], strlen(schemes[i])) == 0)
			return true;
	return false;
}

/* The length in JavaScript: in UTF-16 units, of which a character of four UTF-8 bytes uses two. */
static size_t units_of(const char *text)
{
	size_t units = 0;

	for (; *text != '\0'; text++)
		if ((*text & 0xc0) != 0x80)
			units += (*text & 0xf8) == 0xf0 ? 2 : 1;
	return units;
}

static bool is_text_of(enum kind kind, const char *text)
{
	size_t length = strlen(text);

	switch (kind) {
	case ID:
		return length <= ID_MAX && is_printable(text);
	case TOKEN:
		return length <= TOKEN_MAX && is_printable(text) && *text != '?';
	case EVENT:
		return is_event(text);
	case ADDRESS:
		return length <= URL_MAX && is_printable(text) && is_address(text);
	case PATH:
	case QUERY:
		return length <= URL_MAX && url_is_clean_text(text) &&
		       *text == (kind == PATH ? '/' : '?');
	default:
		return units_of(text) <= TEXT_MAX && url_is_clean_text(text);
	}
}

/* ---- writing ---- */

struct hint {
	const struct hint_request *request;
	struct text *kept;
	struct error *error;
};

/* Writes the cart token without the key to the cart, which begins with "?". */
static void write_before_query(struct hint *hint, const char *name, const char *value)
{
	struct text text = {0};

	text_add(&text, value, strcspn(value, "?"));
	json_add_member(hint->kept, name, text_string(&text));
	hint->kept->failed |= text.failed;
	text_free(&text);
}

/* Writes an address cleaned as in sent messages: without access keys and personal data. Writes
 * nothing when nothing remains. */
static void write_clean(struct hint *hint, const struct member *member, const char *value)
{
	struct text clean = {0};

	if (member->kind == ADDRESS)
		url_add_clean(&clean, value);
	else if (member->kind == PATH)
		url_add_clean_path(&clean, value);
	else
		url_add_clean_query(&clean, value);
	if (clean.length > 0)
		json_add_member(hint->kept, member->kept, text_string(&clean));
	hint->kept->failed |= clean.failed;
	text_free(&clean);
}

/* Replaces a time from a wrong clock. */
static void write_time(struct hint *hint, const char *name, const char *value)
{
	int64_t now = hint->request->now;
	int64_t time = time_parse(value);
	char text[TIME_TEXT];

	if (time == TIME_UNKNOWN || time > now || time < now - EVENT_AGE_MAX)
		time = now;
	time_format(time, text);
	json_add_member(hint->kept, name, text);
}

static int reject(struct hint *hint, const char *parent, const char *name, const char *why)
{
	return error_set(hint->error, "%s%s%s: %s", parent, *parent != '\0' ? "." : "", name, why);
}

static int write_text(
	struct hint *hint, const struct member *member, const char *parent, const cJSON *value)
{
	if (!cJSON_IsString(value))
		return reject(hint, parent, member->posted, "is not a string");
	if (member->kind != TIME && !is_text_of(member->kind, value->valuestring))
		return reject(hint, parent, member->posted, "is too long or has an invalid format");
	if (member->kind == LABEL && url_hides_at(value->valuestring, strlen(value->valuestring)))
		return 0; /* removed, as from the query of a page */
	if (member->kind == TOKEN)
		write_before_query(hint, member->kept, value->valuestring);
	else if (member->kind == ADDRESS || member->kind == PATH || member->kind == QUERY)
		write_clean(hint, member, value->valuestring);
	else if (member->kind == TIME)
		write_time(hint, member->kept, value->valuestring);
	else
		json_add_member(hint->kept, member->kept, value->valuestring);
	return 0;
}

static int write_flag(
	struct hint *hint, const struct member *member, const char *parent, const cJSON *value)
{
	if (!cJSON_IsBool(value))
		return reject(hint, parent, member->posted, "is neither true nor false");
	json_add_flag(hint->kept, member->kept, cJSON_IsTrue(value));
	return 0;
}

/* Objects are not nested in objects. */
static int write_object(
	struct hint *hint, const struct member *member, const char *parent, const cJSON *value)
{
	size_t before = hint->kept->length;
	size_t empty;

	(void)parent;
	if (!cJSON_IsObject(value))
		return reject(hint, "", member->posted, "is not an object");
	json_add_key(hint->kept, member->kept);
	text_put(hint->kept, "{");
	empty = hint->kept->length;
	for (const struct member *inner = member->members; inner->posted != NULL; inner++) {
		const cJSON *found = json_at(value, inner->posted);

		if (found == NULL)
			continue;
		if ((inner->kind == FLAG ? write_flag : write_text)(
			    hint, inner, member->posted, found) != 0)
			return -1;
	}
	if (hint->kept->length == empty)
		text_cut(hint->kept, before);
	else
		text_put(hint->kept, "}");
	return 0;
}

/* Adds data of the request itself; an invalid value is left out, the hint is not rejected. */
static void write_request(struct hint *hint)
{
	const struct hint_request *request = hint->request;

	json_add_member(hint->kept, "ip", request->ip);
	if (request->user_agent != NULL && is_text_of(FREE_TEXT, request->user_agent))
		json_add_member(hint->kept, "user_agent", request->user_agent);
}

/* An event must have a name and a time. */
static int check_whole(const cJSON *posted, struct error *error)
{
	const char *version = json_text(posted, "v");

	if (!cJSON_IsObject(posted))
		return error_set(error, "the body is not a JSON object");
	if (version == NULL || strcmp(version, "1") != 0)
		return error_set(error, "v: must be 1");
	if (hint_shop(posted) == NULL)
		return error_set(error, "shop: is missing");
	if (json_text(posted, "cartToken|checkoutToken") == NULL)
		return error_set(error, "cartToken and checkoutToken are missing");
	if (json_at(posted, "event") != NULL && (json_text(posted, "event.name") == NULL ||
							json_text(posted, "event.time") == NULL))
		return error_set(error, "event: the name or the time is missing");
	return 0;
}

const char *hint_shop(const cJSON *posted)
{
	return json_text(posted, "shop");
}

int hint_read(const cJSON *posted, const struct hint_request *request, struct text *kept,
	struct error *error)
{
	struct hint hint = {.request = request, .kept = kept, .error = error};

	if (check_whole(posted, error) != 0)
		return -1;
	text_put(kept, "{");
	for (const struct member *member = members; member->posted != NULL; member++) {
		const cJSON *value = json_at(posted, member->posted);

		if (value == NULL)
			continue;
		if ((member->kind == OBJECT ? write_object : write_text)(
			    &hint, member, "", value) != 0)
			return -1;
	}
	write_request(&hint);
	text_put(kept, "}");
	return kept->failed ? error_set(error, "no memory") : 0;
}
