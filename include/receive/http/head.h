/* Reads the head of a request from libmicrohttpd. */
#ifndef SEGRELAY_RECEIVE_HTTP_HEAD_H
#define SEGRELAY_RECEIVE_HTTP_HEAD_H

#include "receive/http/head_check.h"

struct MHD_Connection;

/* Reads all header lines, and checks that they are unambiguous; call request_check_head next. The
 * spans are valid as long as the request. */
void head_read(struct MHD_Connection *connection, const char *path, const char *method,
	const char *version, struct request_head *head);

#endif
