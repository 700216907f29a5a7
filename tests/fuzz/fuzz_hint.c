/* What anyone can post to /collect, and who says that he did: nothing crashes, and what is kept is
 * JSON, small, has a token, and no key to a cart.
 *
 * The input: an X-Forwarded-For, LF, a body. */
#include "base/clock.h"
#include "receive/http/client_address.h"
#include "receive/sources/collect.h"
#include "receive/sources/hint.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void find_client(const unsigned char *data, size_t length)
{
	char *proxies[] = {"127.0.0.0/8", "::1", "10.0.0.0/9"};
	const struct sockaddr_in peer = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	const struct span header = {(const char *)data, length};
	const struct strings trusted = {proxies, 3};
	struct client client = client_find((const struct sockaddr *)&peer, &header, &trusted);
	char text[CLIENT_TEXT];

	client_format(&client, text);
	(void)client_key(&client);
}

static bool has_key(const cJSON *json, const char *path)
{
	const char *value = json_text(json, path);
	const char *query = value != NULL ? strchr(value, '?') : NULL;

	return query != NULL && (strstr(query, "?key=") == query || strstr(query, "&key=") != NULL);
}

/* What is kept is the mapping's to read. */
static void check(struct arena *arena, const struct text *kept)
{
	struct error error;
	const cJSON *json = json_parse(arena, text_string(kept), kept->length, &error);
	const char *token = json_text(json, "cart_token|checkout_token");

	if (json == NULL || token == NULL || strchr(token, '?') != NULL ||
		kept->length > 8 * (size_t)COLLECT_MOST || has_key(json, "page.url") ||
		has_key(json, "page.search") || has_key(json, "page.referrer"))
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct hint_request request = {
		.ip = "203.0.113.9", .user_agent = "a", .now = 1790000000 * SECOND};
	const unsigned char *end = memchr(data, '\n', size);
	size_t head = end != NULL ? (size_t)(end - data) : 0;
	size_t body = end != NULL ? head + 1 : 0;
	struct arena *arena = arena_create(1024);
	struct text kept = {0};
	struct error error;
	const cJSON *posted;

	find_client(data, head);
	posted = size - body <= COLLECT_MOST
			 ? json_parse(arena, (const char *)data + body, size - body, &error)
			 : NULL;
	if (posted != NULL && hint_shop(posted) != NULL &&
		hint_read(posted, &request, &kept, &error) == 0)
		check(arena, &kept);
	text_free(&kept);
	arena_destroy(arena);
	return 0;
}
