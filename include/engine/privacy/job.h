/* A job of forgetting, or of counting what is held: its state, and its steps. */
#ifndef SEGRELAY_ENGINE_PRIVACY_JOB_H
#define SEGRELAY_ENGINE_PRIVACY_JOB_H

#include "engine/engine.h"
#include "engine/privacy/identifiers.h"

/* What a job goes through, one after the other. First it learns from the records, in rounds until
 * nothing new is learnt, what else is theirs. */
/* Dead letters go before deliveries, whose bodies those of webhooks are. */
enum job_phase { JOB_LEARN, JOB_RECORDS, JOB_DEAD, JOB_DELIVERIES, JOB_MESSAGES, JOB_END };

/* How many records of a kind a preview found. */
struct kind_count {
	const char *kind;
	int64_t count;
};

enum { JOB_KINDS = 32 }; /* of records; more are counted with the last one */

struct job {
	const char *domain;      /* of the shop */
	const struct shop *shop; /* NULL when it is configured no more: the job goes on */
	const char *key;         /* of its record and its timer, both of the kind "privacy" */
	enum privacy what;
	const char *customer; /* Shopify's id, NULL for none */
	const char *request;  /* the id of a data request, NULL for none */
	enum job_phase phase;
	int round;        /* of learning */
	bool has_learnt;  /* in this round */
	bool is_partial;  /* it stopped learning before it knew all */
	const char *kind; /* the record that was looked at last, "" for none */
	const char *at;
	int64_t row;                /* the row that was looked at last */
	int64_t last[STORE_TABLES]; /* rows that came after the job was begun stay */
	int64_t counts[JOB_END];    /* of what was removed, or found */
	bool keeps_messages;        /* they are sent: of shop/redact */
	bool is_preview;            /* counts what an erasure would remove, and removes nothing */
	struct kind_count kinds[JOB_KINDS]; /* of a preview, by kind */
	size_t kind_count;
	struct words words; /* what is the person's */
	struct words users; /* userIds that Segment is to forget */
};

/* The last rows when an erasure was asked for: what comes later stays. */
struct erasure_bounds {
	int64_t last[STORE_TABLES];
};

/* Fills the bounds of an erasure that is asked for now. 0, or -1 when the store failed. */
int job_bounds(struct engine *engine, struct erasure_bounds *bounds, struct error *error);

/* Starts a job: what is there now is its. Inside a turn. 0, or -1 when the store failed. */
int job_begin(struct engine *engine, struct job *job, struct error *error);

/* Starts to erase a shop as shop/redact asks: what waits to be sent was acknowledged before, and is
 * sent. Inside a turn. 0, or -1 when the store failed. */
int job_erase_shop(struct engine *engine, const char *domain, const struct erasure_bounds *bounds,
	struct error *error);

/* A job that erases a customer, or with NULL the whole shop, as the operator asks for it; it has
 * not begun. Its strings live in the arena, or are the caller's. */
int job_of_operator(struct engine *engine, const char *domain, const char *customer,
	struct arena *arena, struct job *job, struct error *error);

/* Sets job->last: only what is there when a job begins is looked at. */
int job_set_bounds(struct engine *engine, struct job *job, struct error *error);

/* The state of a job as JSON, and a job from that and its timer; its strings live in the arena of
 * job->words. -1 when memory runs out, and when reading it 1 for what is not a job. */
int job_print(const struct job *job, struct text *json);
int job_parse(struct engine *engine, const struct timer *timer, const char *text,
	struct arena *arena, struct job *job, struct error *error);

/* Reads a job by its timer; *found is false when there is none. */
int job_read(struct engine *engine, const struct timer *timer, struct arena *arena, struct job *job,
	bool *found, struct error *error);

int job_write(struct engine *engine, const struct job *job, struct error *error);

/* Goes on by a small step. */
int job_step(struct engine *engine, struct job *job, struct error *error);

/* Adds the userId that a customer has by the shop's user_id. -1 when memory runs out. */
int job_add_user(struct job *job, const char *customer, const char *email);

/* The same for the record of a customer, with the userIds that were emitted before. */
int job_add_users(struct job *job, const char *customer, const cJSON *record);

#endif
