/* Field rows: where a property comes from, and how it is written.
 *
 * A row has a property, a path and a converter. What is not in a row is not sent. A converter
 * leaves a property out when its value is empty; none writes null or "". */
#ifndef SEGRELAY_MAPPING_FIELDS_H
#define SEGRELAY_MAPPING_FIELDS_H

#include "base/money.h"
#include "mapping/work.h"

struct scope;
struct field;
struct joined;
struct refund_sums;

/* Writes `"property":value`. `value` is the value at the row's path; it is not empty. */
typedef void converter(struct scope *scope, const struct field *row, const cJSON *value);

struct field {
	const char *property;
	const char *path; /* as json_at; "@order." and "@customer." begin a path into the stored
			     record */
	converter *convert;
	const struct field *items; /* the rows of an item of a list or object; ends with {0} */
	int shrink;                /* left out from this level of shrinking on; 0 for never */
};

/* How much is left out so that a message keeps within Segment's 32 KB (docs/events.md). */
enum shrink {
	SHRINK_NOTHING,
	SHRINK_LINKS,      /* image_url, url */
	SHRINK_PROPERTIES, /* product_properties */
	SHRINK_PRODUCTS,   /* products cut to what fits */
	SHRINK_TEXTS,      /* every text cut to 500 bytes */
	SHRINK_LAST = SHRINK_TEXTS,
};

/* How far a list was written. */
struct list_place {
	size_t length;
	size_t items;
	size_t trims;
	size_t bytes[SHRINK_PRODUCTS];
};

/* Where rows are written, and what converters read beside their value. */
struct scope {
	struct work *work;
	struct text *out;
	const cJSON *root;                /* the object that the rule speaks of */
	const struct refund_sums *refund; /* of the selection; NULL but for a refund */
	const char *anonymous_id;         /* of the call */
	enum shrink shrink;
	size_t most;         /* bytes that `out` may have */
	size_t longest;      /* and each text in it */
	size_t limit;        /* bytes that a list may reach when products are cut */
	struct trims *trims; /* what is left out on a higher level; NULL for none */
	bool overflows;      /* it does not fit below SHRINK_TEXTS: what is written is not sent */
	int row_shrink;      /* of the row that is written */
	size_t items;        /* of the list that is written */
	bool is_cut;
	bool has_limit; /* the list went beyond the limit, and where */
	struct list_place at_limit;
	size_t position;      /* of an item in its list, from 1 */
	const char *quantity; /* replaces an item's own, NULL for none */
};

/* Writes the rows of an object, in their order. */
void fields_write(struct scope *scope, const struct field *rows, const cJSON *object);

/* Writes a text, cut when texts are. Nothing for NULL and "". */
void field_text(struct scope *scope, const char *property, const char *value);

/* Writes an amount. An unknown one is left out, and noted among the invalid fields. */
void field_money(struct scope *scope, const char *property, struct money amount);

/* Writes the texts at `path` in the items of a list, joined by ",". */
void field_joined(
	struct scope *scope, const struct field *row, const cJSON *list, const char *path);

/* Writes the joined text, and frees it. */
void field_joined_text(struct scope *scope, const char *property, struct joined *joined);

converter as_text;           /* a string or number, as a String */
converter as_money;          /* an amount, as a Number with the same digits */
converter as_positive_money; /* the same, when over zero */
converter as_count;          /* a whole number, as a Number */
converter as_flag;           /* true or false */
converter as_true;           /* true, when it is */
converter as_flag_text;      /* a string; true and false as "true" and "false" */
converter as_time;           /* a time, in UTC */
converter as_joined;         /* a list of strings, joined by "," */
converter as_texts;          /* a list of strings */
converter as_object;         /* an object of rows; left out when nothing is in it */
converter as_list;           /* a list of objects of rows; cut when products are */

/* Whether more of a row can be sent, whose value began at `start`. */
bool field_goes_on(struct scope *scope, size_t start);

/* Writes a list of objects: begins it, writes one item by rows (false when it did not fit and was
 * left out; then the list is to be ended), ends it. `count` is the number of all items. The list is
 * the last of its message. */
void list_begin(struct scope *scope, const char *property);
bool field_item(struct scope *scope, const struct field *rows, const cJSON *item);
void list_end(struct scope *scope, const char *property, size_t count);

/* As field_item, of an item that stands in another scope's text from `start` to `end`. *trim counts
 * the trims of that scope. */
bool list_item_again(
	struct scope *scope, const struct scope *from, size_t start, size_t end, size_t *trim);

/* Leaves out the rest of the items, which are too long for any message. */
void list_cut(struct scope *scope);

/* The value of the first of the configured attributes in a list of names and values, as a cart's
 * attributes are; NULL for none. */
const char *attribute_value(const cJSON *attributes, const struct strings *names);

/* The sum of the amounts at `path` in the items of a list; zero for an empty or absent list. */
struct money sum_of(const cJSON *list, const char *path);

/* The amount at a path; not known when there is no value, or it is not an amount. */
struct money amount_at(const cJSON *object, const char *path);

#endif
