/* Arenas: memory that is allocated for one piece of work and freed all at once. */
#include "base/arena.h"

#include "base/steps.h"

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct block {
	struct block *older;
	size_t used;
	size_t size;
	max_align_t bytes[];
};

struct arena {
	struct block *newest;
	bool failed;
};

/* `size` rounded up to the alignment of any type. */
static size_t aligned(size_t size)
{
	return (size + sizeof(max_align_t) - 1) & ~(sizeof(max_align_t) - 1);
}

static struct block *block_create(size_t size, struct block *older)
{
	struct block *block;

	if (size > SIZE_MAX / 2)
		return NULL;
	block = malloc(sizeof(*block) + size);
	if (block == NULL)
		return NULL;
	*block = (struct block){.older = older, .size = size};
	return block;
}

struct arena *arena_create(size_t size)
{
	struct arena *arena;
	struct block *block = block_create(aligned(size) + aligned(sizeof(*arena)), NULL);

	if (block == NULL)
		return NULL;
	arena = (struct arena *)block->bytes;
	block->used = aligned(sizeof(*arena));
	*arena = (struct arena){.newest = block};
	return arena;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	struct block *block = arena->newest;
	void *memory;

	if (size > SIZE_MAX / 4) {
		arena->failed = true;
		return NULL;
	}
	size = aligned(size);
	if (size > block->size - block->used) {
		size_t larger = block->size * 2 > size ? block->size * 2 : size;

		block = block_create(larger, block);
		if (block == NULL) {
			arena->failed = true;
			return NULL;
		}
		arena->newest = block;
	}
	memory = (char *)block->bytes + block->used;
	block->used += size;
	return memory;
}

char *arena_copy(struct arena *arena, const char *string)
{
	size_t size;
	char *copy;

	if (string == NULL)
		return NULL;
	size = strlen(string) + 1;
	steps_add_bytes(size);
	copy = arena_alloc(arena, size);
	if (copy != NULL)
		memcpy(copy, string, size);
	return copy;
}

char *arena_format(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	int length;
	char *string;

	va_start(arguments, format);
	length = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	if (length < 0)
		return NULL;
	steps_add_bytes((size_t)length);
	string = arena_alloc(arena, (size_t)length + 1);
	if (string == NULL)
		return NULL;
	va_start(arguments, format);
	(void)vsnprintf(string, (size_t)length + 1, format, arguments);
	va_end(arguments);
	return string;
}

bool arena_failed(const struct arena *arena)
{
	return arena->failed;
}

void arena_clear(struct arena *arena)
{
	while (arena->newest->older != NULL) {
		struct block *older = arena->newest->older;

		free(arena->newest);
		arena->newest = older;
	}
	arena->newest->used = aligned(sizeof(*arena));
	arena->failed = false;
}

void arena_destroy(struct arena *arena)
{
	if (arena == NULL)
		return;
	arena_clear(arena);
	free(arena->newest); /* the block contains the arena itself */
}
