/* Whole exchanges, from the bytes on a socket to the answer: the real listener, engine and store
 * (in memory) with two shops. Nothing crashes, every answer is one of HTTP, and each connection
 * ends.
 *
 * The input: a byte of flags, then what the client sends. In it the byte 2 and three more stand for
 * a run: `2 c high low` is the character c, high * 256 + low times, so that a short input has
 * headers of every length. A signature that the flags ask for is made here, as no fuzzer finds one.
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/text.h"
#include "engine/engine.h"
#include "receive/http/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum {
	SIGN_SHOPIFY = 1,
	SIGN_RECHARGE = 2,
	SIGN_TIMED = 4, /* as ReCharge's newer signature */
	ADD_LENGTH = 8,
	IN_PARTS = 16,
	LEAVE = 32, /* does not wait for the answer */
	RUN = 2,
	RUN_MOST = 40 * 1000,
	SENT_MOST = 256 * 1024,
	MOMENT = 3,          /* ms */
	PATIENCE = 60,       /* s */
	INPUTS_A_LIFE = 5000 /* the store is in memory */
};

#define SECRET "hush-of-the-app"
#define RECHARGE_SECRET "hush-of-the-subscriptions"

static const char settings[] =
	"listen = \"127.0.0.1:0\"\npublic_url = \"https://relay.example\"\nhttp_threads = 1\n"
	"request_timeout = 1s\nidle_timeout = 1s\nmax_body = 64KiB\nmax_in_memory = 1MiB\nmin_free "
	"= 0\n"
	"hints_per_address = 1000000\nhints_per_shop = 1000000\n"
	"destination \"main\" { write_key = \"aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbb\" }\n"
	"shop \"blue-kettle.myshopify.com\" {\nsecrets = {\"" SECRET "\"}\n"
	"recharge_secrets = {\"" RECHARGE_SECRET "\"}\nrecharge_signature = either\n"
	"storefront_origins = {\"https://blue-kettle.example\"}\n"
	"storefront_write_key = \"bbbbbbbbbbbbbbbbaaaaaaaaaaaaaaaa\" }\n"
	"shop \"tea.myshopify.com\" { secrets = {\"" SECRET "\"} }\n";

static struct config *config;
static struct store *store;
static struct engine *engine;
static struct listener *listener;
static int port;
static unsigned inputs;
static int moment = MOMENT; /* ms that the client waits for an answer before it sends no more */

static void fail(const char *what, const char *why)
{
	(void)fprintf(stderr, "%s: %s\n", what, why);
	abort();
}

/* ---- the relay ---- */

static void read_config(void)
{
	struct text report = {0};
	char path[64];
	int fd = memfd_create("segrelay.conf", 0);

	if (fd < 0 || write(fd, settings, strlen(settings)) != (ssize_t)strlen(settings))
		abort();
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (config_load(path, &config, &report) != 0)
		fail("configuration", text_string(&report));
	text_free(&report);
	(void)close(fd);
}

static void start_relay(void)
{
	const struct engine_hooks hooks = {0}; /* timers run only once there are some */
	struct error error = {.text = ""};

	if (store_open("sqlite::memory:", &store, NULL, &error) != 0 ||
		engine_start(store, config, &engine, &error) != 0)
		fail("start", error.text);
	engine_set_hooks(engine, &hooks);
	if (listener_start(engine, config, &listener, &port, &error) != 0)
		fail("start", error.text);
}

static void stop_relay(void)
{
	listener_stop(listener, 0);
	engine_stop(engine);
	store_close(store);
}

/* ---- what is sent ---- */

static void expand(struct text *sent, const unsigned char *data, size_t size)
{
	for (size_t i = 0; i < size && sent->length < SENT_MOST; i++) {
		size_t count = 1;
		char character = (char)data[i];

		if (data[i] == RUN && i + 3 < size) {
			character = (char)data[i + 1];
			count = ((size_t)data[i + 2] << 8 | data[i + 3]) % RUN_MOST;
			i += 3;
		}
		while (count-- > 0)
			text_add(sent, &character, 1);
	}
}

static void sign_shopify(struct text *head, const char *body, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_BASE64];

	(void)digest_hmac(SECRET, strlen(SECRET), body, length, digest);
	digest_base64(digest, text);
	text_format(head, "\r\nX-Shopify-Hmac-Sha256: %s", text);
}

static void sign_recharge(struct text *head, const char *body, size_t length)
{
	const struct digest_part parts[] = {
		{RECHARGE_SECRET, strlen(RECHARGE_SECRET)}, {body, length}};
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_HEX];

	(void)digest_sha256(parts, 2, digest);
	digest_hex(digest, text);
	text_format(head, "\r\nX-Recharge-Hmac-Sha256: %s", text);
}

static void sign_timed(struct text *head, const char *body, size_t length)
{
	unsigned char digest[SHA256_SIZE];
	char text[SHA256_HEX];
	char stamp[24];
	const struct digest_part parts[] = {{stamp, 0}, {".", 1}, {body, length}};
	struct digest_part signed_parts[3];

	(void)snprintf(stamp, sizeof(stamp), "%" PRId64, clock_now() / SECOND);
	memcpy(signed_parts, parts, sizeof(parts));
	signed_parts[0].length = strlen(stamp);
	(void)digest_hmac_parts(RECHARGE_SECRET, strlen(RECHARGE_SECRET), signed_parts, 3, digest);
	digest_hex(digest, text);
	text_format(head, "\r\nX-Recharge-Webhook-Signature: t=%s,v1=%s", stamp, text);
}

/* Adds the headers that the flags ask for behind the last one. */
static void complete(struct text *sent, int flags)
{
	const char *end = memmem(text_string(sent), sent->length, "\r\n\r\n", 4);
	size_t head_length = end != NULL ? (size_t)(end - sent->data) : sent->length;
	const char *body = end != NULL ? end + 4 : "";
	size_t length = end != NULL ? sent->length - head_length - 4 : 0;
	struct text whole = {0};

	text_add(&whole, text_string(sent), head_length);
	if ((flags & SIGN_SHOPIFY) != 0)
		sign_shopify(&whole, body, length);
	if ((flags & SIGN_RECHARGE) != 0)
		sign_recharge(&whole, body, length);
	if ((flags & SIGN_TIMED) != 0)
		sign_timed(&whole, body, length);
	if ((flags & ADD_LENGTH) != 0)
		text_format(&whole, "\r\nContent-Length: %zu", length);
	text_put(&whole, "\r\n\r\n");
	text_add(&whole, body, length);
	text_free(sent);
	*sent = whole;
}

/* ---- the client ---- */

static int open_connection(void)
{
	const struct timeval patience = {.tv_sec = PATIENCE};
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons((uint16_t)port),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
		fail("connect", "no connection to the relay");
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	return fd;
}

/* The relay may refuse, and close, before all is sent. */
static void send_all(int fd, const struct text *sent, bool in_parts)
{
	size_t step = in_parts ? sent->length / 3 + 1 : sent->length;

	for (size_t at = 0; at < sent->length;) {
		size_t length = sent->length - at < step ? sent->length - at : step;
		ssize_t written = send(fd, sent->data + at, length, MSG_NOSIGNAL);

		if (written <= 0)
			return;
		at += (size_t)written;
	}
}

static bool is_complete(const struct text *answers)
{
	const char *at = text_string(answers);
	const char *end = strstr(at, "\r\n\r\n");
	const char *length = strstr(at, "Content-Length: ");

	if (end == NULL)
		return false;
	return length == NULL || length > end ||
	       answers->length - (size_t)(end + 4 - at) >= strtoul(length + 16, NULL, 10);
}

/* Reads the first answer. What is not a whole request gets none: the relay closes once the client
 * sends no more, which it does when there is no answer within a moment. (Bytes and end together
 * would be one event to libmicrohttpd, which then sees the end only at its deadline.) */
static void read_answer(int fd, struct text *answers)
{
	struct pollfd polled = {.fd = fd, .events = POLLIN};
	char part[4096];
	ssize_t length = 1;

	if (poll(&polled, 1, moment) == 0)
		(void)shutdown(fd, SHUT_WR);
	while (length > 0 && !is_complete(answers)) {
		length = recv(fd, part, sizeof(part), 0);
		if (length > 0)
			text_add(answers, part, (size_t)length);
	}
	if (length < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		fail("stuck", "the relay neither answers nor closes");
}

static bool is_answer(const struct text *answers)
{
	const char *at = text_string(answers);

	return strncmp(at, "HTTP/1.1 ", 9) == 0 && at[9] >= '2' && at[9] <= '5' &&
	       memmem(at, answers->length, "\r\n\r\n", 4) != NULL;
}

static void exchange(const unsigned char *data, size_t size, struct text *answers)
{
	int flags = data[0];
	struct text sent = {0};
	int fd = open_connection();

	expand(&sent, data + 1, size - 1);
	if ((flags & (SIGN_SHOPIFY | SIGN_RECHARGE | SIGN_TIMED | ADD_LENGTH)) != 0)
		complete(&sent, flags);
	send_all(fd, &sent, (flags & IN_PARTS) != 0);
	if ((flags & LEAVE) == 0)
		read_answer(fd, answers);
	(void)close(fd);
	text_free(&sent);
}

/* ---- the fuzzer ---- */

/* A target that does not get past the signatures would find nothing behind them. */
static void check_itself(const char *request, int flags, const char *expected)
{
	struct text input = {0};
	struct text answers = {0};
	char flag = (char)(flags | ADD_LENGTH);

	text_add(&input, &flag, 1);
	text_put(&input, request);
	moment = PATIENCE * 1000; /* it is a whole request */
	exchange((const unsigned char *)input.data, input.length, &answers);
	moment = MOMENT;
	if (strncmp(text_string(&answers), expected, strlen(expected)) != 0)
		fail(request, text_string(&answers));
	text_free(&input);
	text_free(&answers);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static const char recharge[] = "POST /webhooks/recharge/blue-kettle.myshopify.com/"
				       "subscription/created HTTP/1.1\r\nHost: a\r\n\r\n{}";

	(void)argc, (void)argv;
	log_configure(LOG_ERROR, LOG_TEXT);
	read_config();
	start_relay();
	check_itself(
		"POST /webhooks/shopify HTTP/1.1\r\nHost: a\r\nX-Shopify-Topic: orders/create\r\n"
		"X-Shopify-Shop-Domain: blue-kettle.myshopify.com\r\n\r\n{}",
		SIGN_SHOPIFY, "HTTP/1.1 200 ");
	check_itself(recharge, SIGN_RECHARGE, "HTTP/1.1 200 ");
	check_itself(recharge, SIGN_TIMED, "HTTP/1.1 200 ");
	check_itself("POST /collect HTTP/1.1\r\nHost: a\r\nOrigin: null\r\n\r\n"
		     "{\"v\":1,\"shop\":\"blue-kettle.myshopify.com\",\"cartToken\":\"c1\"}",
		0, "HTTP/1.1 204 ");
	check_itself("GET /segrelay.js?shop=blue-kettle.myshopify.com HTTP/1.1\r\nHost: a\r\n\r\n",
		0, "HTTP/1.1 200 ");
	return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct text answers = {0};

	if (size == 0)
		return 0;
	if (++inputs % INPUTS_A_LIFE == 0) {
		stop_relay();
		start_relay();
	}
	exchange(data, size, &answers);
	if (answers.length > 0 && !is_answer(&answers))
		fail("answer", text_string(&answers));
	text_free(&answers);
	return 0;
}
