/* What an orchestration uses: submit tasks with the tensors they read and write.
 *
 * An orchestration is a shared object that exports
 *
 *     int orchestration_entry(npurt_orch *orch, const npurt_orch_args *args);
 *
 * (another name can be given when the callable is loaded). It returns 0, or a positive number of its own that the
 * caller of the graph gets back in the error record. It has no link dependency on npurt: every call goes through the
 * table of functions that *orch begins with, so the same source runs on the host (host_build_graph) and on the device.
 *
 * Life of a task: fill an npurt_task (npurt_task_init, then npurt_task_input / _inout / _output_new / …, tensors before
 * scalars in the kernel's argument order), npurt_orch_submit it. Dependencies on earlier tasks are found from the
 * bytes: read-after-write, write-after-write and write-after-read; more can be named with npurt_task_after. Two
 * descriptors of the same bytes are the same bytes, whatever address each of them begins at: arguments of the call may
 * overlap, and an orchestration may fill descriptors itself, for memory that is no output of the graph. The npurt_task is
 * the caller's and can be reused as soon as npurt_orch_submit returns.
 *
 * Names: what an orchestration asks of npurt begins with npurt_orch_, what fills a task with npurt_task_. The names of
 * API version 1 that differ stand at the end of this header and are kept for one release.
 *
 * Errors latch: the first refused submission makes every later one return the same status at once, and the call of the
 * graph fails with a record that names the submission. Not thread-safe: one orchestration, one thread.
 */
#ifndef NPURT_ORCHESTRATION_H
#define NPURT_ORCHESTRATION_H

#include <npurt/status.h>
#include <npurt/tensor.h>
#include <npurt/version.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    NPURT_TASK_MAX_TENSORS = 16,  /* per task; the reference's limit */
    NPURT_TASK_MAX_SCALARS = 32,
    NPURT_MAX_KERNELS = 1024,     /* kernel ids are 0 … 1023 */
    NPURT_GRAPH_MAX_TASKS = 131072,
    NPURT_MAX_SCOPE_DEPTH = 64,
    NPURT_TASK_MAX_BLOCKS = 65535,
    NPURT_TEMPLATE_MAX_TENSORS = 64,
    NPURT_TEMPLATE_MAX_SCALARS = 64,
};

/* The core slots of a cluster: one cube core and two vector cores. */
enum { NPURT_AIC = 0, NPURT_AIV0 = 1, NPURT_AIV1 = 2, NPURT_CORE_SLOTS = 3 };

typedef enum npurt_access {
    NPURT_ACCESS_INPUT = 0,           /* read */
    NPURT_ACCESS_OUTPUT_NEW = 1,      /* written; the buffer is allocated by the submission */
    NPURT_ACCESS_INOUT = 2,           /* read and written */
    NPURT_ACCESS_OUTPUT_EXISTING = 3, /* written, an existing buffer */
    NPURT_ACCESS_NO_DEP = 4,          /* passed to the kernel, no dependency but on the buffer's allocation */
    NPURT_ACCESS_OUTPUT = NPURT_ACCESS_OUTPUT_NEW, /* its name in API version 1 */
} npurt_access;

/* How a predicate compares its element, on the left, with its value. */
typedef enum npurt_compare {
    NPURT_EQUAL = 1,
    NPURT_NOT_EQUAL = 2,
    NPURT_LESS = 3,
    NPURT_LESS_EQUAL = 4,
    NPURT_GREATER = 5,
    NPURT_GREATER_EQUAL = 6,
} npurt_compare;

/* A buffer to be allocated by a submission. Zeroed beyond dtype and shape, its content is undefined at first. */
typedef struct npurt_tensor_spec {
    npurt_dtype dtype;
    uint32_t ndims;
    uint32_t shape[NPURT_MAX_DIMS];
    bool has_initial;       /* every element is `initial` before the first task that is given the buffer runs */
    uint64_t initial;       /* one element's bits, the lowest npurt_dtype_size(dtype) bytes; the rest is ignored */
} npurt_tensor_spec;

/* One submission; begins with an npurt_task_init…, because all zeros name kernel 0 in all three slots. A task without
 * any kernel is a dummy task, which orders but runs nothing. */
typedef struct npurt_task {
    int32_t kernel[NPURT_CORE_SLOTS];   /* kernel id per core slot, -1 none. One slot: AIC or AIV; more: MIX */
    uint32_t block_num;                 /* SPMD instances, 0 counts as 1 */
    uint32_t tensor_count, scalar_count;
    struct {
        npurt_access access;
        const npurt_tensor *tensor;     /* every access but OUTPUT_NEW; must live until npurt_orch_submit returns */
        const npurt_tensor_spec *spec;  /* OUTPUT_NEW; must live until npurt_orch_submit returns */
        npurt_tensor *out;              /* OUTPUT_NEW, may be NULL: receives the descriptor of the new buffer */
    } tensor[NPURT_TASK_MAX_TENSORS];
    uint64_t scalar[NPURT_TASK_MAX_SCALARS];
    const npurt_task_id *after;         /* explicit dependencies, no cap; must live until npurt_orch_submit returns */
    uint32_t after_count;
    npurt_status error;                 /* first misuse of the builders below: LIMIT or INVALID_ARGUMENT, with which
                                         * npurt_orch_submit refuses the task; any other number is INVALID_ARGUMENT */
    bool sync_start;                    /* all blocks start together: npurt_task_sync_start */
    bool deferred;                      /* completes when its kernels' conditions hold: npurt_task_deferred */
    bool has_predicate;                 /* runs only if: npurt_task_predicate */
    bool stage_consumers;               /* they may wait on cores for it to end: npurt_task_stage_consumers */
    struct {
        const npurt_tensor *tensor;     /* both must live until npurt_orch_submit returns */
        const uint32_t *index;
        npurt_compare compare;
        uint64_t bits;
    } predicate;
    uint32_t template_scalars;          /* bit j: scalar j is one of the template's, */
    uint8_t template_scalar[NPURT_TASK_MAX_SCALARS]; /* this one (npurt_task_template_scalar) */
} npurt_task;

/* The arguments of one call of the graph, in the order the caller gave them. Tensors are device tensors. */
typedef struct npurt_orch_args {
    uint32_t tensor_count, scalar_count;
    const npurt_tensor *tensor;
    const uint64_t *scalar;
} npurt_orch_args;

typedef enum npurt_scope_mode { NPURT_SCOPE_AUTO = 0, NPURT_SCOPE_MANUAL = 1 } npurt_scope_mode;

/* A part of the graph that repeats: see npurt_orch_template_begin. */
typedef struct npurt_template {
    uint64_t key;                       /* names the body; not 0 */
    const npurt_tensor *const *tensors; /* all that the body uses and does not allocate itself */
    uint32_t tensor_count;
    const uint64_t *scalars;            /* what differs between its uses (npurt_task_template_scalar) */
    uint32_t scalar_count;
} npurt_template;

typedef struct npurt_orch npurt_orch;

/* The table behind the inline functions below. New entries are only ever appended. */
typedef struct npurt_orch_ops {
    uint32_t size;                                                 /* bytes of this table */
    npurt_status (*submit)(npurt_orch *, const npurt_task *, npurt_task_id *id);
    npurt_status (*alloc)(npurt_orch *, const npurt_tensor_spec *, npurt_tensor *out);
    npurt_status (*scope_begin)(npurt_orch *, npurt_scope_mode);
    npurt_status (*scope_end)(npurt_orch *);
    npurt_status (*fail)(npurt_orch *, int32_t code, const char *text);
    uint32_t (*cluster_count)(npurt_orch *);
    npurt_status (*get)(npurt_orch *, const npurt_tensor *, const uint32_t *index, uint64_t *bits);
    npurt_status (*set)(npurt_orch *, const npurt_tensor *, const uint32_t *index, uint64_t bits);
    npurt_status (*template_begin)(npurt_orch *, const npurt_template *, bool *submit);
    npurt_status (*template_end)(npurt_orch *);
} npurt_orch_ops;

struct npurt_orch {
    const npurt_orch_ops *ops;
};

static inline void npurt_task_init(npurt_task *t, int32_t aic, int32_t aiv0, int32_t aiv1)
{
    t->kernel[NPURT_AIC] = aic;
    t->kernel[NPURT_AIV0] = aiv0;
    t->kernel[NPURT_AIV1] = aiv1;
    t->block_num = 1;
    t->tensor_count = t->scalar_count = t->after_count = 0;
    t->after = NULL;
    t->error = NPURT_OK;
    t->sync_start = t->deferred = t->has_predicate = t->stage_consumers = false;
    t->template_scalars = 0;
}
static inline void npurt_task_init_aic(npurt_task *t, int32_t kernel) { npurt_task_init(t, kernel, -1, -1); }
static inline void npurt_task_init_aiv(npurt_task *t, int32_t kernel) { npurt_task_init(t, -1, kernel, -1); }
static inline void npurt_task_init_dummy(npurt_task *t) { npurt_task_init(t, -1, -1, -1); }

static inline void npurt_task_add_tensor(npurt_task *t, npurt_access access, const npurt_tensor *tensor,
                                         const npurt_tensor_spec *spec, npurt_tensor *out)
{
    if (t->tensor_count == NPURT_TASK_MAX_TENSORS || t->scalar_count != 0) {
        if (t->error == NPURT_OK) t->error = t->scalar_count ? NPURT_ERROR_INVALID_ARGUMENT : NPURT_ERROR_LIMIT;
        return;
    }
    t->tensor[t->tensor_count].access = access;
    t->tensor[t->tensor_count].tensor = tensor;
    t->tensor[t->tensor_count].spec = spec;
    t->tensor[t->tensor_count].out = out;
    t->tensor_count++;
}
static inline void npurt_task_input(npurt_task *t, const npurt_tensor *x)
{ npurt_task_add_tensor(t, NPURT_ACCESS_INPUT, x, NULL, NULL); }
static inline void npurt_task_inout(npurt_task *t, const npurt_tensor *x)
{ npurt_task_add_tensor(t, NPURT_ACCESS_INOUT, x, NULL, NULL); }
static inline void npurt_task_output_existing(npurt_task *t, const npurt_tensor *x)
{ npurt_task_add_tensor(t, NPURT_ACCESS_OUTPUT_EXISTING, x, NULL, NULL); }
static inline void npurt_task_no_dep(npurt_task *t, const npurt_tensor *x)
{ npurt_task_add_tensor(t, NPURT_ACCESS_NO_DEP, x, NULL, NULL); }
/* The submission allocates the buffer; *out, which may be NULL, is its descriptor from npurt_orch_submit on. */
static inline void npurt_task_output_new(npurt_task *t, const npurt_tensor_spec *spec, npurt_tensor *out)
{ npurt_task_add_tensor(t, NPURT_ACCESS_OUTPUT_NEW, NULL, spec, out); }

/* A scalar argument, as it travels: 64 bits. npurt_task_scalar(t, x), below, chooses by the type of x. */
static inline void npurt_task_scalar_u64(npurt_task *t, uint64_t bits)
{
    if (t->scalar_count == NPURT_TASK_MAX_SCALARS) {
        if (t->error == NPURT_OK) t->error = NPURT_ERROR_LIMIT;
        return;
    }
    t->scalar[t->scalar_count++] = bits;
}
static inline void npurt_task_scalar_f32(npurt_task *t, float x)
{
    union { float f; uint32_t u; } bits;
    bits.f = x;
    npurt_task_scalar_u64(t, bits.u);
}
static inline void npurt_task_scalar_f64(npurt_task *t, double x)
{
    union { double f; uint64_t u; } bits;
    bits.f = x;
    npurt_task_scalar_u64(t, bits.u);
}
/* Negative numbers arrive as such in npurt_kernel_i32 and npurt_kernel_i64. */
static inline void npurt_task_scalar_i64(npurt_task *t, int64_t x) { npurt_task_scalar_u64(t, (uint64_t)x); }
static inline void npurt_task_blocks(npurt_task *t, uint32_t block_num) { t->block_num = block_num; }
/* No block of the task starts before there is a core for every one of them, and then they start together: blocks may wait
 * for each other (npurt_kernel_pause), which otherwise nobody may, because blocks of a task run in any order. Cores that
 * become idle wait for the task's others, so it costs a part of the device for up to two kernels' time.
 * All blocks must fit the device at once: block_num up to npurt_orch_cluster_count for AIC and MIX, twice that for AIV;
 * else the submission is refused (INVALID_ARGUMENT). One block, or a dummy task: says nothing. */
static inline void npurt_task_sync_start(npurt_task *t) { t->sync_start = true; }
/* Deferred completion: the task's kernels may register conditions (npurt_kernel_expect, npurt/kernel.h), and it counts as
 * complete, so that its consumers may run, when they have returned and all their conditions hold. Meanwhile its cores run
 * other tasks. Any number of tasks may wait. Each costs 1,664 bytes per core of each block, which are taken like an
 * output: from the graph's outputs (host_build_graph), or from the heap of the scope's ring until the task has completed.
 * A dummy task: says nothing; nor does a task whose kernels register nothing.
 *
 * A condition must be able to come true without anything that waits for the task. So counters, and inboxes that messages
 * are written into, are passed with npurt_task_no_dep: declared as read here and written there, they would make who
 * notifies wait for this task. A run in which only conditions are waited for and none comes true for scheduler_timeout_ms
 * ends as STALLED; the message names the first submission's. */
static inline void npurt_task_deferred(npurt_task *t) { t->deferred = true; }
/* The task's consumers may be sent to cores while it still runs, when all of its blocks have been; they start when it has
 * completed, and all else that they wait for, so the result is the same. It saves the way of a task from a scheduler to its
 * core after the producer's end: about 1.5 µs when the consumer waits for this task alone and both run on one core of the
 * same kind, less otherwise. It costs: the core that a consumer waits on has nothing else to do until then, so it is meant
 * for chains of short kernels, and for consumers that will be the next thing to run anyway.
 * A consumer is staged so when every task that it waits for says this, or has completed. Sync-start and predicated consumers
 * never are. A dummy task: says nothing, and passes on what its producers say. A predicated or a deferred task: says
 * nothing; who makes the latter's conditions true may need the cores.
 * npurt_timing.staged_blocks counts what was. */
static inline void npurt_task_stage_consumers(npurt_task *t) { t->stage_consumers = true; }
/* The task runs only if element `index` (x->ndims entries) of x compares so with a value, given as an element's bits in
 * the lowest npurt_dtype_size bytes; the rest is ignored. Every dtype: integers by sign, floats as numbers (a NaN is
 * unequal to everything, and neither less nor greater). The element is read on the device when the task becomes ready: the
 * task waits for whoever writes it, as for an input, and whoever writes it later waits for the task; in a MANUAL scope
 * name the writer. It counts as one of the NPURT_TASK_MAX_TENSORS and is no argument of the kernels.
 * False: the task completes without running. What it would have written stays as it was, and an output that it allocates
 * is undefined. A second call replaces the first. INVALID_ARGUMENT of npurt_orch_submit: no such element or comparison.
 * An element at an address that is no memory of the device (x->addr made by hand) ends the run with GRAPH, which names the
 * task and the address; on silicon only addresses that no device has are told apart, and others fault. */
static inline void npurt_task_predicate(npurt_task *t, const npurt_tensor *x, const uint32_t *index,
                                        npurt_compare compare, uint64_t bits)
{
    t->has_predicate = true;
    t->predicate.tensor = x;
    t->predicate.index = index;
    t->predicate.compare = compare;
    t->predicate.bits = bits;
}
static inline void npurt_task_after(npurt_task *t, const npurt_task_id *ids, uint32_t count)
{
    t->after = ids;
    t->after_count = count;
}

/* Submits a copy of *t. `id`, which may be NULL, receives the task's number. INVALID_ARGUMENT: the message names the
 * tensor, kernel or dependency; LIMIT: more tasks than NPURT_GRAPH_MAX_TASKS; OUT_OF_DEVICE_MEMORY: outputs do not fit. */
static inline npurt_status npurt_orch_submit(npurt_orch *o, const npurt_task *t, npurt_task_id *id)
{ return o->ops->submit(o, t, id); }

/* Allocates a buffer without a task; it lives as long as the graph (host_build_graph) or the scope. Content undefined. */
static inline npurt_status npurt_orch_alloc(npurt_orch *o, const npurt_tensor_spec *spec, npurt_tensor *out)
{ return o->ops->alloc(o, spec, out); }

/* Scopes bound lifetimes: a buffer that was allocated in a scope can not be passed to a submission after its end
 * (tensormap_and_ringbuffer refuses it, host_build_graph keeps all buffers). In a MANUAL scope no dependency is looked up,
 * only npurt_task_after counts. What its tasks do to buffers from outside is not remembered either: a later task that needs
 * it names them. They nest; an AUTO scope inside a MANUAL one is refused. */
static inline npurt_status npurt_orch_scope_begin(npurt_orch *o, npurt_scope_mode mode)
{ return o->ops->scope_begin(o, mode); }
static inline npurt_status npurt_orch_scope_end(npurt_orch *o) { return o->ops->scope_end(o); }

/* Ends the graph with an error of the user's own: a code of any sign (0 counts as -1) and a text, both in the caller's
 * error record. */
static inline npurt_status npurt_orch_fail(npurt_orch *o, int32_t code, const char *text)
{ return o->ops->fail(o, code, text); }

/* Clusters of the device the graph will run on. */
static inline uint32_t npurt_orch_cluster_count(npurt_orch *o) { return o->ops->cluster_count(o); }

/* One element of a tensor, for graphs that depend on data: `index` has t->ndims entries, `bits` are the element's in the
 * lowest npurt_dtype_size bytes, the rest 0 (get) or ignored (set). A get reads what the tasks submitted before have
 * written; the tasks submitted after a set see what it wrote, and none before. In scopes of any mode. Tasks count that were
 * given the element without dependencies, too (NPURT_ACCESS_NO_DEP, manual_dep, a MANUAL scope): a get is after each of them
 * that may write it, with any access but NPURT_ACCESS_INPUT; a set is after each that was given it.
 *
 * tensormap_and_ringbuffer waits for those tasks to complete. host_build_graph, whose tasks run when the graph is
 * finished, reaches the arguments of the call alone, and of these what no task submitted before may write (get), or read or
 * write (set); the rest is UNSUPPORTED there, and the message names the task. For device memory it waits for the run that
 * executes. What it sets in device memory stays, also when the graph is refused later.
 *
 * INVALID_ARGUMENT: an index outside of the shape, or a tensor that leaves its buffer. Like every refusal, these end the
 * graph. */
static inline npurt_status npurt_orch_get(npurt_orch *o, const npurt_tensor *t, const uint32_t *index, uint64_t *bits)
{
    if (o->ops->size < offsetof(npurt_orch_ops, get) + sizeof o->ops->get) return NPURT_ERROR_UNSUPPORTED;
    return o->ops->get(o, t, index, bits);
}
static inline npurt_status npurt_orch_set(npurt_orch *o, const npurt_tensor *t, const uint32_t *index, uint64_t bits)
{
    if (o->ops->size < offsetof(npurt_orch_ops, set) + sizeof o->ops->set) return NPURT_ERROR_UNSUPPORTED;
    return o->ops->set(o, t, index, bits);
}

/* Templates: a body that is submitted again and again, as the layers of a model are, with other tensors and scalars.
 *
 *     npurt_template layer = {.key = 1, .tensors = …, .tensor_count = …, .scalars = …, .scalar_count = …};
 *     if (npurt_orch_template_begin(orch, &layer)) {
 *         …submit the body: scopes, allocations, tasks…
 *         npurt_orch_template_end(orch);
 *     }
 *
 * The first use of a key in a graph submits the body and records it; later ones with tensors of the same types, shapes
 * and strides are replayed, and begin answers false. What runs is the same: the
 * tasks that the body would submit, with the same dependencies, inside and on what is around. Uses that can not be
 * replayed (other shapes, another mode of the scope around, a body that names a tensor which is neither the template's nor
 * allocated inside, or one of the template's with another dtype, or in npurt_task_after a task from around it, one of more
 * than 4,096 tasks, one with a deferred task, tensors of which two share bytes) answer true and are submitted as they are.
 *
 * When it pays: a use costs something itself, for each of the template's tensors, and the body's tasks share that. Of a body
 * of 4 tasks with 6 tensors a replayed task takes 1.2 to 1.4 of the time of a submitted one; with 16 tasks 0.7 to 0.9, with
 * 64 tasks 0.6 to 0.8; with 128 tasks on one tensor, the same at each use, 0.25 to 0.5 (bench/bench_submit.c,
 * bench_submit_ring.c). Small bodies are submitted plainly, or several of them made one template. The use that is recorded
 * takes longer than a submission.
 *
 * The body is a scope of its own: what it allocates is gone at its end, and it ends the scopes that it has begun, all of
 * them and no others (else INVALID_ARGUMENT). It is the same at each use of its key but for the template's tensors and for
 * scalars given with npurt_task_template_scalar; other scalars are those of the recording.
 * It reads and writes no elements, and templates do not nest (INVALID_ARGUMENT).
 *
 * npurt_timing tells how many templates a run recorded, and how many uses were replayed; so does the log, at level info.
 *
 * True: submit the body, then npurt_orch_template_end. False: it is done, or the graph has failed. Borrowed until then. */
static inline bool npurt_orch_template_begin(npurt_orch *o, const npurt_template *t)
{
    bool submit = true;
    if (o->ops->size < offsetof(npurt_orch_ops, template_begin) + sizeof o->ops->template_begin) return true;
    return o->ops->template_begin(o, t, &submit) == NPURT_OK && submit;
}
static inline npurt_status npurt_orch_template_end(npurt_orch *o)
{
    if (o->ops->size < offsetof(npurt_orch_ops, template_end) + sizeof o->ops->template_end) return NPURT_OK;
    return o->ops->template_end(o);
}
/* Scalar i of the template at hand, new at each use. */
static inline void npurt_task_template_scalar(npurt_task *task, const npurt_template *t, uint32_t i)
{
    if (i >= t->scalar_count || i >= NPURT_TEMPLATE_MAX_SCALARS) {
        if (task->error == NPURT_OK) task->error = NPURT_ERROR_INVALID_ARGUMENT;
        return;
    }
    if (task->scalar_count < NPURT_TASK_MAX_SCALARS) {
        task->template_scalars |= 1u << task->scalar_count;
        task->template_scalar[task->scalar_count] = (uint8_t)i;
    }
    npurt_task_scalar_u64(task, t->scalars[i]);
}

/* ---- Names of API version 1, kept for one release ---- */
static inline void npurt_task_output(npurt_task *t, const npurt_tensor_spec *spec, npurt_tensor *out)
{ npurt_task_output_new(t, spec, out); }
static inline npurt_status npurt_submit(npurt_orch *o, const npurt_task *t, npurt_task_id *id)
{ return npurt_orch_submit(o, t, id); }
static inline npurt_status npurt_scope_begin(npurt_orch *o, npurt_scope_mode mode)
{ return npurt_orch_scope_begin(o, mode); }
static inline npurt_status npurt_scope_end(npurt_orch *o) { return npurt_orch_scope_end(o); }
static inline bool npurt_template_begin(npurt_orch *o, const npurt_template *t)
{ return npurt_orch_template_begin(o, t); }
static inline npurt_status npurt_template_end(npurt_orch *o) { return npurt_orch_template_end(o); }

#ifdef __cplusplus
}
#endif

/* npurt_task_scalar(t, x): the scalar x, by its type. Integers, signed and unsigned, enumerations and bool arrive as the
 * same number; a float as npurt_kernel_f32 reads it. A double is refused by the compiler, because 0.5 is one and 0.5f was
 * meant or npurt_task_scalar_f64; so are pointers. */
#ifdef __cplusplus
template <typename T> void npurt_task_scalar(npurt_task *t, T x)
{ npurt_task_scalar_u64(t, static_cast<uint64_t>(static_cast<int64_t>(x))); }
template <typename T> void npurt_task_scalar(npurt_task *t, T *x) = delete;
inline void npurt_task_scalar(npurt_task *t, uint64_t x) { npurt_task_scalar_u64(t, x); }
inline void npurt_task_scalar(npurt_task *t, float x) { npurt_task_scalar_f32(t, x); }
void npurt_task_scalar(npurt_task *t, double x) = delete;
void npurt_task_scalar(npurt_task *t, long double x) = delete;
#else
#define npurt_task_scalar(t, x)                                                                                       \
    _Generic((x), float: npurt_task_scalar_f32, _Bool: npurt_task_scalar_u64, char: npurt_task_scalar_i64,            \
             signed char: npurt_task_scalar_i64, short: npurt_task_scalar_i64, int: npurt_task_scalar_i64,            \
             long: npurt_task_scalar_i64, long long: npurt_task_scalar_i64, unsigned char: npurt_task_scalar_u64,     \
             unsigned short: npurt_task_scalar_u64, unsigned int: npurt_task_scalar_u64,                              \
             unsigned long: npurt_task_scalar_u64, unsigned long long: npurt_task_scalar_u64)((t), (x))
#endif
#endif
