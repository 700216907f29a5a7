/* Posts signed webhooks of distinct orders over keep-alive connections, and measures the answers.
 *
 *   load PORT SHOP SECRET [TOPIC=]TEMPLATE[,…] COUNT CONNECTIONS [RATE [FIRST]]
 *
 * Every occurrence of the marker in a template becomes a number (FIRST and up), of the token's
 * marker a token made of it, so all bodies have one length. Of several templates each number takes
 * its turn through all. With a RATE the requests are due at even times, and the time of an answer
 * counts from when its request was due: a relay that falls behind cannot hide it. Only to
 * 127.0.0.1. Prints one line of JSON. */
#include "base/clock.h"
#include "base/digest.h"
#include "base/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define MARKER "7777777777777"
#define TOKEN "7070707070707070" /* of carts and checkouts: they do not grow as ids do */

enum {
	MARKER_LENGTH = sizeof(MARKER) - 1,
	TOKEN_LENGTH = sizeof(TOKEN) - 1,
	CONNECTIONS_MAX = 1024,
	MARKS_MAX = 128,
	WEBHOOKS_MAX = 16,
};

struct marks {
	size_t at[MARKS_MAX];
	size_t count;
};

struct webhook {
	const char *topic;
	struct text body;
	struct marks numbers;
	struct marks tokens;
};

struct connection {
	int fd;
	bool busy;
	struct text request;
	size_t sent;
	char answer[1024];
	size_t received;
	int64_t due; /* ns */
};

struct load {
	const char *shop;
	const char *secret;
	struct webhook webhooks[WEBHOOKS_MAX];
	size_t webhook_count;
	int64_t bytes; /* of all bodies posted */
	int64_t count;
	int64_t first;
	int64_t started; /* requests */
	int64_t answered;
	int64_t refused;
	double interval;     /* ns, 0 for as fast as answers come */
	int64_t begin;       /* ns */
	uint32_t *latencies; /* microseconds */
	struct connection connections[CONNECTIONS_MAX];
	struct pollfd polls[CONNECTIONS_MAX];
	nfds_t connection_count;
};

static int64_t now_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static void find_marks(struct marks *marks, const struct text *body, const char *marker)
{
	size_t length = strlen(marker);

	for (const char *at = body->data; (at = strstr(at, marker)) != NULL; at += length)
		if (marks->count < MARKS_MAX)
			marks->at[marks->count++] = (size_t)(at - body->data);
}

static void read_webhook(struct webhook *webhook, const char *path)
{
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t length;

	if (file == NULL)
		die(path);
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		text_add(&webhook->body, part, length);
	(void)fclose(file);
	find_marks(&webhook->numbers, &webhook->body, MARKER);
	find_marks(&webhook->tokens, &webhook->body, TOKEN);
}

static void read_webhooks(struct load *load, char *list)
{
	char *rest = NULL;

	for (char *word = strtok_r(list, ",", &rest); word != NULL;
		word = strtok_r(NULL, ",", &rest)) {
		struct webhook *webhook = &load->webhooks[load->webhook_count];
		char *equals = strchr(word, '=');

		if (load->webhook_count++ == WEBHOOKS_MAX)
			exit(2);
		webhook->topic = equals != NULL ? word : "orders/create";
		if (equals != NULL)
			*equals = '\0';
		read_webhook(webhook, equals != NULL ? equals + 1 : word);
		if (webhook->numbers.count + webhook->tokens.count == 0)
			exit(2);
	}
}

/* splitmix64: as random as tokens are, and the same each time. */
static uint64_t scrambled(uint64_t number)
{
	number += 0x9e3779b97f4a7c15;
	number = (number ^ number >> 30) * 0xbf58476d1ce4e5b9;
	number = (number ^ number >> 27) * 0x94d049bb133111eb;
	return number ^ number >> 31;
}

static void write_marks(struct text *body, const struct marks *marks, const char *value)
{
	for (size_t i = 0; i < marks->count; i++)
		memcpy(body->data + marks->at[i], value, strlen(value));
}

/* Makes the next request. */
static void make_request(struct load *load, struct connection *connection)
{
	unsigned char digest[SHA256_SIZE];
	char signature[SHA256_BASE64];
	char number[MARKER_LENGTH + 1];
	char token[TOKEN_LENGTH + 1];
	struct webhook *webhook = &load->webhooks[(size_t)load->started % load->webhook_count];
	int64_t order = load->first + load->started / (int64_t)load->webhook_count;

	(void)snprintf(number, sizeof(number), "%0*" PRId64, (int)MARKER_LENGTH, order);
	(void)snprintf(
		token, sizeof(token), "%0*" PRIx64, (int)TOKEN_LENGTH, scrambled((uint64_t)order));
	write_marks(&webhook->body, &webhook->numbers, number);
	write_marks(&webhook->body, &webhook->tokens, token);
	load->bytes += (int64_t)webhook->body.length;
	if (digest_hmac(load->secret, strlen(load->secret), webhook->body.data,
		    webhook->body.length, digest) != 0)
		die("hmac");
	digest_base64(digest, signature);
	text_cut(&connection->request, 0);
	text_format(&connection->request,
		"POST /webhooks/shopify HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: application/json\r\nUser-Agent: Shopify-Captain-Hook\r\n"
		"X-Shopify-Topic: %s\r\nX-Shopify-Shop-Domain: %s\r\n"
		"X-Shopify-API-Version: 2026-10\r\nX-Shopify-Hmac-Sha256: %s\r\n"
		"X-Shopify-Webhook-Id: 00000000-0000-4000-8000-%012" PRId64 "\r\n"
		"X-Shopify-Triggered-At: 2026-11-23T10:00:00.000000000Z\r\n"
		"X-Shopify-Test: false\r\nContent-Length: %zu\r\n\r\n",
		webhook->topic, load->shop, signature, order % 1000000000000, webhook->body.length);
	text_add(&connection->request, webhook->body.data, webhook->body.length);
}

static void send_more(struct connection *connection)
{
	while (connection->sent < connection->request.length) {
		ssize_t sent = send(connection->fd, connection->request.data + connection->sent,
			connection->request.length - connection->sent, MSG_NOSIGNAL);

		if (sent < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (sent < 0)
			die("send");
		connection->sent += (size_t)sent;
	}
}

/* Whether a whole answer is there; its bodies are short. */
static bool is_answered(const struct connection *connection)
{
	const char *end = strstr(connection->answer, "\r\n\r\n");
	const char *length = strcasestr(connection->answer, "content-length:");

	if (end == NULL || length == NULL)
		return false;
	return connection->received >=
	       (size_t)(end + 4 - connection->answer) + strtoul(length + 15, NULL, 10);
}

static void receive(struct load *load, struct connection *connection)
{
	ssize_t received = recv(connection->fd, connection->answer + connection->received,
		sizeof(connection->answer) - 1 - connection->received, 0);

	if (received < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (received <= 0)
		die("the relay closed a connection");
	connection->received += (size_t)received;
	connection->answer[connection->received] = '\0';
	if (!is_answered(connection))
		return;
	if (strncmp(connection->answer, "HTTP/1.1 200", 12) != 0)
		load->refused++;
	load->latencies[load->answered++] = (uint32_t)((now_ns() - connection->due) / 1000);
	connection->busy = false;
}

static void start_next(struct load *load, struct connection *connection)
{
	int64_t now = now_ns();
	int64_t due = load->begin + (int64_t)(load->interval * (double)load->started);

	if (connection->busy || load->started == load->count || due > now)
		return;
	connection->due = load->interval > 0 ? due : now;
	connection->busy = true;
	connection->sent = connection->received = 0;
	make_request(load, connection);
	load->started++;
	send_more(connection);
}

static int connect_to(const char *port)
{
	struct sockaddr_in address = {.sin_family = AF_INET,
		.sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
		.sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int on = 1;

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		die("connect");
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void run(struct load *load)
{
	load->begin = now_ns();
	while (load->answered < load->count) {
		for (nfds_t i = 0; i < load->connection_count; i++) {
			struct connection *connection = &load->connections[i];

			start_next(load, connection);
			load->polls[i].fd = connection->fd;
			load->polls[i].events = POLLIN;
			if (connection->busy && connection->sent < connection->request.length)
				load->polls[i].events |= POLLOUT;
		}
		if (poll(load->polls, load->connection_count, load->interval > 0 ? 1 : 1000) < 0)
			die("poll");
		for (nfds_t i = 0; i < load->connection_count; i++) {
			if (load->polls[i].revents & POLLOUT)
				send_more(&load->connections[i]);
			if (load->polls[i].revents & (POLLIN | POLLHUP | POLLERR))
				receive(load, &load->connections[i]);
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static void report(struct load *load)
{
	double seconds = (double)(now_ns() - load->begin) / 1e9;
	size_t count = (size_t)load->answered;

	qsort(load->latencies, count, sizeof(*load->latencies), compare);
	printf("{\"answered\":%" PRId64 ",\"refused\":%" PRId64 ",\"seconds\":%.3f,\"rate\":%.1f,"
	       "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"body_bytes\":%" PRId64 "}\n",
		load->answered, load->refused, seconds, (double)load->answered / seconds,
		load->latencies[count / 2] / 1000.0, load->latencies[count * 99 / 100] / 1000.0,
		load->latencies[count - 1] / 1000.0, load->bytes / load->answered);
}

int main(int argc, char **argv)
{
	static struct load load;

	if (argc < 7) {
		(void)fputs("usage: load PORT SHOP SECRET [TOPIC=]TEMPLATE[,…] COUNT CONNECTIONS"
			    " [RATE [FIRST]]\n",
			stderr);
		return 2;
	}
	load.shop = argv[2];
	load.secret = argv[3];
	read_webhooks(&load, argv[4]);
	load.count = strtoll(argv[5], NULL, 10);
	load.connection_count = strtoul(argv[6], NULL, 10);
	load.interval = argc > 7 && atof(argv[7]) > 0 ? 1e9 / atof(argv[7]) : 0;
	load.first = argc > 8 ? strtoll(argv[8], NULL, 10) : 5000000000001;
	if (load.count < 1 || load.count > 10000000 || load.connection_count < 1 ||
		load.connection_count > CONNECTIONS_MAX || load.webhook_count == 0)
		return 2;
	load.latencies = calloc((size_t)load.count, sizeof(*load.latencies));
	if (load.latencies == NULL)
		die("memory");
	for (nfds_t i = 0; i < load.connection_count; i++)
		load.connections[i].fd = connect_to(argv[1]);
	run(&load);
	report(&load);
	return load.refused > 0;
}
