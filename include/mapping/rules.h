/* Rules: which events a topic emits. The event catalogue, as a table. */
#ifndef SEGRELAY_MAPPING_RULES_H
#define SEGRELAY_MAPPING_RULES_H

#include "mapping/fields.h"

/* The objects of a payload that a rule emits calls for: none, one, or several. With none `why_not`
 * says why; it is NULL when the rule does not apply to such a payload. */
struct selection {
	const cJSON *const *items;
	size_t count;
	const char *why_not;
	const struct refund_sums *refund; /* of a refund, for its converters; else NULL */
};

/* Returns what a rule selects of a delivery. It cannot write what others read: see work.h. */
typedef struct selection selector(struct work *work);

struct rule {
	const char *topics; /* one, or several with "|" between */
	enum call call;
	const char *event;
	selector *selector;
	const struct field *properties;
	const char *time; /* the path of its timestamp */
	/* The paths of its natural key, separated by spaces; the first must have a value. */
	const char *key;
};

/* Ends with a rule without topics. */
extern const struct rule rules[];

/* A selection of one object; an empty one, and why. */
struct selection select_one(struct work *work, const cJSON *object);
struct selection select_none(const char *why_not);

/* Selects the whole payload, always. */
selector whole_payload;

/* carts.c */
selector lines_added, lines_removed;

/* checkouts.c */
extern const struct field checkout_properties[];
extern const struct field checkout_started_properties[];
selector checkout_started, steps_before_payment, step_of_payment, payment_entered;

/* coupons.c */
extern const struct field order_coupon_properties[];
extern const struct field checkout_coupon_properties[];
selector codes_of_checkout, codes_of_order;

/* orders.c; the converters are of orders and of checkouts, which have the same members */
extern const struct field order_properties[];
extern const struct field edit_properties[];
selector placed_online, placed_at_pos, cancelled, updated;
bool order_is_placed(const struct work *work);
converter order_id, order_net, order_shipping, order_shipping_method, order_coupons, order_user_id;
converter order_id_known; /* from the order's record */

/* payments.c */
extern const struct field payment_properties[];
extern const struct field hinted_failure_properties[];
selector payment_failed;

/* refunds.c */
extern const struct field refund_properties[];
selector money_returned;

/* fulfilments.c */
extern const struct field fulfilment_properties[];

/* customers.c */
extern const struct field customer_properties[];
extern const struct field customer_traits[];
selector newly_enabled, not_newly_enabled;

/* identity/browser.c */
extern const struct field thank_you_properties[];
selector payment_hinted, failure_hinted, thanked;

/* identity/merges.c */
selector merged;

/* subscriptions.c */
extern const struct field subscription_properties[];
extern const struct field subscription_update_properties[];
extern const struct field subscription_end_properties[];
selector subscription_created, subscription_updated, subscription_ended, subscriptions_given_up;

/* charges.c */
extern const struct field order_processed_properties[];
extern const struct field charge_failed_properties[];
extern const struct field charge_given_up_properties[];
extern const struct field contract_billed_properties[];
extern const struct field contract_not_billed_properties[];
selector order_processed, charge_failed, charge_given_up, contract_billed, contract_not_billed;

/* subscribers.c */
extern const struct field account_properties[];
extern const struct field account_method_properties[];
extern const struct field payment_method_properties[];
selector account_updated, payment_method_changed;

/* products.c */
extern const struct field subscribed_properties[];
extern const struct field line_properties[];
extern const struct field fulfilled_properties[];
extern const struct field change_properties[];
bool line_is_tip(const cJSON *line); /* Shopify lists a tip as a line */
converter as_products;               /* all lines except the tip */
/* The discount application that a line's allocation names by its index; NULL for none. */
const cJSON *application_of(struct work *work, const cJSON *order, const cJSON *allocation);

/* cart_list.c: each message of a cart has all lines of the cart */
struct money cart_list_value(struct scope *scope);
void cart_list_write(struct scope *scope, const struct field *row);

#endif
