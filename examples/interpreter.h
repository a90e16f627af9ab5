/* A graph without a runtime: an orchestration's tasks run at once, one after the other, in the order in which they are
 * submitted, each by a plain call of its kernels on host memory.
 *
 * By definition of the submission order this is the right result of every graph, so it is what npurt is compared with
 * when no golden is at hand, and the quickest way to try a kernel. It finds no dependencies and knows no device.
 * Blocks run in order, the cores of a block in slot order; side by side, on threads, in an example whose cores talk.
 * Nobody waits for conditions; at the end all that were registered must hold.
 */
#ifndef NPURT_EXAMPLES_INTERPRETER_H
#define NPURT_EXAMPLES_INTERPRETER_H

#include "example.h"

#include <npurt/kernel.h>

typedef void (*interpreter_kernel)(int64_t *args);

/* Kernel functions of an example by id, from its shared objects. */
struct interpreter_kernels {
    interpreter_kernel function[NPURT_MAX_KERNELS];
    void *library[32];
    uint32_t library_count;
    bool cores_talk; /* struct example */
};
/* 0, or -1 with a sentence in problem[problem_size]. */
int interpreter_kernels_open(struct interpreter_kernels *kernels, const struct example *example, const char *folder,
                             char *problem, size_t problem_size);
void interpreter_kernels_close(struct interpreter_kernels *kernels);

/* Conditions that the kernels of deferred tasks have registered. */
struct interpreter_waits {
    npurt_kernel_condition *condition;
    uint32_t count, capacity;
};
/* All of them hold by now. */
bool interpreter_waits_hold(const struct interpreter_waits *waits);

/* One task whose kernels, tensors and scalars lie in host memory, all blocks and cores of it. */
struct interpreter_task {
    int32_t kernel[NPURT_CORE_SLOTS];
    uint32_t block_num;
    uint32_t tensor_count, scalar_count;
    const npurt_tensor *tensor;
    const uint64_t *scalar;
    struct interpreter_waits *waits; /* of a deferred task: its conditions are added, and the memory is the caller's;
                                      * NULL: it registers none */
};
void interpreter_run_task(const struct interpreter_kernels *kernels, const struct interpreter_task *task);

/* Runs the example's orchestration on the problem's own host tensors. *tasks, which may be NULL, receives how many
 * tasks there were. 0, or -1 with a sentence. */
int interpreter_run(const struct interpreter_kernels *kernels, const struct example_problem *problem,
                    const char *folder, uint32_t *tasks, char *message, size_t message_size);

#endif
