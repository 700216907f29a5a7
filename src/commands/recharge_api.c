/* ReCharge's API: webhook registrations of one token. */
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
	WAIT_USUAL = 2000, /* ms: ReCharge allows two requests per second */
	WAIT_MOST = 60000,
	PAGE = 50,
	PAGES_MOST = 200,
	EXCERPT = 200,
};

/* ---- errors ---- */

/* The remedy for a status: the first matching row counts. */
static const struct remedy {
	long from;
	long to;
	const char *text;
} remedies[] = {
	{300, 399, "check recharge_api_url"},
	{401, 401,
		"check recharge_token: it must be the API token, not its client secret, and not "
		"revoked"},
	{403, 403,
		"grant the token the permissions read_subscriptions, read_orders and "
		"read_customers in ReCharge"},
	{404, 404, "check recharge_api_url"},
	{429, 429, "other programs use the token's rate limit: try again later"},
	{400, 499, "correct the cause that ReCharge names"},
	{0, LONG_MAX, "try again later"},
};

static int set_error(const struct shop *shop, const struct http_answer *answer, struct error *error)
{
	const struct remedy *remedy = remedies;
	char excerpt[EXCERPT + 1];

	while (answer->status < remedy->from || answer->status > remedy->to)
		remedy++;
	http_excerpt(text_string(&answer->body), shop->recharge_token, excerpt, sizeof(excerpt));
	return error_set(error, "ReCharge answered %ld%s%s: %s", answer->status,
		*excerpt != '\0' ? " " : "", excerpt, remedy->text);
}

static int unanswered(struct error *error)
{
	const struct error reason = *error;

	return error_set(error,
		"ReCharge did not answer: %s. Check the network and try again later", reason.text);
}

/* ---- a request ---- */

static void wait_for(int64_t ms)
{
	struct timespec time = {.tv_sec = ms / SECOND, .tv_nsec = (ms % SECOND) * 1000000};

	(void)nanosleep(&time, NULL);
}

/* Whether a request may be retried. A POST is only retried when ReCharge says that it was not
 * carried out. */
static bool may_retry(const struct http_call *call, int result, long status)
{
	return status == 429 ||
	       (strcmp(call->method, "GET") == 0 && (result != 0 || status >= 500));
}

static int call_with_retries(
	const struct http_call *call, struct http_answer *answer, struct error *error)
{
	int result = 0;

	for (int i = 0; i < TRIES; i++) {
		text_cut(&answer->body, 0);
		result = http_request(call, answer, error);
		if (!may_retry(call, result, answer->status) || answer->wait > WAIT_MOST ||
			i == TRIES - 1)
			break;
		wait_for(answer->wait >= 0 ? answer->wait : WAIT_USUAL);
	}
	return result == 0 ? 0 : unanswered(error);
}

/* Calls the API. 0 with the body of a 2xx answer in answer->body, which the caller frees. */
static int call_api(const struct shop *shop, const char *method, const struct text *path,
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
			 : call_with_retries(&call, answer, error);
	if (result == 0 && (answer->status < 200 || answer->status > 299))
		result = set_error(shop, answer, error);
	digest_wipe(token.data, token.length);
	text_free(&token);
	text_free(&url);
	return result;
}

/* ---- listing ---- */

/* Escapes all but unreserved characters (RFC 3986): a cursor can be any text. */
static void add_escaped(struct text *text, const char *value)
{
	static const char plain[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";

	for (; *value != '\0'; value++)
		text_format(text, strchr(plain, *value) != NULL ? "%c" : "%%%02X",
			(unsigned char)*value);
}

/* Without a list of included objects the registration counts as complete. */
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

static int append(struct arena *arena, const cJSON *webhook, struct registration ***last)
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

/* Reads a page; *cursor is set to the next one, NULL after the last. */
static int read_page(const struct http_answer *answer, struct arena *arena,
	struct registration ***last, const char **cursor, struct error *error)
{
	const cJSON *page =
		json_parse(arena, text_string(&answer->body), answer->body.length, error);
	const cJSON *webhooks = cJSON_GetObjectItemCaseSensitive(page, "webhooks");
	const cJSON *webhook;

	if (!cJSON_IsArray(webhooks))
		return error_set(error, "ReCharge's answer is not a list of webhooks: check "
					"recharge_api_url");
	cJSON_ArrayForEach (webhook, webhooks) {
		if (append(arena, webhook, last) != 0)
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
	result = call_api(shop, "GET", &path, NULL, &answer, error);
	if (result == 0)
		result = read_page(&answer, arena, last, cursor, error);
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
			return error_set(error, "ReCharge's list of webhooks does not end: try "
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
	result = call_api(shop, "POST", &path, &body, &answer, error);
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
