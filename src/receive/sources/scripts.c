/* The storefront's script and pixel, configured for each shop that has a storefront. */
#include "receive/sources/scripts.h"

#include "base/digest.h"
#include "base/gzip.h"
#include "base/json.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct shop_scripts {
	char *domain;
	struct script scripts[SCRIPTS];
};

struct scripts {
	_Atomic int references;
	size_t count;
	struct shop_scripts *shops;
};

/* ---- the script's configuration ---- */

static void add_names(struct text *json, const char *key, const struct strings *names)
{
	json_add_key(json, key);
	text_put(json, "[");
	for (size_t i = 0; i < names->count; i++) {
		json_add_comma(json);
		json_add_string(json, names->items[i]);
	}
	text_put(json, "]");
}

/* The part of a pair before its "=". */
static void add_first(struct text *json, const char *pair)
{
	char *first = strndup(pair, strcspn(pair, "="));

	if (first == NULL)
		json->failed = true;
	else
		json_add_string(json, first);
	free(first);
}

/* {"name":"own name"} from "name=own name". */
static void add_pairs(struct text *json, const char *key, const struct strings *pairs)
{
	json_add_key(json, key);
	text_put(json, "{");
	for (size_t i = 0; i < pairs->count; i++) {
		json_add_comma(json);
		if (strncmp(pairs->items[i], "sale_of_data=", 13) == 0)
			text_put(json, "\"saleOfData\""); /* the name in Shopify's API */
		else
			add_first(json, pairs->items[i]);
		text_put(json, ":");
		json_add_string(json, strchr(pairs->items[i], '=') + 1);
	}
	text_put(json, "}");
}

/* [["/path","Event"]] from "/path=Event", in their order. */
static void add_pages(struct text *json, const struct strings *pages)
{
	json_add_key(json, "paths");
	text_put(json, "[");
	for (size_t i = 0; i < pages->count; i++) {
		json_add_comma(json);
		text_put(json, "[");
		add_first(json, pages->items[i]);
		text_put(json, ",");
		json_add_string(json, strchr(pages->items[i], '=') + 1);
		text_put(json, "]");
	}
	text_put(json, "]");
}

static const char *first_of(const struct strings *names)
{
	return names->count > 0 ? names->items[0] : NULL;
}

static void add_address(struct text *json, const char *public_url)
{
	struct text address = {0};

	text_format(&address, "%s/collect", public_url);
	json->failed |= address.failed;
	json_add_member(json, "collect", text_string(&address));
	text_free(&address);
}

/* The interface to storefront/. Everyone can read it, so it must not contain secrets. */
static void add_config(struct text *json, const struct config *config, const struct shop *shop)
{
	static const char *const user_ids[] = {[USER_ID_CUSTOMER_ID] = "customer_id",
		[USER_ID_EMAIL] = "email",
		[USER_ID_MD5_EMAIL] = "md5_email",
		[USER_ID_NONE] = "none"};

	text_put(json, "var segrelayConfig={");
	json_add_member(json, "version", SEGRELAY_VERSION);
	json_add_member(json, "shop", shop->domain);
	add_address(json, config->public_url);
	json_add_member(json, "writeKey", shop->storefront_write_key);
	json_add_member(json, "cdn", shop->storefront_cdn);
	json_add_member(json, "consent", shop->consent == CONSENT_OFF ? "off" : "required");
	add_pairs(json, "consentCategories", &shop->consent_categories);
	json_add_member(json, "userId", user_ids[shop->user_id]);
	json_add_flag(json, "emailProperty", shop->email_property);
	json_add_member(json, "attribute", first_of(&shop->anonymous_id_attributes));
	add_names(json, "disable", &shop->events.disable);
	add_pairs(json, "rename", &shop->events.rename);
	add_pages(json, &shop->storefront_pages);
	text_put(json, "};\n");
}

/* ---- building ---- */

static int make_etags(struct script *script)
{
	const struct digest_part part = {script->plain, script->length};
	unsigned char digest[SHA256_SIZE];
	char hex[SHA256_HEX];

	if (digest_sha256(&part, 1, digest) != 0)
		return -1;
	digest_hex(digest, hex);
	(void)snprintf(script->etag, sizeof(script->etag), "\"%.16s\"", hex);
	(void)snprintf(
		script->compressed_etag, sizeof(script->compressed_etag), "\"%.16s-gzip\"", hex);
	return 0;
}

/* The pixel is copied by hand and should be readable. Every visitor loads the script, so lines that
 * are only a comment are removed from it. */
static void add_file(struct text *text, const char *file, enum script_name name)
{
	while (*file != '\0') {
		size_t length = strcspn(file, "\n");

		length += file[length] == '\n';
		if (name == SCRIPT_PIXEL || strncmp(file + strspn(file, "\t"), "//", 2) != 0)
			text_add(text, file, length);
		file += length;
	}
}

static int make_script(const struct config *config, const struct shop *shop, enum script_name name,
	struct script *script)
{
	static const char *const files[SCRIPTS] = {
		[SCRIPT_STOREFRONT] = storefront_script, [SCRIPT_PIXEL] = storefront_pixel};
	struct text plain = {0};
	struct text compressed = {0};
	int result = -1;

	add_config(&plain, config, shop);
	add_file(&plain, files[name], name);
	if (!plain.failed && gzip_compress(plain.data, plain.length, GZIP_SMALL, &compressed) == 0)
		result = 0;
	script->length = plain.length;
	script->compressed_length = compressed.length;
	script->plain = text_take(&plain);
	script->compressed = text_take(&compressed);
	return result == 0 ? make_etags(script) : -1;
}

static int make_shop(
	const struct config *config, const struct shop *shop, struct shop_scripts *made)
{
	made->domain = strdup(shop->domain);
	if (made->domain == NULL)
		return -1;
	for (size_t i = 0; i < SCRIPTS; i++)
		if (make_script(config, shop, (enum script_name)i, &made->scripts[i]) != 0)
			return -1;
	return 0;
}

struct scripts *scripts_create(const struct config *config)
{
	struct scripts *scripts = calloc(1, sizeof(*scripts));

	if (scripts == NULL)
		return NULL;
	scripts->references = 1;
	scripts->shops = calloc(config->shop_count + 1, sizeof(*scripts->shops));
	for (size_t i = 0; scripts->shops != NULL && i < config->shop_count; i++) {
		const struct shop *shop = &config->shops[i];

		if (shop->storefront_origins.count == 0)
			continue;
		if (make_shop(config, shop, &scripts->shops[scripts->count++]) != 0)
			goto failed;
	}
	if (scripts->shops != NULL)
		return scripts;

failed:
	scripts_release(scripts);
	return NULL;
}

struct scripts *scripts_share(struct scripts *scripts)
{
	if (scripts != NULL)
		atomic_fetch_add(&scripts->references, 1);
	return scripts;
}

void scripts_release(struct scripts *scripts)
{
	if (scripts == NULL || atomic_fetch_sub(&scripts->references, 1) != 1)
		return;
	for (size_t i = 0; i < scripts->count; i++) {
		for (size_t j = 0; j < SCRIPTS; j++) {
			free(scripts->shops[i].scripts[j].plain);
			free(scripts->shops[i].scripts[j].compressed);
		}
		free(scripts->shops[i].domain);
	}
	free(scripts->shops);
	free(scripts);
}

/* ---- finding ---- */

const struct script *scripts_find(
	const struct scripts *scripts, const char *shop, enum script_name name)
{
	for (size_t i = 0; i < scripts->count; i++)
		if (strcasecmp(scripts->shops[i].domain, shop) == 0)
			return &scripts->shops[i].scripts[name];
	return NULL;
}

bool script_is_known(const char *if_none_match, size_t length, const char *etag)
{
	size_t etag_length = strlen(etag);

	if (length == 1 && *if_none_match == '*')
		return true;
	for (size_t i = 0; i + etag_length <= length; i++)
		if (memcmp(if_none_match + i, etag, etag_length) == 0)
			return true;
	return false;
}
