/* Takes batches as Segment would and answers 200 at once: what sending costs, without a peer's
 * cost.
 *
 *   sink [down]   prints its port on 127.0.0.1, serves until stdin ends, then prints as JSON how
 *                 many requests, messages and bytes came; with `down` it answers 503. A line on
 * stdin, `up` or `down`, changes that. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PEERS_MAX = 64, REQUEST_MAX = 1 << 20 };

struct peer {
	char *bytes;
	size_t length;
};

static struct peer peers[PEERS_MAX];
static struct pollfd polls[PEERS_MAX + 2]; /* stdin, the listener, the peers */
static unsigned long requests, messages, body_bytes;
static bool is_down;

static void count_messages(const char *body, size_t length)
{
	static const char mark[] = "{\"messageId\":";
	const char *at = body;

	while ((at = memmem(at, length - (size_t)(at - body), mark, sizeof(mark) - 1)) != NULL) {
		messages++;
		at += sizeof(mark);
	}
}

/* Answers the request at the beginning of the bytes; 0 when it is not whole yet. */
static size_t answer(int fd, const char *bytes, size_t length)
{
	static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
				 "Content-Length: 16\r\n\r\n{\"success\":true}";
	static const char down[] = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
	static const char more[] = "HTTP/1.1 100 Continue\r\n\r\n";
	const char *end = memmem(bytes, length, "\r\n\r\n", 4);
	const char *size = end != NULL ? strcasestr(bytes, "content-length:") : NULL;
	size_t head;
	size_t body;

	if (end == NULL || size == NULL)
		return 0;
	head = (size_t)(end + 4 - bytes);
	body = strtoul(size + 15, NULL, 10);
	if (length == head && strcasestr(bytes, "expect: 100") != NULL)
		(void)!write(fd, more, sizeof(more) - 1);
	if (length < head + body)
		return 0;
	requests++;
	if (is_down) {
		(void)!write(fd, down, sizeof(down) - 1);
		return head + body;
	}
	body_bytes += body;
	count_messages(bytes + head, body);
	(void)!write(fd, ok, sizeof(ok) - 1);
	return head + body;
}

static void drop(int i)
{
	(void)close(polls[i + 2].fd);
	polls[i + 2].fd = -1;
	peers[i].length = 0;
}

static void serve(int i)
{
	struct peer *peer = &peers[i];
	ssize_t got = recv(
		polls[i + 2].fd, peer->bytes + peer->length, REQUEST_MAX - 1 - peer->length, 0);
	size_t used;

	if (got <= 0) {
		drop(i);
		return;
	}
	peer->length += (size_t)got;
	peer->bytes[peer->length] = '\0';
	while ((used = answer(polls[i + 2].fd, peer->bytes, peer->length)) > 0) {
		memmove(peer->bytes, peer->bytes + used, peer->length - used + 1);
		peer->length -= used;
	}
}

static void admit(int listener)
{
	int fd = accept(listener, NULL, NULL);
	int on = 1;

	for (int i = 0; fd >= 0 && i < PEERS_MAX; i++) {
		if (polls[i + 2].fd >= 0)
			continue;
		if (peers[i].bytes == NULL)
			peers[i].bytes = malloc(REQUEST_MAX);
		if (peers[i].bytes == NULL)
			break;
		(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		polls[i + 2] = (struct pollfd){.fd = fd, .events = POLLIN};
		return;
	}
	if (fd >= 0)
		(void)close(fd);
}

/* A line of stdin; false at its end. */
static bool read_order(void)
{
	char line[16];
	ssize_t length = read(STDIN_FILENO, line, sizeof(line));

	if (length > 0)
		is_down = line[0] == 'd';
	return length > 0;
}

int main(int argc, char **argv)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	is_down = argc > 1 && strcmp(argv[1], "down") == 0;
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, size) != 0 ||
		listen(listener, 64) != 0 ||
		getsockname(listener, (struct sockaddr *)&address, &size) != 0)
		return 1;
	printf("%d\n", ntohs(address.sin_port));
	(void)fflush(stdout);
	polls[0] = (struct pollfd){.fd = STDIN_FILENO, .events = POLLIN};
	polls[1] = (struct pollfd){.fd = listener, .events = POLLIN};
	for (int i = 0; i < PEERS_MAX; i++)
		polls[i + 2].fd = -1;
	for (;;) {
		if (poll(polls, PEERS_MAX + 2, -1) < 0 && errno != EINTR)
			return 1;
		if (polls[0].revents != 0 && !read_order())
			break;
		if (polls[1].revents & POLLIN)
			admit(listener);
		for (int i = 0; i < PEERS_MAX; i++)
			if (polls[i + 2].fd >= 0 && polls[i + 2].revents != 0)
				serve(i);
	}
	printf("{\"requests\":%lu,\"messages\":%lu,\"bytes\":%lu}\n", requests, messages,
		body_bytes);
	return 0;
}
