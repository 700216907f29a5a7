/* The parts of a call that are the same for every event: ids, context, integrations. */
#ifndef SEGRELAY_MAPPING_CONTEXT_H
#define SEGRELAY_MAPPING_CONTEXT_H

#include "mapping/fields.h"

/* Writes "userId" and "anonymousId", if they are known. */
void context_ids(struct scope *scope);

/* Writes "context", with the customer's traits when `traits`, and "integrations". */
void context_write(struct scope *scope, bool traits);

/* Writes the "context" of a call that has no visit. */
void context_write_library(struct scope *scope);

/* Writes "integrations" that send a call only to the named ones; writes nothing for none. */
void context_write_integrations(struct scope *scope, const struct strings *names);

/* Writes an IP address in its usual form; with `anonymize` its last octet (IPv6: the last 80 bits)
 * is zero. Returns false when it is not an address. */
bool context_ip(const char *address, bool anonymize, char ip[46]);

#endif
