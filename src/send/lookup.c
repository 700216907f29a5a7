/* The addresses of the host that an attempt connects to.
 *
 * The host is the destination's, or that of the environment's proxy, chosen as libcurl does.
 * libcurl makes the connection, and looks up any name that is not found here. */
#include "send/sender_private.h"

#include "base/clock.h"
#include "config/values.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { LOOKUP_MOST = 5 * SECOND }; /* as for a connection: CONNECT_SECONDS */

static const char *variable(const char *const *names)
{
	for (; *names != NULL; names++) {
		const char *value = getenv(*names);

		if (value != NULL && value[0] != '\0')
			return value;
	}
	return NULL;
}

/* Whether a list, separated by commas or spaces, has the host or a parent domain of it. */
static bool is_listed(const char *host, const char *list)
{
	size_t length = strlen(host);

	while (list != NULL && *(list += strspn(list, ", ")) != '\0') {
		size_t size = strcspn(list, ", ");
		const char *name = list;

		list += size;
		if (size == 1 && *name == '*')
			return true;
		if (*name == '.') {
			name++;
			size--;
		}
		if (size > 0 && size <= length &&
			strncasecmp(host + length - size, name, size) == 0 &&
			(size == length || host[length - size - 1] == '.'))
			return true;
	}
	return false;
}

/* The environment's proxy for a URL, or NULL. */
static const char *proxy_of(const char *url, const char *host)
{
	static const char *const https[] = {
		"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", NULL};
	static const char *const http[] = {"http_proxy", "all_proxy", "ALL_PROXY", NULL};
	static const char *const none[] = {"no_proxy", "NO_PROXY", NULL};

	if (is_listed(host, variable(none)))
		return NULL;
	return variable(strncmp(url, "https:", 6) == 0 ? https : http);
}

/* Parses the host and the port of a URL. The caller frees the host by curl_free. NULL for none. */
static char *host_of(const char *url, const char *usual_port, long *port)
{
	CURLU *parts = curl_url();
	char *host = NULL;
	char *written = NULL;
	const char *number = usual_port;

	if (parts != NULL &&
		curl_url_set(parts, CURLUPART_URL, url, CURLU_GUESS_SCHEME) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_HOST, &host, CURLU_PUNYCODE) == CURLUE_OK &&
		curl_url_get(parts, CURLUPART_PORT, &written, 0) == CURLUE_OK)
		number = written;
	*port = strtol(number, NULL, 10);
	curl_free(written);
	curl_url_cleanup(parts);
	return host;
}

/* Whether a host is a name, and not an address. */
static bool is_name(const char *host)
{
	struct in_addr address;

	return host != NULL && host[0] != '[' && inet_pton(AF_INET, host, &address) != 1;
}

void lookup_find_host(struct attempt *attempt)
{
	const char *url = attempt->options->url;
	bool is_https = strncmp(url, "https:", 6) == 0;
	const char *proxy;

	attempt->look_up_by = attempt->started + LOOKUP_MOST;
	attempt->host = NULL;
	if (value_is_loopback(url))
		return;
	attempt->host = host_of(url, is_https ? "443" : "80", &attempt->port);
	proxy = attempt->host != NULL ? proxy_of(url, attempt->host) : NULL;
	if (proxy != NULL) {
		curl_free(attempt->host);
		attempt->host = host_of(
			proxy, strncmp(proxy, "https:", 6) == 0 ? "443" : "1080", &attempt->port);
	}
	if (is_name(attempt->host) && strcasecmp(attempt->host, "localhost") != 0)
		return;
	curl_free(attempt->host);
	attempt->host = NULL;
}

static bool use_addresses(struct attempt *attempt, const char *addresses)
{
	struct text entry = {0};

	curl_slist_free_all(attempt->resolved);
	text_format(&entry, "%s:%ld:%s", attempt->host, attempt->port, addresses);
	attempt->resolved = entry.failed ? NULL : curl_slist_append(NULL, text_string(&entry));
	text_free(&entry);
	return attempt->resolved != NULL;
}

CURLcode lookup_poll(struct attempt *attempt)
{
	struct text addresses = {0};
	const char *reason;
	CURLcode code = CURLE_AGAIN;

	if (attempt->host == NULL)
		return CURLE_OK;
	switch (names_find(attempt->lane->sender->names, attempt->host, &addresses, &reason)) {
	case NAME_RESOLVED:
		code = !addresses.failed && use_addresses(attempt, text_string(&addresses))
			       ? CURLE_OK
			       : CURLE_OUT_OF_MEMORY;
		break;
	case NAME_FAILED:
		(void)snprintf(attempt->reason, sizeof(attempt->reason),
			"Could not resolve host: %.100s (%s)", attempt->host, reason);
		code = CURLE_COULDNT_RESOLVE_HOST;
		break;
	case NAME_PENDING:
		if (clock_monotonic() < attempt->look_up_by)
			break;
		(void)snprintf(attempt->reason, sizeof(attempt->reason),
			"Resolving timed out: the name servers do not answer for %.100s",
			attempt->host);
		code = CURLE_OPERATION_TIMEDOUT;
		break;
	}
	text_free(&addresses);
	return code;
}
