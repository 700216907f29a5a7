/* ReCharge's API: the webhooks that are registered with one token of a shop. */
#include "commands/recharge_api.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/json.h"
#include "send/http.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

/* The version of the API, and of the webhooks' payloads. */
#define API_VERSION "2021-11"

enum {
	TRIES = 4,
	WAIT_USUAL = 2000, /* ms: ReCharge's bucket leaks two requests a second */
	WAIT_MOST = 60000,
	PAGE = 50,
	PAGES_MOST = 200,
	WORDS = 200,
};

/* ---- what went wrong ---- */

/* What can be done about a status: the first row that has it. */
static const struct advice {
	long from;
	long to;
	const char *text;
} advices[] = {
	{300, 399, "is recharge_api_url ReCharge's API?"},
	{401, 401,
		"is recharge_token the API token itself, not its client secret, and not revoked?"},
	{403, 403,
		"give the token in ReCharge the permissions read_subscriptions, read_orders and "
		"read_customers"},
	{404, 404, "is recharge_api_url ReCharge's API?"},
	{429, 429, "other programs use the token's requests up: try again later"},
	{400, 499, "it will not be otherwise later: what ReCharge says names why"},
	{0, LONG_MAX, "try again later"},
};

static int refused(const struct shop *shop, const struct http_answer *answer, struct error *error)
{
	const struct advice *advice = advices;
	char words[WORDS + 1];

	while (answer->status < advice->from || answer->status > advice->to)
		advice++;
	http_excerpt(text_string(&answer->body), shop->recharge_token, words, sizeof(words));
	return error_set(error, "ReCharge answered %ld%s%s: %s", answer->status,
		*words != '\0' ? " " : "", words, advice->text);
}

static int unanswered(struct error *error)
{
	const struct error reason = *error;

	return error_set(error,
		"ReCharge gave no answer: %s: is there a way to it from here? Try "
		"again later",
		reason.text);
}

/* ---- a request ---- */

static void wait_for(int64_t ms)
{
	struct timespec time = {.tv_sec = ms / SECOND, .tv_nsec = (ms % SECOND) * 1000000};

	(void)nanosleep(&time, NULL);
}

/* Whether an answer is one that may be another next time. What was posted is not posted again
 * unless ReCharge says that it did nothing. */
static bool may_try_again(const struct http_call *call, int result, long status)
{
	return status == 429 ||
	       (strcmp(call->method, "GET") == 0 && (result != 0 || status >= 500));
}

static int try(const struct http_call *call, struct http_answer *answer, struct error *error)
{
	int result = 0;

	for (int i = 0; i < TRIES; i++) {
		text_cut(&answer->body, 0);
		result = http_request(call, answer, error);
		if (!may_try_again(call, result, answer->status) || answer->wait > WAIT_MOST ||
			i == TRIES - 1)
			break;
		wait_for(answer->wait >= 0 ? answer->wait : WAIT_USUAL);
	}
	return result == 0 ? 0 : unanswered(error);
}

/* Makes a request of the API. 0 with a good answer's body in answer->body; the caller frees it. */
static int ask(const struct shop *shop, const char *method, const struct text *path,
	const struct text *body, struct http_answer *answer, struct error *error)
{
	struct text url = {0};
	struct text token = {0};
	static const char version[] = "X-Recharge-Version: " API_VERSION;
	const char *headers[] = {
		NULL, version, "Content-Type: application/json", "Accept: application/json", NULL};
	struct http_call call = {.method = method, .headers = headers, .is_outside = true};
	int result;

	text_format(&url, "%s%s", shop->recharge_api_url, text_string(path));
	text_format(&token, "X-Recharge-Access-Token: %s", shop->recharge_token);
	call.url = text_string(&url);
	headers[0] = text_string(&token);
	if (body != NULL) {
		call.body = text_string(body);
		call.body_length = body->length;
	}
	result = url.failed || token.failed || path->failed || (body != NULL && body->failed)
			 ? error_set(error, "no memory")
			 : try(&call, answer, error);
	if (result == 0 && (answer->status < 200 || answer->status > 299))
		result = refused(shop, answer, error);
	digest_forget(token.data, token.length);
	text_free(&token);
	text_free(&url);
	return result;
}

/* ---- listing ---- */

/* What is not unreserved (RFC 3986) is escaped: a cursor is any text. */
static void add_escaped(struct text *text, const char *value)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *value != '\0'; value++)
		text_format(text, strchr(plain, *value) != NULL ? "%c" : "%%%02X",
			(unsigned char)*value);
}

/* Where ReCharge does not say what is included, nothing is lacking. */
static bool lacks_customer(const cJSON *webhook)
{
	const cJSON *included = cJSON_GetObjectItemCaseSensitive(webhook, "included_objects");
	const cJSON *name;

	cJSON_ArrayForEach (name, included) {
		if (cJSON_IsString(name) && strcmp(name->valuestring, "customer") == 0)
			return false;
	}
	return cJSON_IsArray(included);
}

static int keep(struct arena *arena, const cJSON *webhook, struct registration ***last)
{
	struct registration *made = arena_alloc(arena, sizeof(*made));

	if (made == NULL)
		return -1;
	*made = (struct registration){.id = json_text(webhook, "id"),
		.topic = json_text(webhook, "topic"),
		.address = json_text(webhook, "address"),
		.lacks_customer = lacks_customer(webhook)};
	if (made->topic == NULL || made->address == NULL)
		return 0;
	**last = made;
	*last = &made->next;
	return 0;
}

/* Takes a page; *cursor is that of the next one, NULL when it was the last. */
static int take_page(const struct http_answer *answer, struct arena *arena,
	struct registration ***last, const char **cursor, struct error *error)
{
	const cJSON *page =
		json_parse(arena, text_string(&answer->body), answer->body.length, error);
	const cJSON *webhooks = cJSON_GetObjectItemCaseSensitive(page, "webhooks");
	const cJSON *webhook;

	if (!cJSON_IsArray(webhooks))
		return error_set(error, "what ReCharge answered is no list of webhooks: is "
					"recharge_api_url its API?");
	cJSON_ArrayForEach (webhook, webhooks) {
		if (keep(arena, webhook, last) != 0)
			return error_set(error, "no memory");
	}
	*cursor = json_text(page, "next_cursor");
	return 0;
}

static int list_page(const struct shop *shop, struct arena *arena, struct registration ***last,
	const char **cursor, struct error *error)
{
	struct http_answer answer = {0};
	struct text path = {0};
	int result;

	text_format(&path, "/webhooks?limit=%d", PAGE);
	if (*cursor != NULL) {
		text_put(&path, "&cursor=");
		add_escaped(&path, *cursor);
	}
	result = ask(shop, "GET", &path, NULL, &answer, error);
	if (result == 0)
		result = take_page(&answer, arena, last, cursor, error);
	text_free(&path);
	text_free(&answer.body);
	return result;
}

int recharge_list(const struct shop *shop, struct arena *arena, struct registration **first,
	struct error *error)
{
	struct registration **last = first;
	const char *cursor = NULL;
	int pages = 0;

	*first = NULL;
	do {
		if (pages++ == PAGES_MOST)
			return error_set(error, "ReCharge's list of webhooks has no end: try "
						"again later");
		if (list_page(shop, arena, &last, &cursor, error) != 0)
			return -1;
	} while (cursor != NULL);
	return 0;
}

/* ---- registering ---- */

static int post_registration(const struct shop *shop, const struct registration *wanted,
	const char *included, long *status, struct error *error)
{
	struct http_answer answer = {0};
	struct text path = {0};
	struct text body = {0};
	int result;

	text_put(&path, "/webhooks");
	text_put(&body, "{");
	json_add_member(&body, "address", wanted->address);
	json_add_member(&body, "topic", wanted->topic);
	json_add_member(&body, "version", API_VERSION);
	json_add_key(&body, "included_objects");
	text_put(&body, "[");
	if (included != NULL)
		json_add_string(&body, included);
	text_put(&body, "]}");
	result = ask(shop, "POST", &path, &body, &answer, error);
	*status = answer.status;
	text_free(&path);
	text_free(&body);
	text_free(&answer.body);
	return result;
}

int recharge_register(const struct shop *shop, const struct registration *wanted,
	const char *included, struct error *error)
{
	long status;
	int result = post_registration(shop, wanted, included, &status, error);

	if (result != 0 && included != NULL && (status == 400 || status == 422))
		result = post_registration(shop, wanted, NULL, &status, error);
	return result;
}
