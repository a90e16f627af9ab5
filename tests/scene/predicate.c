/* Tasks that run only if: every dtype, every comparison, pairs of values that tell signed from unsigned from float.
 * What an element's bits mean is written down here as a number beside them, not computed. (Chains of such tasks, whose
 * elements other tasks write, are random_graph's.) */
#include "scene.h"

#include "fixtures/choice.h"

enum { LINE = 16, MAX_CASES = 60, COMPARES = 6 };

/* An element's bits, and the number that they are. */
struct value {
    uint64_t bits;
    double number;
};

static const struct {
    npurt_dtype dtype;
    const char *name;
    uint32_t count;
    struct value value[8];
} types[] = {
    {NPURT_F32,
     "f32",
     8,
     {{0, 0},
      {0x80000000, -0.0},
      {0x3f800000, 1},
      {0xbf800000, -1},
      {0x3f800001, 0x1.000002p0},
      {0x7f800000, (double)INFINITY},
      {0xff800000, -(double)INFINITY},
      {0x7fc00000, (double)NAN}}},
    {NPURT_F16,
     "f16",
     8,
     {{0, 0},
      {0x8000, -0.0},
      {0x3c00, 1},
      {0xbc00, -1},
      {0x0001, 0x1p-24},
      {0x7bff, 65504},
      {0xfc00, -(double)INFINITY},
      {0x7e00, (double)NAN}}},
    {NPURT_BF16,
     "bf16",
     8,
     {{0, 0},
      {0x8000, -0.0},
      {0x3f80, 1},
      {0xbf80, -1},
      {0x3f81, 1.0078125},
      {0x7f80, (double)INFINITY},
      {0xff80, -(double)INFINITY},
      {0x7fc0, (double)NAN}}},
    {NPURT_I64, "i64", 5, {{0, 0}, {1, 1}, {UINT64_MAX, -1}, {UINT64_C(1) << 63, -0x1p63}, {1000, 1000}}},
    {NPURT_U64, "u64", 4, {{0, 0}, {1, 1}, {UINT64_C(1) << 63, 0x1p63}, {1000, 1000}}},
    {NPURT_I32, "i32", 5, {{0, 0}, {1, 1}, {0xffffffff, -1}, {0x80000000, -0x1p31}, {0x7fffffff, 0x7fffffff}}},
    {NPURT_U32, "u32", 5, {{0, 0}, {1, 1}, {0xffffffff, 0xffffffff}, {0x80000000, 0x1p31}, {0x7fffffff, 0x7fffffff}}},
    {NPURT_I16, "i16", 5, {{0, 0}, {1, 1}, {0xffff, -1}, {0x8000, -32768}, {0x7fff, 32767}}},
    {NPURT_U16, "u16", 5, {{0, 0}, {1, 1}, {0xffff, 65535}, {0x8000, 32768}, {0x7fff, 32767}}},
    {NPURT_I8, "i8", 5, {{0, 0}, {1, 1}, {0xff, -1}, {0x80, -128}, {0x7f, 127}}},
    {NPURT_U8, "u8", 5, {{0, 0}, {1, 1}, {0xff, 255}, {0x80, 128}, {0x7f, 127}}},
};
enum { TYPES = sizeof types / sizeof types[0] };

static bool expected(uint32_t compare, double x, double y)
{
    switch (compare) {
    case 1:
        return x == y;
    case 2:
        return x != y;
    case 3:
        return x < y;
    case 4:
        return x <= y;
    case 5:
        return x > y;
    default:
        return x >= y;
    }
}

static npurt_callable *load(npurt_device *device, npurt_runtime runtime, npurt_dtype dtype)
{
    const npurt_kernel_desc kernel = {
        .id = 0, .core = NPURT_CORE_AIV, .binary = {.path = SCENE_FIXTURES "/choice_kernel.so"}};
    const npurt_param param[2] = {{.access = NPURT_ACCESS_INPUT, .dtype = dtype, .ndims = 1},
                                  {.access = NPURT_ACCESS_INOUT, .dtype = NPURT_U32, .ndims = 2}};
    const npurt_callable_desc desc = {.name = "choice",
                                      .runtime = runtime,
                                      .orchestration = {.path = SCENE_FIXTURES "/choice.so"},
                                      .kernels = &kernel,
                                      .kernel_count = 1,
                                      .params = param,
                                      .param_count = 2,
                                      .scalar_count = 1 + 2 * MAX_CASES};
    npurt_callable *callable;
    SCENE_OK(npurt_callable_load(device, &desc, &callable));
    return callable;
}

/* One comparison of all pairs of a type's values; what lies above the element in the value's bits must not count. */
static void compare_all(npurt_callable *callable, uint32_t type, uint32_t compare)
{
    const uint32_t n = types[type].count, cases = n * n < MAX_CASES ? n * n : MAX_CASES;
    const uint32_t size = npurt_dtype_size(types[type].dtype);
    const uint64_t above = size == 8 ? 0 : UINT64_C(0x5a5a5a5a5a5a5a5a) << 8 * size;
    uint8_t element[MAX_CASES * 8];
    uint32_t count[MAX_CASES][LINE] = {{0}};
    uint64_t scalar[1 + 2 * MAX_CASES] = {cases};
    for (uint32_t i = 0; i < cases; i++) {
        memcpy(element + (size_t)i * size, &types[type].value[i / n].bits, size);
        scalar[1 + 2 * i] = compare;
        scalar[2 + 2 * i] = types[type].value[i % n].bits | above;
    }
    const npurt_call_tensor tensor[2] = {{.host = element, .dtype = types[type].dtype, .ndims = 1, .shape = {cases}},
                                         {.host = count, .dtype = NPURT_U32, .ndims = 2, .shape = {cases, LINE}}};
    const npurt_call_args args = {
        .tensors = tensor, .tensor_count = 2, .scalars = scalar, .scalar_count = 1 + 2 * MAX_CASES};
    npurt_timing timing;
    SCENE_OK(npurt_call(callable, &args, &timing));
    CHECK_EQ(timing.tasks, cases);
    for (uint32_t i = 0; i < cases; i++) {
        double x = types[type].value[i / n].number, y = types[type].value[i % n].number;
        if (count[i][0] != expected(compare, x, y))
            CHECK_FAIL("%s: %g compared with %g, way %u: it ran %u times", types[type].name, x, y, compare,
                       count[i][0]);
    }
}

TEST(every_dtype_is_compared_as_the_number_it_is)
{
    npurt_device *device = scene_open_target(scene.target);
    for (uint32_t type = 0; type < TYPES; type++) {
        npurt_callable *callable = load(device, scene.runtime, types[type].dtype);
        for (uint32_t compare = 1; compare <= COMPARES; compare++)
            compare_all(callable, type, compare);
        SCENE_OK(npurt_callable_unload(callable));
    }
    SCENE_OK(npurt_device_close(device));
}

/* One call of three tasks, of which the second's element is at `address`, unless that is 0. */
static npurt_status call_wild(npurt_callable *callable, uint64_t address)
{
    uint32_t element[3] = {7, 7, 7}, count[3][LINE] = {{0}};
    uint64_t scalar[1 + 2 * MAX_CASES] = {3, NPURT_EQUAL, 7, NPURT_EQUAL, 7, NPURT_EQUAL, 7};
    if (address) {
        scalar[3] |= CHOICE_WILD;
        scalar[4] = address;
    }
    const npurt_call_tensor tensor[2] = {{.host = element, .dtype = NPURT_U32, .ndims = 1, .shape = {3}},
                                         {.host = count, .dtype = NPURT_U32, .ndims = 2, .shape = {3, LINE}}};
    const npurt_call_args args = {
        .tensors = tensor, .tensor_count = 2, .scalars = scalar, .scalar_count = 1 + 2 * MAX_CASES};
    const npurt_status status = npurt_call(callable, &args, NULL);
    for (uint32_t i = 0; i < 3 && status == NPURT_OK; i++)
        CHECK_EQ(count[i][0], 1);
    return status;
}

/* The element is not read: the run is refused by the names of task and address, and the device stays well. */
TEST(an_element_that_is_in_no_memory_names_task_and_address)
{
    static const uint64_t wild[] = {4096, UINT64_C(0x7a5500001000), UINT64_C(0x800000001000)};
    npurt_device *device = scene_open_target(scene.target);
    for (npurt_runtime runtime = NPURT_HOST_BUILD_GRAPH; runtime <= NPURT_TENSORMAP_AND_RINGBUFFER; runtime++) {
        npurt_callable *callable = load(device, runtime, NPURT_U32);
        for (uint32_t i = 0; i < sizeof wild / sizeof wild[0]; i++) {
            char expected[128];
            snprintf(expected, sizeof expected, "task 1 of \"choice\": its predicate is about an element at 0x%llx",
                     (unsigned long long)(wild[i] + 4));
            CHECK_EQ(call_wild(callable, wild[i]), NPURT_ERROR_GRAPH);
            if (!strstr(npurt_error_last()->message, expected))
                CHECK_FAIL("\"%s\" does not say \"%s\"", npurt_error_last()->message, expected);
            CHECK_EQ(npurt_error_last()->task, 1);
            CHECK_EQ(npurt_device_get_state(device), NPURT_DEVICE_HEALTHY);
            SCENE_OK(call_wild(callable, 0));
        }
        SCENE_OK(npurt_callable_unload(callable));
    }
    SCENE_OK(npurt_device_close(device));
}

int main(int argc, char **argv)
{
    return scene_main(argc, argv);
}
