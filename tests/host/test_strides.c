/* Tensors of a call with strides, in host and in device memory, on the emulated card: every element arrives, what lies
 * between stays as it was, and strides that are none are refused. */
#include "check.h"
#include "host/world.h"

enum { ROOM = 4096, DRAWS = 40 };

static npurt_device *device;
static npurt_callable *callable;
static uint64_t memory[2]; /* ROOM words each */

static void set_up(npurt_runtime runtime)
{
    const npurt_kernel_desc kernel = world_kernel(0, NPURT_CORE_AIV, "add_strided");
    const npurt_param params[] = {{.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32},
                                  {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32}};
    const npurt_callable_desc desc = {.name = "strided",
                                      .runtime = runtime,
                                      .orchestration.path = world_orchestration,
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = params,
                                      .param_count = 2,
                                      .scalar_count = 2};
    CHECK_EQ(npurt_device_open("emu:a5?clusters=1&hbm=1GiB", NULL, &device), NPURT_OK);
    if (npurt_callable_load(device, &desc, &callable) != NPURT_OK) CHECK_FAIL("%s", npurt_error_last()->message);
    for (int i = 0; i < 2; i++)
        CHECK_EQ(npurt_memory_alloc(device, ROOM * 4, i ? "y" : "x", &memory[i]), NPURT_OK);
}

static void tear_down(void)
{
    for (int i = 0; i < 2; i++)
        CHECK_EQ(npurt_memory_free(device, memory[i]), NPURT_OK);
    CHECK_EQ(npurt_callable_unload(callable), NPURT_OK);
    CHECK_EQ(npurt_device_close(device), NPURT_OK);
}

/* With `gaps` those words of it that are true change while the run is in flight. */
static npurt_status call(const npurt_call_tensor tensor[2], uint32_t *data, const bool *gaps)
{
    npurt_run *run;
    static const uint64_t scalars[] = {FIXTURE_ONE_KERNEL, 0};
    const npurt_call_args args = {.tensors = tensor, .tensor_count = 2, .scalars = scalars, .scalar_count = 2};
    npurt_status status = npurt_launch(callable, &args, &run);
    if (status != NPURT_OK) return status;
    for (uint32_t n = 0; gaps && n < ROOM; n++)
        if (gaps[n]) data[n] ^= 0x5555;
    return npurt_wait(run, NULL);
}

static uint32_t seed;
static uint32_t draw(uint32_t below)
{
    seed = seed * 1664525 + 1013904223;
    return (seed >> 8) % below;
}

/* Strides of elements that do not share bytes: dimensions in a drawn order, each stride at least what is inside of it. */
static void draw_strides(npurt_call_tensor *t)
{
    uint32_t order[NPURT_MAX_DIMS], reach = 1;
    for (uint32_t d = 0; d < t->ndims; d++) {
        const uint32_t at = draw(d + 1);
        order[d] = order[at];
        order[at] = d;
    }
    for (uint32_t n = 0; n < t->ndims; n++) {
        const uint32_t d = order[n];
        t->strides[d] = reach + draw(3);
        reach += (t->shape[d] - 1) * t->strides[d];
        if (t->shape[d] == 1 && draw(2)) t->strides[d] = 0; /* says nothing */
    }
}

/* Where element n, counted row by row, lies. */
static uint32_t place_of(const npurt_call_tensor *t, uint32_t n)
{
    uint32_t at = 0, dense = 1;
    bool given = false;
    for (uint32_t d = 0; d < t->ndims; d++)
        given = given || t->strides[d];
    for (uint32_t d = t->ndims; d-- > 0; n /= t->shape[d]) {
        at += n % t->shape[d] * (given ? t->strides[d] : dense);
        dense *= t->shape[d];
    }
    return at;
}

static void check_draw(uint32_t number)
{
    static uint32_t data[2][ROOM], want[ROOM];
    bool gaps[ROOM];
    npurt_call_tensor t[2] = {{.dtype = NPURT_U32}, {.dtype = NPURT_U32}};
    uint32_t elements = 1;
    seed = number * 7919 + 1;
    t[0].ndims = t[1].ndims = 1 + draw(NPURT_MAX_DIMS);
    for (uint32_t d = 0; d < t[0].ndims; d++)
        elements *= t[0].shape[d] = t[1].shape[d] = 1 + draw(4);
    for (int i = 0; i < 2; i++) {
        if (draw(4)) draw_strides(&t[i]);
        t[i].reserved = draw(2) * 77;
        for (uint32_t n = 0; n < ROOM; n++)
            data[i][n] = draw(1 << 20);
    }
    memcpy(want, data[1], sizeof want);
    memset(gaps, true, sizeof gaps);
    for (uint32_t n = 0; n < elements; n++) {
        uint32_t *y = &want[place_of(&t[1], n)];
        *y = *y * 3 + data[0][place_of(&t[0], n)];
        gaps[y - want] = false;
    }
    for (int i = 0; i < 2; i++)
        if (draw(2)) {
            t[i].host = data[i];
        } else {
            t[i].device = memory[i];
            CHECK_EQ(npurt_memory_copy_in(device, memory[i], data[i], sizeof data[i]), NPURT_OK);
        }
    for (uint32_t n = 0; t[1].host && n < ROOM; n++)
        if (gaps[n]) want[n] ^= 0x5555;
    if (call(t, data[1], t[1].host ? gaps : NULL) != NPURT_OK) CHECK_FAIL("draw %u: %s", number, npurt_error_last()->message);
    if (!t[1].host) CHECK_EQ(npurt_memory_copy_out(device, data[1], memory[1], sizeof data[1]), NPURT_OK);
    for (uint32_t n = 0; n < ROOM; n++)
        if (data[1][n] != want[n])
            CHECK_FAIL("draw %u (%u dimensions, x on the %s, y on the %s): word %u is %u, not %u", number, t[0].ndims,
                       t[0].host ? "host" : "device", t[1].host ? "host" : "device", n, data[1][n], want[n]);
}

TEST(every_element_arrives_and_nothing_between_is_touched)
{
    for (int runtime = NPURT_HOST_BUILD_GRAPH; runtime <= NPURT_TENSORMAP_AND_RINGBUFFER; runtime++) {
        set_up((npurt_runtime)runtime);
        for (uint32_t i = 0; i < DRAWS; i++)
            check_draw(i);
        tear_down();
    }
}

/* Tensor 1 with these strides, in host and in device memory. */
static void refused(uint32_t ndims, const uint32_t *shape, const uint32_t *strides, const char *part)
{
    static uint32_t x[ROOM], y[ROOM];
    for (int on_host = 0; on_host < 2; on_host++) {
        npurt_call_tensor t[2] = {{.dtype = NPURT_U32, .host = x, .ndims = ndims}, {.dtype = NPURT_U32, .ndims = ndims}};
        if (on_host)
            t[1].host = y;
        else
            t[1].device = memory[1];
        for (uint32_t d = 0; d < ndims; d++) {
            t[0].shape[d] = t[1].shape[d] = shape[d];
            t[1].strides[d] = strides[d];
        }
        CHECK_EQ(call(t, NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT);
        CHECK_HAS(npurt_error_last()->message, "\"strided\", tensor argument 1: ");
        CHECK_HAS(npurt_error_last()->message, part);
    }
}

TEST(strides_that_are_none_are_refused)
{
    set_up(NPURT_HOST_BUILD_GRAPH);
    refused(2, (uint32_t[]){2, 3}, (uint32_t[]){0, 1}, "the stride of dimension 0 is 0");
    refused(2, (uint32_t[]){2, 3}, (uint32_t[]){3, 0}, "the stride of dimension 1 is 0");
    refused(2, (uint32_t[]){2, 3}, (uint32_t[]){2, 1}, "the stride of dimension 0 is 2, and the dimensions of smaller");
    refused(2, (uint32_t[]){3, 2}, (uint32_t[]){1, 2}, "the stride of dimension 1 is 2");
    refused(2, (uint32_t[]){2, 2}, (uint32_t[]){5, 5}, "elements share bytes");
    refused(3, (uint32_t[]){2, 2, 2}, (uint32_t[]){5, 4, 1}, "the stride of dimension 0 is 5");
    refused(2, (uint32_t[]){UINT32_MAX, UINT32_MAX}, (uint32_t[]){UINT32_MAX, 1}, "further than 64 bits can count");
    refused(2, (uint32_t[]){65536, 65536}, (uint32_t[]){UINT32_MAX, UINT32_MAX}, "elements share bytes");
    /* the last element is the allocation's last word, and one behind it */
    npurt_call_tensor t[2] = {{.dtype = NPURT_U32, .device = memory[0], .ndims = 2, .shape = {2, 3}},
                              {.dtype = NPURT_U32, .device = memory[1], .ndims = 2, .shape = {2, 3}}};
    t[1].strides[0] = ROOM - 1 - 2 * 7;
    t[1].strides[1] = 7;
    CHECK_EQ(call(t, NULL, NULL), NPURT_OK);
    t[1].strides[0]++;
    CHECK_EQ(call(t, NULL, NULL), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK_HAS(npurt_error_last()->message, "16388 bytes");
    CHECK_HAS(npurt_error_last()->message, "leave the allocation \"y\" of 16384 bytes");
    tear_down();
}

TEST_MAIN
