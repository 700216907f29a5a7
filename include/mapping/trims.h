/* The size of a message, and what is left out of it (docs/events.md, Every message). */
#ifndef SEGRELAY_MAPPING_TRIMS_H
#define SEGRELAY_MAPPING_TRIMS_H

#include "mapping/fields.h"

/* Begins a message without trims. */
void trims_begin(struct scope *scope);

/* Notes that everything from `start` on is left out from a level on. */
void trims_note(struct scope *scope, int level, size_t start);

/* Raises scope->shrink as far as the size needs; sets scope->overflows when that is not enough. */
void trims_keep_within(struct scope *scope);

/* Removes what scope->shrink leaves out. Returns false when the message is still too long. */
bool trims_take_out(struct scope *scope);

/* The length of the message so far, at a level of shrinking. */
size_t trims_length_at(const struct scope *scope, int level);

/* How far the message is written; and going back to such a place, which ends its list there. */
struct list_place trims_place(const struct scope *scope);
void trims_cut_at(struct scope *scope, const struct list_place *place);

/* Copies the trims of another message that end at `end` or before, `shift` bytes further on. *trim
 * is the number of the first one to copy, and becomes that of the first one left. Returns false
 * when memory runs out. */
bool trims_copy(
	struct scope *scope, const struct scope *from, size_t end, size_t shift, size_t *trim);

#endif
