/* ReCharge's API: webhook registrations of one token. */
#ifndef SEGRELAY_COMMANDS_RECHARGE_API_H
#define SEGRELAY_COMMANDS_RECHARGE_API_H

#include "base/arena.h"
#include "base/error.h"
#include "config/config.h"

#include <stdbool.h>

/* A registered webhook; its strings are in the arena. */
struct registration {
	const char *id;
	const char *topic;
	const char *address;
	bool lacks_customer; /* its webhooks do not include the customer */
	struct registration *next;
};

/* Lists all registrations of the shop's token, in ReCharge's order, in the arena. Waits when
 * ReCharge asks for it, and retries temporary failures. -1 with the error and its remedy. */
int recharge_list(const struct shop *shop, struct arena *arena, struct registration **first,
	struct error *error);

/* Registers an address for a topic. `included` names an additional object for its webhooks, NULL
 * for none; it is left out when ReCharge rejects it, because ReCharge does not document which
 * topics support it. After -1 without an answer it may be registered all the same. */
int recharge_register(const struct shop *shop, const struct registration *wanted,
	const char *included, struct error *error);

#endif
