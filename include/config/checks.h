/* Checking what was read: values, blocks, and the whole. */
#ifndef SEGRELAY_CONFIG_CHECKS_H
#define SEGRELAY_CONFIG_CHECKS_H

#include "config/mistakes.h"
#include "config/options.h"

#include <confuse.h>
#include <stdbool.h>
#include <stdint.h>

/* Mistakes of one reading, and what only its end can tell. */
struct checks {
	struct mistakes mistakes;
	struct strings destinations;      /* that shops name, */
	struct strings places;            /* and where */
	struct text storefront;           /* where the first shop has one */
	struct text limits;               /* where max_body or max_in_memory stands */
	unsigned blocks[OPTION_SECTIONS]; /* of each kind, so far */
	uint64_t given[OPTION_SECTIONS];  /* a bit for each option that the block has, by its row */
	struct text begun;                /* of the file: an int for each block, where it begins */
	struct strings names;             /* of the blocks so far: "shop NAME", */
	struct strings lines;             /* and where each begins */
	bool is_review;                   /* warnings of what is not safe are wanted */
	struct strings open_files;        /* that others can read: a warning is there */
};

/* Forgets all but the report's owner, for reading again. */
void checks_reset(struct checks *checks);

/* Gives back what was noted; the report is its owner's. */
void checks_free(struct checks *checks);

/* A value at the place that is being read. */
void checks_value(struct checks *checks, cfg_t *cfg, cfg_opt_t *opt, const struct option *option,
	const char *value);

/* The block whose closing brace was just read. */
void checks_block(struct checks *checks, cfg_t *cfg, cfg_opt_t *opt);

/* The whole file, read to its end. */
void checks_whole(struct checks *checks, cfg_t *cfg, const char *path);

#endif
