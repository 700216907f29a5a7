/* Prints tables: columns as wide as their widest cell. */
#include "commands/table.h"

#include "base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void table_add(struct table *table, const char *cell)
{
	if (cell == NULL || *cell == '\0')
		cell = "-";
	text_add(&table->cells, cell, strlen(cell) + 1);
	table->count++;
}

void table_add_number(struct table *table, const char *number)
{
	table_add(table, number != NULL ? number : "0");
}

void table_add_time(struct table *table, const char *milliseconds)
{
	int64_t time = milliseconds != NULL ? strtoll(milliseconds, NULL, 10) : 0;
	char text[TIME_TEXT];

	time_format(time, text);
	memcpy(text + 19, "Z", 2); /* without milliseconds */
	table_add(table, time > 0 ? text : "-");
}

void table_add_age(struct table *table, const char *seconds)
{
	int64_t age = seconds != NULL ? strtoll(seconds, NULL, 10) : 0;
	char text[32];

	if (age < 120)
		(void)snprintf(text, sizeof(text), "%" PRId64 "s", age);
	else if (age < 7200)
		(void)snprintf(text, sizeof(text), "%" PRId64 "m", age / 60);
	else if (age < 172800)
		(void)snprintf(text, sizeof(text), "%" PRId64 "h", age / 3600);
	else
		(void)snprintf(text, sizeof(text), "%" PRId64 "d", age / 86400);
	table_add(table, text);
}

void table_print(struct table *table)
{
	size_t widths[TABLE_COLUMNS] = {0};
	const char *cell = table->cells.data;

	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1)
		if (strlen(cell) > widths[i % table->columns])
			widths[i % table->columns] = strlen(cell);
	cell = table->cells.data;
	for (size_t i = 0; i < table->count; i++, cell += strlen(cell) + 1) {
		bool last = i % table->columns == table->columns - 1;

		(void)printf("%-*s%s", last ? 0 : (int)widths[i % table->columns], cell,
			last ? "\n" : "  ");
	}
	text_free(&table->cells);
	*table = (struct table){0};
}
