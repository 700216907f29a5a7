/* ReCharge's API: the webhooks that are registered with one token of a shop. */
#ifndef SEGRELAY_COMMANDS_RECHARGE_API_H
#define SEGRELAY_COMMANDS_RECHARGE_API_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/* A webhook that is registered; its strings live in the arena. */
struct registration {
	const char *id;
	const char *topic;
	const char *address;
	bool lacks_customer; /* its webhooks do not carry the customer beside what they are about */
	struct registration *next;
};

/* Lists all that the shop's token registered, in ReCharge's order, in the arena. Waits where
 * ReCharge asks for it, and tries again what failed for the moment. -1 with what is wrong and what
 * to do. */
int recharge_list(const struct shop *shop, struct arena *arena, struct registration **first,
	struct error *error);

/* Registers an address for a topic. `included` names an object more that its webhooks shall carry,
 * NULL for none; it is left out when ReCharge refuses it, which does not say for which topics it
 * has which. After -1 without an answer it may be registered all the same. */
int recharge_register(const struct shop *shop, const struct registration *wanted,
	const char *included, struct error *error);

#endif
