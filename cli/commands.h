/* The commands; argv starts after the command's name, the result is the exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

int command_run(int argc, char **argv);
int command_devices(void);
int command_doctor(int argc, char **argv);
int command_build(int argc, char **argv);
int command_explain(int argc, char **argv);

#endif
