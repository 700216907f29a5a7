/* Signs payloads as Shopify and ReCharge do. */
#include "commands/signing.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/ids.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static void add(struct signed_headers *headers, const char *name, const char *value)
{
	text_format(&headers->lines[headers->count++], "%s: %s", name, value);
}

static int result_of(const struct signed_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		if (headers->lines[i].failed)
			return -1;
	return 0;
}

/* ---- Shopify ---- */

static void random_uuid(char text[UUID_TEXT])
{
	struct uuid uuid = {{0}};

	(void)!getrandom(uuid.bytes, sizeof(uuid.bytes), 0);
	uuid.bytes[6] = (uuid.bytes[6] & 0x0f) | 0x40;
	uuid.bytes[8] = (uuid.bytes[8] & 0x3f) | 0x80;
	uuid_format(&uuid, text);
}

int sign_as_shopify(const struct signing *signing, struct signed_headers *headers)
{
	unsigned char digest[SHA256_SIZE];
	char signature[SHA256_BASE64];
	char id[UUID_TEXT];
	char now[TIME_TEXT];

	if (digest_hmac(signing->secret, strlen(signing->secret), text_string(signing->body),
		    signing->body->length, digest) != 0)
		return -1;
	digest_base64(digest, signature);
	time_format(clock_now(), now);
	add(headers, "Content-Type", "application/json");
	add(headers, "X-Shopify-Topic", signing->topic);
	add(headers, "X-Shopify-Shop-Domain", signing->shop);
	add(headers, "X-Shopify-Hmac-Sha256", signature);
	add(headers, "X-Shopify-API-Version", "2026-10");
	random_uuid(id);
	add(headers, "X-Shopify-Webhook-Id", id);
	random_uuid(id);
	add(headers, "X-Shopify-Event-Id", id);
	add(headers, "X-Shopify-Triggered-At", now);
	return result_of(headers);
}

/* ---- ReCharge ---- */

static int add_timed(const struct signing *signing, struct signed_headers *headers)
{
	unsigned char digest[SHA256_SIZE];
	char stamp[24];
	char signature[SHA256_HEX];
	char pair[sizeof("t=,v1=") + sizeof(stamp) + sizeof(signature)];
	struct digest_part parts[] = {
		{stamp, 0},
		{".", 1},
		{text_string(signing->body), signing->body->length},
	};

	(void)snprintf(stamp, sizeof(stamp), "%" PRId64, clock_now() / SECOND);
	parts[0].length = strlen(stamp);
	if (digest_hmac_parts(signing->secret, strlen(signing->secret), parts,
		    sizeof(parts) / sizeof(parts[0]), digest) != 0)
		return -1;
	digest_hex(digest, signature);
	(void)snprintf(pair, sizeof(pair), "t=%s,v1=%s", stamp, signature);
	add(headers, "X-Recharge-Webhook-Timestamp", stamp);
	add(headers, "X-Recharge-Webhook-Signature", pair);
	return 0;
}

int sign_as_recharge(const struct signing *signing, struct signed_headers *headers)
{
	const struct digest_part parts[] = {
		{signing->secret, strlen(signing->secret)},
		{text_string(signing->body), signing->body->length},
	};
	unsigned char digest[SHA256_SIZE];
	char signature[SHA256_HEX];

	if (digest_sha256(parts, sizeof(parts) / sizeof(parts[0]), digest) != 0)
		return -1;
	digest_hex(digest, signature);
	add(headers, "Content-Type", "application/json");
	add(headers, "X-Recharge-Topic", signing->topic);
	add(headers, "X-Recharge-Hmac-Sha256", signature);
	if (!signing->is_legacy && add_timed(signing, headers) != 0)
		return -1;
	return result_of(headers);
}

void signed_headers_free(struct signed_headers *headers)
{
	for (size_t i = 0; i < headers->count; i++)
		text_free(&headers->lines[i]);
	headers->count = 0;
}
