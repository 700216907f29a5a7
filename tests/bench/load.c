/* Posts signed webhooks of distinct orders over keep-alive connections, and measures the answers.
 *
 *   load PORT SHOP SECRET TEMPLATE COUNT CONNECTIONS [RATE [FIRST]]
 *
 * Every occurrence of the marker in the template becomes the number of the order (FIRST and up), so
 * all bodies have one length. With a RATE the requests are due at even times, and the time of an
 * answer counts from when its request was due: a relay that falls behind cannot hide it. Only to
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

enum { MARKER_LENGTH = sizeof(MARKER) - 1, CONNECTIONS_MAX = 1024, MARKS_MAX = 64 };

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
	struct text body;
	size_t marks[MARKS_MAX];
	size_t mark_count;
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

static void read_template(struct load *load, const char *path)
{
	FILE *file = fopen(path, "r");
	char part[4096];
	size_t length;

	if (file == NULL)
		die(path);
	while ((length = fread(part, 1, sizeof(part), file)) > 0)
		text_add(&load->body, part, length);
	(void)fclose(file);
	for (char *at = load->body.data; (at = strstr(at, MARKER)) != NULL; at += MARKER_LENGTH)
		if (load->mark_count < MARKS_MAX)
			load->marks[load->mark_count++] = (size_t)(at - load->body.data);
}

/* Makes the request of the next order. */
static void make_request(struct load *load, struct connection *connection)
{
	unsigned char digest[SHA256_SIZE];
	char signature[SHA256_BASE64];
	char number[MARKER_LENGTH + 1];
	int64_t order = load->first + load->started;

	(void)snprintf(number, sizeof(number), "%0*" PRId64, (int)MARKER_LENGTH, order);
	for (size_t i = 0; i < load->mark_count; i++)
		memcpy(load->body.data + load->marks[i], number, MARKER_LENGTH);
	if (digest_hmac(load->secret, strlen(load->secret), load->body.data, load->body.length,
		    digest) != 0)
		die("hmac");
	digest_base64(digest, signature);
	text_cut(&connection->request, 0);
	text_format(&connection->request,
		"POST /webhooks/shopify HTTP/1.1\r\nHost: 127.0.0.1\r\n"
		"Content-Type: application/json\r\nUser-Agent: Shopify-Captain-Hook\r\n"
		"X-Shopify-Topic: orders/create\r\nX-Shopify-Shop-Domain: %s\r\n"
		"X-Shopify-API-Version: 2026-10\r\nX-Shopify-Hmac-Sha256: %s\r\n"
		"X-Shopify-Webhook-Id: 00000000-0000-4000-8000-%012" PRId64 "\r\n"
		"X-Shopify-Triggered-At: 2026-11-23T10:00:00.000000000Z\r\n"
		"X-Shopify-Test: false\r\nContent-Length: %zu\r\n\r\n",
		load->shop, signature, order % 1000000000000, load->body.length);
	text_add(&connection->request, load->body.data, load->body.length);
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
	       "\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"max_ms\":%.3f,\"body_bytes\":%zu}\n",
		load->answered, load->refused, seconds, (double)load->answered / seconds,
		load->latencies[count / 2] / 1000.0, load->latencies[count * 99 / 100] / 1000.0,
		load->latencies[count - 1] / 1000.0, load->body.length);
}

int main(int argc, char **argv)
{
	static struct load load;

	if (argc < 7) {
		(void)fputs(
			"usage: load PORT SHOP SECRET TEMPLATE COUNT CONNECTIONS [RATE [FIRST]]\n",
			stderr);
		return 2;
	}
	load.shop = argv[2];
	load.secret = argv[3];
	read_template(&load, argv[4]);
	load.count = strtoll(argv[5], NULL, 10);
	load.connection_count = strtoul(argv[6], NULL, 10);
	load.interval = argc > 7 && atof(argv[7]) > 0 ? 1e9 / atof(argv[7]) : 0;
	load.first = argc > 8 ? strtoll(argv[8], NULL, 10) : 5000000000001;
	if (load.count < 1 || load.count > 10000000 || load.connection_count < 1 ||
		load.connection_count > CONNECTIONS_MAX || load.mark_count == 0)
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
