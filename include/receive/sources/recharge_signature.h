/* ReCharge's signatures, made with the client secret of one of the shop's API tokens: the newer
 * with a time (HMAC-SHA256 of "time.body"), the older without (SHA-256 of secret and body). */
#ifndef SEGRELAY_RECEIVE_SOURCES_RECHARGE_SIGNATURE_H
#define SEGRELAY_RECEIVE_SOURCES_RECHARGE_SIGNATURE_H

#include "base/digest.h"
#include "receive/sources/signature.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span;

enum {
	RECHARGE_DIGESTS_MAX = 4, /* per header: secrets may be rotated */
	RECHARGE_STAMP_MAX = 15,  /* digits of a time */
};

/* The signatures in the headers of a webhook. */
struct recharge_claims {
	bool is_timed;
	const char *stamp;   /* seconds since 1970, as the digits that were signed; points into the
				header */
	size_t stamp_length; /* 0 when not timed */
	int64_t signed_at;   /* the same in ms; 0 when not timed */
	unsigned char digests[RECHARGE_DIGESTS_MAX * SHA256_SIZE];
	size_t count;
};

/* Reads X-Recharge-Webhook-Signature ("t=1790000000,v1=…", other keys are ignored) and
 * X-Recharge-Webhook-Timestamp, which repeats the time, if the first is present; else
 * X-Recharge-Hmac-Sha256 (64 hexadecimal digits). An invalid newer signature is not replaced by the
 * older one. NULL, or the fault, for the log. */
const char *recharge_read(struct recharge_claims *claims, const struct span *signature,
	const struct span *timestamp, const struct span *legacy);

/* Whether `now` (ms since 1970) is within 48 hours before or after the signed time, as ReCharge
 * recommends; always true without a time. */
bool recharge_is_timely(const struct recharge_claims *claims, int64_t now);

/* Whether one of the secrets made one of the signatures: see signature_try. */
enum signature recharge_check(const struct strings *secrets, const struct recharge_claims *claims,
	const void *body, size_t length);

#endif
