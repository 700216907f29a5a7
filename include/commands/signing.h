/* Signs payloads as Shopify and ReCharge do. */
#ifndef SEGRELAY_COMMANDS_SIGNING_H
#define SEGRELAY_COMMANDS_SIGNING_H

#include "base/text.h"

#include <stdbool.h>

enum { SIGNED_HEADERS = 8 };

/* A payload to sign. */
struct signing {
	const char *shop;
	const char *topic;
	const char *secret;
	const struct text *body;
	bool is_legacy; /* only ReCharge's older signature */
};

/* Zero-initialised; `lines` has `count` texts "Name: value". */
struct signed_headers {
	struct text lines[SIGNED_HEADERS];
	size_t count;
};

/* Fills all headers of a webhook of Shopify or ReCharge, signed with the current time. 0, or -1
 * when OpenSSL fails or memory is exhausted. */
int sign_as_shopify(const struct signing *signing, struct signed_headers *headers);
int sign_as_recharge(const struct signing *signing, struct signed_headers *headers);

void signed_headers_free(struct signed_headers *headers);

#endif
