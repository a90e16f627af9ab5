/* Any bytes are a legal image to be refused: whatever the check lets through has every index and address in range. */
#include "check.h"
#include "harness.h"

#include "aicpu/scheduler.h"

static uint32_t random_state;
static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)random_state * n >> 32);
}

enum { TASKS = 24, ACCEPTED = 0 };
static const struct kernel_entry kernels[3] = {{4096, 0, 0}, {8192, 1, 0}, {0, KERNEL_ABSENT, 0}};
static struct scheduler scheduler;

/* The code with which the image is refused, or ACCEPTED. */
static uint32_t check(const void *image, uint64_t size, void *workspace, uint64_t workspace_size)
{
    struct run_control control = {.image = (uintptr_t)image,
                                  .image_size = size,
                                  .aicpu_threads = 1,
                                  .block_dim = 1,
                                  .kernels = (uintptr_t)kernels,
                                  .kernel_count = 3,
                                  .workspace = (uintptr_t)workspace,
                                  .workspace_size = workspace_size};
    int64_t detail;
    memset(workspace, 0, WORKSPACE_HEAD_SIZE);
    const struct image_header *header = image_check_header(&control, &detail);
    if (!header) return RUN_BAD_IMAGE;
    scheduler_init(&scheduler, &control, 0, 1);
    scheduler_use_image(&scheduler, header);
    image_check_range(&scheduler);
    uint32_t end = workspace_head(&control)->end;
    return end ? end - 1 : ACCEPTED;
}

/* The promises again, written down independently of the check: from the format's description in protocol/image.h. */
static void check_promises(const uint8_t *image, uint64_t size)
{
    struct image_header h;
    memcpy(&h, image, sizeof h);
    CHECK(h.tasks_offset + (uint64_t)h.task_count * 32 <= size && h.tasks_offset < size + 1);
    CHECK(h.ready_offset + (uint64_t)h.ready_count * 4 <= size);
    CHECK(h.edges_offset + (uint64_t)h.edge_count * 4 <= size);
    for (uint32_t i = 0; i < h.task_count; i++) {
        struct image_task t;
        memcpy(&t, image + h.tasks_offset + i * 32, sizeof t);
        CHECK((uint64_t)t.fanout_begin + t.fanout_count <= h.edge_count);
        CHECK(h.payload_offset + t.payload * 64ull + t.tensor_count * 128ull + t.scalar_count * 8ull <= size);
        CHECK(t.tensor_count + t.scalar_count <= 48);
        CHECK(t.block_num >= 1);
        CHECK(t.shape < SHAPE_COUNT);
        CHECK_EQ(t.shape == SHAPE_DUMMY, t.core_mask == 0);
        CHECK(t.core_mask < 8);
        for (int slot = 0; slot < 3; slot++)
            if (t.core_mask >> slot & 1) CHECK_EQ(t.kernel[slot], slot == 0 ? 0 : 1);
    }
    for (uint32_t i = 0, last = 0; i < h.ready_count; i++) {
        uint32_t task;
        memcpy(&task, image + h.ready_offset + i * 4, 4);
        CHECK(task < h.task_count && (i == 0 || task > last));
        last = task;
    }
    for (uint32_t i = 0; i < h.edge_count; i++) {
        uint32_t task;
        memcpy(&task, image + h.edges_offset + i * 4, 4);
        CHECK(task < h.task_count);
    }
}

TEST(what_the_check_lets_through_is_in_range)
{
    struct builder b;
    builder_init(&b);
    random_state = 1;
    for (uint32_t i = 0; i < TASKS; i++) {
        static const uint8_t mask[] = {1, 2, 4, 7, 0},
                             shape[] = {SHAPE_AIC, SHAPE_AIV, SHAPE_AIV, SHAPE_MIX, SHAPE_DUMMY};
        uint32_t kind = random_below(5);
        struct builder_task t = {.shape = shape[kind], .core_mask = mask[kind], .block_num = 1, .kernel = {0, 1, 1}};
        if (i > 4) {
            t.input_count = 2;
            t.inputs[0] = i - 1;
            t.inputs[1] = i - 3;
        }
        builder_add(&b, &t);
    }
    uint64_t size, workspace_size = image_workspace_size(TASKS, 1);
    uint8_t *image = builder_image(&b, &size);
    void *workspace = aligned_alloc(64, workspace_size);
    CHECK(workspace);
    CHECK_EQ(check(image, size, workspace, workspace_size), ACCEPTED);
    uint64_t tables = ((const struct image_header *)image)->payload_offset;

    uint32_t refused = 0, accepted = 0;
    for (uint32_t seed = 0; seed < 300000; seed++) {
        random_state = seed;
        uint64_t length = random_below(8) ? size : 64 * random_below((uint32_t)size / 64 + 1);
        uint8_t *broken = aligned_alloc(64, length ? length : 64); /* exact, so that a sanitizer sees a byte too far */
        if (!broken) abort();
        memcpy(broken, image, length);
        for (uint32_t i = 1 + random_below(3); i-- > 0 && length;) {
            uint32_t at = random_below((uint32_t)(random_below(3) ? tables : sizeof(struct image_header)));
            uint32_t byte = random_below(2) ? random_below(256) : image[at] ^ (1u << random_below(8));
            if (at < length) broken[at] = (uint8_t)byte;
        }
        uint32_t code = check(broken, length, workspace, workspace_size);
        if (code == ACCEPTED) {
            accepted++;
            check_promises(broken, length);
        } else {
            refused++;
            CHECK(code == RUN_BAD_IMAGE || code == RUN_BAD_KERNEL);
        }
        free(broken);
    }
    if (refused < 100000 || accepted < 1000) CHECK_FAIL("%u refused, %u accepted: no mixture", refused, accepted);
    free(workspace);
    free(image);
    builder_fini(&b);
}

TEST_MAIN
