/* Amounts of money, exact to the last digit, without floating point. */
#ifndef SEGRELAY_BASE_MONEY_H
#define SEGRELAY_BASE_MONEY_H

#include "base/text.h"

#include <stdbool.h>
#include <stdint.h>

/* `units` / 10^`scale`: "404.95" is {40495, 2}. An amount that could not be parsed is not `known`,
 * nor is any sum with it: an unknown amount is better than a wrong one. */
struct money {
	int64_t units;
	unsigned scale;
	bool known;
};

/* Zero: the start of a sum. */
#define MONEY_ZERO ((struct money){.known = true})

/* Parses a decimal number as Shopify writes it ("404.95", "4760", "-5.00", "100.0", also 1.5e2), at
 * most 18 digits. Not known for NULL and for anything else. */
struct money money_parse(const char *string);

/* a + b, and a - b. Not known when an operand is not, or when the sum needs over 18 digits. The
 * result has the larger scale: 5 + 1.25 = 6.25. */
struct money money_add(struct money a, struct money b);
struct money money_subtract(struct money a, struct money b);

/* -a. */
struct money money_negate(struct money a);

/* amount * to / from, rounded half away from zero to the scale of `to`: converts an amount by the
 * rate of a pair of amounts. Not known when `from` is zero. */
struct money money_convert(struct money amount, struct money from, struct money to);

/* Negative, zero or positive, like a - b. Both must be known. */
int money_compare(struct money a, struct money b);

/* Whether it is greater than zero; false when not known. */
bool money_positive(struct money a);

/* The same amount without trailing zeros in its fraction: 24.30 is 24.3, 2.0 is 2. */
struct money money_shorten(struct money amount);

/* Appends the amount as a JSON number with all its digits: 404.95, 4760, 100.0. It must be known.
 */
void money_write(struct money amount, struct text *text);

#endif
