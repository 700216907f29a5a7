/* A request's head with any lines, and any signature: nothing crashes, and what is let through has
 * what a webhook needs.
 *
 * The input: `name: value LF` again and again, perhaps behind a line with a path; all of it is
 * taken for a signature, too. */
#include "base/json.h"
#include "receive/http/head_check.h"
#include "receive/sources/collect.h"
#include "receive/sources/recharge.h"
#include "receive/sources/signature.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static struct span span_of(const char *start, const char *end)
{
	return (struct span){.start = start, .length = (size_t)(end - start)};
}

static void take_line(struct request_head *head, const char *line, const char *end)
{
	const char *colon = memchr(line, ':', (size_t)(end - line));
	struct span name = span_of(line, colon != NULL ? colon : end);
	struct span value = span_of(colon != NULL ? colon + 1 : end, end);

	request_header(head, &name, &value);
}

static bool is_recharges(const struct request_head *head)
{
	return strncmp(head->path, RECHARGE_PATH, strlen(RECHARGE_PATH)) == 0;
}

/* A hint has neither topic nor signature; its bounds are its own. */
static bool is_hint(const struct request_head *head)
{
	return strcmp(head->path, COLLECT_PATH) == 0;
}

/* Whether a head that was let through lacks something. */
static bool is_wanting(const struct request_head *head)
{
	const struct recharge_claims *claims = &head->recharge;

	if (is_hint(head))
		return head->malformed || request_length(head) > COLLECT_MOST;
	if (head->topic.start == NULL || head->shop.start == NULL || head->problem != NULL ||
		request_length(head) > 1 << 20)
		return true;
	if (!is_recharges(head))
		return head->signature.start == NULL;
	return claims->count == 0 || claims->count > RECHARGE_DIGESTS_MAX ||
	       claims->is_timed != (claims->stamp_length > 0) ||
	       memchr(head->topic.start, '/', head->topic.length) == NULL;
}

static void check_signatures(
	const struct request_head *head, const unsigned char *data, size_t size)
{
	unsigned char claimed[SHA256_SIZE];

	(void)digest_from_base64((const char *)data, size, claimed);
	(void)signature_check(NULL, claimed, data, size);
	(void)recharge_is_timely(&head->recharge, INT64_C(1795000000000));
	if (recharge_check(NULL, &head->recharge, data, size) == SIGNATURE_RIGHT)
		abort();
}

/* What is refused because something follows it must not be what is parsed. */
static void check_end(struct arena *arena, const unsigned char *data, size_t size)
{
	struct error error;

	if (json_is_followed((const char *)data, size) &&
		json_parse(arena, (const char *)data, size, &error) != NULL)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *copy = calloc(1, size + 1);
	struct arena *arena = arena_create(1024);
	struct request_head head = {
		.method = "POST", .path = "/webhooks/shopify", .version = "HTTP/1.1"};

	memcpy(copy, data, size);
	for (char *at = copy; *at != '\0';) {
		char *end = at + strcspn(at, "\n");
		bool is_last = *end == '\0';

		if (at == copy && *at == '/') {
			head.path = copy;
			*end = '\0';
		} else {
			take_line(&head, at, end);
		}
		at = end + !is_last;
	}
	if (request_check_head(&head, 1 << 20) == HTTP_UNDECIDED && is_wanting(&head))
		abort();
	(void)request_copy(arena, &head.topic);
	(void)request_copy_id(arena, &head.webhook_id);
	(void)request_copy_id(arena, &head.event_id);
	check_signatures(&head, data, size);
	check_end(arena, data, size);
	arena_destroy(arena);
	free(copy);
	return 0;
}
