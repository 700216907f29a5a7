/* Shopify's signature: an HMAC-SHA256 of the raw body under one of the shop's secrets. */
#ifndef SEGRELAY_RECEIVE_SIGNATURE_H
#define SEGRELAY_RECEIVE_SIGNATURE_H

#include "base/digest.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum signature { SIGNATURE_RIGHT, SIGNATURE_WRONG, SIGNATURE_NOT_CHECKED };

/* Reads the value of X-Shopify-Hmac-Sha256: exactly 44 characters of canonical base64. */
bool signature_read(const char *value, size_t length, unsigned char claimed[SHA256_SIZE]);

/* Whether one of the shop's secrets made the signature. All are tried, and a refusal costs the same
 * for a shop that is not known (NULL), so that an answer's time does not tell which shops are.
 * SIGNATURE_NOT_CHECKED when OpenSSL failed (no memory). From any thread. */
enum signature signature_check(const struct shop *shop, const unsigned char claimed[SHA256_SIZE],
	const void *body, size_t length);

#endif
