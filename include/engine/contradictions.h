/* Whether a body agrees with the headers that came with it. Shopify signs the body alone, so topic,
 * shop and the mark of a test are anybody's who holds one signed body. mapping/resources.h compares
 * a body with its topic; here it is compared with what is known: of other shops, and of itself. */
#ifndef SEGRELAY_ENGINE_CONTRADICTIONS_H
#define SEGRELAY_ENGINE_CONTRADICTIONS_H

#include "engine/engine.h"
#include "engine/shop_numbers.h"

/* The labels of their metric. */
enum contradiction {
	CONTRADICTS_TOPIC,   /* its members are of another resource */
	CONTRADICTS_ERASURE, /* the same, of a request to erase or to report */
	CONTRADICTS_SHOP,    /* it is known, or named in it, to be another shop's */
	CONTRADICTS_REPLAY,  /* it was seen under a topic of another resource */
	CONTRADICTIONS,
};

/* The label of its metric. */
const char *contradiction_name(enum contradiction contradiction);

/* What was found of a delivery. */
struct finding {
	const char *why; /* a sentence; NULL for no contradiction */
	enum contradiction contradiction;
	struct shop_count count; /* of the number of the shop, from the URLs of the body */
};

/* Looks for a contradiction of a delivery that is stored. Writes nothing: the count is written once
 * for each delivery, when it stays stored. Inside a turn. 0, or -1 when the store failed. */
int contradictions_find(struct engine *engine, const struct delivery *delivery,
	const cJSON *payload, const struct shop *shop, struct arena *arena, struct finding *finding,
	struct error *error);

/* Whether the body was stored before under any topic of the shop; `delivery` has no id yet. 0, or
 * -1 when the store failed. */
int contradictions_is_known(
	struct engine *engine, const struct delivery *delivery, bool *known, struct error *error);

/* Removes what is remembered of a shop. 0, or -1 when the store failed. */
int contradictions_erase_shop(struct engine *engine, const char *domain, struct error *error);

#endif
