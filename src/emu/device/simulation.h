/* Simulation: one carrier, and an order of agents that is a function of the commands and the seed. What the two modes
 * that promise this share: the lives of agents, the device's own events, EMU_CMD_ADVANCE, and the port calls.
 *
 * Which agent runs next is an order's business: by virtual time in timed mode (timed.c), drawn in explore mode
 * (explore.c). Every port call asks it before it takes effect (simulation_port.c), so that others may come first.
 *
 *     advance:  turn … turn           until the stream has got there, the time is over, or nothing is left to do
 *     turn:     an agent runs ──spend──▶ the next agent … ──▶ back to the loop when the device has something to do
 *
 * All of it runs only inside EMU_CMD_ADVANCE. An agent that makes no port call for 2 s of the carrier's CPU time is
 * taken out of the simulation.
 *
 * A model of memory (store buffers, lines that are not coherent) has its place between simulation_port.c and memory:
 * each function there knows the agent, the access and its words, and is called before the access is made.
 */
#ifndef NPUEMU_SIMULATION_H
#define NPUEMU_SIMULATION_H

#include "asleep.h"
#include "core.h"
#include "engine.h"

struct order {
    /* Times mean nothing: what is stored is seen at once, commands begin when they are drawn, the trace holds no time. */
    bool timeless;
    /* In the context of the running agent, before an access that costs it `ns`; returns when it is its turn again. */
    void (*spend)(struct agent *self, uint64_t ns);
    /* Leaves the running agent, whose state says why. */
    void (*leave)(void);
    /* Something that `agent` may be waiting for can be seen from `at` on. */
    void (*kick_at)(struct agent *agent, uint64_t at);
    /* An agent that is not running, nor ready, shall run. */
    void (*ready)(struct agent *agent);
    /* In the loop: one agent's run, or one thing the device does. False when nothing is left to do up to `limit`. */
    bool (*turn)(uint64_t limit);
};

/* True in timed and explore mode. */
extern bool simulation_on;
extern const struct order *simulation_order;

/* Of the device; no agent's time is behind it when it is left for the loop. ns in timed mode, steps in explore mode. */
extern uint64_t simulation_clock;

/* Set when an agent starts or ends, begins or ends a kernel, or writes a register; explore mode takes it back. */
extern bool simulation_moved;

/* Sets it. `self` is the agent that did it, NULL the device thread; `what` and `number` say what. In explore mode it does not
 * return to an agent that was asleep beside that work (asleep.h). */
static inline void simulation_move(struct agent *self, const char *what, uint64_t number)
{
    simulation_moved = true;
    asleep_moved(self, what, number);
}

/* Of the running agent, else of the device. */
uint64_t simulation_now(void);

/* EMU_CMD_ADVANCE; `reply` is what the host waits for. Device thread. */
void simulation_advance(const struct emu_command *command, uint32_t reply);

/* ---- for the orders ---------------------------------------------------------------------------------------------- */
void simulation_init(const struct order *order, uint64_t seed);
/* Parts of struct engine. */
void simulation_start(struct agent *agent);
void simulation_pause(struct agent *self);
void simulation_place(struct agent *self, uint32_t index, uint32_t count);
void simulation_adopt(struct agent *self, struct agent *core);
void simulation_doom(struct agent *agent);
_Noreturn void simulation_lose(struct agent *self);
/* Runs a ready agent that its order has taken out; ends it when it is doomed. In the loop. */
void simulation_run(struct agent *agent);
/* The running agent goes on in device code: it is not endless. */
void simulation_alive(void);

/* Numbers of the seed, in the order in which the simulation asks for them. */
uint64_t simulation_random(void);
/* Uniform in 0 … count-1. Pre: count > 0. */
uint32_t simulation_draw(uint32_t count);

/* ---- what port.c asks instead of doing it at once: each may let others run first --------------------------------- */
uint64_t simulation_port_clock(void);
uint32_t simulation_observe32(const uint32_t *p);
uint64_t simulation_observe64(const uint64_t *p);
void simulation_publish(const void *p, uint64_t value);
void simulation_atomic(const void *p, uint64_t value);
/* A core's word to those who wait for conditions. */
void simulation_notify(const void *p, uint64_t value);
uint32_t simulation_reg_load(struct core_registers *registers, uint32_t offset);
void simulation_reg_store(struct core_registers *registers, uint32_t offset, uint32_t value);
void simulation_cache(const void *p, size_t size);
void simulation_adopts(uint32_t core);
uint32_t simulation_core_dmb(struct agent *self);
uint32_t simulation_core_doorbell(struct agent *self);
void simulation_core_set_cond(struct agent *self, uint32_t value);
void simulation_core_invalidate(const void *p, size_t size);
void simulation_core_clean(const void *p, size_t size);
void simulation_kernel_prepare(struct agent *self);
void simulation_kernel_begin(struct agent *self, uint64_t image, uint64_t duration_ns);
void simulation_kernel_end(struct agent *self, uint64_t image);
/* Forgets stores that nobody has seen: the core starts anew. */
void simulation_registers_reset(uint32_t core);

#endif
