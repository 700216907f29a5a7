/* The verbs. argv[0] is the verb's name, followed by its options and operands. Each returns the
 * exit status: 0, 1 (failed) or 2 (usage or configuration). */
#ifndef SEGRELAY_COMMANDS_COMMANDS_H
#define SEGRELAY_COMMANDS_COMMANDS_H

enum { EXIT_GOOD = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

int command_serve(int argc, char **argv);
int command_check(int argc, char **argv);
int command_map(int argc, char **argv);
int command_post(int argc, char **argv);
int command_status(int argc, char **argv);
int command_dead(int argc, char **argv);
int command_outbox(int argc, char **argv);
int command_erase(int argc, char **argv);
int command_erase_cancel(int argc, char **argv);
int command_webhooks(int argc, char **argv);

#endif
