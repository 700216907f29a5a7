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
	const struct refund_sums *refund; /* of a refund, for its converters; else NULL */
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

/* One subject; none and why. */
struct subjects speak_of(struct work *work, const cJSON *object);
struct subjects silent(const char *why_not);

/* The whole payload, always. */
about itself;

/* carts.c */
about lines_added, lines_removed;

/* checkouts.c */
extern const struct field checkout_properties[];
extern const struct field checkout_started_properties[];
about checkout_started, steps_before_payment, step_of_payment, payment_entered;

/* coupons.c */
extern const struct field order_coupon_properties[];
extern const struct field checkout_coupon_properties[];
about codes_of_checkout, codes_of_order;

/* orders.c; the converters are of orders and of checkouts, which have the same members */
extern const struct field order_properties[];
extern const struct field edit_properties[];
about placed_online, placed_at_pos, cancelled, updated;
bool order_is_placed(const struct work *work);
converter order_id, order_net, order_shipping, order_shipping_method, order_coupons, order_user_id;
converter order_id_known; /* by what is remembered of the payload's order_id */

/* payments.c */
extern const struct field payment_properties[];
extern const struct field hinted_failure_properties[];
about payment_failed;

/* refunds.c */
extern const struct field refund_properties[];
about money_returned;

/* fulfilments.c */
extern const struct field fulfilment_properties[];

/* customers.c */
extern const struct field customer_properties[];
extern const struct field customer_traits[];
about newly_enabled, not_newly_enabled;

/* identity/browser.c */
extern const struct field thank_you_properties[];
about payment_hinted, failure_hinted, thanked;

/* identity/merges.c */
about merged;

/* subscriptions.c */
extern const struct field subscription_properties[];
extern const struct field subscription_update_properties[];
extern const struct field subscription_end_properties[];
about subscription_created, subscription_updated, subscription_ended, subscriptions_given_up;

/* charges.c */
extern const struct field order_processed_properties[];
extern const struct field charge_failed_properties[];
extern const struct field charge_given_up_properties[];
extern const struct field contract_billed_properties[];
extern const struct field contract_not_billed_properties[];
about order_processed, charge_failed, charge_given_up, contract_billed, contract_not_billed;

/* subscribers.c */
extern const struct field account_properties[];
extern const struct field account_method_properties[];
extern const struct field payment_method_properties[];
about account_updated, payment_method_changed;

/* products.c */
extern const struct field subscribed_properties[];
extern const struct field line_properties[];
extern const struct field fulfilled_properties[];
extern const struct field change_properties[];
bool line_is_tip(const cJSON *line); /* Shopify lists it among the lines */
converter as_products;               /* the lines but the tip */
/* The application that a line's allocation points at by its index. */
const cJSON *application_of(struct work *work, const cJSON *order, const cJSON *allocation);

/* cart_list.c: the lines of a cart in the messages of its changes, of which each has all. */
struct money cart_list_value(struct scope *scope);
void cart_list_write(struct scope *scope, const struct field *row);

#endif
