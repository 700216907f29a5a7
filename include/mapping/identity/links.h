/* Links: records that connect the carts, checkouts and orders of one buyer. */
#ifndef SEGRELAY_MAPPING_IDENTITY_LINKS_H
#define SEGRELAY_MAPPING_IDENTITY_LINKS_H

#include "mapping/work.h"

/* Reads the records of the delivery's tokens, or of its account at ReCharge. */
void links_recall(struct work *work, struct stored *stored);

/* The customer of the tokens; NULL for none. */
const char *links_customer(const struct work *work);

/* The order that the cart or checkout became; NULL when there is none yet. */
const char *links_order(const struct work *work);

/* When a cart became an order, as Shopify writes it; NULL when it has not. */
const char *links_ordered_at(struct work *work, const char *cart_id);

/* A subscriber's first browser id, perhaps years old; NULL for none. */
const char *links_first_browser(struct work *work);

/* The derived id under which something of the cart or checkout was emitted without a userId; NULL
 * for none. */
const char *links_derived_id(const struct work *work);

/* Whether an identify has joined that id with the user. */
bool links_are_joined(const struct work *work);

/* Bytes of the hints in a link; the whole link stays below 2 KB. */
enum { LINK_BROWSER_MAX = 1792, LINK_MAX = 2048 };

/* Whether a webhook has named the cart or the checkout of a link. Such a link is kept as long as a
 * cart. Otherwise only hints have, which anyone can post. */
bool links_are_named(const char *json);

/* Updates the links by the delivery. */
void links_remember(struct work *work);

#endif
