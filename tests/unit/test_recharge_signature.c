/* ReCharge's signatures: both schemes against vectors made elsewhere, and how strictly they are
 * read. */
#include "unit.h"

#include "base/clock.h"
#include "receive/http/head_check.h"
#include "receive/sources/recharge_signature.h"

#include <string.h>

/* Computed with Python's hashlib and hmac: sha256(secret + body), hmac(secret, "1795000000." +
 * body). */
#define LEGACY_OLD "5e7ad2c877ba060e382b669d23fc6133cc876342603cd27b080bb6936ca51e04"
#define LEGACY_NEW "2ffdb2d5cc020acb95f32c9a0b8279edb7ae3c2af5fe0d301e85ff3666f5690e"
#define V1_OLD "3587294440ed8995d56f48e62b153cba41eb9a668646e77b1db6dd6ff62da62a"
#define V1_NEW "84e020df6d9b3ed6c6e6b80a9970b564027a178c445da330eb8036e42c5b8f80"
/* What is not meant: an HMAC of the body, the body first, no dot. */
#define HMAC_OF_BODY "1c81690890ae9e1b4761953ae2f63cdf2c51988e5f44e6948d1d1336d77f1869"
#define BODY_FIRST "1132de626fbf68f633b923ade9334d76d3ffb3a39c0e4bcd1dc03e1154f9b600"
#define WITHOUT_DOT "bc1fd6a7a4af9f7d1660bf4b66fe5ff981ad3f13d5e7d25d0ee783a6e4e03cb8"

#define STAMP "1795000000"

static char *two_secrets[] = {"client-secret-of-the-old-token", "client-secret-of-the-new-token"};
static const struct strings secrets = {.items = two_secrets, .count = 2};
static const char body[] = "{\"subscription\":{\"id\":27363808}}";

static struct span span_of(const char *text)
{
	return (struct span){text, text != NULL ? strlen(text) : 0};
}

/* Headers as they come; NULL for one that does not. */
struct headers {
	const char *signature;
	const char *timestamp;
	const char *legacy;
};

static const char *read_headers(struct recharge_claims *claims, const struct headers *headers)
{
	const struct span signature = span_of(headers->signature);
	const struct span timestamp = span_of(headers->timestamp);
	const struct span legacy = span_of(headers->legacy);

	return recharge_read(claims, &signature, &timestamp, &legacy);
}

static enum signature check(const struct headers *headers, const struct strings *tried)
{
	struct recharge_claims claims;

	assert_null(read_headers(&claims, headers));
	return recharge_check(tried, &claims, body, strlen(body));
}

static void known_signatures_are_right(void **state)
{
	static const struct headers right[] = {
		{NULL, NULL, LEGACY_OLD},
		{NULL, NULL, LEGACY_NEW},
		{NULL, NULL, "2FFDB2D5CC020ACB95F32C9A0B8279EDB7AE3C2AF5FE0D301E85FF3666F5690E"},
		{"t=" STAMP ",v1=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=" STAMP ",v1=" V1_NEW, STAMP, NULL},
		{"t=" STAMP ",v1=" V1_NEW, NULL, NULL},
		{"v1=" V1_NEW ",t=" STAMP, STAMP, NULL},
		{"v0=abc, t=" STAMP " , v1=" V1_NEW ",v2=xyz,,tt=7,v11=8", STAMP, NULL},
		{"t=" STAMP ",v1=" HMAC_OF_BODY ",v1=" V1_OLD, STAMP, NULL},
		{"t=" STAMP ",v1=" V1_OLD, STAMP, "not looked at"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(right); i++)
		assert_int_equal(check(&right[i], &secrets), SIGNATURE_RIGHT);
}

static void others_are_wrong(void **state)
{
	static const struct headers wrong[] = {
		{NULL, NULL, HMAC_OF_BODY}, {NULL, NULL, BODY_FIRST}, {NULL, NULL, V1_OLD},
		{"t=" STAMP ",v1=" HMAC_OF_BODY, STAMP, NULL},
		{"t=" STAMP ",v1=" WITHOUT_DOT, STAMP, NULL},
		{"t=1795000001,v1=" V1_OLD, NULL, NULL}, {"t=01795000000,v1=" V1_OLD, NULL, NULL},
		{"t=" STAMP ",v1=" LEGACY_OLD, STAMP, LEGACY_OLD}, /* no way back to the old one */
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(wrong); i++)
		assert_int_equal(check(&wrong[i], &secrets), SIGNATURE_WRONG);
}

/* Every secret may sign, none may be left out, and nobody's opens nothing. */
static void secrets_are_all_tried(void **state)
{
	static const struct headers timed = {"t=" STAMP ",v1=" V1_NEW, STAMP, NULL};
	static const struct headers legacy = {NULL, NULL, LEGACY_NEW};
	static const struct strings old = {.items = two_secrets, .count = 1};
	static const struct strings none = {0};

	(void)state;
	assert_int_equal(check(&timed, &old), SIGNATURE_WRONG);
	assert_int_equal(check(&legacy, &old), SIGNATURE_WRONG);
	assert_int_equal(check(&timed, &none), SIGNATURE_WRONG);
	assert_int_equal(check(&legacy, &none), SIGNATURE_WRONG);
	assert_int_equal(check(&timed, NULL), SIGNATURE_WRONG);
}

static void every_byte_counts(void **state)
{
	static const struct headers both[] = {
		{NULL, NULL, LEGACY_OLD}, {"t=" STAMP ",v1=" V1_OLD, STAMP, NULL}};
	struct recharge_claims claims;
	char changed[sizeof(body)];

	(void)state;
	for (size_t scheme = 0; scheme < COUNT_OF(both); scheme++) {
		assert_null(read_headers(&claims, &both[scheme]));
		for (size_t i = 0; i < strlen(body); i++) {
			memcpy(changed, body, sizeof(body));
			changed[i] ^= 1;
			assert_int_equal(recharge_check(&secrets, &claims, changed, strlen(body)),
				SIGNATURE_WRONG);
		}
		assert_int_equal(
			recharge_check(&secrets, &claims, body, strlen(body) - 1), SIGNATURE_WRONG);
		for (size_t i = 0; i < SHA256_SIZE; i++) {
			claims.digests[i] ^= 0x80;
			assert_int_equal(recharge_check(&secrets, &claims, body, strlen(body)),
				SIGNATURE_WRONG);
			claims.digests[i] ^= 0x80;
		}
	}
}

static void headers_are_read_strictly(void **state)
{
	static const struct headers bad[] = {
		{NULL, NULL, NULL},
		{NULL, STAMP, NULL},
		{NULL, NULL, ""},
		{NULL, NULL, "5e7ad2c8"},
		{NULL, NULL, LEGACY_OLD "00"},
		{NULL, NULL, "sha256=" LEGACY_OLD},
		{NULL, NULL, "u1gVIp5DI+FB6+OyG3MYlLP3Y5jM8SeUWEl7F1ju5pw="},
		{"", STAMP, LEGACY_OLD}, /* from here on: the new header is there, and wrong */
		{V1_OLD, STAMP, LEGACY_OLD},
		{"v1=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=" STAMP, STAMP, LEGACY_OLD},
		{"t=,v1=" V1_OLD, NULL, LEGACY_OLD},
		{"t=" STAMP ",v1=", STAMP, LEGACY_OLD},
		{"t=" STAMP ",v2=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=" STAMP ",V1=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=" STAMP ";v1=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=" STAMP ",t=" STAMP ",v1=" V1_OLD, STAMP, LEGACY_OLD},
		{"t=-1,v1=" V1_OLD, NULL, LEGACY_OLD},
		{"t=1795000000.5,v1=" V1_OLD, NULL, LEGACY_OLD},
		{"t=9999999999999999,v1=" V1_OLD, NULL, LEGACY_OLD},
		{"t=" STAMP ",v1=" V1_OLD, "1795000001", LEGACY_OLD},
		{"t=" STAMP ",v1=" V1_OLD, "", LEGACY_OLD},
		{"t=" STAMP ",v1=" V1_OLD ",v1=short", STAMP, LEGACY_OLD},
		{"t=" STAMP ",v1=" V1_OLD ",v1=" V1_OLD ",v1=" V1_OLD ",v1=" V1_OLD ",v1=" V1_OLD,
			STAMP, LEGACY_OLD},
	};
	struct recharge_claims claims;

	(void)state;
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		if (read_headers(&claims, &bad[i]) == NULL)
			fail_msg("headers %zu were taken", i);
}

static void two_days_are_the_window(void **state)
{
	static const struct headers timed = {"t=" STAMP ",v1=" V1_OLD, STAMP, NULL};
	static const struct headers legacy = {NULL, NULL, LEGACY_OLD};
	const int64_t then = INT64_C(1795000000) * SECOND;
	struct recharge_claims claims;

	(void)state;
	assert_null(read_headers(&claims, &timed));
	assert_int_equal(claims.signed_at, then);
	assert_true(recharge_is_timely(&claims, then));
	assert_true(recharge_is_timely(&claims, then + 2 * DAY));
	assert_true(recharge_is_timely(&claims, then - 2 * DAY));
	assert_false(recharge_is_timely(&claims, then + 2 * DAY + 1));
	assert_false(recharge_is_timely(&claims, then - 2 * DAY - 1));
	assert_null(read_headers(&claims, &legacy));
	assert_true(recharge_is_timely(&claims, then + 3650 * DAY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_signatures_are_right),
		cmocka_unit_test(others_are_wrong),
		cmocka_unit_test(secrets_are_all_tried),
		cmocka_unit_test(every_byte_counts),
		cmocka_unit_test(headers_are_read_strictly),
		cmocka_unit_test(two_days_are_the_window),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
