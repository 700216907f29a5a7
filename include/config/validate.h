/* Validates what was read: values, blocks, and the whole file. */
#ifndef SEGRELAY_CONFIG_VALIDATE_H
#define SEGRELAY_CONFIG_VALIDATE_H

#include "config/config_errors.h"
#include "config/options.h"

#include <confuse.h>
#include <stdbool.h>
#include <stdint.h>

/* The errors of one reading, and what only its end can decide. */
struct validation {
	struct config_errors errors;
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
void validate_reset(struct validation *validation);

/* Gives back what was noted; the report is its owner's. */
void validate_free(struct validation *validation);

/* A value at the place that is being read. */
void validate_value(struct validation *validation, cfg_t *cfg, cfg_opt_t *opt,
	const struct option *option, const char *value);

/* The block whose closing brace was just read. */
void validate_block(struct validation *validation, cfg_t *cfg, cfg_opt_t *opt);

/* The whole file, read to its end. */
void validate_whole(struct validation *validation, cfg_t *cfg, const char *path);

#endif
