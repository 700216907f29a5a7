/* JSON on a terminal. */
#ifndef SEGRELAY_COMMANDS_PRINT_JSON_H
#define SEGRELAY_COMMANDS_PRINT_JSON_H

/* Prints JSON with a member a line, and what is not JSON as it is. */
void print_json(const char *json);

#endif
