/* Shopify's signature: an HMAC-SHA256 of the raw body under one of the shop's secrets. */
#include "receive/signature.h"

#include <string.h>

/* A refusal costs at least as many digests as a shop with this many secrets: the app's, the
 * admin's, and one being rotated. */
enum { TRIES_OF_A_REFUSAL = 3 };

static const char nobodys_secret[] = "00000000000000000000000000000000";

bool signature_read(const char *value, size_t length, unsigned char claimed[SHA256_SIZE])
{
	char text[SHA256_BASE64];

	if (length != sizeof(text) - 1 || memchr(value, '\0', length) != NULL)
		return false;
	memcpy(text, value, length);
	text[length] = '\0';
	return digest_from_base64(text, claimed);
}

enum signature signature_check(const struct shop *shop, const unsigned char claimed[SHA256_SIZE],
	const void *body, size_t length)
{
	size_t secrets = shop != NULL ? shop->secrets.count : 0;
	unsigned char digest[SHA256_SIZE];
	bool right = false;
	bool failed = false;

	for (size_t i = 0; i < secrets; i++) {
		const char *secret = shop->secrets.items[i];

		if (digest_hmac(secret, strlen(secret), body, length, digest) != 0)
			failed = true;
		else if (digest_equal(digest, claimed))
			right = true;
	}
	if (right)
		return SIGNATURE_RIGHT;
	for (size_t i = secrets; i < TRIES_OF_A_REFUSAL; i++)
		(void)digest_hmac(nobodys_secret, sizeof(nobodys_secret) - 1, body, length, digest);
	return failed ? SIGNATURE_NOT_CHECKED : SIGNATURE_WRONG;
}
