/* Reads the head of a request from libmicrohttpd. */
#include "receive/http/head.h"

#include <microhttpd.h>
#include <string.h>

/* libmicrohttpd splits the head in place, so the lines that it returns must follow each other with
 * nothing but CRLF between them. Otherwise it has dropped or moved something that a proxy may have
 * read differently: text after a NUL, a folded line (which it appends to the name), a line that
 * ended with only CR or LF. */
struct reading {
	struct request_head *head;
	const char *expected; /* where the next line must begin */
};

/* Where the line after a value begins. libmicrohttpd 0.9 counts the padding of a value as a part of
 * it; 1.0 ends the value before it, with a NUL over its first byte. */
static const char *next_line(const char *value_end)
{
	const char *after_padding = value_end + 1 + strspn(value_end + 1, " \t");

	if (after_padding[0] == '\r' && after_padding[1] == '\n')
		return after_padding + 2;
	return value_end + 2; /* CR or LF or both were replaced by NUL */
}

static enum MHD_Result take_line(void *context, enum MHD_ValueKind kind, const char *name,
	size_t name_length, const char *value, size_t value_length)
{
	struct reading *reading = context;
	const struct span name_span = {.start = name, .length = name_length};
	const struct span value_span = {
		.start = value != NULL ? value : "",
		.length = value != NULL ? value_length : 0,
	};
	const char *after_colon = name + name_length + 1;

	(void)kind;
	if (name != reading->expected || value == NULL || value < after_colon ||
		strspn(after_colon, " \t") < (size_t)(value - after_colon))
		request_malformed(reading->head, "a line is folded, holds NUL, or does not end "
						 "with CRLF");
	if (value != NULL)
		reading->expected = next_line(value + value_length);
	request_header(reading->head, &name_span, &value_span);
	return MHD_YES;
}

void head_read(struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, struct request_head *head)
{
	const union MHD_ConnectionInfo *size =
		MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
	struct reading reading = {
		.head = head,
		.expected = version + strlen(version) + 2,
	};

	head->path = path;
	head->method = method;
	head->version = version;
	(void)MHD_get_connection_values_n(connection, MHD_HEADER_KIND, take_line, &reading);
	if (size == NULL || reading.expected + 2 != method + size->header_size)
		request_malformed(head, "a line is folded, holds NUL, or does not end with CRLF");
}
