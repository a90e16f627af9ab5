/* Faults of device code.
 *
 * A fault signal in an agent returns, through a changed machine context, to a rescue function on a stack of the carrier's;
 * the agent is left behind where it was, with its stack. A fault in engine code ends the process: the host sees a lost
 * device. The preemption signal makes a running agent go to the end of its queue, on its own stack, when it was caught in
 * device code; a doomed agent is not resumed from there.
 */
#ifndef NPUEMU_FAULT_H
#define NPUEMU_FAULT_H

#include <stddef.h>

#include "engine.h"

/* Once per process, then once per host thread that runs agents. */
void fault_init(void);
void fault_thread_init(struct carrier *carrier);

/* What happened to a faulted agent and where, for people: cause, function and source line, and of AICPU workers the
 * shared object, since they run several. `program`: an
 * address in the program that its launch entered, 0 none; what happens in there, or in the C library, is told with the place
 * in other device code that called it, when there is one. The agent's stack is still as the fault left it. */
void fault_describe(const struct agent *agent, uint64_t program, char *text, size_t size);

/* A device-side bus error: a register window or image that is not there. In the agent's context; does not return. */
_Noreturn void fault_raise(struct agent *self, uint64_t address);

/* Interrupts the agent that runs on a carrier; it will go to the end of the queue. `force`: even outside device code.
 * Monitor thread. */
void fault_preempt(struct carrier *carrier, bool force);

/* SIGUSR2 to a thread of the thread engine: the doomed agent on it ends. */
void fault_interrupt(uintptr_t thread);

/* What a preempted agent does; set by the engine. */
extern void (*fault_preempted)(void);

#endif
