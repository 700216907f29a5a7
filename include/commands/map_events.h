/* Prints the event catalogue. */
#ifndef SEGRELAY_COMMANDS_MAP_EVENTS_H
#define SEGRELAY_COMMANDS_MAP_EVENTS_H

/* Prints one JSON object per line for each rule: event, call, topics, properties, and whether it is
 * sent by default. Returns the exit status. */
int print_events(void);

#endif
