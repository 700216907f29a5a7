/* Reads the head of a request from libmicrohttpd. */
#ifndef SEGRELAY_RECEIVE_HTTP_HEAD_H
#define SEGRELAY_RECEIVE_HTTP_HEAD_H

#include "receive/http/head_check.h"

struct MHD_Connection;

/* Everything that the head says, and whether it is written plainly; still to be judged. Its spans
 * live as long as the request. */
void head_read(struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, struct request_head *head);

#endif
