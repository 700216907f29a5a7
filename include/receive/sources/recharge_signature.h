/* ReCharge's signatures, under the client secret of one of the shop's API tokens: with a time
 * (HMAC-SHA256 of "time.body"), and the older one without (SHA-256 of secret and body). */
#ifndef SEGRELAY_RECEIVE_SOURCES_RECHARGE_SIGNATURE_H
#define SEGRELAY_RECEIVE_SOURCES_RECHARGE_SIGNATURE_H

#include "base/digest.h"
#include "receive/sources/signature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

enum {
	RECHARGE_DIGESTS_MAX = 4, /* in one header: secrets may be rotated */
	RECHARGE_STAMP_MAX = 15,  /* digits of a time */
};

/* What the headers of a webhook claim. */
struct recharge_claims {
	bool is_timed;
	const char *stamp; /* seconds since 1970, the digits that were signed; part of the header */
	size_t stamp_length; /* 0 when not timed */
	int64_t signed_at;   /* the same in ms; 0 when not timed */
	unsigned char digests[RECHARGE_DIGESTS_MAX * SHA256_SIZE];
	size_t count;
};

/* Reads X-Recharge-Webhook-Signature ("t=1790000000,v1=…", other keys are passed over) and
 * X-Recharge-Webhook-Timestamp, which repeats the time, if the first is there; else
 * X-Recharge-Hmac-Sha256 (64 hexadecimal digits). Who sends the first one wrongly is not asked for
 * the other. NULL, or what is wrong with them, for the log. */
const char *recharge_read(struct recharge_claims *claims, const struct span *signature,
	const struct span *timestamp, const struct span *legacy);

/* Whether `now` (ms since 1970) is within the 48 hours on both sides of the signed time that
 * ReCharge asks to hold to; always true without one. */
bool recharge_is_timely(const struct recharge_claims *claims, int64_t now);

/* Whether one of the secrets made what is claimed: see signature_try. */
enum signature recharge_check(const struct strings *secrets, const struct recharge_claims *claims,
	const void *body, size_t length);

#endif
