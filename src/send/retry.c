/* The outcome of an attempt by its answer, and the time to wait. */
#include "send/retry.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/json.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <sys/random.h>

enum { BACKOFF_FIRST = 500, BACKOFF_MOST = MINUTE, RETRY_AFTER_MOST = HOUR };

/* Whether a member of an answer is false, "false", 0, or null. */
static bool is_false(const cJSON *answer, const char *name)
{
	const cJSON *member = cJSON_GetObjectItemCaseSensitive(answer, name);
	const char *text = json_text(answer, name);

	return cJSON_IsFalse(member) || cJSON_IsNull(member) ||
	       (text != NULL && (strcasecmp(text, "false") == 0 || strcmp(text, "0") == 0));
}

/* Whether a member of an answer is present and not false. */
static bool has_content(const cJSON *answer, const char *name)
{
	return json_at(answer, name) != NULL && !is_false(answer, name);
}

static bool is_failure_word(const char *word)
{
	static const char *const words[] = {"error", "fail", "failed", "failure"};

	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(word, words[i]) == 0)
			return true;
	return false;
}

/* Servers with Segment's protocol may report an error in the body: Segment's {"success":false},
 * Jitsu's {"ok":false,"errors":[...]}, {"status":"error"}, {"error":"..."}. */
static bool is_refusal(const cJSON *answer)
{
	return is_false(answer, "success") || is_false(answer, "ok") ||
	       has_content(answer, "errors") || has_content(answer, "error") ||
	       is_failure_word(json_text(answer, "status"));
}

/* Whether an answer's body accepts the batch. */
static bool is_acceptance(const char *answer)
{
	size_t skip = strspn(answer, " \t\r\n");
	struct arena *arena;
	struct error error;
	const cJSON *json;
	bool accepted;

	answer += skip;
	if (*answer == '\0')
		return true;
	if (strncasecmp(answer, "ok", 2) == 0 &&
		strspn(answer + 2, " \t\r\n") == strlen(answer + 2))
		return true;
	arena = arena_create(1024);
	if (arena == NULL)
		return false;
	json = json_parse(arena, answer, strlen(answer), &error);
	accepted = cJSON_IsObject(json) && !is_refusal(json);
	arena_destroy(arena);
	return accepted;
}

enum outcome retry_classify(CURLcode code, long status, const char *answer)
{
	static const long retried[] = {408, 410, 429, 460};
	static const long content[] = {400, 413, 422};

	if (code != CURLE_OK)
		return OUTCOME_RETRY;
	if (status >= 200 && status < 300)
		return is_acceptance(answer) ? OUTCOME_SENT : OUTCOME_RETRY;
	for (size_t i = 0; i < sizeof(retried) / sizeof(retried[0]); i++)
		if (status == retried[i])
			return OUTCOME_RETRY;
	for (size_t i = 0; i < sizeof(content) / sizeof(content[0]); i++)
		if (status == content[i])
			return OUTCOME_BISECT;
	return status >= 500 && status != 501 && status != 505 ? OUTCOME_RETRY
							       : OUTCOME_CONFIG_ERROR;
}

int64_t retry_backoff(int64_t failures)
{
	int64_t most = BACKOFF_FIRST;
	uint32_t random = 0;

	while (--failures > 0 && most < BACKOFF_MOST)
		most *= 2;
	if (most > BACKOFF_MOST)
		most = BACKOFF_MOST;
	if (getrandom(&random, sizeof(random), 0) != (ssize_t)sizeof(random))
		return most;
	return (int64_t)(random % (uint32_t)(most + 1));
}

int64_t retry_after(const char *header, int64_t now)
{
	size_t digits = header != NULL ? strspn(header, "0123456789") : 0;
	int64_t wait = 0;
	time_t date;

	if (header == NULL)
		return -1;
	if (digits > 0 && header[digits] == '\0') {
		for (size_t i = 0; i < digits && wait < RETRY_AFTER_MOST; i++)
			wait = wait * 10 + (header[i] - '0');
		wait = wait < RETRY_AFTER_MOST ? wait * SECOND : RETRY_AFTER_MOST;
	} else {
		date = curl_getdate(header, NULL);
		if (date == -1)
			return -1;
		/* curl_getdate() accepts a year of nine digits, which overflows in
		 * milliseconds */
		if (date > (now + RETRY_AFTER_MOST) / SECOND)
			return RETRY_AFTER_MOST;
		wait = (int64_t)date * SECOND - now;
	}
	if (wait < 0)
		return 0;
	return wait < RETRY_AFTER_MOST ? wait : RETRY_AFTER_MOST;
}
