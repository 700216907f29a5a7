/* Memory that lives as long as one piece of work and is given back all at once. */
#ifndef SEGRELAY_BASE_ARENA_H
#define SEGRELAY_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* A new arena whose first block has room for `size` bytes. NULL when there is no memory; the caller
 * destroys it. */
struct arena *arena_create(size_t size);

/* `size` bytes aligned for any type, not cleared, or NULL when there is no memory. They live until
 * the arena is destroyed. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of a C string in the arena; NULL for NULL and when there is no memory. */
char *arena_copy(struct arena *arena, const char *string);

/* What printf would print, in the arena; NULL when there is no memory. */
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether there was no memory for something, ever since the arena was made. What was made of it may
 * lack something then, also where NULL says that there is nothing. */
bool arena_failed(const struct arena *arena);

/* Empties the arena for the next piece of work: what was in it is gone, and of its memory only the
 * first block stays. */
void arena_clear(struct arena *arena);

/* Gives everything back. NULL is allowed. */
void arena_destroy(struct arena *arena);

#endif
