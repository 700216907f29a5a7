/* The work that a webhook costs grows with its body, and no faster: each list, object and text of
 * the golden cases' payloads is made long in turn, and three times so long, with all alike in it
 * and with all different. What is compared is the count of steps, which is the same on each
 * machine.
 *
 * GROWTH_BYTES=1000000 tries longer bodies, GROWTH_SHOW=1 prints the steps and the processor's time
 * for a byte. */
#include "payloads.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/steps.h"
#include "commands/map_records.h"

#include <time.h>

enum {
	TOPICS_MAX = 100,
	FILES_MAX = 40, /* of a case */
	TIMES = 3,      /* so much longer is the second body */
	/* Steps for each byte that is added: what is longer may not cost more for each byte. */
	STEPS_MORE = 16,
	STEPS_MOST = 1000,
};

enum variety { ALIKE, DIFFERENT, VARIETIES };

static const char *const names[] = {[ALIKE] = "alike", [DIFFERENT] = "different"};

/* ---- bodies that are longer at one place ---- */

struct place {
	const cJSON *value; /* NULL for all lists at once */
	enum variety variety;
	size_t bytes; /* to add */
};

/* Stands in a copy where its number is to be. */
#define MARK "\1"

/* A copy of a value whose texts end in a suffix. */
static void write_copy(struct text *out, const cJSON *value, const char *suffix)
{
	if (cJSON_IsString(value)) {
		text_put(out, "\"");
		text_put(out, strpbrk(value->valuestring, "\"\\\n" MARK) == NULL
				      ? value->valuestring
				      : "x");
		text_put(out, suffix);
		text_put(out, "\"");
		return;
	}
	if (value->child == NULL) {
		json_add_value(out, value);
		return;
	}
	text_put(out, cJSON_IsObject(value) ? "{" : "[");
	for (const cJSON *child = value->child; child != NULL; child = child->next) {
		json_add_comma(out);
		if (cJSON_IsObject(value)) {
			json_add_string(out, child->string);
			text_put(out, ":");
		}
		write_copy(out, child, suffix);
	}
	text_put(out, cJSON_IsObject(value) ? "}" : "]");
}

static void write_number(struct text *out, size_t number)
{
	char digits[24];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	text_add(out, digits + at, sizeof(digits) - at);
}

/* Most of what this program does is to write copies: they are copied from one, not made anew. */
static void write_numbered(struct text *out, const struct text *copy, size_t number)
{
	const char *from = copy->data;
	const char *end = from + copy->length;
	const char *mark;

	while ((mark = memchr(from, *MARK, (size_t)(end - from))) != NULL) {
		text_add(out, from, (size_t)(mark - from));
		write_number(out, number);
		from = mark + 1;
	}
	text_add(out, from, (size_t)(end - from));
}

static void write_more(struct text *out, const cJSON *value, const struct place *place)
{
	static char x[] = "x";
	static const cJSON text = {.type = cJSON_String, .valuestring = x};
	size_t end = out->length + place->bytes;
	bool is_different = place->variety == DIFFERENT;
	struct text copy = {0};

	if (cJSON_IsObject(value))
		text_put(&copy, is_different ? "\"m" MARK "\":" : "\"m0\":");
	write_copy(&copy, value->child != NULL ? value->child : &text, is_different ? MARK : "");
	for (size_t number = 1; out->length < end; number++) {
		json_add_comma(out);
		write_numbered(out, &copy, number);
	}
	text_free(&copy);
}

static void write_long_text(struct text *out, const struct place *place)
{
	size_t end = out->length + place->bytes;

	text_put(out, "\"");
	text_put(out, place->value->valuestring[0] != '"' ? place->value->valuestring : "x");
	for (size_t number = 1; out->length < end; number++) {
		if (place->variety == DIFFERENT) {
			text_add(out, ", t", 3);
			write_number(out, number);
		} else {
			text_add(out, "x,a", 3);
		}
	}
	text_put(out, "\"");
}

static void write_body(struct text *out, const cJSON *value, const struct place *place)
{
	if (cJSON_IsString(value) && value == place->value) {
		write_long_text(out, place);
		return;
	}
	if (!cJSON_IsObject(value) && !cJSON_IsArray(value)) {
		json_add_value(out, value);
		return;
	}
	text_put(out, cJSON_IsObject(value) ? "{" : "[");
	for (const cJSON *child = value->child; child != NULL; child = child->next) {
		json_add_comma(out);
		if (cJSON_IsObject(value)) {
			json_add_string(out, child->string);
			text_put(out, ":");
		}
		write_body(out, child, place);
	}
	if (value == place->value || (place->value == NULL && cJSON_IsArray(value)))
		write_more(out, value, place);
	text_put(out, cJSON_IsObject(value) ? "}" : "]");
}

/* ---- the work ---- */

struct work_done {
	uint64_t bytes;
	uint64_t steps;
	int64_t nanoseconds;
};

struct trial {
	struct config *config;
	struct payload_file files[FILES_MAX];
	int count;
	int grown; /* which of them is made long */
	char path[256];
	struct work_done worst;
};

static int64_t processor_time(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void map(struct trial *trial, struct map_records *remembered, const char *topic,
	const char *body, size_t length)
{
	struct record_store memory = map_records_store(remembered);
	struct arena *arena = arena_create(65536);
	const struct shop *shop = &trial->config->shops[0];
	struct delivery delivery = {.shop = shop->domain,
		.topic = topic,
		.received = time_parse("2026-11-23T12:00:00Z")};
	struct mapped mapped;
	struct error error;
	const cJSON *payload = json_parse(arena, body, length, &error);

	if (payload != NULL &&
		map_delivery(&delivery, payload, shop, &memory, arena, &mapped, &error) != 0)
		fail_msg("%s: %s", trial->path, error.text);
	arena_destroy(arena);
}

static void run_out(struct trial *trial, struct map_records *remembered)
{
	struct record_store memory = map_records_store(remembered);
	bool found = true;

	while (found) {
		struct arena *arena = arena_create(65536);
		struct timer timer;
		struct mapped mapped;
		struct error error;

		found = map_records_take_timer(remembered, INT64_MAX, arena, &timer);
		if (found && map_timer(&timer, timer.due, &trial->config->shops[0], &memory, arena,
				     &mapped, &error) != 0)
			fail_msg("%s: %s", trial->path, error.text);
		arena_destroy(arena);
	}
}

/* Maps the case with another body in place of one of its own. */
static struct work_done work_of(struct trial *trial, const struct text *body)
{
	struct map_records remembered = {0};
	struct work_done before;
	struct work_done done = {.bytes = body->length};

	for (int i = 0; i < trial->grown; i++)
		map(trial, &remembered, trial->files[i].topic, trial->files[i].body,
			trial->files[i].length);
	before = (struct work_done){.steps = steps_done, .nanoseconds = processor_time()};
	map(trial, &remembered, trial->files[trial->grown].topic, text_string(body), body->length);
	for (int i = trial->grown + 1; i < trial->count; i++)
		map(trial, &remembered, trial->files[i].topic, trial->files[i].body,
			trial->files[i].length);
	run_out(trial, &remembered);
	done.steps = steps_done - before.steps;
	done.nanoseconds = processor_time() - before.nanoseconds;
	map_records_free(&remembered);
	return done;
}

static struct work_done work_of_place(
	struct trial *trial, const cJSON *payload, const struct place *place)
{
	struct text body = {0};
	struct work_done done;

	write_body(&body, payload, place);
	done = work_of(trial, &body);
	text_free(&body);
	return done;
}

/* What each further byte costs between two bodies. */
static double steps_a_byte(const struct work_done *less, const struct work_done *more)
{
	return more->steps <= less->steps
		       ? 0
		       : (double)(more->steps - less->steps) / (double)(more->bytes - less->bytes);
}

static size_t growth_bytes(void)
{
	const char *bytes = getenv("GROWTH_BYTES");

	return bytes != NULL ? strtoul(bytes, NULL, 10) : 120000;
}

static void show(const struct trial *trial, const struct work_done done[3])
{
	double nanoseconds = (double)done[2].nanoseconds / (double)done[2].bytes;
	double before = (double)done[1].nanoseconds / (double)done[1].bytes;

	if (getenv("GROWTH_SHOW") != NULL)
		(void)printf("%8.1f %8.1f steps, %8.1f %8.1f ns a byte: %s\n",
			steps_a_byte(&done[0], &done[1]), steps_a_byte(&done[1], &done[2]), before,
			nanoseconds, trial->path);
}

static bool try_place(struct trial *trial, const cJSON *payload, const struct place *where)
{
	struct work_done done[3];
	struct place place = *where;
	double first;
	double second;

	place.bytes = 0;
	done[0] = work_of_place(trial, payload, &place);
	place.bytes = growth_bytes() / TIMES;
	done[1] = work_of_place(trial, payload, &place);
	place.bytes = growth_bytes();
	done[2] = work_of_place(trial, payload, &place);
	show(trial, done);
	first = steps_a_byte(&done[0], &done[1]);
	second = steps_a_byte(&done[1], &done[2]);
	if (second <= 2 * first + STEPS_MORE && first <= STEPS_MOST)
		return true;
	print_error("%s: %.1f steps for a byte, then %.1f\n", trial->path, first, second);
	return false;
}

/* ---- each place of a payload ---- */

static int try_value(struct trial *trial, const cJSON *payload, const cJSON *value)
{
	size_t length = strlen(trial->path);
	int wrong = 0;

	for (int variety = 0; variety < VARIETIES; variety++) {
		struct place place = {.value = value, .variety = (enum variety)variety};

		(void)snprintf(trial->path + length, sizeof(trial->path) - length, " (%s)",
			names[variety]);
		if (cJSON_IsString(value) || cJSON_IsArray(value) || cJSON_IsObject(value))
			wrong += !try_place(trial, payload, &place);
		trial->path[length] = '\0';
	}
	for (const cJSON *child = value->child; child != NULL; child = child->next) {
		/* of a list the first item stands for all */
		if (cJSON_IsArray(value) && child != value->child)
			break;
		(void)snprintf(trial->path + length, sizeof(trial->path) - length, ".%s",
			child->string != NULL ? child->string : "0");
		wrong += try_value(trial, payload, child);
		trial->path[length] = '\0';
	}
	return wrong;
}

/* What grows with the product of two lists is not seen when only one of them is long. */
static int try_all_lists(struct trial *trial, const cJSON *payload)
{
	size_t length = strlen(trial->path);
	int wrong = 0;

	for (int variety = 0; variety < VARIETIES; variety++) {
		struct place place = {.variety = (enum variety)variety};

		(void)snprintf(trial->path + length, sizeof(trial->path) - length, "all lists (%s)",
			names[variety]);
		wrong += !try_place(trial, payload, &place);
	}
	trial->path[length] = '\0';
	return wrong;
}

/* ---- each topic ---- */

/* The largest payload of each topic, and where it is. */
struct largest {
	char topic[64];
	char folder[256];
	int number;
	size_t length;
};

struct catalogue {
	struct largest topics[TOPICS_MAX];
	size_t count;
};

static void note(struct catalogue *catalogue, const char *folder, int number,
	const struct payload_file *file)
{
	struct largest *largest = catalogue->topics;
	struct largest *end = catalogue->topics + catalogue->count;

	while (largest < end && strcmp(largest->topic, file->topic) != 0)
		largest++;
	if (largest == end) {
		assert_true(catalogue->count++ < TOPICS_MAX);
		*largest = (struct largest){0};
	}
	if (file->length <= largest->length)
		return;
	largest->number = number;
	largest->length = file->length;
	(void)snprintf(largest->topic, sizeof(largest->topic), "%s", file->topic);
	(void)snprintf(largest->folder, sizeof(largest->folder), "%s", folder);
}

static void note_case(const char *folder, int offset, void *context)
{
	struct payload_file file;

	(void)offset;
	for (int number = 1; payload_read(folder, number, &file); number++) {
		note(context, folder, number, &file);
		free(file.body);
	}
}

static int try_topic(const struct largest *largest)
{
	static struct trial trial;
	struct arena *arena = arena_create(65536);
	struct payload_file *file;
	struct error error;
	const cJSON *payload;
	int wrong = 0;

	trial = (struct trial){.config = config_defaults("aurora-outfitters.myshopify.com")};
	while (trial.count < FILES_MAX &&
		payload_read(largest->folder, trial.count + 1, &trial.files[trial.count]))
		trial.count++;
	trial.grown = largest->number - 1;
	file = &trial.files[trial.grown];
	payload = json_parse(arena, file->body, file->length, &error);
	(void)snprintf(trial.path, sizeof(trial.path), "%s ", largest->topic);
	if (payload != NULL)
		wrong = try_value(&trial, payload, payload) + try_all_lists(&trial, payload);
	for (int i = 0; i < trial.count; i++)
		free(trial.files[i].body);
	config_release(trial.config);
	arena_destroy(arena);
	return wrong;
}

static void work_grows_with_the_body(void **state)
{
	static struct catalogue catalogue;
	int wrong = 0;

	(void)state;
	each_case(note_case, &catalogue);
	assert_true(catalogue.count > 30);
	for (size_t i = 0; i < catalogue.count; i++) {
		const char *only = getenv("GROWTH_TOPIC");

		if (only == NULL || strcmp(only, catalogue.topics[i].topic) == 0)
			wrong += try_topic(&catalogue.topics[i]);
	}
	assert_int_equal(wrong, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(work_grows_with_the_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
