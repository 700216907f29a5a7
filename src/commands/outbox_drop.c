/* outbox drop: deletes messages that wait to be sent. */
#include "commands/commands.h"
#include "commands/common.h"
#include "commands/outbox_command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	IDS_A_REQUEST = 1000,
	RELEASE_SECONDS = 120, /* longer than a request to a destination may take */
};

/* The progress of a drop. */
struct drop {
	int64_t done;
	struct text in_flight; /* ids, each after a comma */
	int64_t unknown;
	int64_t kept; /* deletion requests, which are dropped only by id */
	int64_t last;
	bool more;
};

bool outbox_has_filter(const struct outbox *outbox)
{
	return outbox->destination != NULL || outbox->shop != NULL || outbox->all;
}

static bool is_confirmed(const struct outbox *outbox)
{
	char answer[8] = "";

	if (outbox->yes || !outbox_has_filter(outbox))
		return true;
	if (!isatty(STDIN_FILENO)) {
		(void)report_error("drop without ids needs --yes without a terminal");
		return false;
	}
	(void)printf("Delete all queued messages%s%s%s%s permanently, without sending? (yes/no) ",
		outbox->destination != NULL ? " of destination " : "",
		outbox->destination != NULL ? outbox->destination : "",
		outbox->shop != NULL ? " of shop " : "", outbox->shop != NULL ? outbox->shop : "");
	(void)fflush(stdout);
	return fgets(answer, sizeof(answer), stdin) != NULL && strcmp(answer, "yes\n") == 0;
}

/* Makes one call; `complains` prints unknown ids. False when the call failed. */
static bool request_drop(
	const struct outbox *outbox, const struct text *body, bool complains, struct drop *drop)
{
	struct text answer = {0};
	const cJSON *json = NULL;
	const cJSON *id;

	if (!body->failed)
		json = admin_call_json(outbox->config, "POST", "/outbox/drop", text_string(body),
			outbox->arena, &answer);
	if (json != NULL) {
		drop->done += strtoll(json_text(json, "done"), NULL, 10);
		drop->kept += strtoll(json_text(json, "deletions_kept"), NULL, 10);
		drop->last = strtoll(json_text(json, "last"), NULL, 10);
		drop->more = json_is_true(json, "more");
		cJSON_ArrayForEach (id, json_at(json, "in_flight")) {
			text_format(&drop->in_flight, ",%s", json_text(id, "."));
		}
		cJSON_ArrayForEach (id, json_at(json, "unknown")) {
			drop->unknown++;
			if (complains)
				(void)report_error(
					"%s: no such message: it was sent or dropped, or is "
					"a dead letter",
					json_text(id, "."));
		}
	}
	text_free(&answer);
	return json != NULL;
}

static bool drop_filtered(const struct outbox *outbox, struct drop *drop)
{
	bool done = true;

	drop->more = true;
	while (done && drop->more) {
		struct text body = {0};

		text_put(&body, "{");
		json_add_member(&body, "destination", outbox->destination);
		json_add_member(&body, "shop", outbox->shop);
		json_add_flag(&body, "all", outbox->all);
		json_add_number(&body, "after", drop->last);
		text_put(&body, "}");
		done = request_drop(outbox, &body, false, drop);
		text_free(&body);
	}
	return done;
}

/* Drops the ids of a list ",1,2,3", IDS_A_REQUEST at a time. */
static bool drop_ids(
	const struct outbox *outbox, const char *ids, bool complains, struct drop *drop)
{
	bool done = true;

	while (done && *ids != '\0') {
		struct text body = {0};

		text_put(&body, "{\"ids\":[");
		for (int i = 0; i < IDS_A_REQUEST && *ids != '\0'; i++) {
			size_t length = 1 + strcspn(ids + 1, ",");

			text_add(&body, ids + (i == 0), length - (i == 0));
			ids += length;
		}
		text_put(&body, "]}");
		done = request_drop(outbox, &body, complains, drop);
		text_free(&body);
	}
	return done;
}

/* Repeats the call for messages that were being sent, until the sender has released them. */
static bool await_release(const struct outbox *outbox, struct drop *drop)
{
	static const struct timespec pause = {.tv_nsec = 100000000};
	time_t end = time(NULL) + RELEASE_SECONDS;
	bool done = true;

	while (done && drop->in_flight.length > 0 && time(NULL) < end) {
		struct text ids = drop->in_flight;

		drop->in_flight = (struct text){0};
		(void)nanosleep(&pause, NULL);
		done = drop_ids(outbox, text_string(&ids), false, drop);
		text_free(&ids);
	}
	return done;
}

int outbox_drop(const struct outbox *outbox, char **ids, int count)
{
	struct drop drop = {0};
	struct text list = {0};
	bool done;
	int64_t unknown;

	if (!is_confirmed(outbox))
		return EXIT_FAILED;
	for (int i = 0; i < count; i++)
		text_format(&list, ",%s", ids[i]);
	done = count > 0 ? drop_ids(outbox, text_string(&list), true, &drop)
			 : drop_filtered(outbox, &drop);
	text_free(&list);
	unknown = drop.unknown;
	done = done && await_release(outbox, &drop);
	if (done && outbox->as_json)
		(void)printf("{\"dropped\":%" PRId64 ",\"sent_meanwhile\":%" PRId64
			     ",\"deletions_kept\":%" PRId64 "}\n",
			drop.done, drop.unknown - unknown, drop.kept);
	else if (done)
		(void)printf("dropped: %" PRId64 "\n", drop.done);
	if (done && drop.kept > 0 && !outbox->as_json)
		(void)printf("deletion requests kept: %" PRId64 " (drop them by id)\n", drop.kept);
	if (done && drop.unknown > unknown)
		(void)report_error("%" PRId64 " were sent before they could be dropped",
			drop.unknown - unknown);
	if (done && drop.in_flight.length > 0)
		(void)report_error("still being sent: %s", text_string(&drop.in_flight) + 1);
	done = done && drop.in_flight.length == 0 && unknown == 0;
	text_free(&drop.in_flight);
	return done ? EXIT_GOOD : EXIT_FAILED;
}
