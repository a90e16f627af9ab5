/* An example as a subject. */
#include "subject.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct own {
    struct example_problem problem;
    char folder[PATH_MAX];
    bool prepared;
};

static npurt_status prepare(struct subject *subject, char *problem, size_t size)
{
    struct own *own = subject->own;
    if (example_prepare(subject->options->example, subject->options->which, 1, &own->problem) != 0) {
        snprintf(problem, size, "no host memory for the inputs");
        return NPURT_ERROR_OUT_OF_HOST_MEMORY;
    }
    own->prepared = true;
    own->problem.runtime = subject->runtime;
    if (!example_case_runs(subject->options->example, subject->options->which, subject->runtime)) {
        snprintf(problem, size, "size %s reads what its tasks have computed: --runtime tensormap_and_ringbuffer",
                 subject->options->which->name);
        return NPURT_ERROR_UNSUPPORTED;
    }
    if (!example_folder(own->folder, sizeof own->folder)) {
        snprintf(problem, size, "the examples are not in lib/npurt/examples beside the program's bin");
        return NPURT_ERROR_MISSING_BINARY;
    }
    subject->args = (npurt_call_args){.tensors = own->problem.tensor,
                                      .tensor_count = own->problem.tensor_count,
                                      .scalars = own->problem.scalar,
                                      .scalar_count = own->problem.scalar_count};
    memcpy(subject->args.ring, subject->options->ring, sizeof subject->args.ring);
    subject->param = own->problem.param;
    return NPURT_OK;
}

static npurt_status load(struct subject *subject, npurt_device *device, npurt_callable **out)
{
    struct own *own = subject->own;
    return example_load(device, &own->problem, own->folder, out);
}

static void restore(struct subject *subject)
{
    example_restore(&((struct own *)subject->own)->problem);
}

static int64_t check(struct subject *subject, double *max_abs_error)
{
    return example_check(&((struct own *)subject->own)->problem, max_abs_error);
}

static const struct comparison *found(const struct subject *subject, uint32_t i, char name[64])
{
    snprintf(name, 64, "argument %u", i);
    return &((const struct own *)subject->own)->problem.found[i];
}

static npurt_status finish(struct subject *subject, char *problem, size_t size)
{
    (void)subject, (void)problem, (void)size; /* results are compared and not kept */
    return NPURT_OK;
}

static void release(struct subject *subject)
{
    struct own *own = subject->own;
    if (own && own->prepared) example_release(&own->problem);
    free(own);
    subject->own = NULL;
}

int subject_of_example(const struct run_options *options, struct subject *subject)
{
    static const struct subject_ops ops = {prepare, load, restore, check, found, finish, release};
    *subject = (struct subject){.ops = &ops,
                                .options = options,
                                .kind = "example",
                                .name = options->example->name,
                                .detail = options->which->summary,
                                .runtime = options->runtime,
                                .checked = true,
                                .own = calloc(1, sizeof(struct own))};
    return subject->own ? 0 : -1;
}
