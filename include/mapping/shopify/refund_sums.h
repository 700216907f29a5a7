/* The sums of a refund. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_REFUND_SUMS_H
#define SEGRELAY_MAPPING_SHOPIFY_REFUND_SUMS_H

#include "base/money.h"
#include "mapping/work.h"

/* In the shop's currency except `returned`. An amount that is invalid or missing is not known. */
struct refund_sums {
	struct money returned; /* money returned, in the currency of the payment; may be zero */
	const char *currency_returned;
	struct money total; /* the same in the shop's currency; without money, the value refunded */
	const char *currency;
	struct money net;      /* the refunded lines without tax */
	struct money tax;      /* of lines and shipping */
	struct money tip;      /* a line, but not a product */
	struct money shipping; /* that was refunded */
	/* What the order's record keeps of the refund; NULL for nothing. */
	const char *kept_total;    /* `total` */
	const char *kept_returned; /* `returned`, when the buyer's currency is another */
};

/* The sums of the refund that is the payload; NULL only when the work failed. */
const struct refund_sums *refund_sums_of(struct work *work);

#endif
