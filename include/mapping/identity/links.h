/* What ties the carts, checkouts and orders of one buyer together. */
#ifndef SEGRELAY_MAPPING_IDENTITY_LINKS_H
#define SEGRELAY_MAPPING_IDENTITY_LINKS_H

#include "mapping/work.h"

/* Reads the records of the delivery's tokens, or of its account at ReCharge. */
void links_recall(struct work *work, struct stored *stored);

/* The customer that the tokens lead to, NULL for none. */
const char *links_customer(const struct work *work);

/* The order that the cart or checkout became; NULL as long as there is none. */
const char *links_order(const struct work *work);

/* When a cart became an order, as Shopify writes it; NULL as long as there is none. */
const char *links_ordered_at(struct work *work, const char *cart_id);

/* The id of the browser that a subscriber first came with, perhaps years ago; NULL for none. */
const char *links_first_browser(struct work *work);

/* The made-up id that something of the cart or checkout was told under alone; NULL for none. */
const char *links_derived_id(const struct work *work);

/* Whether that id was joined with the user already. */
bool links_are_joined(const struct work *work);

/* Bytes of what a link keeps of the browser: with the rest it stays below 2 KB. */
enum { LINK_BROWSER_MAX = 1792, LINK_MAX = 2048 };

/* Whether a webhook has named the cart or the checkout of a link's record: it is kept as long as a
 * cart then. Else only hints have, which anyone can post. */
bool links_are_named(const char *json);

/* Remembers what the delivery taught of them. */
void links_remember(struct work *work);

#endif
