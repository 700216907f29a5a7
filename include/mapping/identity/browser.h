/* Hints: what the storefront's script and pixel post about the browser, the visitor's consent, and
 * how far the checkout is.
 *
 * Anyone can post a hint. So the record of a link keeps hints apart from webhooks, in the member
 * "browser", and a value of a hint is used only when no webhook has that value. */
#ifndef SEGRELAY_MAPPING_IDENTITY_BROWSER_H
#define SEGRELAY_MAPPING_IDENTITY_BROWSER_H

#include "mapping/work.h"

/* Merges the delivery, which is a hint, into a link that was read. */
void browser_join(struct work *work, struct recalled *link);

/* The value of a member of the hints; NULL for none. */
const cJSON *browser_value(const struct work *work, const char *member);

/* The same for a text. */
const char *browser_text(const struct work *work, const char *member);

/* Whether the visitor refused analytics: nothing of the browser may be emitted. */
bool browser_has_refused(const struct work *work);

/* Writes the visitor's consent into an order's record, for later webhooks of the order. */
void browser_write_consent(const struct work *work, struct text *json);

#endif
