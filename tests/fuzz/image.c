/* Graph images and the blocks that come with them: whatever the AICPU program's check lets through has every index and
 * address in range, and an argument block or a run_control that it takes is one of this protocol, within bounds.
 *
 * Input: the number of AICPU threads, the run_control's numbers in 16 bytes, then the image. */
#include "fuzz.h"

#include "protocol/condition.h"
#include "protocol/predicate.h"

/* Its checks are its own. */
#include "aicpu/entry.c"

enum { CLUSTERS = 4, ACCEPTED = 0 };
static const struct kernel_entry kernels[3] = {{4096, 0, 0}, {8192, 1, 0}, {0, KERNEL_ABSENT, 0}};

/* The code with which the image is refused by one of the schedulers, or ACCEPTED. */
static uint32_t check(const struct run_control *control, void *workspace)
{
    static struct scheduler scheduler;
    int64_t detail;

    memset(workspace, 0, WORKSPACE_HEAD_SIZE);
    const struct image_header *header = image_check_header(control, &detail);
    FUZZ_CHECK(detail >= 0 && detail < (int64_t)sizeof *header, "detail %lld", (long long)detail);
    if (!header) return RUN_BAD_IMAGE;
    const uint32_t count = scheduler_count(header->task_count, control->aicpu_threads, control->block_dim);
    FUZZ_CHECK(count >= 1 && count <= control->aicpu_threads, "%u schedulers of %u", count, control->aicpu_threads);
    for (uint32_t index = 0; index < count; index++) {
        scheduler_init(&scheduler, control, index, count);
        scheduler_use_image(&scheduler, header);
        image_check_range(&scheduler);
        if (workspace_head(control)->end) return workspace_head(control)->end - 1;
    }
    return ACCEPTED;
}

/* An address that a scheduler will follow was meant as one. */
static void check_predicate(const struct image_task *t, const uint8_t *payload, const uint8_t *end)
{
    struct image_predicate p;
    const uint8_t *at = payload + t->tensor_count * 128ull + t->scalar_count * 8ull;
    if (!(t->flags & IMAGE_PREDICATE)) return;
    FUZZ_CHECK(at + sizeof p <= end, "a predicate beyond the image");
    memcpy(&p, at, sizeof p);
    FUZZ_CHECK(p.mark == predicate_mark(&p) && p.dtype < NPURT_DTYPE_COUNT && p.compare >= 1 && p.compare <= 6,
               "a predicate that is none");
}

static void check_deferred(const struct image_task *t, const uint8_t *payload, const uint8_t *end)
{
    struct image_deferred d;
    const uint8_t *at = payload + t->tensor_count * 128ull + t->scalar_count * 8ull + (t->flags & IMAGE_PREDICATE ? 24 : 0);
    if (!(t->flags & IMAGE_DEFERRED)) return;
    FUZZ_CHECK(at + sizeof d <= end, "slabs named beyond the image");
    memcpy(&d, at, sizeof d);
    FUZZ_CHECK(d.mark == deferred_mark(d.slabs) && d.slabs % 64 == 0, "slabs that are none");
}

/* The promises again, from the format's description in protocol/image.h. */
static void check_promises(const uint8_t *image, uint64_t size, const struct run_control *control)
{
    struct image_header h;
    memcpy(&h, image, sizeof h);
    const uint64_t nodes = (uint64_t)h.task_count + h.join_count, states = (nodes * 16 + 63) / 64 * 64;
    FUZZ_CHECK(65536 * (1ull + control->aicpu_threads) + states + (h.gated_count ? nodes * 32 : 0) <= control->workspace_size,
               "workspace");
    FUZZ_CHECK(h.tasks_offset <= size && h.tasks_offset + nodes * 32 <= size, "tasks and joins");
    FUZZ_CHECK(h.ready_offset <= size && h.ready_offset + (uint64_t)h.ready_count * 4 <= size, "ready list");
    FUZZ_CHECK(h.edges_offset <= size && h.edges_offset + (uint64_t)h.edge_count * 4 <= size, "edges");
    for (uint32_t i = 0; i < nodes; i++) {
        struct image_task t;
        memcpy(&t, image + h.tasks_offset + i * 32, sizeof t);
        FUZZ_CHECK((uint64_t)t.fanout_begin + t.fanout_count <= h.edge_count, "task %u: fanout", i);
        FUZZ_CHECK(h.payload_offset + t.payload * 64ull + t.tensor_count * 128ull + t.scalar_count * 8ull <= size,
                   "task %u: payload", i);
        FUZZ_CHECK(t.tensor_count + t.scalar_count <= 48, "task %u: arguments", i);
        FUZZ_CHECK(t.block_num >= 1 && t.shape < SHAPE_COUNT && t.core_mask < 8, "task %u: shape", i);
        FUZZ_CHECK((t.shape == SHAPE_DUMMY) == (t.core_mask == 0), "task %u: dummy", i);
        FUZZ_CHECK(t.flags < 32, "task %u: flags", i);
        FUZZ_CHECK(!(t.flags & IMAGE_GATED) || (h.gated_count && !(t.flags & (IMAGE_SYNC_START | IMAGE_PREDICATE))),
                   "task %u waits behind a gate", i);
        FUZZ_CHECK(!(t.flags & IMAGE_SYNC_START) ||
                       (t.block_num >= 2 && t.block_num <= (t.shape == SHAPE_AIV ? 2 : 1) * CLUSTERS),
                   "task %u: %u blocks start together", i, t.block_num);
        check_predicate(&t, image + h.payload_offset + t.payload * 64ull, image + size);
        check_deferred(&t, image + h.payload_offset + t.payload * 64ull, image + size);
        for (int slot = 0; slot < 3; slot++)
            FUZZ_CHECK(!(t.core_mask >> slot & 1) || t.kernel[slot] == (slot == 0 ? 0 : 1), "task %u: kernel", i);
    }
    for (uint32_t i = 0, last = 0; i < h.ready_count; i++) {
        uint32_t task;
        memcpy(&task, image + h.ready_offset + i * 4, 4);
        FUZZ_CHECK(task < h.task_count && (i == 0 || task > last), "ready %u", i);
        last = task;
    }
    for (uint32_t i = 0; i < h.edge_count; i++) {
        uint32_t task;
        memcpy(&task, image + h.edges_offset + i * 4, 4);
        FUZZ_CHECK(task < nodes, "edge %u", i);
    }
}

/* Arguments and run_control as the host would send them, with the input's numbers in some of their words. */
static void try_blocks(const uint8_t words[17], struct run_control *control)
{
    struct aicpu_args args = {.protocol_version = PROTOCOL_VERSION + (words[1] & 1),
                              .size = sizeof args + (words[1] >> 1 & 3),
                              .control = words[1] & 8 ? 0 : (uintptr_t)control};
    const bool wrong = words[1] & 15;

    FUZZ_CHECK((args_check(&args) != NULL) == !wrong, "arguments %x", words[1]);
    FUZZ_CHECK(args_check(NULL) == NULL, "no arguments");
    tell_version(&args);
    control->protocol_version = PROTOCOL_VERSION;
    control->run_number = words[2];
    control->aicpu_threads = words[3];
    control->block_dim = words[4];
    control->physical_cores = words[5] * 2u;
    control->result = words[6];
    control->records = words[6] / 2;
    control->workspace_size = (uint64_t)words[7] << 14;
    if (control_check(control))
        FUZZ_CHECK(control->run_number && control->aicpu_threads - 1 < 16 && control->block_dim - 1 < 85 &&
                       control->physical_cores <= 256 && control->result && control->records &&
                       control->workspace_size >= 65536 * 2,
                   "a run_control of %u threads and %u clusters", control->aicpu_threads, control->block_dim);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t *workspace;
    static const uint64_t workspace_size = 65536 * 19; /* of 16 threads, and some 4,000 tasks */
    struct fuzz_input in = {data, size};
    uint8_t words[17] = {0};

    if (!workspace) workspace = aligned_alloc(64, workspace_size);
    for (size_t i = 0; i < sizeof words; i++)
        words[i] = (uint8_t)fuzz_number(&in, 1);
    void *image = NULL; /* exact, so that a sanitizer sees a byte too far */
    if (!workspace || posix_memalign(&image, 64, in.left ? in.left : 1)) abort();
    memcpy(image, in.at, in.left);
    struct run_control control = {.image = (uintptr_t)image, .workspace = (uintptr_t)workspace};

    try_blocks(words, &control);
    control.image_size = in.left;
    control.aicpu_threads = 1 + words[0] % 16;
    control.block_dim = CLUSTERS;
    control.kernels = (uintptr_t)kernels;
    control.kernel_count = 3;
    control.workspace_size = workspace_size;
    const uint32_t code = check(&control, workspace);
    fuzz_verdict(code == ACCEPTED);
    if (code == ACCEPTED)
        check_promises(image, in.left, &control);
    else
        FUZZ_CHECK(code == RUN_BAD_IMAGE || code == RUN_BAD_KERNEL, "code %u", code);
    free(image);
    return 0;
}
