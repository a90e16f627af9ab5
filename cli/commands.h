/* The commands; argv starts after the command's name, the result is the exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_run(int argc, char **argv);
int command_devices(void);

#endif
