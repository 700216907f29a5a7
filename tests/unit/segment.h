/* A small Segment on loopback for tests of the sender: it notes who came, and answers as the test
 * says. */
#ifndef SEGRELAY_TESTS_SEGMENT_H
#define SEGRELAY_TESTS_SEGMENT_H

#include "unit.h"

#include "base/clock.h"
#include "base/text.h"
#include "outbox.h"

#include <arpa/inet.h>
#include <limits.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define GOOD "{\"success\": true}"
#define OTHER_KEY "k3y0fTheB1ueKett1e000000000other"

enum { VISITS_MAX = 300, CONNECTIONS_MAX = 4096, HELD_MOST = 10000 };

/* A request, and how it is to be answered. */
struct visit {
	int number; /* 0, 1, … in the order of arrival */
	int64_t at; /* ms of the monotonic clock */
	int port;   /* of the client: identifies the connection */
	int retry;  /* X-Retry-Count, 0 without one */
	int messages;
	bool other; /* with the other write key */
	char sent_at[TIME_TEXT];
	const char *head;
	const char *body;
	int status; /* of the answer; 0 hangs up instead */
	const char *headers;
	const char *answer;
	int until; /* it is answered when so many have come, or all are let go; INT_MAX for the
		      latter */
	int delay; /* ms before the answer, after that */
};

struct segment {
	pthread_t thread;
	pthread_mutex_t lock;
	int listening;
	int held; /* keeps the port ours while nobody listens */
	int port;
	void (*behave)(struct visit *visit); /* called with the lock held */
	struct visit visits[VISITS_MAX];     /* without head and body */
	int count;
	bool let_go;                /* nobody waits for others any more */
	int open;                   /* requests that are not answered yet */
	int most_open;              /* at once */
	int accepted[MESSAGES_MAX]; /* how often each message was accepted */
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

static inline void count_accepted(int number, void *context)
{
	(void)context;
	if (number >= 0 && number < MESSAGES_MAX)
		segment.accepted[number]++;
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
		each_number(visit->body, count_accepted, NULL);
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

static inline bool is_held(const struct visit *visit)
{
	bool held;

	(void)pthread_mutex_lock(&segment.lock);
	held = segment.count < visit->until && !segment.let_go;
	(void)pthread_mutex_unlock(&segment.lock);
	return held;
}

static inline void let_go(void)
{
	(void)pthread_mutex_lock(&segment.lock);
	segment.let_go = true;
	(void)pthread_mutex_unlock(&segment.lock);
}

static inline bool give_answer(int fd, const struct visit *visit)
{
	struct text answer = {0};
	bool good;

	for (int i = 0; i < HELD_MOST && is_held(visit); i++)
		(void)usleep(1000);
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

/* On the port, where there is one yet. */
static inline int bind_socket(void)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)segment.port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	const int yes = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
	segment.port = ntohs(address.sin_port);
	return fd;
}

/* Listens; after close_segment() again on the same port. */
static inline void open_segment(void)
{
	if (segment.port == 0)
		segment.held = bind_socket();
	segment.listening = bind_socket();
	assert_int_equal(listen(segment.listening, 64), 0);
	segment.connection_count = 0;
	segment.let_go = false;
	assert_int_equal(pthread_create(&segment.thread, NULL, run_segment, &segment), 0);
}

static inline void close_segment(void)
{
	let_go();
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

#endif
