/* The operator's order to cancel an erasure fails alone: the store is not taken for broken. */
#include "turning.h"

static const char redact[] = "{\"shop_id\":90001,\"shop_domain\":\"" SHOP "\"}";
static const char order[] = "{\"shop\":\"" SHOP "\"}";

static const struct store_engine *real;
static bool is_short;

/* There is no memory for the record of an erasure that waits. */
static int put_record(struct store *store, const char *shop, const char *kind, const char *key,
	const char *json, int64_t expires, struct error *error)
{
	if (is_short && strcmp(kind, "shop_erasure") == 0)
		return error_no_memory(error);
	return real->put_record(store, shop, kind, key, json, expires, error);
}

static struct store *make_short(struct store *store)
{
	static struct store_engine engine;

	real = store->engine;
	engine = *real;
	engine.put_record = put_record;
	store->engine = &engine;
	return store;
}

static int set_up_short(void **state)
{
	struct given *given = calloc(1, sizeof(*given));

	start_on(given, "sqlite::memory:", make_short);
	*state = given;
	return 0;
}

static int cancel(struct given *given)
{
	struct text answer = {0};
	int status = api_handle(
		given->engine, "POST", "/erase/cancel", "", order, sizeof(order) - 1, &answer);

	text_free(&answer);
	return status;
}

static void an_order_without_memory_fails_alone(void **state)
{
	struct given *given = *state;

	assert_int_equal(post(given, "shop/redact", redact), STORED);
	is_short = true;
	assert_int_equal(cancel(given), 503);
	is_short = false;
	assert_false(engine_refuses(given->engine, &given->error));
	assert_int_equal(post(given, "shop/update", "{\"id\":5}"), STORED);
	assert_int_equal(cancel(given), 200);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			an_order_without_memory_fails_alone, set_up_short, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
