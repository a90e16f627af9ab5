/* Launches and streams. Device thread only, but for what struct launch says.
 *
 * A stream runs its commands one after the other. A launch takes what it needs (AICPU workers: cpu.c, clusters: core.c),
 * runs its agents, and ends; then its stream goes on. A launch that fails (fault, timeout) ends its stream's command at
 * once, with the error, and lives on without a stream until its last agent has ended.
 */
#ifndef NPUEMU_LAUNCH_H
#define NPUEMU_LAUNCH_H

#include "device.h"

struct stream;
struct function;
struct program;

enum launch_kind { LAUNCH_CPU, LAUNCH_KFC, LAUNCH_CORE };

struct launch {
    struct launch *next;                 /* in a queue for workers or clusters, or in the pool */
    struct launch *before, *after;       /* among the active ones */
    struct stream *stream;               /* NULL once its command has ended */
    uint64_t sequence;
    enum launch_kind kind;
    uint32_t blocks, next_block, running;/* running: agents */
    bool batch, queued;
    int32_t error;
    uint64_t deadline;                   /* engine time; UINT64_MAX never */
    bool hangs;                          /* fault plan: its first core never enters the program */
    struct function *function;           /* CPU */
    struct program *program;             /* CORE */
    uint32_t kernel;
    uint32_t so_offset, name_offset;     /* KFC */
    uint32_t args_size;
    uint8_t *args;                       /* inline_args, or in HBM */
    /* Writer: the agent that moves `reason_taken` from 0; reader: the device thread after that agent has ended. */
    _Atomic uint32_t reason_taken;
    char reason[280];
    _Alignas(64) uint8_t inline_args[EMU_INLINE];
};

/* Launches with blocks that have not started, in order. The device thread's. */
struct launch_queue {
    struct launch *first, *last;
};

static inline void launch_queue_push(struct launch_queue *queue, struct launch *launch)
{
    launch->queued = true;
    launch->next = NULL;
    if (queue->last) queue->last->next = launch;
    else queue->first = launch;
    queue->last = launch;
}

/* Takes out a launch that may or may not be in it. */
static inline void launch_queue_remove(struct launch_queue *queue, struct launch *launch)
{
    struct launch **at = &queue->first, *last = NULL;

    while (*at && *at != launch) last = *at, at = &(*at)->next;
    if (!*at) return;
    *at = launch->next;
    if (queue->last == launch) queue->last = last;
    launch->queued = false;
}

/* ACL codes of task errors (src/driver/cann.h). */
enum {
    LAUNCH_INTERNAL = 507000,
    LAUNCH_CORE_TIMEOUT = 507014,
    LAUNCH_CORE_EXCEPTION = 507015,
    LAUNCH_CPU_TIMEOUT = 507017,
    LAUNCH_CPU_EXCEPTION = 507018,
    LAUNCH_VECTOR_TIMEOUT = 507034,
    LAUNCH_VECTOR_EXCEPTION = 507035,
};

/* A launch command whose turn has come. */
void launch_begin(struct stream *stream, const struct emu_command *command);
/* All agents have ended and none will start. */
void launch_finish(struct launch *launch);
/* Ends the stream's command with an error; the first error counts. */
void launch_fail(struct launch *launch, int32_t code, int32_t core, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* An agent says why it is going to fail. Any thread. */
void launch_reason(struct launch *launch, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Starts one agent of a launch. */
void launch_start_agent(struct launch *launch, struct agent *agent, void (*run)(struct agent *));
void launch_set_timeout(uint64_t timeout_us);

/* ---- stream.c -------------------------------------------------------------------------------------------------- */
void stream_submit(const struct emu_command *command);
/* The running command of the stream has ended; 0 is success. */
void stream_completed(struct stream *stream, uint64_t sequence, int32_t error);
/* Earliest time at which a command that waits for its turn may begin (timed mode), UINT64_MAX none. Begins those that
 * are due. */
uint64_t stream_next_due(void);
void stream_begin_due(void);
/* Streams whose next command could begin, and beginning that of one of them (explore mode). Pre: nth < the count. */
uint32_t stream_startable(void);
void stream_begin_one(uint32_t nth);

/* ---- cpu.c: the AICPU OS ----------------------------------------------------------------------------------------- */
void cpu_init(const struct emu_machine *machine);
void cpu_bind(uint32_t handle, const struct emu_function *function);
void cpu_begin(struct launch *launch, const struct emu_command *command);
void cpu_agent_ended(struct launch *launch, struct agent *agent);
void cpu_withdraw(struct launch *launch);
/* Where the launch's blocks enter its program; 0: not known. The same of cores below. */
uint64_t cpu_program_entry(const struct launch *launch);
/* Bits of the worker slots in use; any thread. */
extern _Atomic uint32_t cpu_active;
uint32_t cpu_workers(void);

/* ---- core.c: the AICores ------------------------------------------------------------------------------------------ */
void core_init(const struct emu_machine *machine);
void core_program_load(uint32_t handle, const struct emu_program *program);
void core_program_kernel(uint32_t handle, uint32_t index, const struct emu_kernel *names);
/* A kernel without an AIC half: its blocks are vector cores. */
bool core_is_vector(const struct launch *launch);
void core_program_unload(uint32_t handle);
void core_begin(struct launch *launch, const struct emu_command *command);
void core_agent_ended(struct launch *launch, struct agent *agent);
void core_withdraw(struct launch *launch);
uint64_t core_program_entry(const struct launch *launch);

#endif
