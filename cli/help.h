/* What `npurt help` prints, made from the table. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include "table.h"

#include <stdio.h>

void help_overview(FILE *to);
void help_command(FILE *to, const struct command_spec *command);

#endif
