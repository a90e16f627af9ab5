/* The commands: each gets the words that the table lets pass, and answers with the exit status. */
#ifndef CLI_COMMANDS_H
#define CLI_COMMANDS_H

#include "words.h"

int command_run(const struct words *words);
int command_devices(const struct words *words);
int command_doctor(const struct words *words);
int command_build(const struct words *words);
int command_explain(const struct words *words);

#endif
