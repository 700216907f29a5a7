/* The number of each shop, found by the majority of its bodies. So a few foreign bodies, even the
 * first ones, do not set its number and do not exclude its own one for ever. */
#include "engine/shop_numbers.h"

#include "engine/engine_private.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A record without a shop, which never expires. */
#define KIND "shop_number"

enum {
	NUMBER_MAX = 20,
	SEEN_ENOUGH = 20, /* bodies, until other numbers are rejected */
	SEEN_MOST = 1000, /* maximum of the count */
};

static int read_claim(struct engine *engine, const char *domain, struct arena *arena,
	struct shop_count *claim, struct error *error)
{
	const char *text = NULL;
	const char *seen;
	struct error parse_error;
	const cJSON *json;

	*claim = (struct shop_count){0};
	if (store_get_record(engine->store, "", KIND, domain, arena, &text, error) != 0)
		return -1;
	if (text == NULL)
		return 0;
	json = json_parse(arena, text, strlen(text), &parse_error);
	claim->number = json_text(json, "number");
	seen = json_text(json, "seen");
	claim->seen = seen != NULL ? strtoll(seen, NULL, 10) : 0;
	return 0;
}

int shop_numbers_write(struct engine *engine, const char *domain, const struct shop_count *count,
	struct error *error)
{
	char json[96];

	if (count->number == NULL)
		return 0;
	(void)snprintf(json, sizeof(json), "{\"number\":\"%s\",\"seen\":%" PRId64 "}",
		count->number, count->seen);
	return store_put_record(engine->store, "", KIND, domain, json, INT64_MAX, error);
}

static bool is_number(const struct shop_count *claim, const char *number)
{
	return claim->number != NULL && strcmp(claim->number, number) == 0;
}

/* Whether a number is of a sample shop in Shopify's documentation or tests, or invalid. */
static bool is_sample(const char *number)
{
	static const char *const samples[] = {"548380009", "690933842", "954889", NULL};

	for (const char *const *sample = samples; *sample != NULL; sample++)
		if (strcmp(number, *sample) == 0)
			return true;
	return strlen(number) > NUMBER_MAX || strspn(number, "0123456789") != strlen(number);
}

/* Counts a body with the number. False when the count does not change. */
static bool count_body(struct shop_count *own, const char *number)
{
	if (is_number(own, number)) {
		own->seen++;
		return own->seen <= SEEN_MOST;
	}
	if (own->number == NULL || --own->seen <= 0)
		*own = (struct shop_count){number, 1};
	return true;
}

/* Whether a shop with the same secret has the number in more bodies. At SEEN_MOST both may have it.
 */
static int is_claimed(struct engine *engine, const struct shop *shop, const char *number,
	const struct shop_count *own, struct arena *arena, bool *claimed, struct error *error)
{
	int64_t seen = is_number(own, number) ? own->seen + 1 : 1;

	*claimed = false;
	for (size_t i = 0; i < shop->sharing_count && !*claimed && seen <= SEEN_MOST; i++) {
		struct shop_count other;

		if (read_claim(engine, shop->sharing[i]->domain, arena, &other, error) != 0)
			return -1;
		*claimed = is_number(&other, number) && other.seen >= seen;
	}
	return 0;
}

int shop_numbers_check(struct engine *engine, const struct shop *shop, const char *number,
	bool counts, struct arena *arena, enum shop_number *whose, struct shop_count *count,
	struct error *error)
{
	struct shop_count own;
	bool claimed;
	bool is_own;

	*whose = NUMBER_UNKNOWN;
	*count = (struct shop_count){0};
	if (is_sample(number))
		return 0;
	if (read_claim(engine, shop->domain, arena, &own, error) != 0 ||
		is_claimed(engine, shop, number, &own, arena, &claimed, error) != 0)
		return -1;
	is_own = is_number(&own, number);
	if (claimed || (!is_own && own.number != NULL && own.seen >= SEEN_ENOUGH))
		*whose = NUMBER_OF_ANOTHER;
	else if (is_own)
		*whose = NUMBER_OWN;
	if (!counts || (claimed && !is_own && own.number != NULL))
		return 0; /* another shop's number does not weaken its own */
	if (count_body(&own, number))
		*count = own;
	return 0;
}

int shop_numbers_erase(struct engine *engine, const char *domain, struct error *error)
{
	return store_drop_record(engine->store, "", KIND, domain, error);
}
