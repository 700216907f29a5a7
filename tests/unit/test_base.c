/* The small tools: texts, arenas, ids, digests, URLs. Vectors are those of the specifications. */
#include "unit.h"

#include "base/arena.h"
#include "base/digest.h"
#include "base/ids.h"
#include "base/metrics.h"
#include "base/text.h"
#include "base/url.h"

#include <stdbool.h>
#include <string.h>

static void a_text_grows(void **state)
{
	struct text text = {0};

	(void)state;
	assert_string_equal(text_string(&text), "");
	for (int i = 0; i < 1000; i++)
		text_format(&text, "%d,", i % 10);
	assert_int_equal(text.length, 2000);
	text_cut(&text, 4);
	text_add(&text, "\0x", 2);
	assert_int_equal(text.length, 6);
	assert_memory_equal(text.data, "0,1,\0x", 7);
	text_free(&text);
	assert_string_equal(text_string(&text), "");
}

static void a_text_without_memory_says_so_once(void **state)
{
	struct text text = {0};

	(void)state;
	text_put(&text, "kept");
	assert_false(text_reserve(&text, SIZE_MAX / 2));
	text_put(&text, "lost");
	assert_true(text.failed);
	assert_string_equal(text_string(&text), "kept");
	assert_null(text_take(&text));
}

static void an_arena_gives_aligned_memory(void **state)
{
	struct arena *arena = arena_create(1);

	(void)state;
	for (size_t size = 0; size < 3000; size += 7) {
		char *memory = arena_alloc(arena, size);

		assert_non_null(memory);
		assert_int_equal((uintptr_t)memory % _Alignof(max_align_t), 0);
		memset(memory, 0xff, size);
	}
	assert_string_equal(arena_format(arena, "%s-%d", "a", 1), "a-1");
	assert_null(arena_copy(arena, NULL));
	assert_null(arena_alloc(arena, SIZE_MAX / 2));
	arena_destroy(arena);
}

/* However much was in it: then there is room again, and nothing has failed yet. */
static void a_cleared_arena_begins_anew(void **state)
{
	struct arena *arena = arena_create(64);
	char *first;

	(void)state;
	first = arena_alloc(arena, 64);
	for (size_t size = 1; size < 10000; size *= 3)
		assert_non_null(arena_alloc(arena, size));
	assert_null(arena_alloc(arena, SIZE_MAX / 2));
	assert_true(arena_failed(arena));
	arena_clear(arena);
	assert_false(arena_failed(arena));
	assert_ptr_equal(arena_alloc(arena, 64), first);
	arena_destroy(arena);
	arena_destroy(NULL);
}

/* RFC 9562 names this value for "www.example.com" in the DNS namespace. */
static void a_name_gives_its_uuid(void **state)
{
	static const struct uuid dns = {{0x6b, 0xa7, 0xb8, 0x10, 0x9d, 0xad, 0x11, 0xd1, 0x80, 0xb4,
		0x00, 0xc0, 0x4f, 0xd4, 0x30, 0xc8}};
	struct uuid uuid = uuid_of_name(&dns, "www.example.com", 15);
	char text[UUID_TEXT];

	(void)state;
	uuid_format(&uuid, text);
	assert_string_equal(text, "2ed6657d-e927-568b-95e1-2665a8aea6a2");
}

/* RFC 4231, test case 2. */
static void hmac_is_right(void **state)
{
	static const unsigned char expected[SHA256_SIZE] = {0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60,
		0x75, 0x4e, 0x6a, 0x04, 0x24, 0x26, 0x08, 0x95, 0x75, 0xc7, 0x5a, 0x00, 0x3f, 0x08,
		0x9d, 0x27, 0x39, 0x83, 0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43};
	unsigned char digest[SHA256_SIZE];
	const char *message = "what do ya want for nothing?";

	(void)state;
	assert_int_equal(digest_hmac("Jefe", 4, message, strlen(message), digest), 0);
	assert_true(digest_equal(digest, expected));
	digest[31] ^= 1;
	assert_false(digest_equal(digest, expected));
}

/* What is digested in parts is digested as a whole: the vector of FIPS 180 for "abc", and RFC
 * 4231's again. */
static void parts_are_digested_as_one(void **state)
{
	static const struct digest_part abc[] = {{"a", 1}, {"", 0}, {"bc", 2}};
	static const struct digest_part message[] = {
		{"what do ya", 10}, {" want for nothing?", 18}};
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_HEX];

	(void)state;
	assert_int_equal(digest_sha256(abc, COUNT_OF(abc), digest), 0);
	digest_hex(digest, text);
	assert_string_equal(
		text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	assert_int_equal(digest_hmac_parts("Jefe", 4, message, COUNT_OF(message), digest), 0);
	digest_hex(digest, text);
	assert_string_equal(
		text, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

static void hex_is_strict(void **state)
{
	static const char good[] =
		"00ff10abcdef00000000000000000000000000000000000000000000000000aA";
	static const struct {
		const char *text;
		size_t length;
	} bad[] = {
		{good, 63},
		{"00ff10abcdef00000000000000000000000000000000000000000000000000aA0", 65},
		{"", 0},
		{"g0ff10abcdef00000000000000000000000000000000000000000000000000aA", 64},
		{" 0ff10abcdef00000000000000000000000000000000000000000000000000aA", 64},
		{"0x00ff10abcdef000000000000000000000000000000000000000000000000aA", 64},
		{"00ff10abcdef0000000000000000000000000000000000000000000000000\0aA", 64},
		{"00ff10abcdef00000000000000000000000000000000000000000000000000a\0", 64},
	};
	unsigned char digest[SHA256_SIZE];

	(void)state;
	assert_true(digest_from_hex(good, 64, digest));
	assert_int_equal(digest[1], 0xff);
	assert_int_equal(digest[2], 0x10);
	assert_int_equal(digest[31], 0xaa);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(digest_from_hex(bad[i].text, bad[i].length, digest));
}

static void base64_is_strict(void **state)
{
	static const char *const bad[] = {"", "AAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=", /* stray bits */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==", /* 31 bytes */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", /* 33 bytes */
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n=",
		"-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="};
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_BASE64];

	(void)state;
	memset(digest, 0xa5, sizeof(digest));
	digest_base64(digest, text);
	assert_int_equal(strlen(text), 44);
	memset(digest, 0, sizeof(digest));
	assert_true(digest_from_base64(text, strlen(text), digest));
	assert_int_equal(digest[0], 0xa5);
	assert_int_equal(digest[31], 0xa5);
	for (size_t i = 0; i < COUNT_OF(bad); i++)
		assert_false(digest_from_base64(bad[i], strlen(bad[i]), digest));
}

/* RFC 1321's vector. */
static void md5_is_right(void **state)
{
	char text[MD5_TEXT];

	(void)state;
	assert_int_equal(digest_md5("message digest", text), 0);
	assert_string_equal(text, "f96b697d7cb7938d525a2f31aaf161d0");
}

static void urls_come_apart(void **state)
{
	struct arena *arena = arena_create(256);
	struct url url;

	(void)state;
	assert_true(url_split(arena, "/products/kettle?utm_source=a&x=1#top", &url));
	assert_null(url.host);
	assert_string_equal(url.path, "/products/kettle");
	assert_string_equal(url.search, "?utm_source=a&x=1");
	assert_true(url_split(arena, "https://shop.example?ref=b", &url));
	assert_string_equal(url.host, "shop.example");
	assert_string_equal(url.path, "/");
	assert_string_equal(url.search, "?ref=b");
	assert_true(url_split(arena, "/", &url));
	assert_string_equal(url.search, "");
	assert_false(url_split(arena, "javascript:alert(1)", &url));
	assert_false(url_split(arena, "", &url));
	assert_false(url_split(arena, "https://", &url));
	arena_destroy(arena);
}

static void parameters_are_decoded(void **state)
{
	struct arena *arena = arena_create(256);
	const char *search =
		"?utm_source=spring%20sale+now&utm_medium=&a=%ff&b=%00x&c=%0a&d=%&e=%e2%82%ac"
		"&xutm_term=no&utm_term=yes";

	(void)state;
	assert_string_equal(url_parameter(arena, search, "utm_source"), "spring sale now");
	assert_string_equal(url_parameter(arena, search, "utm_term"), "yes");
	assert_string_equal(url_parameter(arena, search, "d"), "%");
	assert_string_equal(url_parameter(arena, search, "e"), "\xe2\x82\xac");
	assert_null(url_parameter(arena, search, "utm_medium"));
	assert_null(url_parameter(arena, search, "utm"));
	assert_null(url_parameter(arena, search, "a"));
	assert_null(url_parameter(arena, search, "b"));
	assert_null(url_parameter(arena, search, "c"));
	assert_null(url_parameter(arena, "", "a"));
	arena_destroy(arena);
}

static void metrics_are_written(void **state)
{
	struct text text = {0};

	(void)state;
	metric_begin(&text, "a_total", METRIC_COUNTER, "What it counts.");
	metric_value(&text, "a_total", METRIC_LABELS({"shop", "q\"b\\n\n"}, {"code", "200"}), -7);
	metric_write(&text, "b", METRIC_GAUGE, "One value.", INT64_MIN);
	metric_seconds(&text, "c", NULL, 1005);
	metric_seconds(&text, "c", METRIC_LABELS({"d", "e"}), -5);
	metric_seconds(&text, "c", NULL, INT64_MIN);
	metric_seconds(&text, "c", NULL, INT64_MAX);
	assert_string_equal(text_string(&text), "# HELP a_total What it counts.\n"
						"# TYPE a_total counter\n"
						"a_total{shop=\"q\\\"b\\\\n\\n\",code=\"200\"} -7\n"
						"# HELP b One value.\n"
						"# TYPE b gauge\n"
						"b -9223372036854775808\n"
						"c 1.005\n"
						"c{d=\"e\"} -0.005\n"
						"c -9223372036854775.808\n"
						"c 9223372036854775.807\n");
	text_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(metrics_are_written),
		cmocka_unit_test(a_text_grows),
		cmocka_unit_test(a_text_without_memory_says_so_once),
		cmocka_unit_test(an_arena_gives_aligned_memory),
		cmocka_unit_test(a_cleared_arena_begins_anew),
		cmocka_unit_test(a_name_gives_its_uuid),
		cmocka_unit_test(hmac_is_right),
		cmocka_unit_test(parts_are_digested_as_one),
		cmocka_unit_test(hex_is_strict),
		cmocka_unit_test(base64_is_strict),
		cmocka_unit_test(md5_is_right),
		cmocka_unit_test(urls_come_apart),
		cmocka_unit_test(parameters_are_decoded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
