/* Finds contradictions between a body and its headers. Shopify signs the body only, so anyone with
 * a signed body can choose the topic, the shop and the test header. mapping/resources.h compares a
 * body with its topic. This file compares it with stored data: of other shops, and of the same body
 * before. */
#ifndef SEGRELAY_ENGINE_CONTRADICTIONS_H
#define SEGRELAY_ENGINE_CONTRADICTIONS_H

#include "engine/engine.h"
#include "engine/shop_numbers.h"

/* The kinds of contradictions: labels of the metric. */
enum contradiction {
	CONTRADICTS_TOPIC,   /* the body has the members of another resource */
	CONTRADICTS_ERASURE, /* the same, for a privacy topic */
	CONTRADICTS_SHOP,    /* the body belongs to another shop */
	CONTRADICTS_REPLAY,  /* the body was stored under a topic of another resource */
	CONTRADICTIONS,
};

/* The label of the metric. */
const char *contradiction_name(enum contradiction contradiction);

/* The result of a check. */
struct finding {
	const char *reason; /* NULL for no contradiction */
	enum contradiction contradiction;
	struct shop_count count; /* to be written for the shop's number in the body */
};

/* Checks a stored delivery. Does not write: the caller writes the count once for each delivery that
 * stays stored. Inside a turn. 0, or -1 when the store failed. */
int contradictions_find(struct engine *engine, const struct delivery *delivery,
	const cJSON *payload, const struct shop *shop, struct arena *arena, struct finding *finding,
	struct error *error);

/* Whether the shop stored the same body before, under any topic. `delivery` has no id yet. 0, or -1
 * when the store failed. */
int contradictions_is_repeated(struct engine *engine, const struct delivery *delivery,
	bool *repeated, struct error *error);

/* Removes the stored number of a shop. 0, or -1 when the store failed. */
int contradictions_erase_shop(struct engine *engine, const char *domain, struct error *error);

#endif
