/* Shopify's signature: which are right, and how strictly one is read. */
#include "unit.h"

#include "receive/sources/signature.h"

#include <string.h>

static char *two_secrets[] = {"hush-of-the-app", "hush-of-the-admin"};
static const struct shop shop = {
	.domain = "blue-kettle.myshopify.com",
	.secrets = {.items = two_secrets, .count = 2},
};
static const char body[] = "{\"id\":820982911946154508}";

static void sign(const char *secret, unsigned char digest[SHA256_SIZE])
{
	assert_int_equal(digest_hmac(secret, strlen(secret), body, strlen(body), digest), 0);
}

/* Computed with `openssl dgst -sha256 -hmac hush-of-the-app -binary | base64`. */
static void a_known_signature_is_right(void **state)
{
	static const char known[] = "u1gVIp5DI+FB6+OyG3MYlLP3Y5jM8SeUWEl7F1ju5pw=";
	unsigned char claimed[SHA256_SIZE];

	(void)state;
	assert_true(digest_from_base64(known, strlen(known), claimed));
	assert_int_equal(signature_check(&shop, claimed, body, strlen(body)), SIGNATURE_RIGHT);
}

static void any_of_the_shops_secrets_may_have_signed(void **state)
{
	unsigned char claimed[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(two_secrets); i++) {
		sign(two_secrets[i], claimed);
		assert_int_equal(
			signature_check(&shop, claimed, body, strlen(body)), SIGNATURE_RIGHT);
	}
	sign("another", claimed);
	assert_int_equal(signature_check(&shop, claimed, body, strlen(body)), SIGNATURE_WRONG);
}

static void every_byte_of_the_signature_and_of_the_body_counts(void **state)
{
	unsigned char claimed[SHA256_SIZE];
	char changed[sizeof(body)];

	(void)state;
	sign(two_secrets[0], claimed);
	for (size_t i = 0; i < SHA256_SIZE; i++) {
		claimed[i] ^= 0x10;
		assert_int_equal(
			signature_check(&shop, claimed, body, strlen(body)), SIGNATURE_WRONG);
		claimed[i] ^= 0x10;
	}
	for (size_t i = 0; i < strlen(body); i++) {
		memcpy(changed, body, sizeof(body));
		changed[i] ^= 1;
		assert_int_equal(
			signature_check(&shop, claimed, changed, strlen(body)), SIGNATURE_WRONG);
	}
	assert_int_equal(signature_check(&shop, claimed, body, strlen(body) - 1), SIGNATURE_WRONG);
}

/* Neither without a shop nor without its secrets does anything open, not even what an empty key or
 * the key that nobody has would sign. */
static void nobodys_signature_is_wrong(void **state)
{
	static const struct shop without_secrets = {.domain = "bare.myshopify.com"};
	static const char *const keys[] = {"", "00000000000000000000000000000000"};
	unsigned char claimed[SHA256_SIZE];

	(void)state;
	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		sign(keys[i], claimed);
		assert_int_equal(
			signature_check(NULL, claimed, body, strlen(body)), SIGNATURE_WRONG);
		assert_int_equal(signature_check(&without_secrets, claimed, body, strlen(body)),
			SIGNATURE_WRONG);
		assert_int_equal(
			signature_check(&shop, claimed, body, strlen(body)), SIGNATURE_WRONG);
	}
}

static void a_signature_is_read_strictly(void **state)
{
	static const char good[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
	static const struct {
		const char *text;
		size_t length;
	} bad[] = {
		{"", 0},
		{good, 43},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", 44},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", 44},
		{"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA===", 44},
		{" AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 44},
		{"AAAAAAAAAAAAAAAAAAAA\0AAAAAAAAAAAAAAAAAAAAAA=", 44},
		{"-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", 44},
		{"0000000000000000000000000000000000000000000000000000000000000000", 64},
	};
	unsigned char claimed[SHA256_SIZE];

	(void)state;
	assert_true(digest_from_base64(good, strlen(good), claimed));
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(digest_from_base64(bad[i].text, bad[i].length, claimed));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_known_signature_is_right),
		cmocka_unit_test(any_of_the_shops_secrets_may_have_signed),
		cmocka_unit_test(every_byte_of_the_signature_and_of_the_body_counts),
		cmocka_unit_test(nobodys_signature_is_wrong),
		cmocka_unit_test(a_signature_is_read_strictly),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
