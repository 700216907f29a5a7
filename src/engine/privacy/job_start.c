/* The start of a privacy job. */
#include "engine/privacy/job.h"

#include "base/clock.h"
#include "engine/engine_private.h"
#include "engine/schedule.h"

#include <string.h>

int job_bounds(struct engine *engine, struct erasure_bounds *bounds, struct error *error)
{
	for (int table = 0; table < STORE_TABLES; table++) {
		int64_t first;

		if (store_row_range(engine->store, (enum store_table)table, 0, &first,
			    &bounds->last[table], error) != 0)
			return -1;
	}
	return 0;
}

int job_set_bounds(struct engine *engine, struct job *job, struct error *error)
{
	struct erasure_bounds bounds;

	if (job_bounds(engine, &bounds, error) != 0)
		return -1;
	memcpy(job->last, bounds.last, sizeof(job->last));
	return 0;
}

int job_begin(struct engine *engine, struct job *job, struct error *error)
{
	struct timer timer = {
		.due = clock_now(), .shop = job->domain, .kind = "privacy", .key = job->key};

	if (job_set_bounds(engine, job, error) != 0 || schedule_set(engine, &timer, error) != 0)
		return -1;
	return job_write(engine, job, error);
}

int job_erase_shop(struct engine *engine, const char *domain, const struct erasure_bounds *bounds,
	struct error *error)
{
	struct timer timer = {.due = clock_now(), .shop = domain, .kind = "privacy", .key = "*"};
	struct arena *arena = arena_create(4096);
	struct job job = {.domain = domain,
		.shop = config_shop(engine->config, domain),
		.what = PRIVACY_ERASE_SHOP,
		.key = "*",
		.keeps_messages = true,
		.identifiers = {.arena = arena}};
	int result;

	if (arena == NULL)
		return error_no_memory(error);
	memcpy(job.last, bounds->last, sizeof(job.last));
	result = schedule_set(engine, &timer, error);
	if (result == 0)
		result = job_write(engine, &job, error);
	arena_destroy(arena);
	return result;
}

int job_of_operator(struct engine *engine, const char *domain, const char *customer,
	struct arena *arena, struct job *job, struct error *error)
{
	*job = (struct job){.domain = domain,
		.shop = config_shop(engine->config, domain),
		.what = customer != NULL ? PRIVACY_ERASE_CUSTOMER : PRIVACY_ERASE_SHOP,
		.key = customer != NULL ? customer : "*",
		.customer = customer,
		.identifiers = {.arena = arena},
		.users = {.arena = arena}};
	if (customer != NULL && (identifiers_add(&job->identifiers, customer) < 0 ||
					job_add_user(job, customer, NULL) != 0))
		return error_no_memory(error);
	return 0;
}
