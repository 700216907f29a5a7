/* The shop's products, as far as their topics have shown them. */
#ifndef SEGRELAY_MAPPING_SHOPIFY_CATALOGUE_H
#define SEGRELAY_MAPPING_SHOPIFY_CATALOGUE_H

#include "mapping/work.h"

/* Whether the delivery is about a product of the catalogue; then nothing is emitted. */
bool catalogue_handles(const struct work *work);

/* Updates the record of the product. */
void catalogue_update(struct work *work);

/* The record of the product of a line: title, product_type, handle, image. NULL for none. */
const cJSON *catalogue_product(struct work *work, const cJSON *line);

/* The stored variant of a line: title, compare_at_price. NULL for none. */
const cJSON *catalogue_variant(struct work *work, const cJSON *line);

#endif
