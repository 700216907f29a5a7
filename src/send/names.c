/* A resolver of host names, with a few threads that the whole process shares. */
#include "send/names.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
	FRESH = MINUTE,  /* after it, addresses are looked up again */
	USABLE = HOUR,   /* after it, addresses are not used any more */
	RECENT = SECOND, /* before it, a failed lookup is not repeated */
};

struct name {
	char *host;
	char *addresses; /* NULL for none */
	int64_t found_at;
	const char *reason; /* of the last failure, NULL after a success */
	int64_t failed_at;
	enum { LOOKUP_NONE, LOOKUP_WAITING, LOOKUP_RUNNING } lookup;
	struct name *next; /* in the order of their first lookup */
};

struct names {
	pthread_mutex_t mutex;
	pthread_cond_t requested;
	void (*wake)(void *context);
	void *context;
	struct name *first;
	int threads;
	int idle;
	bool stopped;
};

/* ---- the lookup threads ---- */

static void add_address(struct text *text, const struct addrinfo *info)
{
	char address[INET6_ADDRSTRLEN];
	bool is_v6 = info->ai_family == AF_INET6;
	const void *bytes = is_v6 ? (const void *)&((struct sockaddr_in6 *)info->ai_addr)->sin6_addr
				  : (const void *)&((struct sockaddr_in *)info->ai_addr)->sin_addr;

	if (inet_ntop(info->ai_family, bytes, address, sizeof(address)) == NULL)
		return;
	text_format(text, is_v6 ? "%s[%s]" : "%s%s", text->length > 0 ? "," : "", address);
}

/* The addresses of a name, or NULL with the reason. */
static char *look_up(const char *host, const char **reason)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_ADDRCONFIG};
	struct addrinfo *found = NULL;
	struct text text = {0};
	int code = getaddrinfo(host, NULL, &hints, &found);

	for (const struct addrinfo *info = found; info != NULL; info = info->ai_next)
		if (info->ai_family == AF_INET || info->ai_family == AF_INET6)
			add_address(&text, info);
	if (found != NULL)
		freeaddrinfo(found);
	*reason = code != 0 ? gai_strerror(code) : "no address";
	if (code == 0 && text.length > 0 && !text.failed)
		return text_take(&text);
	text_free(&text);
	return NULL;
}

/* The next name to look up. Names that failed before come last, because they may hang again. */
static struct name *next_name(const struct names *names)
{
	struct name *failed = NULL;

	for (struct name *name = names->first; name != NULL; name = name->next) {
		if (name->lookup != LOOKUP_WAITING)
			continue;
		if (name->reason == NULL)
			return name;
		if (failed == NULL || name->failed_at < failed->failed_at)
			failed = name;
	}
	return failed;
}

static void record_lookup(struct name *name, char *addresses, const char *reason)
{
	name->lookup = LOOKUP_NONE;
	if (addresses != NULL) {
		free(name->addresses);
		name->addresses = addresses;
		name->found_at = clock_monotonic();
		name->reason = NULL;
	} else {
		name->reason = reason;
		name->failed_at = clock_monotonic();
	}
}

static void free_names(struct names *names)
{
	while (names->first != NULL) {
		struct name *name = names->first;

		names->first = name->next;
		free(name->addresses);
		free(name->host);
		free(name);
	}
	(void)pthread_cond_destroy(&names->requested);
	(void)pthread_mutex_destroy(&names->mutex);
	free(names);
}

/* Waits for the next name, with the mutex held. NULL after names_stop. */
static struct name *await_name(struct names *names)
{
	struct name *name = NULL;

	names->idle++;
	while (!names->stopped && (name = next_name(names)) == NULL)
		(void)pthread_cond_wait(&names->requested, &names->mutex);
	names->idle--;
	return names->stopped ? NULL : name;
}

static void *run(void *context)
{
	struct names *names = context;
	struct name *name;
	bool is_last;

	(void)pthread_mutex_lock(&names->mutex);
	while ((name = await_name(names)) != NULL) {
		const char *reason;
		char *addresses;

		name->lookup = LOOKUP_RUNNING;
		(void)pthread_mutex_unlock(&names->mutex);
		addresses = look_up(name->host, &reason);
		(void)pthread_mutex_lock(&names->mutex);
		record_lookup(name, addresses, reason);
		if (!names->stopped)
			names->wake(names->context);
	}
	is_last = --names->threads == 0;
	(void)pthread_mutex_unlock(&names->mutex);
	if (is_last)
		free_names(names);
	return NULL;
}

/* ---- the callers ---- */

struct names *names_create(void (*wake)(void *context), void *context)
{
	struct names *names = calloc(1, sizeof(*names));

	if (names == NULL)
		return NULL;
	names->wake = wake;
	names->context = context;
	(void)pthread_mutex_init(&names->mutex, NULL);
	(void)pthread_cond_init(&names->requested, NULL);
	return names;
}

static struct name *name_of(struct names *names, const char *host)
{
	struct name **end = &names->first;
	struct name *made;

	for (; *end != NULL; end = &(*end)->next)
		if (strcmp((*end)->host, host) == 0)
			return *end;
	made = calloc(1, sizeof(*made));
	if (made == NULL)
		return NULL;
	made->host = strdup(host);
	if (made->host == NULL) {
		free(made);
		return NULL;
	}
	*end = made;
	return made;
}

/* Gives a name to an idle thread, or to a new one. */
static void request_lookup(struct names *names, struct name *name)
{
	pthread_attr_t attributes;
	pthread_t thread;

	name->lookup = LOOKUP_WAITING;
	(void)pthread_cond_signal(&names->requested);
	if (names->idle > 0 || names->threads == NAMES_THREADS_MAX)
		return;
	(void)pthread_attr_init(&attributes);
	(void)pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	if (pthread_create(&thread, &attributes, run, names) == 0)
		names->threads++;
	else if (names->threads == 0)
		record_lookup(name, NULL, "cannot start a lookup thread");
	(void)pthread_attr_destroy(&attributes);
}

static enum name_state state_of(struct names *names, struct name *name, const char **reason)
{
	int64_t now = clock_monotonic();
	bool has_failed = name->reason != NULL && now < name->failed_at + RECENT;
	bool is_usable = name->addresses != NULL && now < name->found_at + USABLE;

	if (is_usable && now < name->found_at + FRESH)
		return NAME_RESOLVED;
	if (name->lookup == LOOKUP_NONE && !has_failed)
		request_lookup(names, name);
	if (is_usable)
		return NAME_RESOLVED;
	if (name->lookup != LOOKUP_NONE)
		return NAME_PENDING;
	*reason = name->reason;
	return NAME_FAILED;
}

enum name_state names_find(
	struct names *names, const char *host, struct text *addresses, const char **reason)
{
	enum name_state state = NAME_FAILED;
	struct name *name;

	*reason = "no memory";
	(void)pthread_mutex_lock(&names->mutex);
	name = name_of(names, host);
	if (name != NULL)
		state = state_of(names, name, reason);
	if (state == NAME_RESOLVED)
		text_put(addresses, name->addresses);
	(void)pthread_mutex_unlock(&names->mutex);
	return state;
}

void names_stop(struct names *names)
{
	bool is_alone;

	if (names == NULL)
		return;
	(void)pthread_mutex_lock(&names->mutex);
	names->stopped = true;
	(void)pthread_cond_broadcast(&names->requested);
	is_alone = names->threads == 0;
	(void)pthread_mutex_unlock(&names->mutex);
	if (is_alone)
		free_names(names);
}
