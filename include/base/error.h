/* Errors: one or two sentences for the operator. */
#ifndef SEGRELAY_BASE_ERROR_H
#define SEGRELAY_BASE_ERROR_H

/* Filled by a function that failed: the place, the rule and the remedy. Never contains personal
 * data or secrets. Long texts are truncated. */
struct error {
	char text[512];
	enum error_kind {
		ERROR_OTHER,  /* the store failed inside a turn: the turn is void */
		ERROR_MEMORY, /* memory was exhausted: a retry may succeed */
		ERROR_VALUE,  /* the value is invalid: a retry fails again */
	} kind;
};

/* Fills `error` (which may be NULL) like printf. Always returns -1, so that a failing function can
 * end with `return error_set(...)`. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Sets the error "no memory". Always -1. */
int error_no_memory(struct error *error);

/* Sets the kind of an error (which may be NULL); error_set sets ERROR_OTHER. Always -1. */
int error_classify(struct error *error, enum error_kind kind);

#endif
