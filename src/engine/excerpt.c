/* The excerpt of a destination's answer in the reason of its pause. */
#include "engine/engine.h"

#include <string.h>

bool engine_wipe_excerpt(struct destination_state *state)
{
	static const char wiped[] = " (the answer was removed by an erasure)";
	size_t digits = strspn(state->reason, "0123456789");

	if (digits == 0 || state->reason[digits] != ' ' ||
		digits + sizeof(wiped) > sizeof(state->reason))
		return false;
	memset(state->reason + digits, 0, sizeof(state->reason) - digits);
	memcpy(state->reason + digits, wiped, sizeof(wiped));
	return true;
}
