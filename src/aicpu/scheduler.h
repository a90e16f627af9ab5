/* The scheduler: one per AICPU thread that takes part, owner of a partition of the run's clusters.
 *
 * Life: scheduler_init → scheduler_run, which adopts the partition's cores (handshake.c), prepares its range of the
 * task states (image_check.c), meets the peers, then goes round in passes: take what peers gave (balance.c), load COND
 * of the busy cores and complete what ended (completion.c), send ready tasks to idle cores, give surplus to hungry
 * peers, stage second tasks behind running ones (dispatch.c), before all of that gather cores for what must start
 * together (sync.c). When the run has ended it sends its cores home (drain.c).
 * The last thread out adds up the result (result.c).
 *
 * Nothing here is shared but workspace_head, the task states, and the inbox lists; a struct scheduler is its thread's.
 */
#ifndef NPURT_AICPU_SCHEDULER_H
#define NPURT_AICPU_SCHEDULER_H

#include <stdbool.h>
#include <string.h>

#include "core_state.h"
#include "gating.h"
#include "port/port.h"
#include "protocol/stream.h"
#include "ready.h"
#include "workspace.h"

enum {
    CLUSTER_WORDS = 2,        /* of 64 bits: a partition may be all clusters of the largest device, 256 / 3 */
    CORE_SLOTS = 3,           /* AIC, AIV0, AIV1 */
    PACE_KERNELS = 1024,      /* kernels whose pace is known apart (pace.h) */
    SEND_BATCH = 16,          /* payloads written before their numbers are stored in a burst */
    TASKS_PER_SCHEDULER = 32, /* a scheduler spends 0.2 µs on a task, and 0.1 µs on each core it adopts and releases */
    PLACE_TASKS = 2048,       /* so many are worth further host threads of the emulated card (50 µs to wake one), */
    PLACE_AFTER_US = 1000,    /* and so is a run that has taken so long */
    DONATION_MAX = 256,       /* tasks taken from a shelf, or given, at once */
    CONDITION_SLICE = 16,     /* waiting blocks looked at in a pass that has other things to do, */
    CONDITION_PASS = 256,     /* and in any other */
    HANDED_MAX = 64,          /* producers handed out whose consumers have not been looked at; more are forgotten */
    HANDED_EDGES = 8,         /* of these, looked at in a pass that had nothing else to do */
    FAST_PATH_OPEN = 0xe,
    FAST_PATH_CLOSE = 0xf,
    EXIT_LIMIT_MS = 1000, /* for a healthy core to leave its loop; the scheduler timeout when that is longer */
};

/* A set of clusters of the partition. */
struct cluster_set {
    uint64_t word[CLUSTER_WORDS];
};

/* Blocks of one SPMD task that this scheduler has claimed and not sent, [next, end), and where to claim more. The task
 * may be read in the task table only while there are such blocks. */
struct claim {
    uint32_t task;
    uint32_t next, end;
    uint8_t core_mask;
    uint8_t slot; /* of the shape's board, where more of its blocks were left; BOARD_NONE */
};
enum { BOARD_NONE = 0xff };

/* A producer that has been handed out, whose consumers are to be looked at when there is time. */
struct handed {
    uint32_t task;
    uint32_t core, number; /* of the last block sent: until that has been seen to end, the task has not */
    uint32_t next;         /* of its consumers: in a ring the edge to go on from, in an image how many have been looked at */
    bool begun;
    bool alone;            /* that block is all of the task */
};

/* What may be sent to a core behind the block of this number. */
struct follow {
    uint32_t after;
    uint32_t task, number; /* the number by which its gate knows it */
};

struct send {
    uint64_t registers;
    uint32_t number;
};

struct scheduler {
    /* The run. Constant after scheduler_init. */
    const struct run_control *control;
    const struct image_task *tasks;
    const uint32_t *ready_tasks, *edges;
    struct stream_words *words;           /* of a run that streams: tasks are ring slots; NULL: of an image */
    struct stream_edge *edge_nodes;       /* with words */
    const struct stream_result *stream_result; /* with words: the orchestrator's */
    uint64_t payloads;                    /* device address */
    const struct kernel_entry *kernels;
    struct workspace_head *head;
    struct workspace_board *board; /* [SHAPE_DUMMY] */
    struct task_state *state;
    struct task_gate *gates;        /* NULL: no task of the run is gated */
    struct workspace_gating *gating; /* with gates */
    uint32_t task_count, edge_count, ready_count;
    uint32_t join_count; /* of an image: nodes behind the tasks that edges lead to */
    uint32_t index, count;                 /* this scheduler, and how many there are */
    uint32_t clusters;                     /* of all schedulers */
    uint32_t cluster_first, cluster_count; /* its partition */
    uint32_t reg_cond, reg_dmb;
    uint64_t limit_ticks; /* of scheduler_timeout_ms; 0: none */
    uint64_t ms_ticks;    /* of 1 ms */

    /* Work. */
    struct ready_list ready[SHAPE_COUNT];
    struct ready_list sync_ready;    /* sync-start tasks of any shape */
    struct claim claim[SHAPE_DUMMY]; /* per shape that runs on cores */
    struct cluster_set idle[CORE_SLOTS], busy[CORE_SLOTS], stageable[CORE_SLOTS];
    struct cluster_set quick[CORE_SLOTS]; /* of the stageable: they run a quick kernel */
    struct cluster_set reserved;          /* clusters kept from single-core tasks until a waiting MIX task fits */
    struct cluster_set held[CORE_SLOTS];  /* cores in CORE_HELD */
    struct cluster_set keep[CORE_SLOTS];  /* cores kept from ordinary tasks while a sync-start task gathers */
    uint32_t held_count, held_generation; /* held cores, and the generation of head->sync that they are held for */
    uint64_t owed_until; /* of `dispatches`: until then ordinary tasks come before the next sync-start task */
    uint32_t busy_count;
    uint32_t send_count;
    struct send send[SEND_BATCH];
    /* Slabs of blocks that have ended and wait for conditions (condition.c). */
    struct condition_slab *waiting_first, *waiting_last;
    uint32_t waiting_count;
    uint32_t looks_due; /* the first of them, not looked at since port_wait_begin gave `token` */
    port_token token;
    /* Gated tasks (gate.c). */
    struct cluster_set shut[CORE_SLOTS]; /* of the busy: they wait at a gate, and are not looked at */
    uint32_t shut_count;
    uint32_t handed_first, handed_count;
    struct handed handed[HANDED_MAX]; /* a ring */
    bool gated;                /* there may be some */
    bool opened;               /* a gate had opened while its task was being staged: the rest of it is ready here */
    bool offered[SHAPE_DUMMY]; /* they were put into the queue since the peers were called */
    bool sync; /* the graph has sync-start tasks; also set by the first that becomes ready here (scheduler_ready) */
    bool spmd; /* the graph has tasks of several blocks, and peers to share them with */
    uint32_t passes;
    bool hungry[SHAPE_DUMMY]; /* this scheduler's hungry bit is set, unless a donor has cleared it */
    bool called[SHAPE_DUMMY];     /* a peer says that there is something on the shelf */
    bool shelf_seen[SHAPE_DUMMY]; /* there was something on the shelf when this scheduler looked last, or was called */
    bool may_stage[SHAPE_DUMMY];  /* more tasks wait, here and on the shelf, than all cores together could run */
    bool placed;              /* port_place has been called, or need not be */
    bool moved;               /* something ended since the watch looked last */

    /* The pace of kernels (pace.h). */
    uint32_t tick, quick_ticks;      /* the clock when it was looked at last; less than this is quick */
    bool tick_stale;                 /* a kernel was seen running since, or nothing happened: time may have passed */
    bool slow[2];                    /* of AIC, AIV: the block that ended last was not quick */
    bool quick_kernel[PACE_KERNELS]; /* by id */

    /* The watch: time of the last look at abort, time and sum of the last known progress of the run. */
    uint64_t look_ticks, moved_ticks;
    uint32_t moved_sum;

    /* The flight recorder. */
    uint32_t stamp; /* of the last look at the clock */
    uint32_t look;  /* run_command.look that was answered */
    struct scheduler_record *record;

    /* For the result. */
    uint32_t completed, completed_told; /* tasks; of these, added to head->completed */
    uint64_t loads, stores, dispatches;
    uint64_t staged; /* blocks sent before their task's producers had completed */
    uint64_t ready_ticks;
    bool exit_late; /* a core did not leave its loop: */
    uint32_t exit_late_core;
    uint64_t predicate_address; /* of the element that the first refused predicate is about */
    int64_t predicate_task;     /* its task's submission; -1: none was refused here */
    struct run_condition condition; /* refused; else, when the run failed, the first that waits */
    uint32_t suspect_count;
    struct run_suspect suspect[RUN_MAX_SUSPECTS];

    struct core_state core[PROTOCOL_MAX_CORES]; /* cluster × 3 + slot */
    struct follow follow[PROTOCOL_MAX_CORES];   /* of the cores that are followed */
};
_Static_assert(sizeof(struct scheduler) <= WORKSPACE_SCHEDULER, "one scheduler's part of the workspace");

static inline struct workspace_head *workspace_head(const struct run_control *control)
{
    return (struct workspace_head *)(uintptr_t)control->workspace;
}
static inline struct scheduler *workspace_scheduler(const struct run_control *control, uint32_t index)
{
    return (struct scheduler *)(uintptr_t)(control->workspace + (uint64_t)WORKSPACE_SCHEDULER * (1 + index));
}

/* ---- scheduler.c */

/* How many of the AICPU threads schedule a graph of so many tasks on so many clusters. At least 1. */
uint32_t scheduler_count(uint32_t task_count, uint32_t aicpu_threads, uint32_t clusters);
/* Pre: the head is zeroed. What the run's tasks come from is said afterwards, by scheduler_use_…; without, the image is
 * unusable, and the scheduler will adopt its cores and release them. */
void scheduler_init(struct scheduler *s, const struct run_control *control, uint32_t index, uint32_t count);
void scheduler_use_image(struct scheduler *s, const struct image_header *image);
void scheduler_use_stream(struct scheduler *s, const struct stream_control *stream);
/* Runs the partition to the end of the run. */
void scheduler_run(struct scheduler *s);
/* The parts of scheduler_run, for an orchestrator that has to schedule in turn: before the first pass; one pass, with
 * what it did; rounds until the run has ended, and the cores' way home. */
void scheduler_begin(struct scheduler *s);
enum scheduler_pass { PASS_ENDED, PASS_AGAIN, PASS_IDLE };
/* Reads which kinds of tasks the orchestrator has announced. A kind is announced before its first task is ready. */
void scheduler_learn_kinds(struct scheduler *s);
/* One look at everything. PASS_IDLE: all of it has been looked at since s->token, which port_wait may be given now. */
enum scheduler_pass scheduler_pass(struct scheduler *s);
void scheduler_rest(struct scheduler *s);
/* Ends the run for everybody, unless it has ended already: the first cause stays. */
void run_end(struct workspace_head *head, enum run_code code, int64_t detail);
/* Ends the run for all schedulers, unless it has ended already: the first cause stays. */
void scheduler_end(struct scheduler *s, enum run_code code, int64_t detail);
/* Takes part in every wait loop: true when the run has ended. Looks at the host's abort and the clock once per ms; ends
 * the run with `on_limit` when nothing in it has moved for limit_ticks (0: no limit). */
bool scheduler_watch(struct scheduler *s, uint64_t limit_ticks, enum run_code on_limit, int64_t detail);
/* Checks the invariants of the scheduler's own structures whole; NULL, or what is wrong. For tests and debuggers. */
const char *scheduler_validate(const struct scheduler *s);

/* ---- evaluate.c */

/* The element of the task's predicate lies in memory of the device. Else the run ends with RUN_BAD_PREDICATE. */
bool predicate_is_readable(struct scheduler *s, uint32_t task);
/* A predicate of the image that was meant as one. */
bool predicate_is_sound(const struct scheduler *s, const struct image_task *task);
/* Reads its element from memory. Pre: it is readable. */
bool predicate_holds(const struct scheduler *s, const struct image_task *task);

/* ---- gate.c */

/* A block of a task with IMAGE_OPENS has been sent, or one core's part of it, to the core. */
void gate_sent(struct scheduler *s, uint32_t task, uint32_t core);
/* The producers of a gated task have completed. True: it has all been sent, or who is sending it sees to the rest. */
bool gate_open(struct scheduler *s, uint32_t task);
/* In a pass with nothing else to do: looks at the consumers of what was handed out, and stages gated tasks on cores that
 * nothing else wants. True: there is more to do. */
bool gate_stage(struct scheduler *s);
/* The core's block has been acknowledged, or has ended: what was to follow it follows, or has missed it. */
void gate_follow(struct scheduler *s, unsigned slot, uint32_t cluster);
/* The core waits, or will, behind a gate that nobody has opened. */
bool gate_is_shut(const struct scheduler *s, const struct core_state *core);
/* Finds the cores whose gates have been opened. Pre: some are shut. */
void gate_look(struct scheduler *s);
/* The core has a gated block, and has been looked at. */
void gate_moved(struct scheduler *s, unsigned slot, uint32_t cluster);

/* The task's producers have completed: it waits in the list it belongs to from now on. */
static inline void scheduler_ready(struct scheduler *s, uint32_t task)
{
    const struct image_task *t = &s->tasks[task];
    struct ready_list *list = &s->ready[t->shape];
    if (__builtin_expect(t->flags != 0, 0)) {
        if (t->flags & IMAGE_GATED && gate_open(s, task)) return;
        if (t->flags & IMAGE_SYNC_START) {
            /* A ring's first one can be announced and become ready within one pass, which looked before that. */
            list = &s->sync_ready;
            s->sync = true;
        }
        /* Completed among the dummies, and not here: who completes may be releasing consumers. */
        if (t->flags & IMAGE_PREDICATE) {
            if (!predicate_is_readable(s, task)) return; /* the run has ended */
            if (!predicate_holds(s, t)) list = &s->ready[SHAPE_DUMMY];
        }
    }
    ready_push(list, s->state, task);
}

/* What people are told of a task: its submission's number. A slot's would tell nobody anything. */
static inline uint32_t scheduler_task_name(const struct scheduler *s, uint32_t task)
{
    return s->words ? s->tasks[task].fanout_begin : task;
}

/* Where the part of scheduler `index` begins in what is dealt out to all of them: `total` tasks, edges. */
static inline uint32_t scheduler_share(const struct scheduler *s, uint32_t index, uint32_t total)
{
    return (uint32_t)((uint64_t)total * index / s->count);
}

/* For how long an aborted run waits for its cores. */
static inline uint64_t scheduler_abort_grace(const struct scheduler *s)
{
    const struct run_command *command = (const struct run_command *)(uintptr_t)s->control->command;
    return command ? command->grace_ms * s->ms_ticks : 0;
}

static inline bool scheduler_ended(const struct scheduler *s)
{
    return port_observe32(&s->head->end) != 0;
}

/* ---- handshake.c */

/* Adopts every core of the partition, or ends the run. */
void handshake_cores(struct scheduler *s);

/* ---- image_check.c */

/* The header of the run's image when it and its tables lie within image_size and the workspace is large enough for its
 * tasks, else NULL and *detail, the offset of the bad field. */
const struct image_header *image_check_header(const struct run_control *control, int64_t *detail);
/* Checks this scheduler's range of tasks, edges and the ready list, and initialises its task states; ends the run with
 * BAD_IMAGE or BAD_KERNEL and the task. */
void image_check_range(struct scheduler *s);

/* ---- completion.c */

/* Loads COND of every busy core once. What ended is completed, and what that makes ready sent, before the next load: a
 * sweep of 18 cores takes 1.7 µs on silicon, which no core should wait for. */
void completion_poll(struct scheduler *s);
/* Completes the dummy tasks that are ready, and those that become ready by it. */
void completion_dummies(struct scheduler *s);
/* One core's part of one block is over, conditions included: completes the task when it was the last. */
void completion_count(struct scheduler *s, uint32_t task);

/* ---- condition.c: kernels' conditions (protocol/condition.h) */

/* The slabs of a deferred task of an image are where it may have meant them to be. */
bool condition_is_sound(const struct scheduler *s, const struct image_task *task);
/* Prepares a payload for a run: what a kernel of a task that is not deferred may say about conditions, nothing yet, and
 * the async words that lead there. They are constant, but for a deferred task's; close puts them back. */
void condition_begin(const struct scheduler *s, struct dispatch_payload *payload);
void condition_close(struct dispatch_payload *payload);
/* The async words of a deferred task's block, and its slab, empty. `slot` is that of the core. */
void condition_send(const struct scheduler *s, struct dispatch_payload *payload, uint32_t task, uint32_t block,
                    unsigned slot);
/* The block's kernel has returned on the core of this slot. True: nothing is left to wait for. False: its slab waits, or
 * the run has ended because of what the kernel registered. */
bool condition_block_ended(struct scheduler *s, const struct core_work *work, unsigned slot,
                           struct dispatch_payload *payload);
/* Looks at waiting slabs that are due, `most` of them, and completes what they leave complete. */
void condition_poll(struct scheduler *s, uint32_t most);
/* The first submission's of those that wait here, with the word's present value; all 0 when none does. */
struct run_condition condition_first(const struct scheduler *s);
/* What a kernel wanted to register in a task that is not deferred. `mark` is what it published in workspace_head. */
struct run_condition condition_stray(const struct run_control *control, uint32_t mark);
const char *condition_validate(const struct scheduler *s);

/* ---- dispatch.c */

/* Sends ready tasks to idle cores: MIX first, then AIC and AIV. */
void dispatch_ready(struct scheduler *s);
/* Sends ready single-core tasks to idle cores and offers what is left, from within the completion of a task: its other
 * consumers are still being released. Completes nothing. */
void dispatch_early(struct scheduler *s);
/* Sends ready tasks to cores that are running one and have no second: to all of them while more tasks wait than all
 * schedulers have cores, else to those that run a quick kernel (pace.h). */
void dispatch_stage(struct scheduler *s);
/* How many tasks of the shape could be sent at once; how many could be staged. */
uint32_t dispatch_room(const struct scheduler *s, enum image_shape shape);
uint32_t dispatch_second_room(const struct scheduler *s, enum image_shape shape);
/* A core for a gated block of the shape: an idle one, else one with a quick kernel and nothing behind it; a cluster whose
 * cores of the mask are idle. */
bool dispatch_find_core(const struct scheduler *s, enum image_shape shape, unsigned *slot, uint32_t *cluster);
bool dispatch_find_cluster(const struct scheduler *s, unsigned mask, uint32_t *cluster);
/* True when tasks of the shape wait here: in the list, or claimed. */
static inline bool dispatch_has_work(const struct scheduler *s, enum image_shape shape)
{
    return s->ready[shape].count > 0 || s->claim[shape].next < s->claim[shape].end;
}

/* ---- board.c: SPMD tasks whose blocks every partition may claim */

/* Pre: nobody has met. */
void board_init(struct scheduler *s);
/* Claims up to `room` blocks of an SPMD task of the shape: of the one at hand or of one on the board. Pre: no block of
 * the claim at hand is unsent. */
bool board_claim(struct scheduler *s, enum image_shape shape, uint32_t room);
/* Claims the first `room` blocks of a task that was just taken from the ready list, and shows the rest. */
void board_post(struct scheduler *s, enum image_shape shape, uint32_t task, uint32_t room);
/* Whether the SPMD task at hand has blocks for this scheduler: claimed, or still on the board. Then the claim's
 * core_mask is theirs. */
bool board_at_hand(struct scheduler *s, enum image_shape shape);

/* ---- hold.c */

/* Blocks of a task with this core mask for which there are idle cores. */
uint32_t hold_room(const struct scheduler *s, unsigned mask);
/* Fills the payloads of `count` blocks and holds their cores. Pre: count ≤ hold_room. */
void hold_blocks(struct scheduler *s, uint32_t task, uint32_t block, uint32_t count);
/* Stores the numbers of all that is held. */
void hold_start(struct scheduler *s);
/* Lets the cores go; they never hear of their blocks. */
void hold_drop(struct scheduler *s);
/* Keeps cores from ordinary tasks until `blocks` more blocks with this mask can be held. */
void hold_keep(struct scheduler *s, unsigned mask, uint32_t blocks);
void hold_keep_none(struct scheduler *s);

/* ---- sync.c */

/* Before ordinary tasks are sent: starts what can start, claims blocks for idle cores, keeps the cores still needed. */
void sync_step(struct scheduler *s);
/* Ordinary tasks that waited for whoever has cores have been taken: who let them go first may gather now. */
void sync_shelf_emptied(const struct scheduler *s);
/* The run has ended: starts what is held of a task that has started elsewhere, drops the rest. */
void sync_end(struct scheduler *s);

/* ---- balance.c */

void balance_take(struct scheduler *s);
/* Cores that single-core tasks of the shape may have in so many clusters; for MIX, clusters. */
static inline uint32_t balance_cores(uint32_t clusters, enum image_shape shape)
{
    return shape == SHAPE_AIV ? 2 * clusters : clusters;
}

/* A scheduler says that it has more tasks of the shape than cores. */
static inline bool balance_is_loaded(const struct workspace_head *head, enum image_shape shape)
{
    return port_observe32(&head->balance[shape]) >> 16 != 0;
}

/* Puts a list of ready tasks into a scheduler's inbox and kicks it. */
void balance_give(struct workspace_head *head, struct task_state *state, uint32_t peer, const struct ready_list *list);
/* Hands parts of the list to the schedulers of `hungry`, bits of balance[shape]. */
void balance_feed(struct workspace_head *head, struct task_state *state, enum image_shape shape,
                  struct ready_list *list, uint32_t hungry);
/* After a dispatch: puts surplus on the shelf when a peer is hungry, or takes from it, or says that this partition is
 * hungry. True when the caller should dispatch once more. */
bool balance_share(struct scheduler *s);

/* Takes single-core tasks for idle cores from a shelf that had some when it was looked at last; true when it got any. */
bool balance_fetch(struct scheduler *s);

/* Puts single-core tasks that this partition has no cores for on the shelf when a peer has some. */
void balance_offer(struct scheduler *s);

/* ---- drain.c */

/* Sends EXIT to all adopted cores and waits until they have left; notes the suspects. */
void drain_cores(struct scheduler *s);

/* ---- recorder.c: the flight recorder (protocol/recorder.h) */

/* Says how far this scheduler is. */
void recorder_stage(struct scheduler *s, enum record_stage stage);
/* Writes down what it knows, and cleans that and its tasks' states from the caches: the host is about to read. */
void recorder_tell(struct scheduler *s);
/* Cleans what has been recorded since from the caches. */
void recorder_clean(const struct scheduler *s);
/* Where the core's record is; cleared for a run that begins. */
struct core_record *recorder_adopt(const struct scheduler *s, uint32_t core_index);

static inline void recorder_sent(struct core_state *core, uint32_t number, uint32_t task, uint32_t block,
                                 uint32_t stamp)
{
    core->record->last[number % RECORD_LAST] = (struct dispatch_record){task, (uint16_t)block, (uint16_t)number, stamp, 0};
}
static inline void recorder_ended(struct core_state *core, const struct core_work *ended, uint32_t count,
                                  uint32_t stamp)
{
    for (uint32_t i = 0; i < count; i++)
        core->record->last[ended[i].number % RECORD_LAST].ended = stamp;
}

/* ---- result.c */

/* Pre: all threads but the caller have departed. */
void result_write(const struct run_control *control, uint32_t schedulers);

#endif
