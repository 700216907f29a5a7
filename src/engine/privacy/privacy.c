/* Erasing customers and shops, and reporting what is stored of a customer (docs/operations.md,
 * Privacy). */
#include "engine/privacy/privacy.h"

#include "base/clock.h"
#include "base/log.h"
#include "engine/engine_private.h"
#include "engine/privacy/erasure_wait.h"
#include "engine/privacy/job.h"
#include "engine/schedule.h"

#include <inttypes.h>
#include <string.h>

/* ---- beginning ---- */

static int add_identifiers(struct job *job, const cJSON *payload)
{
	const cJSON *order;

	if (identifiers_add(&job->identifiers, json_text(payload, "customer.id")) < 0 ||
		identifiers_add(&job->identifiers, json_text(payload, "customer.email")) < 0 ||
		identifiers_add(&job->identifiers, json_text(payload, "customer.phone")) < 0)
		return -1;
	cJSON_ArrayForEach (order, json_at(payload, "orders_to_redact|orders_requested")) {
		if (identifiers_add(&job->identifiers, json_text(order, ".")) < 0)
			return -1;
	}
	return 0;
}

/* The key of a job is the customer id; for a customer with only an e-mail, the id of the delivery
 * that asks. */
static int begin_of_customer(struct engine *engine, struct job *job, const cJSON *payload,
	const struct delivery *delivery, struct error *error)
{
	const char *customer = json_text(payload, "customer.id");
	const char *email = json_text(payload, "customer.email");

	job->customer = customer;
	job->request = json_text(payload, "data_request.id");
	job->key = arena_format(job->identifiers.arena, "%s%s%" PRId64,
		customer != NULL ? customer : "", customer != NULL ? " " : "delivery ",
		delivery->id);
	if (job->key == NULL || add_identifiers(job, payload) != 0 ||
		job_add_user(job, customer, email) != 0)
		return error_no_memory(error);
	return job_begin(engine, job, error);
}

static void log_uninstalled(const struct delivery *delivery)
{
	log_line(LOG_WARNING, "app uninstalled", LOG_STRING("shop", delivery->shop),
		LOG_STRING("reason", "the shop removed it: its webhooks no longer arrive"),
		LOG_STRING(
			"action", "install it again, or remove the shop from the configuration"));
}

int privacy_begin(struct engine *engine, const struct delivery *delivery, const cJSON *payload,
	enum privacy what, const struct shop *shop, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct job job = {.domain = shop->domain, .shop = shop, .identifiers = {.arena = arena}};
	int result = -1;

	if (arena == NULL)
		return error_no_memory(error);
	job.what = what;
	if (what == PRIVACY_ERASE_SHOP) {
		result = erasure_ask(engine, delivery, shop, error);
	} else if (what == PRIVACY_UNINSTALLED) {
		log_uninstalled(delivery);
		result = 0;
	} else {
		result = begin_of_customer(engine, &job, payload, delivery, error);
	}
	arena_destroy(arena);
	return result;
}

int privacy_erase(
	struct engine *engine, const char *domain, const char *customer, struct error *error)
{
	struct arena *arena = arena_create(4096);
	struct job job;
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	result = job_of_operator(engine, domain, customer, arena, &job, error);
	if (result == 0 && customer == NULL)
		result = erasure_end_wait(engine, domain, error);
	if (result == 0)
		result = job_begin(engine, &job, error);
	arena_destroy(arena);
	return result;
}

/* ---- ending ---- */

/* The answer of a destination may name the person; the sender has a copy of it. */
static void wipe_excerpts(struct engine *engine)
{
	struct counters *counters = &engine->counters;

	for (size_t i = 0; i < counters->destination_count; i++) {
		if (!engine_wipe_excerpt(&counters->destinations[i]))
			continue;
		counters->destination_marks[i].changed = true;
		counters->destination_marks[i].removed = true;
	}
}

static void log_not_asked(const struct job *job)
{
	log_line(LOG_WARNING, "Segment not asked to delete users", LOG_STRING("shop", job->domain),
		LOG_STRING("customer", job->customer != NULL ? job->customer : "-"),
		LOG_STRING("reason", "the shop is not in the configuration"),
		LOG_STRING("effect", "Segment keeps what it has of them"),
		LOG_STRING("action", "delete them at Segment by hand"));
}

static void log_end(const struct job *job)
{
	const struct log_field fields[] = {
		LOG_STRING("shop", job->domain),
		LOG_STRING("customer", job->customer != NULL ? job->customer : "-"),
		LOG_NUMBER("records", job->counts[JOB_RECORDS]),
		LOG_NUMBER("deliveries", job->counts[JOB_DELIVERIES]),
		LOG_NUMBER("messages", job->counts[JOB_MESSAGES]),
		LOG_NUMBER("dead_letters", job->counts[JOB_DEAD]),
	};

	if (job->what == PRIVACY_REPORT)
		log_line(LOG_WARNING, "customer data requested", fields[0], fields[1],
			LOG_STRING("request", job->request), fields[2], fields[3], fields[4],
			fields[5],
			LOG_STRING("action", "answer within 30 days; `segrelay erase` removes it"));
	else if (job->what == PRIVACY_ERASE_SHOP)
		log_line(LOG_INFO, "shop erased", fields[0], fields[2], fields[3], fields[4],
			fields[5]);
	else
		log_line(LOG_INFO, "customer erased", fields[0], fields[1], fields[2], fields[3],
			fields[4], fields[5]);
	if (job->is_partial)
		log_line(LOG_WARNING, "customer data found in part", fields[0], fields[1],
			LOG_NUMBER("ids", (int64_t)job->identifiers.count),
			LOG_NUMBER("rounds", job->round),
			LOG_STRING("reason",
				"more merges, carts and browsers than are searched for one "
				"customer"),
			LOG_STRING("effect", "data that only those lead to is kept"),
			LOG_STRING("action", "run `segrelay erase` again, also for the customers "
					     "who were merged into this one"));
}

static int end(struct engine *engine, const struct timer *timer, const struct job *job,
	struct error *error)
{
	bool erases = job->what != PRIVACY_REPORT;

	log_end(job);
	if (erases && job->shop == NULL)
		log_not_asked(job);
	if (erases)
		wipe_excerpts(engine);
	engine->wipe_pending |= erases; /* another job may have ended it in this turn */
	if (erases && store_drop_lost_timers(engine->store, job->domain, error) != 0)
		return -1;
	if (job->what == PRIVACY_ERASE_SHOP &&
		contradictions_erase_shop(engine, timer->shop, error) != 0)
		return -1;
	if (store_drop_timer(engine->store, timer, error) != 0)
		return -1;
	return store_drop_record(engine->store, timer->shop, timer->kind, timer->key, error);
}

/* ---- steps ---- */

int privacy_step(struct engine *engine, const struct timer *timer, struct arena *arena,
	bool *running, struct error *error)
{
	struct timer again = *timer;
	struct job job;
	bool found;

	*running = false;
	if (job_read(engine, timer, arena, &job, &found, error) != 0)
		return -1;
	if (!found)
		return 0;
	if (job_step(engine, &job, error) != 0)
		return -1;
	if (job.phase == JOB_END)
		return end(engine, timer, &job, error);
	*running = true;
	again.due = clock_now() + 1; /* not in this turn */
	if (schedule_set(engine, &again, error) != 0)
		return -1;
	return job_write(engine, &job, error);
}
