/* The shop's products, as far as their topics told them. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CATALOGUE_H
#define SEGRELAY_MAPPING_SHOPIFY_CATALOGUE_H

#include "mapping/work.h"

/* Whether the delivery is about a product of the catalogue; then there is nothing to tell. */
bool catalogue_handles(const struct work *work);

/* Learns from it. */
void catalogue_update(struct work *work);

/* What is known of the product of a line: title, product_type, handle, image. NULL for nothing. */
const cJSON *catalogue_product(struct work *work, const cJSON *line);

/* What is known of the line's variant: title, compare_at_price. NULL for nothing. */
const cJSON *catalogue_variant(struct work *work, const cJSON *line);

#endif
