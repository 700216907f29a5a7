/* A request's head with any lines, and any signature: nothing crashes, and what is let through has
 * what a webhook needs.
 *
 * The input: `name: value LF` again and again; the first line is `method path`. */
#include "receive/request.h"
#include "receive/signature.h"

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

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *copy = calloc(1, size + 1);
	struct arena *arena = arena_create(1024);
	struct request_head head = {
		.method = "POST", .path = "/webhooks/shopify", .version = "HTTP/1.1"};
	unsigned char claimed[SHA256_SIZE];

	memcpy(copy, data, size);
	for (char *at = copy; *at != '\0';) {
		char *end = at + strcspn(at, "\n");

		take_line(&head, at, end);
		at = end + (*end == '\n');
	}
	if (request_judge(&head, 1 << 20) == VERDICT_NONE &&
		(head.topic.start == NULL || head.shop.start == NULL ||
			head.signature.start == NULL || head.problem != NULL ||
			request_length(&head) > 1 << 20))
		abort();
	(void)request_copy(arena, &head.topic);
	(void)request_copy_id(arena, &head.webhook_id);
	(void)request_copy_id(arena, &head.event_id);
	(void)signature_read(copy, size, claimed);
	(void)signature_check(NULL, claimed, data, size);
	arena_destroy(arena);
	free(copy);
	return 0;
}
