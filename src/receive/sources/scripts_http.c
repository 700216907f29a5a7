/* Serves the storefront's script and pixel. */
#include "receive/sources/scripts_http.h"

#include "receive/http/request.h"
#include "receive/sources/scripts.h"

#include <string.h>

/* Long enough for a visit, short enough for a change of the configuration. */
#define CACHED "public, max-age=3600, stale-while-revalidate=86400"

/* "q=0", "q=0.000": by no means. */
static bool is_unwanted(const struct span *item)
{
	const char *weight = memmem(item->start, item->length, "q=0", 3);
	const char *end = item->start + item->length;

	while (weight != NULL && weight < end && (*weight < '1' || *weight > '9'))
		weight++;
	return weight == end;
}

/* Whether a list of codings takes gzip: "gzip", "gzip;q=0.5", "*", but not "gzip;q=0" (RFC 9110,
 * 12.5.3). */
static bool takes_gzip(const struct span *codings)
{
	const char *end;

	if (codings->start == NULL)
		return false;
	end = codings->start + codings->length;
	for (const char *at = codings->start; at != NULL && at < end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct span item = {at, (size_t)((comma != NULL ? comma : end) - at)};
		const char *semicolon;
		struct span coding;

		item = request_trim(&item);
		semicolon = memchr(item.start, ';', item.length);
		coding = item;
		if (semicolon != NULL)
			coding.length = (size_t)(semicolon - item.start);
		coding = request_trim(&coding);
		if (request_says(&coding, "gzip") || request_says(&coding, "*"))
			return semicolon == NULL || !is_unwanted(&item);
		at = comma != NULL ? comma + 1 : NULL;
	}
	return false;
}

static enum script_name name_of(const struct exchange *exchange)
{
	return strcmp(exchange->head.path, PIXEL_PATH) == 0 ? SCRIPT_PIXEL : SCRIPT_STOREFRONT;
}

enum verdict serving_verify(struct exchange *exchange)
{
	const struct span *known = &exchange->head.if_none_match;
	const char *shop =
		MHD_lookup_connection_value(exchange->connection, MHD_GET_ARGUMENT_KIND, "shop");
	const char *etag;

	exchange->scripts = reception_scripts(loop_reception(exchange->loop));
	if (exchange->scripts == NULL) {
		(void)error_set(&exchange->error, "no memory for the storefront's scripts");
		return VERDICT_STORE;
	}
	if (shop != NULL)
		exchange->script = scripts_find(exchange->scripts, shop, name_of(exchange));
	if (exchange->script == NULL)
		return VERDICT_NO_STOREFRONT;
	exchange->gzip = takes_gzip(&exchange->head.accept_encoding);
	etag = exchange->gzip ? exchange->script->compressed_etag : exchange->script->etag;
	return known->start != NULL && script_is_known(known->start, known->length, etag)
		       ? VERDICT_UNCHANGED
		       : VERDICT_SERVED;
}

static void let_go(void *scripts)
{
	scripts_release(scripts);
}

/* The bytes belong to the scripts, which live as long as the answer. */
static struct MHD_Response *with_bytes(struct exchange *exchange)
{
	const struct script *script = exchange->script;
	struct scripts *held = scripts_share(exchange->scripts);
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		exchange->gzip ? script->compressed_length : script->length,
		exchange->gzip ? script->compressed : script->plain, let_go, held);

	if (response == NULL) {
		scripts_release(held);
		return NULL;
	}
	(void)MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/javascript; charset=utf-8");
	if (exchange->gzip)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

struct MHD_Response *serving_respond(struct exchange *exchange)
{
	static const char *const headers[][2] = {
		{MHD_HTTP_HEADER_CACHE_CONTROL, CACHED},
		{MHD_HTTP_HEADER_VARY, "Accept-Encoding"},
		{"X-Content-Type-Options", "nosniff"},
		{"Cross-Origin-Resource-Policy", "cross-origin"},
		{"Access-Control-Allow-Origin", "*"},
	};
	struct MHD_Response *response = NULL;

	if (exchange->verdict == VERDICT_SERVED)
		response = with_bytes(exchange);
	else if (exchange->verdict == VERDICT_UNCHANGED)
		response = reception_make_answer(VERDICT_UNCHANGED);
	if (response == NULL)
		return NULL;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG,
		exchange->gzip ? exchange->script->compressed_etag : exchange->script->etag);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	return response;
}
