/* The options of segrelay.conf, from their tables. */
#ifndef SEGRELAY_COMMANDS_HELP_OPTIONS_H
#define SEGRELAY_COMMANDS_HELP_OPTIONS_H

/* `help options [--json] [NAME …]`: prints the options of these names, or all of them; with --json
 * as one object a line. The exit status. */
int command_help_options(int argc, char **argv);

#endif
