/* For the tests of the sender: an engine with an outbox in memory, and a small Segment on loopback
 * that answers as the test says. Every wait is bounded: a test fails rather than hangs. */
#ifndef SEGRELAY_TESTS_SENDING_H
#define SEGRELAY_TESTS_SENDING_H

#include "unit.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/text.h"
#include "send/sender.h"

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY "k3y0fTheB1ueKett1e0000000000main"
#define OTHER_KEY "k3y0fTheB1ueKett1e000000000other"
#define GOOD "{\"success\": true}"
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

enum { PATIENCE = 10 * SECOND, MESSAGES_MAX = 500, VISITS_MAX = 300, CONNECTIONS_MAX = 64 };

/* ---- an engine for tests ---- */

struct parcel {
	const char *destination;
	char json[120];
	int64_t queued;
	bool claimed;
	int sent; /* how often it was settled as sent */
	long status;
	char words[256]; /* why it is a dead letter */
};

struct engine {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	struct request *first;
	struct request **last;
	bool stopping;
	int failures; /* turns to come whose commit fails */
	struct parcel parcels[MESSAGES_MAX];
	int count;
	int sent;
	int dead;
	int claims;
	struct destination_state states[2]; /* as they were at the last commit */
	size_t state_count;
};

static struct engine engine;

void engine_submit(struct engine *it, struct request *request)
{
	(void)pthread_mutex_lock(&it->lock);
	request->next = NULL;
	*it->last = request;
	it->last = &request->next;
	(void)pthread_cond_broadcast(&it->changed);
	(void)pthread_mutex_unlock(&it->lock);
}

int engine_call(struct engine *it, struct request *request, struct error *error)
{
	int result;

	(void)pthread_mutex_lock(&it->lock);
	result = request->run(it, request, error);
	(void)pthread_mutex_unlock(&it->lock);
	return result;
}

const struct destination_state *engine_destinations(const struct engine *it, size_t *count)
{
	*count = it->state_count;
	return it->states;
}

int engine_claim(struct engine *it, const char *destination, const struct claim_limits *limits,
	struct arena *arena, struct message **messages, size_t *count, struct error *error)
{
	(void)error;
	*count = 0;
	*messages = arena_alloc(arena, limits->messages * sizeof(**messages));
	assert_non_null(*messages);
	it->claims++;
	for (int i = 0; i < it->count && *count < limits->messages; i++) {
		struct parcel *parcel = &it->parcels[i];

		if (parcel->claimed || strcmp(parcel->destination, destination) != 0)
			continue;
		parcel->claimed = true;
		(*messages)[(*count)++] = (struct message){.id = i,
			.event = "Order Completed",
			.queued = parcel->queued,
			.json = arena_copy(arena, parcel->json),
			.json_length = strlen(parcel->json)};
	}
	return 0;
}

int engine_settle_sent(struct engine *it, const char *destination, const int64_t *ids, size_t count,
	struct error *error)
{
	(void)error;
	for (size_t i = 0; i < count; i++) {
		assert_string_equal(it->parcels[ids[i]].destination, destination);
		it->parcels[ids[i]].sent++;
	}
	it->sent += (int)count;
	return 0;
}

int engine_settle_dead(struct engine *it, const char *destination, int64_t message, int64_t status,
	const char *reason, int64_t *dead, struct error *error)
{
	struct parcel *parcel = &it->parcels[message];

	(void)error;
	assert_string_equal(parcel->destination, destination);
	parcel->status = (long)status;
	(void)snprintf(parcel->words, sizeof(parcel->words), "%s", reason);
	*dead = message + 1000;
	it->dead++;
	return 0;
}

int engine_pause(struct engine *it, const struct destination_state *pause, struct error *error)
{
	(void)error;
	for (size_t i = 0; i < it->state_count; i++)
		if (strcmp(it->states[i].name, pause->name) == 0) {
			char *name = it->states[i].name;

			it->states[i] = *pause;
			it->states[i].name = name;
		}
	return 0;
}

/* One turn: all or nothing, as the real one. */
static inline void carry_out(struct engine *it, struct request *requests)
{
	static struct engine before;
	const struct error error = {"the disk is broken"};
	bool fails = it->failures > 0;

	before = *it;
	for (struct request *request = requests; request != NULL; request = request->next)
		(void)request->run(it, request, NULL);
	if (fails) {
		memcpy(it->parcels, before.parcels, sizeof(it->parcels));
		memcpy(it->states, before.states, sizeof(it->states));
		it->sent = before.sent;
		it->dead = before.dead;
		it->failures--;
	}
	while (requests != NULL) {
		struct request *next = requests->next;

		requests->done(requests, fails ? -1 : 0, fails ? &error : NULL);
		requests = next;
	}
}

static inline void *run_engine(void *context)
{
	struct engine *it = context;

	(void)pthread_mutex_lock(&it->lock);
	while (!it->stopping || it->first != NULL) {
		struct request *group = it->first;

		if (group == NULL) {
			(void)pthread_cond_wait(&it->changed, &it->lock);
			continue;
		}
		it->first = NULL;
		it->last = &it->first;
		carry_out(it, group);
	}
	(void)pthread_mutex_unlock(&it->lock);
	return NULL;
}

/* ---- a Segment for tests ---- */

/* A request, and how it is to be answered. */
struct visit {
	int number; /* 0, 1, … in the order of arrival */
	int64_t at; /* ms of the monotonic clock */
	int port;   /* of the client: tells connections apart */
	int retry;  /* X-Retry-Count, 0 without one */
	int messages;
	bool other; /* with the other write key */
	char sent_at[TIME_TEXT];
	const char *head;
	const char *body;
	int status; /* of the answer; 0 hangs up instead */
	const char *headers;
	const char *answer;
	int delay; /* ms before the answer */
};

struct segment {
	pthread_t thread;
	pthread_mutex_t lock;
	int listening;
	int port;
	void (*behave)(struct visit *visit); /* called with the lock held */
	struct visit visits[VISITS_MAX];     /* without head and body */
	int count;
	int open;               /* requests that are not answered yet */
	int most_open;          /* at once */
	int told[MESSAGES_MAX]; /* how often each message was accepted */
	pthread_t connections[CONNECTIONS_MAX];
	int sockets[CONNECTIONS_MAX];
	int connection_count;
};

static struct segment segment;

static inline void accept_all(struct visit *visit)
{
	(void)visit;
}

/* Calls `note` with the number of each message of a body: they hold "n":NUMBER. */
static inline void each_number(
	const char *body, void (*note)(int number, void *context), void *context)
{
	for (const char *at = strstr(body, "\"n\":"); at != NULL; at = strstr(at + 1, "\"n\":"))
		note(atoi(at + 4), context);
}

static inline void count_one(int number, void *context)
{
	(void)number;
	++*(int *)context;
}

static inline void tell_one(int number, void *context)
{
	(void)context;
	if (number >= 0 && number < MESSAGES_MAX)
		segment.told[number]++;
}

static inline void judge(struct visit *visit)
{
	const char *retry = strcasestr(visit->head, "\r\nX-Retry-Count: ");
	const char *sent_at = strstr(visit->body, "\"sentAt\":\"");

	visit->at = clock_monotonic();
	visit->retry = retry != NULL ? atoi(retry + strlen("\r\nX-Retry-Count: ")) : 0;
	visit->other = strstr(visit->body, OTHER_KEY) != NULL;
	if (sent_at != NULL)
		(void)snprintf(visit->sent_at, sizeof(visit->sent_at), "%.24s", sent_at + 10);
	visit->status = 200;
	visit->headers = "";
	visit->answer = GOOD;
	each_number(visit->body, count_one, &visit->messages);
	(void)pthread_mutex_lock(&segment.lock);
	visit->number = segment.count;
	segment.behave(visit);
	if (visit->status == 200 && strcmp(visit->answer, GOOD) == 0)
		each_number(visit->body, tell_one, NULL);
	if (segment.count < VISITS_MAX)
		segment.visits[segment.count++] = *visit;
	segment.most_open = ++segment.open > segment.most_open ? segment.open : segment.most_open;
	(void)pthread_mutex_unlock(&segment.lock);
}

/* Reads a request; false when the client is gone. `at` is where its body begins. */
static inline bool read_request(int fd, struct text *bytes, size_t *at)
{
	size_t expected = SIZE_MAX;
	char part[16384];

	text_cut(bytes, 0);
	while (bytes->length < expected) {
		ssize_t count = recv(fd, part, sizeof(part), 0);
		const char *end;
		const char *length;

		if (count <= 0)
			return false;
		text_add(bytes, part, (size_t)count);
		end = strstr(bytes->data, "\r\n\r\n");
		if (expected != SIZE_MAX || end == NULL)
			continue;
		length = strcasestr(bytes->data, "\r\nContent-Length: ");
		*at = (size_t)(end - bytes->data) + 4;
		expected = *at + (length != NULL ? strtoul(length + 18, NULL, 10) : 0);
	}
	bytes->data[*at - 1] = '\0';
	return true;
}

static inline bool give_answer(int fd, const struct visit *visit)
{
	struct text answer = {0};
	bool good;

	if (visit->delay > 0)
		(void)usleep((useconds_t)visit->delay * 1000);
	(void)pthread_mutex_lock(&segment.lock);
	segment.open--;
	(void)pthread_mutex_unlock(&segment.lock);
	text_format(&answer, "HTTP/1.1 %d Word\r\nContent-Length: %zu\r\n%s\r\n%s", visit->status,
		strlen(visit->answer), visit->headers, visit->answer);
	good = visit->status != 0 &&
	       send(fd, answer.data, answer.length, MSG_NOSIGNAL) == (ssize_t)answer.length;
	text_free(&answer);
	return good;
}

static inline void *serve_connection(void *context)
{
	int fd = *(int *)context;
	struct sockaddr_in peer = {0};
	socklen_t length = sizeof(peer);
	struct text bytes = {0};
	size_t at = 0;
	bool goes_on = true;

	(void)getpeername(fd, (struct sockaddr *)&peer, &length);
	while (goes_on && read_request(fd, &bytes, &at)) {
		struct visit visit = {
			.port = ntohs(peer.sin_port), .head = bytes.data, .body = bytes.data + at};

		judge(&visit);
		goes_on = give_answer(fd, &visit);
	}
	text_free(&bytes);
	(void)shutdown(fd, SHUT_RDWR);
	return NULL;
}

static inline void *run_segment(void *context)
{
	struct segment *it = context;

	for (;;) {
		int fd = accept4(it->listening, NULL, NULL, SOCK_CLOEXEC);

		if (fd < 0 || it->connection_count == CONNECTIONS_MAX)
			return NULL;
		it->sockets[it->connection_count] = fd;
		if (pthread_create(&it->connections[it->connection_count], NULL, serve_connection,
			    &it->sockets[it->connection_count]) != 0)
			return NULL;
		it->connection_count++;
	}
}

/* Listens; port 0 is any. */
static inline void open_segment(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)segment.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	const int yes = 1;

	segment.listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	(void)setsockopt(segment.listening, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(segment.listening, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(segment.listening, 64), 0);
	assert_int_equal(getsockname(segment.listening, (struct sockaddr *)&address, &length), 0);
	segment.port = ntohs(address.sin_port);
	segment.connection_count = 0;
	assert_int_equal(pthread_create(&segment.thread, NULL, run_segment, &segment), 0);
}

static inline void close_segment(void)
{
	(void)shutdown(segment.listening, SHUT_RDWR);
	(void)pthread_join(segment.thread, NULL);
	(void)close(segment.listening);
	for (int i = 0; i < segment.connection_count; i++) {
		(void)shutdown(segment.sockets[i], SHUT_RDWR);
		(void)pthread_join(segment.connections[i], NULL);
		(void)close(segment.sockets[i]);
	}
	segment.listening = -1;
}

/* ---- a sender with two destinations ---- */

static char url[64];
static struct destination destinations[2];
static struct config config;
static struct sender *sender;
static int kept_stderr = -1;
static int log_file = -1;

static inline void set_up_config(void)
{
	static char names[2][8] = {"main", "other"};
	static char keys[2][40] = {KEY, OTHER_KEY};

	for (int i = 0; i < 2; i++)
		destinations[i] = (struct destination){.name = names[i],
			.write_key = keys[i],
			.url = url,
			.batch_messages = 100,
			.batch_wait = 20,
			.batches_in_flight = 4};
	config = (struct config){
		.destinations = destinations, .destination_count = 2, .references = 1};
}

static inline void start(void)
{
	struct error error = {""};

	if (sender_start(&engine, &config, &sender, &error) != 0)
		fail_msg("%s", error.text);
}

static inline int set_up(void **state)
{
	(void)state;
	log_configure(LOG_ERROR, LOG_TEXT);
	memset(&engine, 0, sizeof(engine));
	memset(&segment, 0, sizeof(segment));
	engine.last = &engine.first;
	set_up_config();
	for (int i = 0; i < 2; i++)
		engine.states[engine.state_count++].name = destinations[i].name;
	segment.behave = accept_all;
	(void)pthread_mutex_init(&segment.lock, NULL);
	(void)pthread_mutex_init(&engine.lock, NULL);
	(void)pthread_cond_init(&engine.changed, NULL);
	open_segment();
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%d", segment.port);
	return pthread_create(&engine.thread, NULL, run_engine, &engine);
}

/* Keeps what is logged from here on. */
static inline void keep_log(void)
{
	log_configure(LOG_INFO, LOG_TEXT);
	log_file = memfd_create("log", MFD_CLOEXEC);
	kept_stderr = dup(STDERR_FILENO);
	(void)dup2(log_file, STDERR_FILENO);
}

static inline void release_log(void)
{
	if (kept_stderr < 0)
		return;
	(void)dup2(kept_stderr, STDERR_FILENO);
	(void)close(kept_stderr);
	(void)close(log_file);
	kept_stderr = -1;
}

/* What was logged; the caller frees it. */
static inline char *logged(void)
{
	off_t length = lseek(log_file, 0, SEEK_END);
	char *text = calloc(1, (size_t)length + 1);

	assert_non_null(text);
	assert_int_equal(pread(log_file, text, (size_t)length, 0), length);
	return text;
}

static inline int tear_down(void **state)
{
	(void)state;
	sender_stop(sender, 0);
	sender = NULL;
	release_log();
	if (segment.listening >= 0)
		close_segment();
	(void)pthread_mutex_lock(&engine.lock);
	engine.stopping = true;
	(void)pthread_cond_broadcast(&engine.changed);
	(void)pthread_mutex_unlock(&engine.lock);
	(void)pthread_join(engine.thread, NULL);
	(void)pthread_mutex_destroy(&engine.lock);
	(void)pthread_cond_destroy(&engine.changed);
	(void)pthread_mutex_destroy(&segment.lock);
	return config.references == 1 ? 0 : -1; /* every reference was given back */
}

static inline void behave(void (*as)(struct visit *visit))
{
	(void)pthread_mutex_lock(&segment.lock);
	segment.behave = as;
	(void)pthread_mutex_unlock(&segment.lock);
}

/* Queues messages in the outbox without saying so. */
static inline void store(const char *destination, int count)
{
	(void)pthread_mutex_lock(&engine.lock);
	for (int i = 0; i < count; i++) {
		struct parcel *parcel = &engine.parcels[engine.count];

		assert_true(engine.count < MESSAGES_MAX);
		*parcel = (struct parcel){.destination = destination, .queued = clock_now()};
		(void)snprintf(parcel->json, sizeof(parcel->json),
			"{\"type\":\"track\",\"event\":\"Order Completed\",\"n\":%d}",
			engine.count++);
	}
	for (size_t i = 0; i < engine.state_count; i++)
		if (strcmp(engine.states[i].name, destination) == 0)
			engine.states[i].queued += count;
	(void)pthread_mutex_unlock(&engine.lock);
}

static inline void queue(const char *destination, int count)
{
	store(destination, count);
	sender_queued(sender, destination, count);
}

static inline int read_locked(pthread_mutex_t *lock, const int *counter)
{
	int value;

	(void)pthread_mutex_lock(lock);
	value = *counter;
	(void)pthread_mutex_unlock(lock);
	return value;
}

static inline void await(pthread_mutex_t *lock, const int *counter, int expected, const char *what)
{
	int64_t end = clock_monotonic() + PATIENCE;

	while (read_locked(lock, counter) < expected) {
		if (clock_monotonic() > end)
			fail_msg(
				"%s: %d instead of %d", what, read_locked(lock, counter), expected);
		(void)usleep(1000);
	}
}

static inline void await_sent(int count)
{
	await(&engine.lock, &engine.sent, count, "messages sent");
}

static inline void await_dead(int count)
{
	await(&engine.lock, &engine.dead, count, "dead letters");
}

static inline void await_visits(int count)
{
	await(&segment.lock, &segment.count, count, "requests");
}

static inline int visits(void)
{
	return read_locked(&segment.lock, &segment.count);
}

/* Each message but one (-1 for none) was accepted by Segment once, and settled once. */
static inline void assert_told_once(int but)
{
	(void)pthread_mutex_lock(&engine.lock);
	(void)pthread_mutex_lock(&segment.lock);
	for (int i = 0; i < engine.count; i++) {
		if (segment.told[i] != (i != but) || engine.parcels[i].sent != (i != but))
			fail_msg("message %d: told %d times, settled %d times", i, segment.told[i],
				engine.parcels[i].sent);
	}
	(void)pthread_mutex_unlock(&segment.lock);
	(void)pthread_mutex_unlock(&engine.lock);
}

#endif
