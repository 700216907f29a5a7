/* The options as tables. To add an option, add a row. */
#ifndef SEGRELAY_CONFIG_OPTIONS_H
#define SEGRELAY_CONFIG_OPTIONS_H

#include "config/config.h"

enum option_kind {
	OPTION_TEXT,     /* char * */
	OPTION_ADDRESS,  /* char *, "host:port" */
	OPTION_URL,      /* char * */
	OPTION_STORE,    /* char *, "sqlite:FILE" */
	OPTION_SECRET,   /* char *, never shown */
	OPTION_CURRENCY, /* char *, "USD" */
	OPTION_PATH,     /* char *, an absolute path */
	OPTION_FILE,     /* char *, the path of a file that holds a secret */
	OPTION_TEXTS,    /* struct strings */
	OPTION_SECRETS,  /* struct strings, never shown */
	OPTION_FILES,    /* struct strings, paths of files that hold secrets */
	OPTION_EVENTS,   /* struct strings, names of the catalogue */
	OPTION_RENAMES,  /* struct strings, "Name of the catalogue=Own name" */
	OPTION_ORIGINS,  /* struct strings, "https://host" */
	OPTION_PAGES,    /* struct strings, "/path=Event of the browser" */
	OPTION_PURPOSES, /* struct strings, "purpose of a consent=Own name" */
	OPTION_NETWORKS, /* struct strings, "10.0.0.0/8" or an address */
	OPTION_NUMBER,   /* int64_t between `least` and `most` */
	OPTION_DURATION, /* int64_t in ms, between `least` and `most` */
	OPTION_SIZE,     /* int64_t in bytes, between `least` and `most` */
	OPTION_FLAG,     /* bool */
	OPTION_CHOICE,   /* an enum: the index in `choices` (which ends with NULL) */
};

/* The maximum length of a list. */
enum { OPTION_VALUES_MAX = 64 };

struct option {
	const char *name;
	enum option_kind kind;
	size_t offset;        /* of the member in its struct */
	const char *fallback; /* the default as written in the file; for a list separated by ",";
				 NULL for none */
	int64_t least;
	int64_t most;
	const char *const *choices;
	const char *description; /* sentences; names and values in backticks */
};

enum region { REGION_US, REGION_EU };

/* A destination and a shop with members that are only needed while the file is read. */
struct destination_draft {
	struct destination destination;
	char *write_key_file;
	char *public_api_token_file;
	enum region region;
};

struct shop_draft {
	struct shop shop;
	struct strings secret_files;
	struct strings recharge_secret_files;
	char *recharge_token_file;
	struct strings destination_names;
};

/* Each ends with a row without a name. */
extern const struct option general_options[];     /* into struct config */
extern const struct option destination_options[]; /* into struct destination_draft */
extern const struct option shop_options[];        /* into struct shop_draft */

/* The tables by section name: "root" (outside of all blocks) first. */
enum { OPTION_SECTIONS = 3 };
extern const struct option_section {
	const char *name;
	const struct option *options;
} option_sections[OPTION_SECTIONS];

/* The index of a section name, which must exist. */
size_t option_section(const char *name);

/* The row of a name, or NULL. */
const struct option *option_find(const struct option *options, const char *name);

/* Whether the option's value is a list of texts. */
bool option_is_list(const struct option *option);

/* Appends the allowed values of an option ("a duration as "10s", from 1s to 3600s"). */
void option_allows(const struct option *option, struct text *text);

/* Whether the option accepts a value; for a list, one element. */
bool option_accepts(const struct option *option, const char *value);

/* Sets the member of `target` from `count` accepted values, or from the default when there are
 * none. -1 without memory. */
int option_set(const struct option *option, void *target, const char *const *values, size_t count);

/* Frees the members of `target`; secrets are overwritten. */
void option_free(const struct option *options, void *target);

#endif
