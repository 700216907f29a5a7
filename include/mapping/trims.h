/* How much a message can hold, and what is left out of it (docs/events.md, Every message). */
#ifndef SEGRELAY_MAPPING_TRIMS_H
#define SEGRELAY_MAPPING_TRIMS_H

#include "mapping/fields.h"

/* Begins a message without trims. */
void trims_begin(struct scope *scope);

/* Notes that what stands from `start` on is left out from a level on. */
void trims_note(struct scope *scope, int level, size_t start);

/* Raises scope->shrink as far as what is written needs; sets scope->overflows where that is not
 * enough. */
void trims_keep_within(struct scope *scope);

/* Takes out what scope->shrink leaves out. False when the message is too long all the same. */
bool trims_take_out(struct scope *scope);

/* How long the message is at a level of shrinking, so far. */
size_t trims_length_at(const struct scope *scope, int level);

/* How far the message was written; and back to such a place, which ends its list there. */
struct list_place trims_place(const struct scope *scope);
void trims_cut_at(struct scope *scope, const struct list_place *place);

/* Copies, `shift` bytes further on, the trims of another message that end at `end` at the latest,
 * from number *trim on, which becomes that of the first that is left. False without memory. */
bool trims_copy(
	struct scope *scope, const struct scope *from, size_t end, size_t shift, size_t *trim);

#endif
