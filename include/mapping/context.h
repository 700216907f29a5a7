/* The parts of a call that are the same for every event: ids, context, integrations. */
#ifndef SEGRELAY_MAPPING_CONTEXT_H
#define SEGRELAY_MAPPING_CONTEXT_H

#include "mapping/fields.h"

/* Writes "userId" and "anonymousId", as far as known. */
void context_ids(struct scope *scope);

/* Writes "context", with the customer's traits when `traits`, and "integrations". */
void context_write(struct scope *scope, bool traits);

/* Writes "context" of a call that speaks of no visit. */
void context_write_library(struct scope *scope);

/* Writes "integrations" that take a call to those named and no other; nothing for none. */
void context_write_integrations(struct scope *scope, const struct strings *names);

/* An IP address in its usual form, its last octet (IPv6: the last 80 bits) zero when `anonymize`;
 * false when it is none. */
bool context_ip(const char *address, bool anonymize, char ip[46]);

#endif
