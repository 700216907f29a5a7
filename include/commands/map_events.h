/* The event catalogue as the program has it. */
#ifndef SEGRELAY_COMMANDS_MAP_EVENTS_H
#define SEGRELAY_COMMANDS_MAP_EVENTS_H

/* Prints a JSON object a line for each rule: event, call, topics, properties, and whether it is
 * told unless it is enabled. The verb's exit status. */
int print_events(void);

#endif
