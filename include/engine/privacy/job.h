/* A privacy job, which erases, or counts what is stored: its state, and its steps. */
#ifndef SEGRELAY_ENGINE_PRIVACY_JOB_H
#define SEGRELAY_ENGINE_PRIVACY_JOB_H

#include "engine/engine.h"
#include "engine/privacy/identifiers.h"

/* The phases of a job. First it collects identifiers from the records, in rounds until a round
 * finds none. */
/* Dead letters are erased before deliveries, because those of webhooks have no body of their own.
 */
enum job_phase { JOB_COLLECT, JOB_RECORDS, JOB_DEAD, JOB_DELIVERIES, JOB_MESSAGES, JOB_END };

/* How many records of a kind a preview found. */
struct kind_count {
	const char *kind;
	int64_t count;
};

enum { JOB_KINDS = 32 }; /* of records; further kinds are added to the last one */

struct job {
	const char *domain; /* of the shop */
	const struct shop
		*shop;   /* NULL when it was removed from the configuration: the job continues */
	const char *key; /* of its record and its timer, both of the kind "privacy" */
	enum privacy what;
	const char *customer; /* Shopify's id, NULL for none */
	const char *request;  /* the id of a data request, NULL for none */
	enum job_phase phase;
	int round;        /* of collecting */
	bool has_found;   /* the round has found an identifier */
	bool is_partial;  /* it stopped before it had all identifiers */
	const char *kind; /* the last record read, "" for none */
	const char *at;
	int64_t row;                /* the last row read */
	int64_t last[STORE_TABLES]; /* rows after these came after the start, and stay */
	int64_t counts[JOB_END];    /* of what was erased, or found */
	bool keeps_messages;        /* they are sent, as after shop/redact */
	bool is_preview;            /* counts what an erasure would remove, and removes nothing */
	struct kind_count kinds[JOB_KINDS]; /* of a preview, by kind */
	size_t kind_count;
	struct identifiers identifiers; /* the person's */
	struct identifiers users;       /* userIds that Segment is asked to delete */
};

/* The last rows when an erasure was asked for: later ones stay. */
struct erasure_bounds {
	int64_t last[STORE_TABLES];
};

/* Sets the bounds of an erasure that is asked for now. Returns 0, or -1 when the store failed. */
int job_bounds(struct engine *engine, struct erasure_bounds *bounds, struct error *error);

/* Starts a job on what is stored now. Inside a turn. Returns 0, or -1 when the store failed. */
int job_begin(struct engine *engine, struct job *job, struct error *error);

/* Starts to erase a shop as shop/redact asks: queued messages were acknowledged before, and are
 * sent. Inside a turn. Returns 0, or -1 when the store failed. */
int job_erase_shop(struct engine *engine, const char *domain, const struct erasure_bounds *bounds,
	struct error *error);

/* A job that erases a customer, or with NULL the whole shop, for the operator; it is not started.
 * Its strings live in the arena, or are the caller's. */
int job_of_operator(struct engine *engine, const char *domain, const char *customer,
	struct arena *arena, struct job *job, struct error *error);

/* Sets job->last: a job reads only what is stored when it starts. */
int job_set_bounds(struct engine *engine, struct job *job, struct error *error);

/* Writes a job as JSON, and reads it from JSON and its timer; strings live in the arena of
 * job->identifiers. Returns -1 when memory runs out; reading returns 1 for JSON that is not a job.
 */
int job_print(const struct job *job, struct text *json);
int job_parse(struct engine *engine, const struct timer *timer, const char *text,
	struct arena *arena, struct job *job, struct error *error);

/* Reads a job by its timer; *found is false when there is none. */
int job_read(struct engine *engine, const struct timer *timer, struct arena *arena, struct job *job,
	bool *found, struct error *error);

int job_write(struct engine *engine, const struct job *job, struct error *error);

/* Does one small step. */
int job_step(struct engine *engine, struct job *job, struct error *error);

/* Adds a customer's userId by the shop's option user_id. Returns -1 when memory runs out. */
int job_add_user(struct job *job, const char *customer, const char *email);

/* Adds the userIds of a record of a customer, also those that were emitted before. */
int job_add_users(struct job *job, const char *customer, const cJSON *record);

#endif
