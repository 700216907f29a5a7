/* The number of a shop is counted once for each delivery, however often that is mapped. */
#include "turning.h"

#include "engine/engine_private.h"

#define BODY(id)                                                                          \
	"{\"id\":" id ",\"name\":\"#4501\",\"customer\":{\"id\":7},\"order_status_url\":" \
	"\"https://" SHOP "/90001/orders/x/authenticate?key=y\"}"

struct looking {
	struct task task; /* first: `run` gets its address */
	int64_t seen;
};

static int look(struct engine *engine, struct task *task, struct error *error)
{
	struct looking *looking = (struct looking *)task;
	struct arena *arena = arena_create(1024);
	const char *json = NULL;

	assert_int_equal(store_get_record(engine_store(engine), "", "shop_number", SHOP, arena,
				 &json, error),
		0);
	if (json != NULL)
		looking->seen = strtoll(strstr(json, "\"seen\":") + 7, NULL, 10);
	arena_destroy(arena);
	return 0;
}

static int64_t seen(struct given *given)
{
	struct looking looking = {.task = {.run = look}};

	assert_int_equal(engine_call(given->engine, &looking.task, &given->error), 0);
	return looking.seen;
}

static void a_requeued_delivery_is_counted_once(void **state)
{
	struct given *given = *state;

	/* an id of 30 digits is not an id: a dead letter */
	assert_int_equal(
		post(given, "orders/create", BODY("123456789012345678901234567890")), STORED);
	assert_int_equal(topic_number(given, "orders/create", "dead"), 1);
	assert_int_equal(seen(given), 1);
	for (int i = 0; i < 3; i++) {
		struct text answer = {0};

		assert_int_equal(api_handle(given->engine, "POST", "/dead/requeue", "",
					 "{\"all\":true}", 12, &answer),
			200);
		text_free(&answer);
	}
	assert_int_equal(seen(given), 1);
	assert_int_equal(post(given, "orders/create", BODY("4501")), STORED);
	assert_int_equal(seen(given), 2);
}

/* ---- without memory ---- */

static const struct store_engine *real;
static bool is_short;

/* For the record of an order there is no memory. */
static int put_record(struct store *store, const char *shop, const char *kind, const char *key,
	const char *json, int64_t expires, struct error *error)
{
	if (is_short && strcmp(kind, "order") == 0)
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

static void a_delivery_without_memory_is_counted_when_it_is_stored(void **state)
{
	struct given *given = *state;

	given->engine->savepoints_until = INT64_MAX; /* as after memory ran out once */
	is_short = true;
	for (int i = 0; i < 3; i++)
		assert_int_equal(post(given, "orders/create", BODY("4501")), REFUSED);
	is_short = false;
	assert_int_equal(seen(given), 0);
	assert_int_equal(post(given, "orders/create", BODY("4501")), STORED);
	assert_int_equal(seen(given), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_requeued_delivery_is_counted_once, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_delivery_without_memory_is_counted_when_it_is_stored, set_up_short,
			tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
