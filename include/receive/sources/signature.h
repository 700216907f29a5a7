/* Signatures: trying a shop's secrets; and Shopify's, an HMAC-SHA256 of the raw body. */
#ifndef SEGRELAY_RECEIVE_SOURCES_SIGNATURE_H
#define SEGRELAY_RECEIVE_SOURCES_SIGNATURE_H

#include "base/digest.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum signature { SIGNATURE_RIGHT, SIGNATURE_WRONG, SIGNATURE_NOT_CHECKED };

/* Makes the digest that whoever has the secret signs with. 0, or -1 when OpenSSL fails. */
typedef int signer(const void *context, const char *secret, unsigned char digest[SHA256_SIZE]);

/* Whether one of the secrets made one of the `count` digests claimed, which stand one after the
 * other. All are tried, and a refusal costs the same without secrets (NULL, or none), so that an
 * answer's time does not tell who has some. SIGNATURE_NOT_CHECKED when OpenSSL failed (no memory).
 * From any thread. */
enum signature signature_try(const struct strings *secrets, signer *sign, const void *context,
	const unsigned char *claimed, size_t count);

/* Whether one of the shop's secrets made the signature: see signature_try. NULL for a shop that is
 * not known. */
enum signature signature_check(const struct shop *shop, const unsigned char claimed[SHA256_SIZE],
	const void *body, size_t length);

#endif
