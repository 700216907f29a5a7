/* Who a delivery is about: the person, and the order, checkout and cart that lead to them.
 *
 * Anyone can post a hint. So the record of a link keeps hints apart from webhooks, in the member
 * "browser", and a value of a hint is used only when no webhook has that value. */
#ifndef SEGRELAY_MAPPING_IDENTITY_IDENTITY_H
#define SEGRELAY_MAPPING_IDENTITY_IDENTITY_H

#include "mapping/work.h"

/* Bytes of the hints in a link; the whole link stays below 2 KB. */
enum { LINK_BROWSER_MAX = 1792, LINK_MAX = 2048 };

/* Reads the records of the delivery's order, tokens and person, and finds all of `identity`. */
void identity_recall(struct work *work, struct stored *stored, struct identity *identity);

/* Updates the records of the customer and the links by the delivery. */
void identity_remember(struct work *work);

/* Updates the links alone: for a delivery that is deferred. */
void identity_remember_links(struct work *work);

/* The value of a member of the hints; NULL for none. */
const cJSON *identity_browser_value(const struct work *work, const char *member);

/* The same for a text. */
const char *identity_browser_text(const struct work *work, const char *member);

/* Whether the visitor refused analytics: nothing of the browser may be emitted. */
bool identity_has_refused(const struct work *work);

/* Writes the visitor's consent into an order's record, for later webhooks of the order. */
void identity_write_consent(const struct work *work, struct text *json);

/* The order that the cart or checkout became; NULL when there is none yet. */
const char *identity_order(const struct work *work);

/* When a cart became an order, as Shopify writes it; NULL when it has not. */
const char *identity_ordered_at(struct work *work, const char *cart_id);

/* The derived id under which something of the cart or checkout was emitted without a userId; NULL
 * for none. */
const char *identity_derived_id(const struct work *work);

/* Whether an identify has joined that id with the user. */
bool identity_is_joined(const struct work *work);

/* Whether a webhook has named the cart or the checkout of a link. Such a link is kept as long as a
 * cart. Otherwise only hints have, which anyone can post. */
bool links_are_named(const char *json);

/* The userId of the customer who was merged; NULL for none. */
const char *identity_previous_id(struct work *work);

/* Whether the delivery shows that the account was enabled: once per customer until it is disabled
 * again, by customers/enable, or by an update whose stored state was another. */
bool identity_turned_enabled(const struct work *work);

/* The userId of a customer by the shop's option user_id; NULL for none. */
const char *identity_user_id(struct work *work, const char *customer_id, const char *email);

#endif
