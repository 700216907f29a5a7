/* One sentence for the operator about what went wrong. */
#ifndef SEGRELAY_BASE_ERROR_H
#define SEGRELAY_BASE_ERROR_H

/* Filled by a function that failed; says what, where, and what to do. Never holds personal data or
 * secrets. The text is cut, never overrun. */
struct error {
	char text[512];
	enum error_kind {
		ERROR_OTHER,  /* of the store, inside a turn: the turn is void */
		ERROR_MEMORY, /* there was no memory: the same may work later */
		ERROR_VALUE,  /* of what was given: the same fails again */
	} kind;
};

/* Fills `error` (which may be NULL) as printf would. Always returns -1, so that a failing function
 * can end with `return error_set(...)`. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Says that there is no memory. Always -1. */
int error_no_memory(struct error *error);

/* Gives the error, which may be NULL, another kind than ERROR_OTHER, which error_set leaves it
 * with. Always -1. */
int error_classify(struct error *error, enum error_kind kind);

#endif
