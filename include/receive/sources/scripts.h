/* The storefront's script and pixel, configured for each shop that has a storefront. */
#ifndef SEGRELAY_RECEIVE_SOURCES_SCRIPTS_H
#define SEGRELAY_RECEIVE_SOURCES_SCRIPTS_H

#include "config/config.h"

/* The files, as C strings (scripts_data.c). */
extern const char storefront_script[];
extern const char storefront_pixel[];

enum script_name { SCRIPT_STOREFRONT, SCRIPT_PIXEL, SCRIPTS };

enum { SCRIPT_ETAG = 40 };

/* One file for one shop. Valid as long as its `struct scripts`. */
struct script {
	char *plain;
	size_t length;
	char *compressed; /* gzip */
	size_t compressed_length;
	char etag[SCRIPT_ETAG]; /* with its quotes */
	char compressed_etag[SCRIPT_ETAG];
};

struct scripts;

/* The files of all shops with a storefront, as one reference of the caller. NULL without memory. */
struct scripts *scripts_create(const struct config *config);

/* Adds and releases a reference; the last release frees. From any thread. NULL is allowed. */
struct scripts *scripts_share(struct scripts *scripts);
void scripts_release(struct scripts *scripts);

/* The file for a shop; NULL when the shop has no storefront. */
const struct script *scripts_find(
	const struct scripts *scripts, const char *shop, enum script_name name);

/* Whether an If-None-Match list contains the tag (RFC 9110, 13.1.2). */
bool script_is_known(const char *if_none_match, size_t length, const char *etag);

#endif
