/* Maps one order again and again, for `valgrind --tool=callgrind`: instructions a webhook for
 * parsing and mapping alone.
 *
 *   map_many ORDER COUNT */
#include "base/clock.h"
#include "mapping/mapping.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int get(
	void *context, const char *kind, const char *key, struct arena *arena, const char **json)
{
	(void)context, (void)kind, (void)key, (void)arena;
	*json = NULL;
	return 0;
}

static int put(void *context, const char *kind, const char *key, const char *json)
{
	(void)kind, (void)key;
	*(size_t *)context += strlen(json);
	return 0;
}

static int set_timer(void *context, const char *kind, const char *key, int64_t due)
{
	(void)context, (void)kind, (void)key, (void)due;
	return 0;
}

/* Maps the body once; the number of bytes of its messages. */
static size_t map_once(const struct config *config, const char *body, size_t length)
{
	struct arena *arena = arena_create(length * 8);
	size_t bytes = 0;
	struct record_store memory = {
		.get = get, .put = put, .set_timer = set_timer, .context = &bytes};
	struct delivery delivery = {.shop = config->shops[0].domain,
		.topic = "orders/create",
		.received = clock_now(),
		.body = body,
		.body_length = length};
	struct mapped mapped;
	struct text message = {0};
	struct error error;
	cJSON *payload = arena != NULL ? json_parse(arena, body, length, &error) : NULL;

	if (payload == NULL || map_delivery(&delivery, payload, &config->shops[0], &memory, arena,
				       &mapped, &error) != 0)
		exit(1);
	for (struct segment_call *call = mapped.calls; call != NULL; call = call->next) {
		struct uuid id;

		if (message_id_of(&config->destinations[0].space, config->shops[0].domain, call,
			    &id) != 0)
			exit(1);
		message_write(call, call->event, &id, &message);
	}
	bytes += message.length;
	text_free(&message);
	arena_destroy(arena);
	return bytes;
}

int main(int argc, char **argv)
{
	struct config *config = config_defaults("aurora-outfitters.myshopify.com");
	char body[65536];
	FILE *file = argc == 3 ? fopen(argv[1], "r") : NULL;
	size_t length = file != NULL ? fread(body, 1, sizeof(body), file) : 0;
	size_t bytes = 0;

	if (config == NULL || length == 0)
		return 2;
	(void)fclose(file);
	for (long i = strtol(argv[2], NULL, 10); i > 0; i--)
		bytes += map_once(config, body, length);
	printf("%zu\n", bytes);
	config_release(config);
	return 0;
}
