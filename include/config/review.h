/* Warnings of valid but unsafe settings. */
#ifndef SEGRELAY_CONFIG_REVIEW_H
#define SEGRELAY_CONFIG_REVIEW_H

#include "config/validate.h"

/* Warns of an unsafe value, with the current position. */
void review_value(struct validation *validation, const cfg_t *cfg, const struct option *option,
	const char *value);

/* Warns of an improbable secret. `from` is the file that it was read from, NULL for none. */
void review_secret(struct config_errors *errors, const cfg_t *cfg, const struct option *option,
	const char *from, const char *secret);

/* Warns of a min_free that a single turn may use up. */
void review_limits(struct config_errors *errors, const char *min_free, const char *max_in_memory,
	const char *path);

/* Warns of two events of a shop that are sent with the same name. `cfg` is the parsed file. */
void review_config(const struct config *config, cfg_t *cfg, struct config_errors *errors);

#endif
