/* ReCharge's signatures, with a time and without. */
#include "receive/sources/recharge_signature.h"

#include "base/clock.h"
#include "receive/http/head_check.h"

#include <string.h>

#define WINDOW (48 * HOUR)

/* ---- reading ---- */

/* The value of "key=value"; absent for another key, or for an empty value. */
static struct span value_of(const struct span *pair, const char *key)
{
	size_t length = strlen(key);

	if (pair->length <= length || memcmp(pair->start, key, length) != 0)
		return (struct span){0};
	return (struct span){pair->start + length, pair->length - length};
}

/* Reads seconds since 1970; the digits are kept, because they were signed. */
static const char *read_stamp(struct recharge_claims *claims, const struct span *value)
{
	int64_t seconds = 0;

	if (claims->stamp_length > 0)
		return "X-Recharge-Webhook-Signature has two times";
	if (value->length > RECHARGE_STAMP_MAX)
		return "the time of X-Recharge-Webhook-Signature is too long";
	for (size_t i = 0; i < value->length; i++) {
		if (value->start[i] < '0' || value->start[i] > '9')
			return "the time of X-Recharge-Webhook-Signature is not a number";
		seconds = seconds * 10 + (value->start[i] - '0');
	}
	claims->stamp = value->start;
	claims->stamp_length = value->length;
	claims->signed_at = seconds * SECOND;
	return NULL;
}

static const char *read_digest(struct recharge_claims *claims, const struct span *value)
{
	unsigned char *digest = claims->digests + claims->count * SHA256_SIZE;

	if (claims->count == RECHARGE_DIGESTS_MAX)
		return "X-Recharge-Webhook-Signature has more than 4 signatures";
	if (!digest_from_hex(value->start, value->length, digest))
		return "a signature of X-Recharge-Webhook-Signature is not 64 hexadecimal digits";
	claims->count++;
	return NULL;
}

static const char *read_pair(struct recharge_claims *claims, const struct span *pair)
{
	struct span stamp = value_of(pair, "t=");
	struct span digest = value_of(pair, "v1=");

	if (stamp.start != NULL)
		return read_stamp(claims, &stamp);
	return digest.start != NULL ? read_digest(claims, &digest) : NULL;
}

static bool is_stamp(const struct recharge_claims *claims, const struct span *value)
{
	return value->length == claims->stamp_length &&
	       memcmp(value->start, claims->stamp, value->length) == 0;
}

static const char *read_timed(
	struct recharge_claims *claims, const struct span *signature, const struct span *timestamp)
{
	const char *at = signature->start;
	const char *end = at + signature->length;
	const char *problem = NULL;

	claims->is_timed = true;
	while (problem == NULL && at < end) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		struct span pair = {at, (size_t)((comma != NULL ? comma : end) - at)};

		pair = request_trim(&pair);
		problem = read_pair(claims, &pair);
		at = comma != NULL ? comma + 1 : end;
	}
	if (problem != NULL)
		return problem;
	if (claims->stamp_length == 0)
		return "X-Recharge-Webhook-Signature has no time (t=)";
	if (claims->count == 0)
		return "X-Recharge-Webhook-Signature has no supported signature (v1=)";
	if (timestamp->start != NULL && !is_stamp(claims, timestamp))
		return "X-Recharge-Webhook-Timestamp is not the time that was signed";
	return NULL;
}

const char *recharge_read(struct recharge_claims *claims, const struct span *signature,
	const struct span *timestamp, const struct span *legacy)
{
	*claims = (struct recharge_claims){0};
	if (signature->start != NULL)
		return read_timed(claims, signature, timestamp);
	if (legacy->start == NULL)
		return "X-Recharge-Webhook-Signature and X-Recharge-Hmac-Sha256 are missing";
	if (!digest_from_hex(legacy->start, legacy->length, claims->digests))
		return "X-Recharge-Hmac-Sha256 is not 64 hexadecimal digits";
	claims->count = 1;
	return NULL;
}

/* ---- checking ---- */

bool recharge_is_timely(const struct recharge_claims *claims, int64_t now)
{
	return !claims->is_timed ||
	       (claims->signed_at >= now - WINDOW && claims->signed_at <= now + WINDOW);
}

struct signed_text {
	struct digest_part stamp;
	struct digest_part body;
};

static int sign_timed(const void *context, const char *secret, unsigned char digest[SHA256_SIZE])
{
	const struct signed_text *text = context;
	const struct digest_part parts[] = {text->stamp, {".", 1}, text->body};

	return digest_hmac_parts(
		secret, strlen(secret), parts, sizeof(parts) / sizeof(parts[0]), digest);
}

/* The secret comes first, so anyone who has seen one webhook can sign the same body with appended
 * bytes. So bytes after the JSON must be rejected (json_is_followed). */
static int sign_legacy(const void *context, const char *secret, unsigned char digest[SHA256_SIZE])
{
	const struct signed_text *text = context;
	const struct digest_part parts[] = {{secret, strlen(secret)}, text->body};

	return digest_sha256(parts, sizeof(parts) / sizeof(parts[0]), digest);
}

enum signature recharge_check(const struct strings *secrets, const struct recharge_claims *claims,
	const void *body, size_t length)
{
	const struct signed_text text = {{claims->stamp, claims->stamp_length}, {body, length}};

	return signature_try(secrets, claims->is_timed ? sign_timed : sign_legacy, &text,
		claims->digests, claims->count);
}
