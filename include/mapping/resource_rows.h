/* The rows of the resources. */
#ifndef SEGRELAY_MAPPING_RESOURCE_ROWS_H
#define SEGRELAY_MAPPING_RESOURCE_ROWS_H

#include <stdbool.h>

/* Members are those of the body's outermost object; "a|b" is one or the other. */
struct resource {
	const char *name;
	const char *topics; /* "a|b"; what ends with "/" begins a topic. The first row counts */
	const char *types;  /* of its admin_graphql_api_id; NULL when it has none */
	const char *owns;   /* members that no other resource has */
	const char
		*any; /* one of them, or of `owns`, must be there, be it null; NULL for no rule */
	const char *none; /* members that must not be there */
	const char *all;  /* members that must be there and hold something */
	const char *only; /* nothing but these; NULL for no rule */
	bool acts;        /* the topic says what happened, and the body does not */
};

/* Ends with a row without a name. */
extern const struct resource resources[];

#endif
