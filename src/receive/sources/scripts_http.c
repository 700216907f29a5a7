/* Serves the storefront's script and pixel. */
#include "receive/sources/scripts_http.h"

#include "receive/http/request.h"
#include "receive/sources/scripts.h"

#include <string.h>

/* Longer than a visit, short enough for a change of the configuration. */
#define CACHED "public, max-age=3600, stale-while-revalidate=86400"

/* "q=0", "q=0.000": not acceptable. */
static bool is_unwanted(const struct span *item)
{
	const char *weight = memmem(item->start, item->length, "q=0", 3);
	const char *end = item->start + item->length;

	while (weight != NULL && weight < end && (*weight < '1' || *weight > '9'))
		weight++;
	return weight == end;
}

/* Whether Accept-Encoding accepts gzip: "gzip", "gzip;q=0.5", "*", but not "gzip;q=0" (RFC 9110,
 * 12.5.3). */
static bool accepts_gzip(const struct span *codings)
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

static enum script_name name_of(const struct http_request *request)
{
	return strcmp(request->head.path, PIXEL_PATH) == 0 ? SCRIPT_PIXEL : SCRIPT_STOREFRONT;
}

enum http_outcome scripts_http_authenticate(struct http_request *request)
{
	const struct span *known = &request->head.if_none_match;
	const char *shop =
		MHD_lookup_connection_value(request->connection, MHD_GET_ARGUMENT_KIND, "shop");
	const char *etag;

	request->scripts = server_scripts(loop_server(request->loop));
	if (request->scripts == NULL) {
		(void)error_set(&request->error, "no memory for the storefront's scripts");
		return HTTP_STORE_FAILED;
	}
	if (shop != NULL)
		request->script = scripts_find(request->scripts, shop, name_of(request));
	if (request->script == NULL)
		return HTTP_NO_STOREFRONT;
	request->gzip = accepts_gzip(&request->head.accept_encoding);
	etag = request->gzip ? request->script->compressed_etag : request->script->etag;
	return known->start != NULL && script_is_known(known->start, known->length, etag)
		       ? HTTP_UNCHANGED
		       : HTTP_SERVED;
}

static void release_scripts(void *scripts)
{
	scripts_release(scripts);
}

/* The bytes belong to the scripts, which the answer keeps alive. */
static struct MHD_Response *with_bytes(struct http_request *request)
{
	const struct script *script = request->script;
	struct scripts *held = scripts_share(request->scripts);
	struct MHD_Response *response = MHD_create_response_from_buffer_with_free_callback_cls(
		request->gzip ? script->compressed_length : script->length,
		request->gzip ? script->compressed : script->plain, release_scripts, held);

	if (response == NULL) {
		scripts_release(held);
		return NULL;
	}
	(void)MHD_add_response_header(
		response, MHD_HTTP_HEADER_CONTENT_TYPE, "text/javascript; charset=utf-8");
	if (request->gzip)
		(void)MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_ENCODING, "gzip");
	return response;
}

struct MHD_Response *scripts_http_respond(struct http_request *request)
{
	static const char *const headers[][2] = {
		{MHD_HTTP_HEADER_CACHE_CONTROL, CACHED},
		{MHD_HTTP_HEADER_VARY, "Accept-Encoding"},
		{"X-Content-Type-Options", "nosniff"},
		{"Cross-Origin-Resource-Policy", "cross-origin"},
		{"Access-Control-Allow-Origin", "*"},
	};
	struct MHD_Response *response = NULL;

	if (request->outcome == HTTP_SERVED)
		response = with_bytes(request);
	else if (request->outcome == HTTP_UNCHANGED)
		response = server_make_answer(HTTP_UNCHANGED);
	if (response == NULL)
		return NULL;
	(void)MHD_add_response_header(response, MHD_HTTP_HEADER_ETAG,
		request->gzip ? request->script->compressed_etag : request->script->etag);
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
		(void)MHD_add_response_header(response, headers[i][0], headers[i][1]);
	return response;
}
