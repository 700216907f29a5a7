/* URLs without what opens something or names somebody. */
#include "base/url_clean.h"

#include "base/url_at.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	TOKEN_RUN = 20,    /* letters and digits in a row, of both kinds: no word is like that */
	LONGEST_WORD = 32, /* of letters alone */
	UUID_DIGITS = 32,  /* hexadecimal */
	LANGUAGE_MAX = 3,
	WORD_MAX = 20, /* of the name of an app */
};

/* A copy of a part of the address, without percent signs and in lower case. */
struct part {
	char *decoded; /* NULL when there is no memory */
};

/* ---- words ---- */

/* The areas of a person, by the first segment of the path. */
static const char *const areas[] = {"a", "account", "accounts", "admin", "apps", "auth",
	"authentication", "cart", "carts", "challenge", "checkout", "checkouts", "community",
	"customer", "customers", "customer_authentication", "customer_identity", "gift_card",
	"gift_cards", "gift-cards", "invitation", "invitations", "invoices", "my-account", "order",
	"orders", "password", "portal", "services", "subscription", "subscriptions", "tools",
	"user", "users", NULL};

/* Segments behind which the rest is of a person, wherever they stand. */
static const char *const actions[] = {"activate", "activation", "authenticate", "confirm",
	"confirmation", "download", "downloads", "email-preferences", "invalid_token", "invite",
	"login", "magic", "magic-link", "manage-subscription", "opt-out", "optout", "order-status",
	"order_status", "portal", "preferences", "recover", "reset", "reset-password",
	"reset_password", "track", "tracking", "unsubscribe", "verify", NULL};

/* What may stand in an area of a person, beside the words above. */
static const char *const harmless[] = {"add", "address", "addresses", "c", "change", "cn", "co",
	"contact_information", "edit", "information", "payment", "post_purchase", "processing",
	"profile", "recurring", "register", "review", "settings", "shipping", "stock_problems",
	"thank-you", "thank_you", "update", NULL};

/* What the merchant names: a collection may be called "portal". */
static const char *const catalogue[] = {"blogs", "collections", "products", NULL};

/* Below these the next segment is the name of an app. */
static const char *const app_areas[] = {"a", "apps", "community", "tools", NULL};

/* Names of parameters, and what they may have in them, begin with or end with. */
static const char *const secret_names[] = {"_ke", "_kx", "_hsenc", "_hsmi", "_r", "auth", "bxid",
	"code", "jwt", "key", "mc_eid", "mc_uid", "name", "oly_enc_id", "otp", "pin", "sid", "sig",
	"sign", "signed", "tel", "u", "uid", "vero_id", "zip", NULL};
static const char *const secret_parts[] = {"address", "apikey", "birth", "credential", "customer",
	"first_name", "firstname", "hash", "hmac", "last_name", "lastname", "mail", "nonce",
	"phone", "secret", "session", "signature", "subscriber", "token", "user", NULL};
static const char *const secret_starts[] = {"auth_", "authori", "oauth", "pass", "pwd", NULL};
static const char *const secret_ends[] = {
	"_auth", "_code", "_uid", "_key", "-key", "[key]", "_password", "_pin", "_sig", NULL};

static const char *const campaign_names[] = {"gbraid", "ref", "wbraid", NULL};
static const char *const campaign_starts[] = {"aff", "utm_", NULL};
static const char *const campaign_ends[] = {"clid", "clickid", "clkid", NULL};

static bool is_among(const char *const words[], const char *word)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool has_one(const char *const words[], const char *text)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strstr(text, words[i]) != NULL)
			return true;
	return false;
}

static bool starts_with_one(const char *const words[], const char *text)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (strncmp(text, words[i], strlen(words[i])) == 0)
			return true;
	return false;
}

static bool ends_with_one(const char *const words[], const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; words[i] != NULL; i++) {
		size_t end = strlen(words[i]);

		if (length >= end && strcmp(text + length - end, words[i]) == 0)
			return true;
	}
	return false;
}

/* ---- parts ---- */

static bool is_digit(char character)
{
	return character >= '0' && character <= '9';
}

static bool is_letter(char character)
{
	return character >= 'a' && character <= 'z';
}

static struct part part_of(const char *start, size_t length)
{
	struct part part = {strndup(start, length)};

	if (part.decoded != NULL)
		url_decode_all(part.decoded);
	for (char *at = part.decoded; at != NULL && *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return part;
}

/* A long run of letters and digits, or of hexadecimal digits with hyphens, as in a UUID. */
static bool is_token(const char *text)
{
	size_t run = 0;
	size_t digits = 0;
	size_t letters = 0;
	size_t hexadecimal = 0;

	for (; *text != '\0'; text++) {
		digits += is_digit(*text);
		letters += is_letter(*text);
		run += is_digit(*text) || is_letter(*text);
		hexadecimal += is_digit(*text) || (*text >= 'a' && *text <= 'f');
		if ((run >= TOKEN_RUN && digits > 0 && letters > 0) || run > LONGEST_WORD ||
			hexadecimal >= UUID_DIGITS)
			return true;
		if (!is_digit(*text) && !is_letter(*text))
			run = digits = letters = 0;
		if (*text != '-' && !is_digit(*text) && (*text < 'a' || *text > 'f'))
			hexadecimal = 0;
	}
	return false;
}

/* "en", "fr-ca", "zh-hant"; of languages with up to so many letters */
static bool is_locale(const char *text, size_t letters)
{
	size_t language = 0;
	size_t region = 0;

	while (is_letter(text[language]))
		language++;
	if (text[language] == '-')
		while (is_letter(text[language + 1 + region]) ||
			is_digit(text[language + 1 + region]))
			region++;
	return language >= 2 && language <= letters && region <= 4 &&
	       text[language + (region > 0 ? 1 + region : 0)] == '\0';
}

static bool is_number(const char *text)
{
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool is_word(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyz-_");

	return text[length] == '\0' && length > 0 && length < WORD_MAX;
}

/* ---- the path ---- */

/* Where the walk through a path is. */
struct walk {
	bool is_inside; /* the rest is of a person */
	bool is_public; /* the rest is of the catalogue */
	bool is_begun;  /* the first segment that counts was seen */
	bool is_app;    /* the next segment is an app's name */
};

/* Whether the segment may stay. */
static bool step(struct walk *walk, const char *segment)
{
	bool is_app = walk->is_app;
	bool is_name = is_among(areas, segment) || is_among(actions, segment);

	walk->is_app = false;
	if (url_has_at(segment) || strpbrk(segment, "/\\") != NULL)
		return false;
	if (strcmp(segment, "..") == 0) {
		walk->is_inside = true;
		return false;
	}
	if (*segment == '\0' || (!walk->is_begun && is_locale(segment, LANGUAGE_MAX)))
		return true;
	if (!walk->is_begun && (is_number(segment) || is_among(areas, segment))) {
		walk->is_app = is_among(app_areas, segment);
		walk->is_begun = true;
		walk->is_inside = true;
		return is_among(areas, segment);
	}
	walk->is_public |= !walk->is_begun && is_among(catalogue, segment);
	walk->is_begun = true;
	if (walk->is_inside)
		return is_name || is_among(harmless, segment) || is_locale(segment, 2) ||
		       (is_app && is_word(segment));
	walk->is_inside = !walk->is_public && is_among(actions, segment);
	return !is_token(segment);
}

/* Walks through a path up to its query, and adds to `out`, unless that is NULL, the segments that
 * may stay. True when its end is of a person. */
static bool walk_path(struct text *out, const char *path)
{
	struct walk walk = {0};
	const char *end = path + strcspn(path, "?#");
	const char *slash = "";

	for (const char *at = path; at <= end;) {
		size_t length = strcspn(at, "/?#;"); /* ";jsessionid=" */
		struct part part = part_of(at, length);
		bool stays = part.decoded != NULL && step(&walk, part.decoded);

		if (out != NULL && part.decoded == NULL)
			out->failed = true;
		if (out != NULL && stays) {
			text_put(out, slash);
			text_add(out, at, length);
		}
		slash = stays ? "/" : slash;
		free(part.decoded);
		at += length + strcspn(at + length, "/?#") + 1;
	}
	return walk.is_inside;
}

void url_add_clean_path(struct text *out, const char *path)
{
	size_t before = out->length;

	(void)walk_path(out, path);
	if (*path == '/' && out->length == before)
		text_put(out, "/");
}

/* ---- the query ---- */

static bool is_campaign(const char *name)
{
	return is_among(campaign_names, name) || starts_with_one(campaign_starts, name) ||
	       ends_with_one(campaign_ends, name);
}

static bool is_secret(const char *name)
{
	return is_among(secret_names, name) || has_one(secret_parts, name) ||
	       starts_with_one(secret_starts, name) || ends_with_one(secret_ends, name);
}

static bool is_address(const char *value)
{
	return *value == '/' || *value == '\\' || strstr(value, "//") != NULL ||
	       strpbrk(value, "?&=") != NULL;
}

static bool may_stay(const char *parameter, bool is_inside)
{
	const char *equals = strchr(parameter, '=');
	const char *value = equals != NULL ? equals + 1 : "";
	char *name;
	bool stays;

	if (url_has_at(parameter))
		return false;
	name = strndup(
		parameter, equals != NULL ? (size_t)(equals - parameter) : strlen(parameter));
	if (name == NULL)
		return false;
	stays = is_campaign(name) ||
		(!is_inside && !is_secret(name) && !is_token(parameter) && !is_address(value));
	free(name);
	return stays;
}

/* Some servers take ";" for "&". */
void url_add_clean_query(struct text *out, const char *query, const char *path)
{
	bool is_inside = path != NULL && walk_path(NULL, path);
	const char *separator = "?";

	for (const char *at = query; *at == '?' || *at == '&' || *at == ';';) {
		size_t length = strcspn(++at, "&;#");
		struct part part = part_of(at, length);

		if (part.decoded == NULL)
			out->failed = true;
		else if (length > 0 && may_stay(part.decoded, is_inside)) {
			text_put(out, separator);
			text_add(out, at, length);
			separator = "&";
		}
		free(part.decoded);
		at += length;
	}
}

/* ---- the whole ---- */

/* Up to the path, without "name:password@". */
static const char *add_host(struct text *out, const char *address)
{
	const char *slashes = strstr(address, "//");
	const char *host;
	const char *end;
	const char *at;

	if (slashes == NULL || slashes == address || slashes[-1] != ':' ||
		strcspn(address, ":/?#@") != (size_t)(slashes - 1 - address))
		return NULL;
	host = slashes + 2;
	end = host + strcspn(host, "/?#");
	at = memrchr(host, '@', (size_t)(end - host));
	host = at != NULL ? at + 1 : host;
	if (url_hides_at(host, (size_t)(end - host)))
		return NULL;
	text_add(out, address, (size_t)(slashes + 2 - address));
	text_add(out, host, (size_t)(end - host));
	return end;
}

void url_add_clean(struct text *out, const char *address)
{
	const char *path = *address == '/' ? address : add_host(out, address);

	if (path == NULL)
		return;
	if (*path == '/')
		url_add_clean_path(out, path);
	url_add_clean_query(out, path + strcspn(path, "?#"), path);
}
