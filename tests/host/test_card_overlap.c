/* Arguments of a call that share bytes, on the emulated card: the result is that of the tasks one after the other over
 * plain bytes, in whichever order the card lets them run that the dependencies allow. */
#include "check.h"
#include "host/fixtures/overlap.h"
#include <npurt/npurt.h>

enum { BYTES = 96 };

static npurt_device *device;
static uint64_t memory;

static npurt_callable *load(npurt_runtime runtime)
{
    npurt_callable *callable;
    const npurt_kernel_desc kernel = {
        .core = NPURT_CORE_AIV, .binary = {.path = HOST_FIXTURES "/host_overlap_kernel.so"}, .entry = "stir"};
    npurt_param params[OVERLAP_ARGUMENTS];
    for (uint32_t i = 0; i < OVERLAP_ARGUMENTS; i++)
        params[i] = (npurt_param){
            .access = i < OVERLAP_INPUTS ? NPURT_ACCESS_INPUT : NPURT_ACCESS_INOUT, .dtype = NPURT_U8, .ndims = 1};
    const npurt_callable_desc desc = {.name = "overlap",
                                      .runtime = runtime,
                                      .orchestration = {.path = HOST_FIXTURES "/host_overlap_orchestration.so"},
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = params,
                                      .param_count = OVERLAP_ARGUMENTS,
                                      .scalar_count = 1};
    if (npurt_callable_load(device, &desc, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    return callable;
}

static void set_up(const char *target)
{
    const npurt_device_options options = {.dump_folder = "off"};
    if (npurt_device_open(target, &options, &device) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_memory_alloc(device, BYTES, "shared by arguments", &memory), NPURT_OK);
}

static void tear_down(void)
{
    CHECK_EQ(npurt_memory_free(device, memory), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* Host and device bytes: those of a call, and those that it should leave. */
struct bytes {
    uint8_t host[BYTES], card[BYTES];
};

/* One argument: a part of the host's bytes or of the card's. */
struct argument {
    bool on_host;
    uint32_t from, count;
};

static void draw_arguments(uint64_t *state, struct argument *argument, uint32_t *sizes)
{
    const uint32_t kind = overlap_draw(state, 3); /* all on the host, none, some */
    for (uint32_t i = 0; i < OVERLAP_ARGUMENTS; i++) {
        argument[i].on_host = kind == 0 || (kind == 2 && overlap_draw(state, 2));
        argument[i].from = overlap_draw(state, BYTES - 8);
        argument[i].count = sizes[i] = 1 + overlap_draw(state, BYTES - argument[i].from);
    }
}

static uint8_t *byte_of(struct bytes *b, const struct argument *a, uint32_t i)
{
    return (a->on_host ? b->host : b->card) + a->from + i;
}

static void model(struct bytes *b, const struct argument *argument, const uint32_t *sizes, uint64_t seed)
{
    for (uint32_t i = 0; i < OVERLAP_TASKS; i++) {
        const struct overlap_task t = overlap_draw_task(&seed, sizes);
        overlap_stir(byte_of(b, &argument[t.in.argument], t.in.from), t.in.count,
                     byte_of(b, &argument[t.out.argument], t.out.from), t.out.count, t.add);
    }
}

static void call(npurt_callable *callable, struct bytes *b, const struct argument *argument, uint64_t scalar,
                 npurt_status want)
{
    npurt_call_tensor tensor[OVERLAP_ARGUMENTS];
    for (uint32_t i = 0; i < OVERLAP_ARGUMENTS; i++)
        tensor[i] = (npurt_call_tensor){.host = argument[i].on_host ? b->host + argument[i].from : NULL,
                                        .device = argument[i].on_host ? 0 : memory + argument[i].from,
                                        .dtype = NPURT_U8,
                                        .ndims = 1,
                                        .shape = {argument[i].count}};
    const npurt_call_args args = {
        .tensors = tensor, .tensor_count = OVERLAP_ARGUMENTS, .scalars = &scalar, .scalar_count = 1};
    CHECK_EQ(npurt_memory_copy_in(device, memory, b->card, BYTES), NPURT_OK);
    if (npurt_call(callable, &args, NULL) != want) CHECK_FAIL("%s", npurt_error_last()->message);
    CHECK_EQ(npurt_memory_copy_out(device, b->card, memory, BYTES), NPURT_OK);
}

static void fill(struct bytes *b, uint64_t *state)
{
    for (uint32_t i = 0; i < BYTES; i++) {
        b->host[i] = (uint8_t)overlap_draw(state, 256);
        b->card[i] = (uint8_t)overlap_draw(state, 256);
    }
}

static void compare_calls(const char *target, npurt_runtime runtime, uint64_t first, uint64_t calls)
{
    set_up(target);
    npurt_callable *callable = load(runtime);
    for (uint64_t seed = first; seed < first + calls; seed++) {
        struct argument argument[OVERLAP_ARGUMENTS];
        struct bytes got, want;
        uint32_t sizes[OVERLAP_ARGUMENTS];
        uint64_t state = seed * 7919;
        draw_arguments(&state, argument, sizes);
        fill(&got, &state);
        want = got;
        model(&want, argument, sizes, seed);
        call(callable, &got, argument, seed, NPURT_OK);
        for (uint32_t i = 0; i < BYTES; i++) {
            if (got.host[i] != want.host[i])
                CHECK_FAIL("runtime %d, seed %llu: byte %u on the host", runtime, (unsigned long long)seed, i);
            if (got.card[i] != want.card[i])
                CHECK_FAIL("runtime %d, seed %llu: byte %u on the card", runtime, (unsigned long long)seed, i);
        }
    }
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    tear_down();
}

TEST(tasks_on_arguments_that_share_bytes_are_ordered)
{
    for (int runtime = NPURT_HOST_BUILD_GRAPH; runtime <= NPURT_TENSORMAP_AND_RINGBUFFER; runtime++) {
        compare_calls("emu:a5?clusters=2&explore=uniform&seed=3", (npurt_runtime)runtime, 1, 40);
        compare_calls("emu:a2?clusters=3&engine=thread", (npurt_runtime)runtime, 41, 20);
    }
}

/* The card computes an element before the orchestration reads it, however the task was given it; where no task has run,
 * reading it is refused. */
TEST(an_element_is_never_an_old_one)
{
    static const struct argument apart[OVERLAP_ARGUMENTS] = {{true, 0, 8},  {true, 8, 8},  {true, 16, 8},
                                                             {true, 24, 8}, {true, 32, 8}, {true, 40, 8}};
    for (int runtime = NPURT_HOST_BUILD_GRAPH; runtime <= NPURT_TENSORMAP_AND_RINGBUFFER; runtime++) {
        set_up("emu:a5?clusters=2");
        npurt_callable *callable = load((npurt_runtime)runtime);
        for (uint64_t how = OVERLAP_INOUT; how <= OVERLAP_OTHER_ADDRESS; how++) {
            struct bytes b = {.host = {[0] = 5, [16] = 7, [24] = 99}};
            const bool image = runtime == NPURT_HOST_BUILD_GRAPH;
            call(callable, &b, apart, OVERLAP_GIVE + how, image ? NPURT_ERROR_UNSUPPORTED : NPURT_OK);
            if (image) CHECK_HAS(npurt_error_last()->message, "element read after task 1: task 0");
            CHECK_EQ(b.host[16], image ? 7 : 3 * 7 + 5 + 1);
            CHECK_EQ(b.host[24], image ? 99 : 3 * 7 + 5 + 1);
        }
        CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
        tear_down();
    }
}

TEST_MAIN
