/* Work that fails alone: nothing of it is left, and what else the turn did stands. Timers that fail
 * are tried again with growing pauses. What was in progress when the process died is counted. */
#include "turning.h"

#include "engine/engine_private.h"
#include "engine/isolation.h"
#include "engine/postponement.h"
#include "engine/recollection.h"
#include "engine/timers.h"

#include "base/log.h"

#include <stdatomic.h>

static const char order[] = "{\"id\":4501,\"name\":\"#4501\",\"customer\":{\"id\":7}}";

/* ---- isolation_run ---- */

struct trial {
	struct task task; /* first: `run` gets its address */
	enum error_kind kind;
	enum isolation_result outcome;
	bool fails;
	bool is_found;
};

/* One that the configuration does not have, as after a reload. */
static const struct destination gone = {.name = "gone", .write_key = "key of one that is gone"};

static int put(struct engine *engine, const char *key, struct error *error)
{
	return store_put_record(engine_store(engine), SHOP, "order", key, "{}", INT64_MAX, error);
}

/* Writes all that work may write. */
static int write_much(struct engine *engine, void *context, struct error *error)
{
	const struct trial *trial = context;
	const struct timer timer = {.due = 5, .shop = SHOP, .kind = "cart", .key = "c1"};
	struct message message = {.destination = "new", .shop = SHOP, .event = "x", .json = "{}"};

	message.json_length = 2;
	assert_int_equal(put(engine, "inside", error), 0);
	assert_int_equal(store_set_timer(engine_store(engine), &timer, error), 0);
	assert_int_equal(store_queue(engine_store(engine), &message, error), 0);
	assert_non_null(namespaces_find(engine, &gone, error));
	engine_destination(engine, "new")->queued++;
	engine_topic(engine, SHOP, "orders/create")->received++;
	engine_topic(engine, SHOP, "orders/create")->mapped++;
	engine_topic(engine, SHOP, "a/first")->received++; /* moves the other */
	if (!trial->fails)
		return 0;
	(void)error_set(error, "the reason");
	return error_classify(error, trial->kind);
}

static int run_trial(struct engine *engine, struct task *task, struct error *error)
{
	struct trial *trial = (struct trial *)task;

	engine_topic(engine, SHOP, "orders/create")->ignored++;
	assert_int_equal(put(engine, "before", error), 0);
	trial->outcome = isolation_run(engine, write_much, trial, error);
	if (trial->outcome == ISOLATION_FAILED)
		return -1;
	return put(engine, "after", error);
}

static int look(struct engine *engine, struct task *task, struct error *error)
{
	struct trial *trial = (struct trial *)task;
	struct arena *arena = arena_create(1024);
	const char *json[4];
	int64_t timers;

	assert_int_equal(store_get_record(engine_store(engine), SHOP, "order", "before", arena,
				 &json[0], error),
		0);
	assert_int_equal(store_get_record(engine_store(engine), SHOP, "order", "inside", arena,
				 &json[1], error),
		0);
	assert_int_equal(store_get_record(engine_store(engine), SHOP, "order", "after", arena,
				 &json[2], error),
		0);
	/* what was undone is fixed again */
	assert_non_null(namespaces_find(engine, &gone, error));
	assert_int_equal(store_get_record(engine_store(engine), "", "namespace", gone.name, arena,
				 &json[3], error),
		0);
	assert_non_null(json[3]);
	assert_int_equal(store_count_timers(engine_store(engine), &timers, error), 0);
	assert_int_equal(timers, json[1] != NULL ? 1 : 0);
	assert_true((json[0] != NULL) == (json[2] != NULL));
	trial->is_found = json[1] != NULL;
	arena_destroy(arena);
	return 0;
}

static void check(struct given *given, const struct trial *trial, int result)
{
	struct trial looking = {.task = {.run = look}};
	bool is_done = trial->outcome == ISOLATION_DONE;

	if (result == 0) {
		assert_int_equal(topic_number(given, "orders/create", "ignored"), 1);
		assert_int_equal(topic_number(given, "orders/create", "received"), is_done);
		assert_int_equal(topic_number(given, "orders/create", "mapped"), is_done);
		assert_int_equal(number(given, "destinations", "name", "new", "queued"), is_done);
	}
	assert_int_equal(engine_call(given->engine, &looking.task, &given->error), 0);
	assert_int_equal(looking.is_found, is_done);
	/* the outbox's destination can be made again */
	assert_int_equal(post(given, "orders/paid", order), STORED);
	assert_true(outbox_number(given, "queued") > 0);
}

/* Timers do not run: those of the trial are only looked at. */
static int set_up_still(void **state)
{
	int result = set_up(state);

	atomic_store(&((struct given *)*state)->engine->has_timers, false);
	return result;
}

static void work_that_is_done_stands(void **state)
{
	struct trial trial = {.task = {.run = run_trial}};

	assert_int_equal(engine_call(((struct given *)*state)->engine, &trial.task, NULL), 0);
	assert_int_equal(trial.outcome, ISOLATION_DONE);
	check(*state, &trial, 0);
}

static void work_that_cannot_be_done_leaves_nothing(void **state)
{
	struct trial trial = {.task = {.run = run_trial}, .fails = true, .kind = ERROR_VALUE};

	assert_int_equal(engine_call(((struct given *)*state)->engine, &trial.task, NULL), 0);
	assert_int_equal(trial.outcome, ISOLATION_DEAD);
	check(*state, &trial, 0);
}

static void work_without_memory_leaves_nothing(void **state)
{
	struct trial trial = {.task = {.run = run_trial}, .fails = true, .kind = ERROR_MEMORY};

	assert_int_equal(engine_call(((struct given *)*state)->engine, &trial.task, NULL), 0);
	assert_int_equal(trial.outcome, ISOLATION_DEFER);
	check(*state, &trial, 0);
}

static void a_failure_of_the_store_voids_the_turn(void **state)
{
	struct given *given = *state;
	struct trial trial = {.task = {.run = run_trial}, .fails = true, .kind = ERROR_OTHER};

	assert_int_equal(engine_call(given->engine, &trial.task, &given->error), -1);
	assert_string_equal(given->error.text, "the reason");
	for (int i = 0; i < 6000 && engine_refuses(given->engine, NULL); i++)
		nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
	check(given, &trial, -1);
}

/* ---- the room of hints ---- */

enum { LINK_BYTES = 100, SHARE = 256 * 8 * 100 * 1000 };

static bool take(struct engine *engine, size_t links)
{
	return hint_room_pay(engine->hint_room, SHOP, SHARE, LINK_BYTES, links, 1);
}

static int name_link(struct engine *engine, struct task *task, struct error *error)
{
	struct arena *arena = arena_create(1024);
	struct recollection recollection;
	struct record_store memory = recollection_begin(
		&recollection, engine, config_shop(engine->config, SHOP), arena, error);
	char hinted[LINK_BYTES + 1];

	(void)task;
	(void)snprintf(hinted, sizeof(hinted), "{\"page\":\"%089d\"}", 0);
	assert_int_equal(strlen(hinted), LINK_BYTES);
	assert_int_equal(store_put_record(engine_store(engine), SHOP, "link", "c1", hinted,
				 INT64_MAX, error),
		0);
	while (take(engine, 8))
		;
	while (take(engine, 1))
		;
	assert_int_equal(memory.put(memory.context, "link", "c1", "{\"named\":\"true\"}"), 0);
	assert_int_equal(recollection_write(&recollection, error), 0);
	assert_false(take(engine, 1)); /* it may be undone yet */
	recollection_done(&recollection);
	assert_true(take(engine, 1));
	arena_destroy(arena);
	return 0;
}

static void a_link_gives_its_bytes_back_when_it_stands(void **state)
{
	struct task task = {.run = name_link};

	assert_int_equal(engine_call(((struct given *)*state)->engine, &task, NULL), 0);
}

/* ---- postponed timers ---- */

struct postponing {
	struct task task; /* first: `run` gets its address */
	struct timer timer;
	bool is_over;
	int64_t left;
	bool ends;
};

/* One round: what the engine does with a timer that is due and fails. */
static int run_round(struct engine *engine, struct task *task, struct error *error)
{
	struct postponing *postponing = (struct postponing *)task;
	struct arena *arena = arena_create(1024);
	struct postponement postponement;
	bool found;
	int64_t next;

	assert_int_equal(
		postponement_read(engine, &postponing->timer, arena, &postponement, error), 0);
	postponing->is_over = postponement_is_over(&postponement, &postponing->timer);
	(void)error_set(error, "the reason");
	if (postponing->ends)
		assert_int_equal(
			postponement_end(engine, &postponing->timer, &postponement, error), 0);
	else if (postponing->is_over)
		assert_int_equal(
			postponement_of_failure(engine, &postponing->timer, &postponement, error),
			0);
	else
		assert_int_equal(
			postponement_continue(engine, &postponing->timer, &postponement, error), 0);
	assert_int_equal(store_due_timer(engine_store(engine), 0, arena, &postponing->timer, &found,
				 &next, error),
		0);
	postponing->timer = (struct timer){next, SHOP, "cart", "c1"};
	postponing->left = next - clock_now();
	arena_destroy(arena);
	return 0;
}

static void pauses_grow_to_a_day(void **state)
{
	static const int64_t tries[] = {0, 1, 6, 21, 81, 141, 261, 501, 981, 1461, 2901, 4341};
	struct given *given = *state;
	struct postponing postponing = {
		.task = {.run = run_round}, .timer = {1, SHOP, "cart", "c1"}};
	int64_t now = time_parse("2026-11-23T12:00:00Z");
	int64_t began = now;
	size_t tried = 0;

	for (int round = 0; tried < COUNT_OF(tries); round++) {
		assert_true(round < 200);
		clock_hold(now);
		assert_int_equal(engine_call(given->engine, &postponing.task, &given->error), 0);
		if (postponing.is_over)
			assert_int_equal((now - began) / MINUTE, tries[tried++]);
		assert_true(postponing.left > 0 && postponing.left <= HOUR);
		now += postponing.left;
	}
	/* one that was set anew is tried at once, and what went well begins anew */
	postponing.timer.due = now - 7;
	postponing.ends = true;
	assert_int_equal(engine_call(given->engine, &postponing.task, &given->error), 0);
	assert_true(postponing.is_over);
	postponing.ends = false;
	assert_int_equal(engine_call(given->engine, &postponing.task, &given->error), 0);
	assert_int_equal(postponing.left, MINUTE);
	clock_hold(TIME_UNKNOWN);
}

/* ---- what was in progress ---- */

static struct work_id id_of(unsigned char number)
{
	struct delivery delivery = {.shop = SHOP, .topic = "orders/create"};

	delivery.fingerprint[0] = number;
	return progress_of_delivery(&delivery);
}

/* A process that dies in the middle of it. */
static void die_at(struct store *store, unsigned char number)
{
	struct work_id id = id_of(number);
	struct in_progress progress;

	progress_open(&progress, store);
	progress_begin(&progress, &id);
	progress_close(&progress);
}

static bool is_set_aside(struct store *store, unsigned char number)
{
	struct work_id id = id_of(number);
	struct in_progress progress;
	bool is_set;

	progress_open(&progress, store);
	is_set = progress_is_set_aside(&progress, &id);
	progress_close(&progress);
	return is_set;
}

static void three_crashes_set_it_aside(void **state)
{
	struct store *store = ((struct given *)*state)->store;

	for (int i = 0; i < 3; i++) {
		assert_false(is_set_aside(store, 1));
		die_at(store, 1);
	}
	assert_true(is_set_aside(store, 1));
	assert_false(is_set_aside(store, 2));
	/* a start at which nothing was in progress is no crash */
	die_at(store, 2);
	for (int i = 0; i < 5; i++)
		assert_false(is_set_aside(store, 2));
}

static void crashes_of_many_are_counted_apart(void **state)
{
	struct store *store = ((struct given *)*state)->store;

	for (int round = 0; round < 3; round++)
		for (unsigned char i = 1; i <= PROGRESS_MOST; i++)
			die_at(store, i);
	for (unsigned char i = 1; i <= PROGRESS_MOST; i++)
		assert_true(is_set_aside(store, i));
	for (unsigned char i = 200; i < 210; i++) /* the oldest give way */
		die_at(store, i);
	assert_false(is_set_aside(store, 1));
	assert_true(is_set_aside(store, PROGRESS_MOST));
}

static void what_came_to_its_end_counts_no_more(void **state)
{
	struct store *store = ((struct given *)*state)->store;
	struct work_id id = id_of(1);
	struct in_progress progress;

	die_at(store, 1);
	die_at(store, 1);
	progress_open(&progress, store);
	progress_begin(&progress, &id);
	progress_end(&progress, &id);
	progress_clear(&progress);
	progress_close(&progress);
	for (int i = 0; i < 2; i++)
		die_at(store, 1);
	assert_false(is_set_aside(store, 1));
}

static void flip(const char *path, off_t at)
{
	int fd = open(path, O_RDWR);
	unsigned char byte = 0;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, at), 1);
	byte ^= 0x5a;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
	(void)close(fd);
}

/* Whatever byte of an entry a crash of the machine has lost, the entry is not believed. */
static void a_torn_entry_counts_for_nothing(void **state)
{
	struct given *given = *state;
	char path[96];

	(void)snprintf(path, sizeof(path), "%s.progress", given->path);
	for (off_t at = 0; at < 88 + (off_t)sizeof(struct progress_entry); at++) {
		(void)unlink(path);
		for (int i = 0; i < 3; i++)
			die_at(given->store, 1);
		assert_true(is_set_aside(given->store, 1));
		flip(path, at);
		if (at < 32 || at >= 88) /* the version, the entry; between them is nothing now */
			assert_false(is_set_aside(given->store, 1));
	}
}

static void a_store_in_memory_does_without(void **state)
{
	struct store *store = ((struct given *)*state)->store;

	for (int i = 0; i < 5; i++)
		die_at(store, 1);
	assert_false(is_set_aside(store, 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(work_that_is_done_stands, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(
			work_that_cannot_be_done_leaves_nothing, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(
			work_without_memory_leaves_nothing, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(
			a_failure_of_the_store_voids_the_turn, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(
			a_link_gives_its_bytes_back_when_it_stands, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(pauses_grow_to_a_day, set_up_still, tear_down),
		cmocka_unit_test_setup_teardown(three_crashes_set_it_aside, set_up_file, tear_down),
		cmocka_unit_test_setup_teardown(
			crashes_of_many_are_counted_apart, set_up_file, tear_down),
		cmocka_unit_test_setup_teardown(
			what_came_to_its_end_counts_no_more, set_up_file, tear_down),
		cmocka_unit_test_setup_teardown(
			a_torn_entry_counts_for_nothing, set_up_file, tear_down),
		cmocka_unit_test_setup_teardown(a_store_in_memory_does_without, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
