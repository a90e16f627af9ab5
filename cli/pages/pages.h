/* What the kinds of pages share. Everything ends the process when a file can not be written. */
#ifndef CLI_PAGES_H
#define CLI_PAGES_H

#include "table.h"

#include <stdio.h>

FILE *pages_open(const char *folder, const char *format, ...) __attribute__((format(printf, 2, 3)));
void pages_close(FILE *to);

/* Names with `between` between them. */
void pages_examples(FILE *to, const char *between);
void pages_commands(FILE *to, const char *between);

/* npurt.1, and npurt-NAME.1 of every command. */
void pages_manual(const char *folder, const char *version);
/* npurt.bash, _npurt for zsh, npurt.fish. */
void pages_completion(const char *folder);

#endif
