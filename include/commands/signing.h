/* Signing payloads as those do who post webhooks. */
#ifndef SEGRELAY_COMMANDS_SIGNING_H
#define SEGRELAY_COMMANDS_SIGNING_H

#include "base/text.h"

#include <stdbool.h>

enum { SIGNED_HEADERS = 8 };

/* What is signed, and with what. */
struct signing {
	const char *shop;
	const char *topic;
	const char *secret;
	const struct text *body;
	bool is_legacy; /* with ReCharge's older signature alone */
};

/* Starts as {0}; "Name: value" in each of the first `count`. */
struct signed_headers {
	struct text lines[SIGNED_HEADERS];
	size_t count;
};

/* All the headers of a webhook of Shopify, and of ReCharge, signed now. 0, or -1 when OpenSSL or
 * the memory fails. */
int sign_as_shopify(const struct signing *signing, struct signed_headers *headers);
int sign_as_recharge(const struct signing *signing, struct signed_headers *headers);

void signed_headers_free(struct signed_headers *headers);

#endif
