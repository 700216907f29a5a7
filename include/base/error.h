/* One sentence for the operator about what went wrong. */
#ifndef SEGRELAY_BASE_ERROR_H
#define SEGRELAY_BASE_ERROR_H

/* Filled by a function that failed; says what, where, and what to do. Never holds personal data or
 * secrets. The text is cut, never overrun. */
struct error {
	char text[512];
};

/* Fills `error` (which may be NULL) as printf would. Always returns -1, so that a failing function
 * can end with `return error_set(...)`. */
int error_set(struct error *error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
