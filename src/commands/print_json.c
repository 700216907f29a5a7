/* Prints JSON indented. */
#include "commands/print_json.h"

#include <stdbool.h>
#include <stdio.h>

void print_json(const char *json)
{
	bool in_string = false;
	bool escaped = false;
	int depth = 0;

	for (const char *at = json; *at != '\0'; at++) {
		bool opens = !in_string && (*at == '{' || *at == '[');
		bool closes = !in_string && (*at == '}' || *at == ']');

		if (*at == '"' && !escaped)
			in_string = !in_string;
		escaped = *at == '\\' && !escaped;
		if (closes)
			(void)printf("\n%*s", --depth * 2, "");
		(void)putchar(*at);
		if (opens)
			depth++;
		if (opens || (!in_string && *at == ','))
			(void)printf("\n%*s", depth * 2, "");
	}
	(void)putchar('\n');
}
