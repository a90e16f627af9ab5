/* What npurt and its devices have to say while a command runs: a line each on standard error, from the level that
 * NPURT_LOG and NPUEMU_LOG name; what a kernel prints has the kernel, its task and its core before it. */
#ifndef CLI_SPEAK_H
#define CLI_SPEAK_H

void speak_begin(void);
void speak_end(void);

#endif
