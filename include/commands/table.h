/* Prints tables: columns as wide as their widest cell. */
#ifndef SEGRELAY_COMMANDS_TABLE_H
#define SEGRELAY_COMMANDS_TABLE_H

#include "base/text.h"

#include <stdint.h>

enum { TABLE_COLUMNS = 12 };

/* Zero-initialised; cells are added from left to right, row by row. */
struct table {
	struct text cells; /* each terminated by NUL */
	size_t columns;    /* set before the first cell */
	size_t count;
};

void table_add(struct table *table, const char *cell);
void table_add_number(struct table *table, const char *number);

/* Adds a time given in ms since 1970 as text, "-" for 0 or NULL. */
void table_add_time(struct table *table, const char *milliseconds);

/* Adds seconds as "5s", "12m", "3h", "2d". */
void table_add_age(struct table *table, const char *seconds);

/* Prints all rows and frees the table. */
void table_print(struct table *table);

#endif
