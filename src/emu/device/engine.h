/* Agents, and the engine that runs them.
 *
 * An agent is one thing that executes device code: an AICPU worker or a physical sub-core. There is one struct agent for
 * each, for the life of the process. The device thread (carrier 0) gives an idle agent something to do; the engine runs
 * `main` on a stack of the agent's own and hands the agent back to the device thread when it ended.
 *
 *               start                    run                  wait, nothing kicked since wait_begin
 *      IDLE ------------> READY ------------------> RUNNING ------------> PARKED
 *       ^                   ^                        |  |  |                 |
 *       |                   +---- yield, move -------+  |  +- lost (fault) --|--+
 *       |                   +------------------ kick ---|--------------------+  |
 *       +-------------------- ENDED <-------------------+ returned              |
 *       +-------------------- ENDED <-------------------------------------------+ its stack is never used again
 *
 * Ownership. An agent's plain fields belong to the carrier it names in `carrier`; NULL means that it is on its way to
 * `inbox_of`, by message. Whoever else wants something of it posts a message there.
 *
 * Four engines stand behind one table: fibers on carriers (fiber.c, carrier.c), a host thread per agent (thread.c), and
 * fibers on one carrier in an order of their own (simulation.c): of virtual time (timed.c) or drawn (explore.c). The device thread's loop (carrier_main) is the same in all.
 */
#ifndef NPUEMU_ENGINE_H
#define NPUEMU_ENGINE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "emu/shared.h"
#include "protocol/protocol.h"

enum { ENGINE_MAX_CARRIERS = 64, ENGINE_MAX_SUBCORES = PROTOCOL_MAX_CORES, ENGINE_MAX_WORKERS = 16 };

enum agent_state { AGENT_IDLE, AGENT_READY, AGENT_RUNNING, AGENT_PARKED, AGENT_MOVING, AGENT_ENDED };

/* Why an agent ended. */
enum agent_end {
    AGENT_RETURNED = 0,
    AGENT_FAULTED, /* a fault signal in device code, or a device-side bus error */
    AGENT_EXPIRED, /* its launch ran out of time */
};

struct agent;
struct carrier;
struct fiber;
struct launch;

enum message_kind { MESSAGE_KICK, MESSAGE_ARRIVE, MESSAGE_ENDED };

/* A word to a carrier about one agent. An agent has one for kicks and one for its own travels. */
struct message {
    struct message *next;
    struct agent *agent;
    enum message_kind kind;
};

struct agent {
    /* what the carrier touches at every switch */
    _Alignas(64) void *context;        /* where to continue, while not running */
    _Atomic(struct carrier *) carrier; /* owner; written by the old and the new owner only */
    struct agent *next;                /* in a ready queue */
    uint32_t events;                   /* kicks seen; the token of port_wait */
    uint8_t state;                     /* enum agent_state */
    uint8_t end;                       /* enum agent_end, once ENDED */
    uint16_t core;                     /* physical sub-core, UINT16_MAX for an AICPU worker */
    uint32_t id;                       /* agent number of port.h */
    struct fiber *fiber;               /* its stack; kept from launch to launch */
    struct agent *adopter;             /* of an AICPU worker: unused; of a core see core_registers.owner */

    /* what others touch */
    _Alignas(64) _Atomic(struct carrier *) inbox_of; /* where a message about this agent goes */
    _Atomic(struct carrier *) wanted;                /* where it should live from its next wake-up on; NULL: stay */
    _Atomic uint32_t kick_pending;                   /* `kick` is in some inbox */
    _Atomic uint32_t doomed;                         /* 1: end it, do not resume it */
    struct message kick, move;

    /* what it is doing */
    _Alignas(64) void (*main)(struct agent *);
    struct launch *launch;
    uint32_t block, sub_block;
    uint32_t result;                   /* of an AICPU entry */
    _Atomic(const char *) kernel;      /* entry of the kernel being run, NULL none */
    uint64_t kernel_ns;                /* timed mode: duration of that kernel */
    bool prepared;                     /* simulation: what precedes a kernel has been charged (port_core_prepare) */
    uint64_t image;                    /* its image and arguments, for what it has to say */
    const int64_t *args;
    struct {
        int signal, code; /* si_code */
        uint64_t address, pc, sp;
    } fault;

    /* simulations */
    uint64_t time;                     /* virtual now of this agent, ns; explore mode: steps */
    uint64_t tie;                      /* timed: drawn at each queueing; explore with PCT: priority */
    uint32_t heap_index;               /* among the ready ones */
    bool endless;                      /* taken out of the simulation */
    const struct agent *roused;        /* explore mode: the agent that was woken unkicked and through which this one runs,
                                        * itself or another; NULL: none (asleep.h) */

    /* timed mode */
    uint64_t look_start;               /* its last wait_begin: kicks up to here are seen by looking */
    uint64_t wait_start;               /* its last wait; explore mode: in steps */
    uint64_t round_ns;                 /* from that to the wait: what a look takes */
    bool sleeping;                     /* ready only because its wait will end then */
    uint64_t *wakes;                   /* kicks to come */
    uint32_t wake_count, wake_room;

    /* thread engine */
    _Atomic uint32_t word;             /* futex: kicks */
    _Atomic uint32_t waiting;
    void *thread;
};

struct carrier {
    _Alignas(64) struct agent *current; /* NULL: the carrier's own loop runs */
    struct agent *ready_first, *ready_last;
    void *context;                      /* of its loop, while an agent runs */
    struct agent *leaving;              /* switched away for good or to move; the loop deals with it */
    uint32_t index;
    uint32_t budget;                    /* switches until the loop must have a look round */
    _Atomic uint64_t switches;          /* written by the carrier, read by the monitor */
    _Atomic uint32_t in_agent;          /* 1 while `current` runs; same */
    void *stack_bottom;                 /* of the loop, for the sanitizers */
    size_t stack_size;
    void *tsan;
    void *rescue;                       /* stack on which a faulted agent is left behind */
    uint32_t skipped;                   /* preemptions not carried out in a row */
    uintptr_t thread;                   /* pthread_t */
    int32_t tid;

    _Alignas(64) _Atomic(struct message *) inbox; /* newest first */
    _Alignas(64) _Atomic uint32_t own_sleeping;
    _Atomic uint32_t own_doorbell;
    _Atomic uint32_t *sleeping, *doorbell; /* its own, or those of the shared page for carrier 0 */
};

struct engine {
    const char *name;
    void (*init)(void);
    /* Device thread. Pre: idle, `main` set. The agent will run. */
    void (*start)(struct agent *agent);
    /* Any agent's context. */
    uint32_t (*wait_begin)(struct agent *self);
    void (*wait)(struct agent *self, uint32_t token);
    void (*kick)(struct agent *agent);
    /* Lets others run: for device code that polls. */
    void (*pause)(struct agent *self);
    /* `self` should live on carrier index * carriers / count. */
    void (*place)(struct agent *self, uint32_t index, uint32_t count);
    /* `core`'s next wake-ups should be on the carrier of `self`. */
    void (*adopt)(struct agent *self, struct agent *core);
    /* Device thread: end the agent soon; it may be in any state but IDLE. */
    void (*doom)(struct agent *agent);
    /* In the context of a running agent that can not go on. Does not return. */
    void (*lose)(struct agent *self);
};
extern const struct engine engine_fiber, engine_thread, engine_timed, engine_explore;
extern const struct engine *engine;

/* True when `address` is below the stack of the agent's thread, that is, when that stack overflowed (thread.c). */
bool thread_guards(const struct agent *agent, uint64_t address);

extern struct carrier engine_carriers[ENGINE_MAX_CARRIERS];
extern uint32_t engine_carrier_count;
extern struct agent engine_cores[ENGINE_MAX_SUBCORES];
extern struct agent engine_workers[ENGINE_MAX_WORKERS];

/* Chooses the engine of the machine and makes the agents. */
void engine_init(const struct emu_machine *machine);

/* For what runs inside a signal handler or between two fibers, where ThreadSanitizer would charge the wrong fiber. */
#define ENGINE_NO_TSAN __attribute__((no_sanitize("thread")))
/* For what runs on the rescue stack, which AddressSanitizer does not know. */
#define ENGINE_NO_ASAN __attribute__((no_sanitize("address")))

/* The agent that this host thread is running, NULL in engine code. Never inlined: a fiber may continue on another
 * thread, so no caller may remember the address of a thread-local variable. */
struct agent *engine_self(void);
struct carrier *engine_carrier(void);
void engine_set_self(struct agent *agent);
void engine_set_carrier(struct carrier *carrier);

/* The agent of a port number, NULL when there is none. */
struct agent *engine_agent(uint32_t id);

/* Host time, ns. */
uint64_t engine_now(void);

#endif
