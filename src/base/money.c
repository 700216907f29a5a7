/* Amounts of money, exact to the last digit; never floating point. */
#include "base/money.h"

#include <stddef.h>

enum { DIGITS_MAX = 18 };

static const int64_t LARGEST = 999999999999999999; /* 18 digits */

static const struct money UNKNOWN = {0};

static int64_t power_of_ten(unsigned exponent)
{
	int64_t power = 1;

	while (exponent-- > 0)
		power *= 10;
	return power;
}

/* Takes the digits at *at into the amount; false when it gets too long. */
static bool take_digits(const char **at, struct money *amount, bool fraction)
{
	for (; **at >= '0' && **at <= '9'; (*at)++) {
		if (amount->units > LARGEST / 10 || (fraction && amount->scale == DIGITS_MAX))
			return false;
		amount->units = amount->units * 10 + (**at - '0');
		if (fraction)
			amount->scale++;
	}
	return true;
}

/* Applies an exponent (1.5e2): JSON numbers may carry one. */
static bool take_exponent(const char **at, struct money *amount)
{
	int exponent = 0;
	bool negative;
	const char *first;

	if (**at != 'e' && **at != 'E')
		return true;
	(*at)++;
	negative = **at == '-';
	if (**at == '-' || **at == '+')
		(*at)++;
	for (first = *at; **at >= '0' && **at <= '9' && exponent < 100; (*at)++)
		exponent = exponent * 10 + (**at - '0');
	if (*at == first)
		return false;
	for (; exponent > 0; exponent--) {
		if (negative && amount->scale < DIGITS_MAX)
			amount->scale++;
		else if (!negative && amount->scale > 0)
			amount->scale--;
		else if (!negative && amount->units <= LARGEST / 10)
			amount->units *= 10;
		else
			return false;
	}
	return true;
}

struct money money_parse(const char *string)
{
	struct money amount = MONEY_ZERO;
	const char *at = string;
	const char *first;
	bool negative;

	if (string == NULL)
		return UNKNOWN;
	negative = *at == '-';
	if (negative)
		at++;
	first = at;
	if (!take_digits(&at, &amount, false) || at == first)
		return UNKNOWN;
	if (*at == '.') {
		first = ++at;
		if (!take_digits(&at, &amount, true) || at == first)
			return UNKNOWN;
	}
	if (!take_exponent(&at, &amount) || *at != '\0')
		return UNKNOWN;
	return negative ? money_negate(amount) : amount;
}

/* The same amount with more digits after the point. */
static struct money rescale(struct money amount, unsigned scale)
{
	int64_t factor;

	if (!amount.known || scale > DIGITS_MAX)
		return UNKNOWN;
	factor = power_of_ten(scale - amount.scale);
	if (amount.units > LARGEST / factor || amount.units < -LARGEST / factor)
		return UNKNOWN;
	return (struct money){.units = amount.units * factor, .scale = scale, .known = true};
}

struct money money_add(struct money a, struct money b)
{
	unsigned scale = a.scale > b.scale ? a.scale : b.scale;
	int64_t sum;

	a = rescale(a, scale);
	b = rescale(b, scale);
	if (!a.known || !b.known)
		return UNKNOWN;
	sum = a.units + b.units; /* each at most 18 digits: no overflow */
	if (sum > LARGEST || sum < -LARGEST)
		return UNKNOWN;
	return (struct money){.units = sum, .scale = scale, .known = true};
}

struct money money_subtract(struct money a, struct money b)
{
	return money_add(a, money_negate(b));
}

struct money money_negate(struct money a)
{
	a.units = -a.units;
	return a;
}

struct money money_convert(struct money amount, struct money from, struct money to)
{
	__extension__ typedef __int128 wide;
	wide numerator;
	wide denominator;
	wide result;

	if (!amount.known || !from.known || !to.known || from.units == 0)
		return UNKNOWN;
	numerator = (wide)amount.units * to.units;
	denominator = from.units;
	if (amount.scale > from.scale)
		denominator *= power_of_ten(amount.scale - from.scale);
	if (from.scale > amount.scale) {
		int64_t factor = power_of_ten(from.scale - amount.scale);

		if (numerator > ((wide)1 << 120) / factor || numerator < -((wide)1 << 120) / factor)
			return UNKNOWN;
		numerator *= factor;
	}
	if (denominator < 0) {
		numerator = -numerator;
		denominator = -denominator;
	}
	result = numerator >= 0 ? (numerator + denominator / 2) / denominator
				: (numerator - denominator / 2) / denominator;
	if (result > LARGEST || result < -LARGEST)
		return UNKNOWN;
	return (struct money){.units = (int64_t)result, .scale = to.scale, .known = true};
}

int money_compare(struct money a, struct money b)
{
	struct money difference = money_subtract(a, b);

	return (difference.units > 0) - (difference.units < 0);
}

bool money_positive(struct money a)
{
	return a.known && a.units > 0;
}

struct money money_shorten(struct money amount)
{
	for (; amount.scale > 0 && amount.units % 10 == 0; amount.scale--)
		amount.units /= 10;
	return amount;
}

void money_write(struct money amount, struct text *text)
{
	uint64_t units = amount.units < 0 ? (uint64_t)-amount.units : (uint64_t)amount.units;
	uint64_t factor = (uint64_t)power_of_ten(amount.scale);

	if (amount.units < 0)
		text_put(text, "-");
	text_number(text, units / factor, 1);
	if (amount.scale == 0)
		return;
	text_put(text, ".");
	text_number(text, units % factor, amount.scale);
}
