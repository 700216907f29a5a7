/* What the storefront's script and pixel say: who the browser is, what the visitor consented to,
 * and how far the checkout is there.
 *
 * Anyone can post a hint. So it lies apart from what webhooks said, under "browser" of a link, and
 * counts only where they say nothing. */
#ifndef SEGRELAY_MAPPING_IDENTITY_BROWSER_H
#define SEGRELAY_MAPPING_IDENTITY_BROWSER_H

#include "mapping/work.h"

/* Joins the delivery, which is a hint, with a link that was recalled. */
void browser_join(struct work *work, struct recalled *link);

/* What the browser said of one of its members; NULL for nothing. */
const cJSON *browser_value(const struct work *work, const char *member);

/* The same for a text. */
const char *browser_text(const struct work *work, const char *member);

/* Whether the visitor refused to be analysed: nothing of the browser may be told. */
bool browser_has_refused(const struct work *work);

/* Keeps for an order what later webhooks of it need of the browser's words. */
void browser_write_consent(const struct work *work, struct text *json);

#endif
