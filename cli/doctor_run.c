/* The doctor on cores and AICPU threads: small kernels, built in, say who ran them and compute what the host computes
 * in its own way. */
#include "doctor.h"
#include "doctor/probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

extern const char doctor_kernel[], doctor_kernel_end[], doctor_orchestration[], doctor_orchestration_end[];

enum {
    TRIES = 2,        /* of a run that fails, with a reset between */
    ROUNDS = 8,       /* of runs until every core has had work */
    AGAIN_BLOCKS = 4, /* per core, after the first round */
    MAX_ROWS = 4096,
    TASKS_PER_THREAD = 64,
};

static uint32_t words[PROBE_WORDS], rows[MAX_ROWS][PROBE_ROW];

/* ---- running the probe */

static bool load(struct doctor *d)
{
    const npurt_binary kernel = {.data = doctor_kernel, .size = (size_t)(doctor_kernel_end - doctor_kernel)};
    const npurt_kernel_desc kernels[] = {
        {.id = PROBE_KERNEL_AIC, .name = "probe_aic", .core = NPURT_CORE_AIC, .binary = kernel, .entry = "probe_aic"},
        {.id = PROBE_KERNEL_AIV, .name = "probe_aiv", .core = NPURT_CORE_AIV, .binary = kernel, .entry = "probe_aiv"}};
    const npurt_param params[] = {
        {.access = NPURT_ACCESS_INPUT, .dtype = NPURT_U32, .ndims = 1, .shape = {PROBE_WORDS}},
        {.access = NPURT_ACCESS_OUTPUT_EXISTING, .dtype = NPURT_U32, .ndims = 2, .shape = {0, PROBE_ROW}}};
    const npurt_callable_desc desc = {
        .name = "doctor",
        .orchestration = {.data = doctor_orchestration,
                          .size = (size_t)(doctor_orchestration_end - doctor_orchestration)},
        .kernels = kernels,
        .kernel_count = 2,
        .params = params,
        .param_count = 2,
        .scalar_count = 3};
    return d->callable || npurt_callable_load(d->device, &desc, &d->callable) == NPURT_OK;
}

/* One run; what is in `rows` afterwards is from it, or carries another nonce. */
static bool probe(struct doctor *d, uint64_t mode, uint32_t count, uint32_t row_count, npurt_timing *timing)
{
    d->nonce = d->nonce * 747796405u + 2891336453u;
    for (uint32_t i = 0; i < PROBE_WORDS; i++)
        words[i] = (d->nonce ^ i) * 2654435769u;
    memset(rows, 0, sizeof rows[0] * row_count);
    const npurt_call_tensor tensors[] = {
        {.host = words, .dtype = NPURT_U32, .ndims = 1, .shape = {PROBE_WORDS}},
        {.host = rows, .dtype = NPURT_U32, .ndims = 2, .shape = {row_count, PROBE_ROW}}};
    const uint64_t scalars[] = {mode, count, d->nonce};
    const npurt_call_args args = {.tensors = tensors, .tensor_count = 2, .scalars = scalars, .scalar_count = 3};
    return load(d) && npurt_call(d->callable, &args, timing) == NPURT_OK;
}

/* The same after a failure and a reset. Whatever failed first stays in the check; false: it failed each time. */
static bool probe_twice(struct doctor *d, struct doctor_check *check, uint64_t mode, uint32_t count, uint32_t row_count,
                        npurt_timing *timing)
{
    for (int i = 0; i < TRIES; i++) {
        if (probe(d, mode, count, row_count, timing)) return true;
        const int32_t core = npurt_error_last()->core;
        if (core >= 0 && core < DOCTOR_CORES) d->core[core].failed = true;
        doctor_fail_call(check, i ? "again" : "running");
        if (!doctor_recover(d)) return false;
    }
    doctor_add(check, "; and so it did a second time, after a reset: what else it was to prove is not proven");
    return false;
}

/* ---- what a row must be, computed here in another way than on the device */

static uint32_t sum_bits(void)
{
    uint32_t sum = 0, bits;
    for (uint32_t i = PROBE_WORDS; i-- > 0;)
        sum += (words[i] % 256) * (i + 1);
    const float exact = (float)sum;
    memcpy(&bits, &exact, sizeof bits);
    return bits;
}

static uint32_t hash(uint32_t nonce)
{
    uint64_t h = nonce;
    for (uint32_t i = 0; i < PROBE_WORDS; i++)
        h = ((h ^ words[i]) & UINT32_MAX) * UINT64_C(0x01000193) & UINT32_MAX;
    return (uint32_t)h;
}

/* Where a physical number is on the chip: docs/reference/runtime-abi.md. slot 0 AIC, 1 and 2 AIV. false: nowhere. */
static bool find_core(const char *generation, uint32_t core, uint32_t *cluster, uint32_t *slot)
{
    const uint32_t dies = generation[1] == '5' ? 2 : 1, clusters = generation[1] == '5' ? 18 : 25;
    for (uint32_t c = 0; c < dies * clusters; c++) {
        const uint32_t first = c / clusters * clusters * 3, in_die = c % clusters;
        const uint32_t member[] = {first + in_die, first + clusters + 2 * in_die, first + clusters + 2 * in_die + 1};
        for (uint32_t s = 0; s < 3; s++) {
            if (member[s] != core) continue;
            *cluster = c;
            *slot = s;
            return true;
        }
    }
    return false;
}

/* One row of a run that ended well: it must be written, by a core of the type, with the right numbers. */
static bool check_row(struct doctor *d, struct doctor_check *check, const uint32_t *row, npurt_core type,
                      uint32_t block, uint32_t sub_block)
{
    uint32_t cluster, slot;
    const char *const name = type == NPURT_CORE_AIC ? "AIC" : "AIV";
    if (row[PROBE_MARK] != (PROBE_MARK_XOR ^ d->nonce)) {
        doctor_fail(check, "block %u of the %s task wrote nothing, though the run ended well", block, name);
        return false;
    }
    const uint32_t core = row[PROBE_CORE];
    if (core >= DOCTOR_CORES || !find_core(d->info.generation, core, &cluster, &slot) ||
        (slot == 0) != (type == NPURT_CORE_AIC) || row[PROBE_TYPE] != (uint32_t)type) {
        doctor_fail(check, "block %u of the %s task was run by a core that calls itself %d, which is no %s of an %s",
                    block, name, (int32_t)core, name, d->info.generation);
        return false;
    }
    struct doctor_core *c = &d->core[core];
    c->type = type;
    c->ran++;
    if (row[PROBE_BLOCK] != block || row[PROBE_SUB_BLOCK] != sub_block) {
        doctor_fail(check, "core %u (%s) took block %u.%u for %u.%u", core, name, block, sub_block, row[PROBE_BLOCK],
                    row[PROBE_SUB_BLOCK]);
        return false;
    }
    if (row[PROBE_HASH] != hash(d->nonce) || row[PROBE_SUM] != sum_bits()) {
        doctor_fail(check, "core %u (%s) computed 0x%08x and 0x%08x, not 0x%08x and 0x%08x", core, name,
                    row[PROBE_HASH], row[PROBE_SUM], hash(d->nonce), sum_bits());
        return false;
    }
    c->right++;
    return true;
}

/* ---- cores */

static uint32_t count_cores(const struct doctor *d, npurt_core type)
{
    uint32_t n = 0;
    for (int i = 0; i < DOCTOR_CORES; i++)
        n += d->core[i].right && d->core[i].type == type;
    return n;
}

/* "0-17, 54-71" */
static void list_cores(const struct doctor *d, npurt_core type, char *text, size_t size)
{
    size_t used = 0;
    text[0] = 0;
    for (int i = 0; i < DOCTOR_CORES; i++) {
        if (!d->core[i].right || d->core[i].type != type) continue;
        int last = i;
        while (last + 1 < DOCTOR_CORES && d->core[last + 1].right && d->core[last + 1].type == type)
            last++;
        if (used < size)
            used +=
                (size_t)snprintf(text + used, size - used, last > i ? "%s%d-%d" : "%s%d", used ? ", " : "", i, last);
        i = last;
    }
}

static void examine_type(struct doctor *d, npurt_core type)
{
    struct doctor_check *check = doctor_begin(d, type == NPURT_CORE_AIC ? "AIC" : "AIV");
    if (!check) return;
    const uint32_t there = type == NPURT_CORE_AIC ? d->info.clusters : 2 * d->info.clusters;
    const uint64_t mode = type == NPURT_CORE_AIC ? PROBE_AIC_BLOCKS : PROBE_AIV_BLOCKS;
    char text[256];
    uint32_t round = 0;
    for (uint32_t blocks = there; round < ROUNDS && count_cores(d, type) < there; blocks = AGAIN_BLOCKS * there) {
        round++;
        if (!probe_twice(d, check, mode, blocks, blocks, NULL)) return;
        for (uint32_t b = 0; b < blocks; b++)
            if (!check_row(d, check, rows[b], type, b, 0)) break;
    }
    list_cores(d, type, text, sizeof text);
    const uint32_t ran = count_cores(d, type);
    if (ran != there && check->state != DOCTOR_FAILED)
        doctor_fail(check, "the driver offers %u, and %u ran in %u rounds: %s", there, ran, round, text);
    else if (check->state == DOCTOR_FAILED)
        doctor_add(check, "; after a reset %u of %u ran and were right: %s", ran, there, text);
    doctor_ok(check, "%u of %u ran, named themselves and were right: %s", ran, there, text);
}

/* A MIX task takes whole clusters: the three of a block are neighbours on the chip. */
static void examine_clusters(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "clusters");
    if (!check) return;
    const uint32_t blocks = d->info.clusters;
    if (!probe_twice(d, check, PROBE_MIX_BLOCKS, blocks, 3 * blocks, NULL)) return;
    for (uint32_t b = 0; b < blocks; b++) {
        uint32_t cluster[3], slot[3];
        for (uint32_t s = 0; s < 3; s++) {
            const uint32_t *row = rows[3 * b + s];
            if (!check_row(d, check, row, s ? NPURT_CORE_AIV : NPURT_CORE_AIC, b, s == 2)) return;
            (void)find_core(d->info.generation, row[PROBE_CORE], &cluster[s], &slot[s]);
        }
        if (cluster[0] != cluster[1] || cluster[0] != cluster[2] || slot[1] != 1 || slot[2] != 2)
            doctor_fail(check, "block %u ran on cores %u, %u and %u, which are no cluster", b, rows[3 * b][PROBE_CORE],
                        rows[3 * b + 1][PROBE_CORE], rows[3 * b + 2][PROBE_CORE]);
    }
    if (check->state == DOCTOR_FAILED) doctor_add(check, "; after a reset %u blocks ran on whole clusters", blocks);
    doctor_ok(check, "%u blocks of 1 AIC and 2 AIVs ran on whole clusters", blocks);
}

/* The built-in kernels are of the build machine. */
static bool has_kernels(const struct doctor *d, struct doctor_check *check)
{
    if (!d->probe.driver || strcmp(d->probe.driver->platform, "silicon") != 0) return true;
    snprintf(check->detail, sizeof check->detail,
             "this npurt has no kernels built by the vendor's AICore compiler to run on silicon");
    return false;
}

void doctor_cores(struct doctor *d)
{
    static const char *const name[] = {"AIC", "AIV", "clusters"};
    struct doctor_check none = {0};
    if (!d->given_up[0] && !has_kernels(d, &none)) {
        for (int i = 0; i < 3; i++) {
            struct doctor_check *check = doctor_begin(d, name[i]);
            if (check) (void)has_kernels(d, check);
        }
        return;
    }
    examine_type(d, NPURT_CORE_AIC);
    examine_type(d, NPURT_CORE_AIV);
    examine_clusters(d);
}

/* ---- AICPU threads */

static uint32_t schedulers_wanted(const struct doctor *d, uint32_t threads)
{
    return threads < d->info.clusters ? threads : d->info.clusters;
}

/* The most threads that serve one launch at the same time: `high` do not. */
static uint32_t threads_that_serve(struct doctor *d, uint32_t high)
{
    uint32_t low = 0;
    while (high - low > 1) {
        const uint32_t middle = (low + high) / 2;
        if (d->callable) (void)npurt_callable_unload(d->callable);
        (void)npurt_device_close(d->device);
        d->callable = NULL;
        d->device = NULL;
        d->options.aicpu_threads = middle;
        if (!doctor_open(d)) break;
        if (probe(d, PROBE_TASKS, middle * TASKS_PER_THREAD, middle * TASKS_PER_THREAD, NULL))
            low = middle;
        else
            high = middle;
        if (!doctor_recover(d)) break;
    }
    d->options.aicpu_threads = 0;
    if (!d->device && !d->given_up[0]) snprintf(d->given_up, sizeof d->given_up, "the device can not be opened again");
    return low;
}

void doctor_aicpu(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "AICPU");
    npurt_timing timing = {0};
    if (!check || !has_kernels(d, check)) return;
    const uint32_t threads = d->info.aicpu_threads, tasks = threads * TASKS_PER_THREAD;
    const uint32_t wanted = schedulers_wanted(d, threads);
    if (!probe_twice(d, check, PROBE_TASKS, tasks, tasks, &timing)) {
        if (!d->given_up[0] && check->error.status == NPURT_ERROR_STALLED && check->error.core == NPURT_NO_CORE &&
            threads > 1)
            doctor_add(check, "; %u of %u threads serve at the same time", threads_that_serve(d, threads), threads);
        return;
    }
    for (uint32_t i = 0; i < tasks; i++)
        if (!check_row(d, check, rows[i], NPURT_CORE_AIV, 0, 0)) return;
    if (timing.schedulers != wanted) doctor_fail(check, "%u threads scheduled, not %u", timing.schedulers, wanted);
    for (uint32_t i = 0; i < wanted; i++)
        if (!(timing.scheduled >> i & 1)) doctor_fail(check, "thread %u of %u sent nothing to a core", i, wanted);
    if (check->state == DOCTOR_FAILED)
        doctor_add(check, "; after a reset all %u scheduled", wanted);
    else
        doctor_ok(check, "%u of %u threads scheduled side by side, each sent tasks to cores, and %u results are right",
                  wanted, threads, tasks);
    if (wanted < threads)
        doctor_add(check, "; %u did not: a thread that schedules owns a cluster, and there are %u", threads - wanted,
                   d->info.clusters);
}
