/* Arenas: memory that is allocated for one piece of work and freed all at once. */
#ifndef SEGRELAY_BASE_ARENA_H
#define SEGRELAY_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>

struct arena;

/* Creates an arena whose first block has `size` bytes. NULL without memory; the caller destroys it.
 */
struct arena *arena_create(size_t size);

/* `size` bytes aligned for any type, not zeroed, or NULL without memory. Valid until the arena is
 * destroyed. */
void *arena_alloc(struct arena *arena, size_t size);

/* A copy of a C string in the arena; NULL for NULL and without memory. */
char *arena_copy(struct arena *arena, const char *string);

/* Formats like printf into the arena; NULL without memory. */
char *arena_format(struct arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Whether any allocation has failed since the arena was created. A NULL result may then mean
 * exhausted memory instead of an absent value, and a result may be incomplete. */
bool arena_failed(const struct arena *arena);

/* Empties the arena for the next piece of work: its content becomes invalid, and only the first
 * block is kept. */
void arena_clear(struct arena *arena);

/* Frees everything. NULL is allowed. */
void arena_destroy(struct arena *arena);

#endif
