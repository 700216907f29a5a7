/* Amounts keep every digit, and what is no amount never becomes one. */
#include "unit.h"

#include "base/money.h"

#include <stdbool.h>
#include <string.h>

static void assert_prints(struct money amount, const char *expected)
{
	struct text text = {0};

	assert_true(amount.known);
	money_write(amount, &text);
	assert_string_equal(text_string(&text), expected);
	text_free(&text);
}

static void reads_what_shopify_writes(void **state)
{
	static const struct {
		const char *in;
		const char *out;
	} cases[] = {
		{"404.95", "404.95"},
		{"4760", "4760"},
		{"12.345", "12.345"},
		{"30.0", "30.0"},
		{"0.00", "0.00"},
		{"-5.00", "-5.00"},
		{"-0.05", "-0.05"},
		{"007.50", "7.50"},
		{"1.5e2", "150"},
		{"1E3", "1000"},
		{"125e-2", "1.25"},
		{"999999999999999999", "999999999999999999"},
		{"9999999999999999.99", "9999999999999999.99"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		assert_prints(money_parse(cases[i].in), cases[i].out);
}

static void refuses_what_is_no_amount(void **state)
{
	static const char *const cases[] = {"", "-", "+1", ".5", "5.", "1,000.00", "1.2.3", "abc",
		"12 ", " 12", "0x10", "NaN", "1e", "1e400", "9999999999999999999", "1e18"};

	(void)state;
	assert_false(money_parse(NULL).known);
	for (size_t i = 0; i < COUNT_OF(cases); i++)
		if (money_parse(cases[i]).known)
			fail_msg("\"%s\" was taken for an amount", cases[i]);
}

static void sums_are_exact(void **state)
{
	struct money sum = MONEY_ZERO;

	(void)state;
	for (int i = 0; i < 10; i++)
		sum = money_add(sum, money_parse("0.1"));
	assert_prints(sum, "1.0");
	assert_prints(money_add(money_parse("5"), money_parse("1.25")), "6.25");
	assert_prints(money_subtract(money_parse("1.00"), money_parse("1.005")), "-0.005");
	assert_prints(money_subtract(money_parse("19.99"), money_parse("19.99")), "0.00");
}

static void one_unknown_amount_makes_the_sum_unknown(void **state)
{
	struct money unknown = money_parse("abc");
	struct money most = money_parse("999999999999999999");

	(void)state;
	assert_false(money_add(MONEY_ZERO, unknown).known);
	assert_false(money_subtract(unknown, MONEY_ZERO).known);
	assert_false(money_add(most, money_parse("1")).known);
	assert_false(money_add(most, money_parse("0.01")).known);
	assert_false(money_positive(unknown));
}

static void converts_by_a_pair_of_amounts(void **state)
{
	(void)state;
	assert_prints(
		money_convert(money_parse("115.00"), money_parse("92.00"), money_parse("100.00")),
		"125.00");
	assert_prints(money_convert(money_parse("1.00"), money_parse("3.00"), money_parse("2.00")),
		"0.67");
	assert_prints(money_convert(money_parse("-1.00"), money_parse("3.00"), money_parse("2.00")),
		"-0.67");
	assert_prints(
		money_convert(money_parse("4760"), money_parse("4760"), money_parse("31.415")),
		"31.415");
	assert_prints(
		money_convert(money_parse("2"), money_parse("1"), money_parse("19.99")), "39.98");
	assert_false(money_convert(money_parse("1"), money_parse("0.00"), money_parse("1")).known);
}

/* Half a cent is rounded away from zero, as Shopify rounds it. */
static void rounds_exactly_half_away_from_zero(void **state)
{
	(void)state;
	assert_prints(money_convert(money_parse("1.00"), money_parse("2.00"), money_parse("0.01")),
		"0.01");
	assert_prints(money_convert(money_parse("-1.00"), money_parse("2.00"), money_parse("0.01")),
		"-0.01");
	assert_prints(money_convert(money_parse("1.00"), money_parse("-2.00"), money_parse("0.01")),
		"-0.01");
	assert_prints(money_convert(money_parse("0.5"), money_parse("1"), money_parse("1")), "1");
	assert_prints(money_convert(money_parse("2.5"), money_parse("1.0"), money_parse("1")), "3");
	assert_prints(money_convert(money_parse("0.49"), money_parse("1"), money_parse("1")), "0");
}

/* What does not fit into 18 digits is not known, and never another number. */
static void what_is_too_large_is_not_known(void **state)
{
	struct money most = money_parse("999999999999999999");
	struct money least = money_parse("-999999999999999999");
	struct money one = money_parse("1");

	(void)state;
	assert_prints(money_add(money_parse("999999999999999998"), one), "999999999999999999");
	assert_prints(
		money_subtract(money_parse("-999999999999999998"), one), "-999999999999999999");
	assert_false(money_subtract(least, one).known);
	assert_false(money_add(money_parse("0.01"), most).known);
	assert_false(money_add(least, money_parse("0.1")).known);
	assert_prints(money_add(money_parse("99999999999999999"), money_parse("0.1")),
		"99999999999999999.1");
	assert_prints(money_subtract(money_parse("-99999999999999999"), money_parse("0.1")),
		"-99999999999999999.1");
	assert_prints(
		money_add(money_parse("0.000000000000000001"), MONEY_ZERO), "0.000000000000000001");
	assert_prints(money_convert(most, one, one), "999999999999999999");
	assert_prints(money_convert(least, one, one), "-999999999999999999");
	assert_false(money_convert(most, one, money_parse("2")).known);
	assert_false(money_convert(most, one, money_parse("-2")).known);
	/* The product itself is beyond 120 bits. */
	assert_false(money_convert(most, money_parse("0.000000000000000001"), most).known);
	assert_false(money_convert(least, money_parse("0.000000000000000001"), most).known);
	assert_false(money_parse("99999999999999999.99").known);
	assert_false(money_parse("1e-19").known);
	assert_false(money_parse("0.1234567890123456789").known);
}

static void compares(void **state)
{
	(void)state;
	assert_int_equal(money_compare(money_parse("1.0"), money_parse("1.00")), 0);
	assert_int_equal(money_compare(money_parse("0.99"), money_parse("1")), -1);
	assert_int_equal(money_compare(money_parse("-1"), money_parse("-2")), 1);
	assert_true(money_positive(money_parse("0.01")));
	assert_false(money_positive(money_parse("0.00")));
	assert_false(money_positive(money_parse("-0.01")));
}

static void leaves_out_zeros_at_the_end(void **state)
{
	(void)state;
	assert_prints(money_shorten(money_parse("24.30")), "24.3");
	assert_prints(money_shorten(money_parse("-2.00")), "-2");
	assert_prints(money_shorten(money_parse("100")), "100");
	assert_prints(money_shorten(money_parse("0.00")), "0");
	assert_false(money_shorten(money_parse("abc")).known);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_what_shopify_writes),
		cmocka_unit_test(refuses_what_is_no_amount),
		cmocka_unit_test(sums_are_exact),
		cmocka_unit_test(one_unknown_amount_makes_the_sum_unknown),
		cmocka_unit_test(converts_by_a_pair_of_amounts),
		cmocka_unit_test(rounds_exactly_half_away_from_zero),
		cmocka_unit_test(what_is_too_large_is_not_known),
		cmocka_unit_test(compares),
		cmocka_unit_test(leaves_out_zeros_at_the_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
