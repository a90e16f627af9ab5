/* The rings of a run as they are read back from the device, where anything may stand: whatever it is, the tasks found have
 * their places in the order of their numbers, whoever waits comes after those he waits for, and who waits for whom is told.
 * The input: tasks, words and edges of four rings of 4 slots and 4 edges, then arguments, then joins. */
#include "fuzz.h"

#include "host/device.h"
#include "host/streamed.h"
#include "host/waits.h"

enum { RUN = 7, SLOTS = 16 };
#define ENGINE UINT64_C(0x7e8000000000)

static char *engine;
static uint64_t engine_size;
static uint32_t copies_left; /* then the driver refuses */

static rtError_t copy(void *to, uint64_t room, const void *from, uint64_t size, rtMemcpyKind_t kind)
{
    const uint64_t at = (uint64_t)(uintptr_t)from - ENGINE;
    FUZZ_CHECK(kind == RT_MEMCPY_DEVICE_TO_HOST && size <= room, "copies %llu bytes", (unsigned long long)size);
    FUZZ_CHECK(at <= engine_size && size <= engine_size - at, "%llu bytes at %llu", (unsigned long long)size,
               (unsigned long long)at);
    if (copies_left == 0) return ACL_ERROR_RT_SOCKET_CLOSE;
    copies_left--;
    memcpy(to, engine + at, size);
    return 0;
}

static void fill(struct fuzz_input *in, uint64_t offset, uint64_t size)
{
    const size_t n = size < in->left ? size : in->left;
    if (n) memcpy(engine + offset, in->at, n);
    in->at += n;
    in->left -= n;
}

static void check_task(const struct task_source *source, uint32_t place)
{
    struct task_facts facts;
    uint32_t count;
    const uint32_t number = tasks_number(source, place);
    const uint32_t *to = source->consumers(source, place, &count);
    source->facts(source, place, &facts);
    FUZZ_CHECK(facts.id == number && number < source->total, "place %u: %u of %u", place, number, source->total);
    FUZZ_CHECK(place == 0 || tasks_number(source, place - 1) <= number, "place %u: %u", place, number);
    const int64_t found = source->find(source, number);
    FUZZ_CHECK(found >= 0 && tasks_number(source, (uint32_t)found) == number, "%u is at %lld", number, (long long)found);
    for (uint32_t i = 0; i < count; i++)
        FUZZ_CHECK(to[i] > place && to[i] < source->count, "%u waits for %u", to[i], place);
    uint64_t sum = 0; /* AddressSanitizer looks */
    for (uint32_t i = 0; i < facts.tensor_count && facts.tensor; i++) {
        const int64_t owner = source->owner(source, facts.tensor[i].owner);
        FUZZ_CHECK(owner < (int64_t)source->count, "owner %lld", (long long)owner);
        sum += facts.tensor[i].addr;
    }
    for (uint32_t i = 0; i < facts.scalar_count && facts.tensor; i++)
        sum += facts.scalar[i];
    *(volatile uint64_t *)&sum = sum;
}

static void check_waits(const struct task_source *source)
{
    struct waits waits;
    if (!waits_find(source, NULL, &waits)) abort();
    uint32_t done = 0;
    for (uint32_t p = 0; p < source->count; p++)
        done += waits.kind[p] == WAIT_DONE;
    FUZZ_CHECK(waits.unfinished + done == source->count, "%u of %u", waits.unfinished, source->count);
    FUZZ_CHECK(waits.cycle_count == 0, "a cycle of tasks that come one after the other");
    FUZZ_CHECK(waits.unfinished == 0 || waits.root_total > 0, "nobody is waited for");
    FUZZ_CHECK(waits.root_total + waits.waiting_total == waits.unfinished, "%u and %u of %u", waits.root_total,
               waits.waiting_total, waits.unfinished);
    waits_fini(&waits);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct driver driver;
    static npurt_device device;
    struct fuzz_input in = {data, size};
    struct stream_control control = {.version = STREAM_VERSION, .engine = ENGINE, .engine_key = 1, .run_number = RUN};
    for (uint32_t r = 0; r < STREAM_RINGS; r++)
        control.ring[r] = (struct stream_ring){.window = 4, .edges = 4, .heap_size = 4096};
    const struct stream_layout l = stream_layout_of(&control);
    FUZZ_CHECK(l.slots == SLOTS, "%u slots", l.slots);

    const uint32_t refused = (uint32_t)fuzz_number(&in, 1);
    copies_left = refused ? refused - 1 : UINT32_MAX;
    engine_size = l.size;
    if (!engine) engine = calloc(1, engine_size);
    if (engine) memset(engine, 0, l.own); /* what lies behind, megabytes, no input reaches */
    struct run_bank bank = {.upload = malloc(RUN_SMALL_IMAGE)};
    if (!engine || !bank.upload) abort();
    fill(&in, l.tasks, SLOTS * sizeof(struct image_task));
    fill(&in, l.words, SLOTS * sizeof(struct stream_words));
    fill(&in, l.edges, l.edge_count * sizeof(struct stream_edge));
    fill(&in, l.payload, l.edges - l.payload);
    fill(&in, l.words + SLOTS * sizeof(struct stream_words), STREAM_JOINS * sizeof(struct stream_words));
    memcpy(bank.upload + RUN_SMALL_IMAGE - RUN_STREAM_CONTROL, &control, sizeof control);
    driver.rtMemcpy = copy;
    device.driver = &driver;
    const npurt_run run = {.device = &device, .bank = &bank, .number = RUN};

    struct task_source source;
    const bool found = tasks_of_rings(&run, &source);
    fuzz_verdict(found);
    FUZZ_CHECK(found == (source.count > 0) && source.count <= SLOTS, "%u tasks", source.count);
    for (uint32_t p = 0; p < source.count; p++)
        check_task(&source, p);
    if (found) check_waits(&source);
    tasks_close(&source);
    free(bank.upload);
    return 0;
}
