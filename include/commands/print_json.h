/* Prints JSON indented. */
#ifndef SEGRELAY_COMMANDS_PRINT_JSON_H
#define SEGRELAY_COMMANDS_PRINT_JSON_H

/* Prints JSON with one member per line. */
void print_json(const char *json);

#endif
