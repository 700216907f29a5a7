/* Any text as a time, an amount, a Retry-After, a URL, a duration, a size: read or refused. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/money.h"
#include "base/url.h"
#include "config/values.h"
#include "send/retry.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static void read_amount(const char *text)
{
	struct money money = money_parse(text);
	struct text written = {0};

	if (!money.known)
		return;
	money_write(money, &written);
	/* what was written is the same amount again */
	if (money_compare(money, money_parse(text_string(&written))) != 0)
		abort();
	(void)money_add(money, money);
	(void)money_subtract(MONEY_ZERO, money);
	(void)money_convert(money, money, money_negate(money));
	text_free(&written);
}

static void read_time(const char *text)
{
	int64_t time = time_parse(text);
	char written[TIME_TEXT];

	if (time == TIME_UNKNOWN)
		return;
	time_format(time, written);
	/* what was written is the same time again */
	if (time_parse(written) != time)
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena *arena = arena_create(256);
	char *text = calloc(1, size + 1);
	struct url url;
	int64_t number;
	int64_t wait;

	memcpy(text, data, size);
	read_amount(text);
	read_time(text);
	(void)time_parse_new_york(text);
	wait = retry_after(text, 0);
	if (wait < -1 || wait > HOUR)
		abort();
	(void)retry_classify(CURLE_OK, 200, text);
	if (url_split(arena, text, &url))
		(void)url_parameter(arena, url.search, "utm_source");
	(void)value_duration(text, &number);
	(void)value_size(text, &number);
	(void)value_url(text);
	(void)value_host(text);
	free(text);
	arena_destroy(arena);
	return 0;
}
