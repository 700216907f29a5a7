/* Whether a body is the payload that its topic names. Shopify signs only the body: whoever has one
 * signed body can post it again under any topic, and for any shop that shares the secret. */
#ifndef SEGRELAY_MAPPING_RESOURCES_H
#define SEGRELAY_MAPPING_RESOURCES_H

#include "mapping/mapping.h"

/* What topics of one kind carry: an order, a refund, a deleted product. */
struct resource;

/* The resource of a topic, also of one from which nothing is emitted; NULL when it is not known.
 * Two topics with the same resource may have the same body. */
const struct resource *resource_of(const char *topic);

/* Why a body, an object, cannot be a payload of its topic and of this shop: a sentence in the
 * arena. NULL when it can, or when the topic is not known. */
const char *resource_contradicts(
	const struct delivery *delivery, const cJSON *payload, struct arena *arena);

/* Whether the body alone proves that it is of this resource and of no other. A small one, as
 * {"id":1}, does not. */
bool resource_is_proven(const struct resource *resource, const cJSON *payload);

#endif
