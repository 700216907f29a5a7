/* Signatures: compares them with a shop's secrets; and Shopify's, an HMAC-SHA256 of the raw body.
 */
#ifndef SEGRELAY_RECEIVE_SOURCES_SIGNATURE_H
#define SEGRELAY_RECEIVE_SOURCES_SIGNATURE_H

#include "base/digest.h"
#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum signature { SIGNATURE_RIGHT, SIGNATURE_WRONG, SIGNATURE_NOT_CHECKED };

/* Computes the digest for a secret. 0, or -1 when OpenSSL fails. */
typedef int signer(const void *context, const char *secret, unsigned char digest[SHA256_SIZE]);

/* Whether one of the secrets made one of the `count` digests in `claimed`. All secrets are tried,
 * and a rejection takes the same time without secrets (NULL, or none), so that the response time
 * does not reveal which shops have secrets. SIGNATURE_NOT_CHECKED when OpenSSL failed (no memory).
 * From any thread. */
enum signature signature_try(const struct strings *secrets, signer *sign, const void *context,
	const unsigned char *claimed, size_t count);

/* Whether one of the shop's secrets made the signature: see signature_try. `shop` is NULL when
 * unknown. */
enum signature signature_check(const struct shop *shop, const unsigned char claimed[SHA256_SIZE],
	const void *body, size_t length);

#endif
