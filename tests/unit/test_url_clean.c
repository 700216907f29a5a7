/* The filter of pages: what opens something or names somebody does not pass, the rest does. */
#include "unit.h"

#include "base/url_clean.h"

#include <stdio.h>
#include <string.h>

#define UUID "6f9619ff-8b86-d011-b42d-00c04fc964ff"
#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiI3In0.c2ln"

static const struct {
	const char *address;
	const char *clean;
} addresses[] = {
	/* what anyone may see stays */
	{"/", "/"},
	{"/collections/mugs?utm_source=newsletter&utm_medium=email&variant=44287461556333",
		"/collections/mugs?utm_source=newsletter&utm_medium=email&variant=44287461556333"},
	{"https://www.google.com/", "https://www.google.com/"},
	{"https://www.google.com", "https://www.google.com"},
	{"http://localhost:8080/x?b=c", "http://localhost:8080/x?b=c"},
	{"android-app://com.search.example/", "android-app://com.search.example/"},
	{"/search?q=tea+pot&type=product&page=2", "/search?q=tea+pot&type=product&page=2"},
	{"/en-us/products/tea-pot-4-cups?keyword=a&monkey=b&design=c&author=d",
		"/en-us/products/tea-pot-4-cups?keyword=a&monkey=b&design=c&author=d"},
	{"/collections/portal/products/reset-button?sort_by=price",
		"/collections/portal/products/reset-button?sort_by=price"},
	{"/wallets/checkouts.json", "/wallets/checkouts.json"},
	{"/products/caf%C3%A9?utm_term=caf%C3%A9", "/products/caf%C3%A9?utm_term=caf%C3%A9"},
	{"/products/a?gclid=EAIaIQobChMI0123456789abcdef&fbclid=IwAR01234567890abcdefg",
		"/products/a?gclid=EAIaIQobChMI0123456789abcdef&fbclid=IwAR01234567890abcdefg"},
	{"/blogs/news/2026-spring-the-longest-title-that-anyone-has-ever-given-to-it",
		"/blogs/news/2026-spring-the-longest-title-that-anyone-has-ever-given-to-it"},
	{"/account/login", "/account/login"},
	{"/cart", "/cart"},
	{"/apps/store-locator", "/apps/store-locator"},
	/* cart permalinks, with and without a key */
	{"/cart/c/c1-09aabbccddee?key=824bdj25mhg1242bdb385", "/cart/c"},
	{"/cart/c/hWNexampletoken?key=a&utm_source=sms", "/cart/c?utm_source=sms"},
	{"/fr-ca/cart/c/tokentoken?key=a", "/fr-ca/cart/c"},
	{"/cart/44287461556333:1,44287461556334:2?attributes[x]=y", "/cart"},
	/* checkouts and orders */
	{"/checkouts/cn/hWN1exampletoken/en-us/information?key=aa11&_r=AQAB",
		"/checkouts/cn/en-us/information"},
	{"https://a.example/90001/checkouts/0f1e2d3c/thank_you",
		"https://a.example/checkouts/thank_you"},
	{"/checkouts/c/abcdefghij/shipping?step=x", "/checkouts/c/shipping"},
	{"/90001/orders/tokentokentoken/authenticate?key=0f1e2d", "/orders/authenticate"},
	{"/orders/5778367001001tok", "/orders"},
	{"https://shop.example/pages/order-status/abcdef?email=a",
		"https://shop.example/pages/order-status"},
	/* accounts: reset, activation, portals, gift cards */
	{"/account/reset/7/abcdefgh-123", "/account/reset"},
	{"/account/activate/7/abcdefgh", "/account/activate"},
	{"/Account/Activate/7/AbCdEfGh", "/Account/Activate"},
	{"/en/account/orders/abcdef", "/en/account/orders"},
	{"/account/invalid_token?token=x", "/account/invalid_token"},
	{"/gift_cards/90001/abcdefabcdefabcdef", "/gift_cards"},
	{"/tools/recurring/portal/abcdef/subscriptions?token=x",
		"/tools/recurring/portal/subscriptions"},
	{"/a/loop_subscriptions/customer/7?h=x", "/a/loop_subscriptions/customer"},
	{"/apps/retextion/login?token=a&shop=b", "/apps/retextion/login"},
	{"https://account.shop.example/authentication/1/login?redirect_uri=x",
		"https://account.shop.example/authentication/login"},
	{"/pages/unsubscribe/abcdef?c=1", "/pages/unsubscribe"},
	{"/community/verify/abc", "/community/verify"},
	/* people: "@" in whatever form */
	{"/pages/hello?email=alma@example.com", "/pages/hello"},
	{"/pages/hello?x=alma%40example.com&y=1", "/pages/hello?y=1"},
	{"/pages/hello?x=alma%2540example.com", "/pages/hello"},
	{"/pages/hello?x=alma%252540example.com&y=1", "/pages/hello?y=1"},
	{"/pages/hello?x=alma%2525252540example.com&y=1", "/pages/hello?y=1"},
	{"/pages/hello?x=%252525252525252525252525252540&y=1", "/pages/hello?y=1"},
	{"/pages/hello?x=alma%EF%BC%A0example.com&y=1", "/pages/hello?y=1"},
	{"/pages/hello?x=alma\xef\xb9\xab"
	 "example.com&y=1",
		"/pages/hello?y=1"},
	{"/pages/alma%252540example.com/x", "/pages/x"},
	{"/pages/alma\xef\xbc\xa0"
	 "example.com/x",
		"/pages/x"},
	{"https://alma%40example.com/p", ""},
	{"https://alma%252540example.com", ""},
	{"https://alma\xef\xbc\xa0"
	 "example.com/p",
		""},
	{"/products/100%25-cotton?x=50%25%20off", "/products/100%25-cotton?x=50%25%20off"},
	{"/pages/alma@example.com/x", "/pages/x"},
	{"/pages/alma%40example.com", "/pages"},
	{"/pages/x%00alma%40example.com?y=%00alma@example.com", "/pages"},
	{"/p?utm_source=alma@example.com&utm_medium=mail", "/p?utm_medium=mail"},
	{"https://alma:secret@a.example/p", "https://a.example/p"},
	{"mailto:alma@example.com", ""},
	{"alma@example.com", ""},
	{"javascript:alert(1)//x", ""},
	{"", ""},
	/* secrets by their name, or by what they look like */
	{"/p?token=a&access_token=b&api_key=c&key=d&Password=e&pwd=f&otp=g&code=h&hmac=i", "/p"},
	{"/p?signature=a&sig=b&session=c&auth=d&phone=e&customer_id=f&first_name=g&x=h", "/p?x=h"},
	{"/p?contact%5Bemail%5D=a&%6Bey=b&x=1;key=2", "/p?x=1"},
	{"/p?_kx=abc.XY&mc_eid=a&_hsenc=b&mc_cid=c", "/p?mc_cid=c"},
	{"/p?a=" UUID "&b=" JWT "&c=0123456789abcdef0123456789abcdef&d=e", "/p?d=e"},
	{"/p/" UUID "/x", "/p/x"},
	{"/p/0f1e2d3c4b5a69788796", "/p"},
	/* addresses in addresses */
	{"/p?return_to=/account/activate/7/abc&next=https%3A%2F%2Fa.example%2F%3Fkey%3Db", "/p"},
	/* what hides the path */
	{"/x/../account/reset/7/abc", "/x/account/reset"},
	{"//account/reset/7/abc", "//account/reset"},
	{"/account%2Freset%2F7%2Fabc", "/"},
	{"/%61ccount/reset/7/abc", "/%61ccount/reset"},
	{"/p;jsessionid=0123?x=1", "/p?x=1"},
	{"/p?x=1#/account/reset/7/abc", "/p?x=1"},
	{"/p#access_token=a", "/p"},
	{"https://a.example#key=b", "https://a.example"},
	{"https://a.example?key=b&x=1", "https://a.example?x=1"},
	{"/p?", "/p"},
	{"/p?&&x", "/p?x"},
};

static void cleans_addresses(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT_OF(addresses); i++) {
		struct text clean = {0};
		struct text again = {0};

		url_add_clean(&clean, addresses[i].address);
		if (strcmp(text_string(&clean), addresses[i].clean) != 0)
			fail_msg("%s became %s", addresses[i].address, text_string(&clean));
		url_add_clean(&again, text_string(&clean));
		assert_string_equal(text_string(&again), addresses[i].clean);
		text_free(&clean);
		text_free(&again);
	}
}

/* A query alone is that of the path beside it. */
static void cleans_queries(void **state)
{
	static const struct {
		const char *query;
		const char *path;
		const char *clean;
	} cases[] = {
		{"?a=1&key=s", NULL, "?a=1"},
		{"?a=1&key=s", "/p", "?a=1"},
		{"?a=1&utm_source=s", "/account/reset/7", "?utm_source=s"},
		{"?key=s", "/p", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++) {
		struct text clean = {0};

		url_add_clean_query(&clean, cases[i].query, cases[i].path);
		assert_string_equal(text_string(&clean), cases[i].clean);
		text_free(&clean);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cleans_addresses),
		cmocka_unit_test(cleans_queries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
