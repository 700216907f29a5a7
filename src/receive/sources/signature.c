/* Signatures: compares them with a shop's secrets; and Shopify's, an HMAC-SHA256 of the raw body.
 */
#include "receive/sources/signature.h"

#include <string.h>

/* A rejection computes at least as many digests as a shop with this many secrets: the app's, the
 * admin's, and one being rotated. */
enum { MINIMUM_DIGESTS = 3 };

static const char nobodys_secret[] = "00000000000000000000000000000000";

static bool is_claimed(
	const unsigned char digest[SHA256_SIZE], const unsigned char *claimed, size_t count)
{
	bool found = false;

	for (size_t i = 0; i < count; i++)
		if (digest_equal(digest, claimed + i * SHA256_SIZE))
			found = true;
	return found;
}

enum signature signature_try(const struct strings *secrets, signer *sign, const void *context,
	const unsigned char *claimed, size_t count)
{
	size_t tries = secrets != NULL ? secrets->count : 0;
	unsigned char digest[SHA256_SIZE];
	bool right = false;
	bool failed = false;

	for (size_t i = 0; i < tries; i++) {
		if (sign(context, secrets->items[i], digest) != 0)
			failed = true;
		else if (is_claimed(digest, claimed, count))
			right = true;
	}
	if (right)
		return SIGNATURE_RIGHT;
	for (size_t i = tries; i < MINIMUM_DIGESTS; i++)
		(void)sign(context, nobodys_secret, digest);
	return failed ? SIGNATURE_NOT_CHECKED : SIGNATURE_WRONG;
}

static int sign_as_shopify(
	const void *context, const char *secret, unsigned char digest[SHA256_SIZE])
{
	return digest_hmac_parts(secret, strlen(secret), context, 1, digest);
}

enum signature signature_check(const struct shop *shop, const unsigned char claimed[SHA256_SIZE],
	const void *body, size_t length)
{
	const struct digest_part whole = {body, length};

	return signature_try(
		shop != NULL ? &shop->secrets : NULL, sign_as_shopify, &whole, claimed, 1);
}
