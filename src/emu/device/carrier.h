/* Carriers: the host threads that agents run on, and the free-running fiber engine.
 *
 * Each carrier has a queue of ready agents and an inbox. Only carrier 0, the device thread, also reads the command ring;
 * every launch starts there. An agent that parks switches straight to the next ready one; the carrier's loop is entered
 * when nothing is ready, and every few hundred switches. A kick on the same carrier is a push to its own queue; a kick
 * from another goes through the inbox and wakes the carrier only if it sleeps.
 *
 * A carrier without work spins for at most CARRIER_SPIN_NS and then sleeps on its doorbell. No two carriers spin unless
 * there is a CPU for each and one for the waiting host: a spinner without a CPU of its own steals from those who work.
 */
#ifndef NPUEMU_CARRIER_H
#define NPUEMU_CARRIER_H

#include "engine.h"

enum { CARRIER_SPIN_NS = 200000, CARRIER_BUDGET = 256 };

/* Makes carriers 0 … count-1; 0 is the calling thread. Carrier 0 sleeps on the words given. */
void carrier_init(uint32_t count, _Atomic uint32_t *sleeping, _Atomic uint32_t *doorbell);

/* The device thread's loop. Never returns. */
_Noreturn void carrier_main(void);

/* Puts the message into the inbox and wakes the carrier if it sleeps. Any thread; not from a signal handler. */
void carrier_post(struct carrier *carrier, struct message *message);
/* Makes the carrier look round. Any thread. */
void carrier_wake(struct carrier *carrier);

/* Tells the device thread that the agent has ended. Pre: the agent's context is left. */
void carrier_report_ended(struct agent *agent);

/* The running agent goes to the end of its carrier's queue. In the agent's context, also from a signal handler. */
void carrier_yield(void);

#endif
