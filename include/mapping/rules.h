/* Rules: what becomes of a topic. The event catalogue, as a table. */
#ifndef SEGRELAY_MAPPING_RULES_H
#define SEGRELAY_MAPPING_RULES_H

#include "mapping/fields.h"

/* The objects that a rule speaks of: none, one, or several. With none `why_not` says why, unless
 * the rule simply is not about such a payload. */
struct subjects {
	const cJSON *const *items;
	size_t count;
	const char *why_not;
};

typedef struct subjects about(struct work *work);

struct rule {
	const char *topics; /* one, or several with "|" between */
	enum call call;
	const char *event;
	about *about;
	const struct field *properties;
	const char *time; /* the path of its timestamp */
	const char
		*key; /* the paths of its natural key, with a space between; the first must hold */
};

/* Ends with a rule without topics. */
extern const struct rule rules[];

/* Whether a rule speaks of a topic. */
bool rule_matches(const struct rule *rule, const char *topic);

/* One subject; none and why. */
struct subjects speak_of(struct work *work, const cJSON *object);
struct subjects silent(const char *why_not);

/* The whole payload, always. */
about itself;

/* orders.c */
extern const struct field order_properties[];
about placed_online, placed_at_pos, cancelled;

/* refunds.c */
extern const struct field refund_properties[];
about money_returned;

/* fulfilments.c */
extern const struct field fulfilment_properties[];

/* customers.c */
extern const struct field customer_properties[];
extern const struct field customer_traits[];
about newly_enabled, not_newly_enabled;

/* products.c */
extern const struct field line_properties[];

#endif
