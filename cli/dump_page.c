/* The page of a dump: first cause, who waits for whom, cores, tasks. */
#include "dump.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SHOW_TASKS = 24, SHOW_WAITING = 24, SHOW_LAST = 4 };

/* dump_load has seen that what is asked for here is there. */
static const char *text(const json_t *o, const char *key)
{
    const char *value = json_string_value(json_object_get(o, key));
    return value ? value : "";
}
static int64_t number(const json_t *o, const char *key)
{
    return json_integer_value(json_object_get(o, key));
}
static int64_t at(const json_t *list, size_t i)
{
    return json_integer_value(json_array_get(list, i));
}
static bool is_null(const json_t *o, const char *key)
{
    return json_is_null(json_object_get(o, key));
}

/* "278 ms", "1.25 s". */
static const char *time_of(double ms, char buffer[32])
{
    if (ms < 10)
        snprintf(buffer, 32, "%.2f ms", ms);
    else if (ms < 1000)
        snprintf(buffer, 32, "%.0f ms", ms);
    else
        snprintf(buffer, 32, "%.2f s", ms / 1000);
    return buffer;
}

/* ---- tasks and kernels by number */

static const json_t *find(const json_t *list, const char *key, int64_t value)
{
    size_t i;
    json_t *o;
    json_array_foreach((json_t *)(uintptr_t)list, i, o)
    {
        if (number(o, key) == value) return o;
    }
    return NULL;
}

static const json_t *task_of(const json_t *dump, int64_t task)
{
    return find(json_object_get(dump, "tasks"), "task", task);
}

/* `task 3 "spin"`, with the names of all its kernels where the dump has them. */
static void print_task(const json_t *dump, int64_t number_of_task)
{
    const json_t *task = task_of(dump, number_of_task), *kernels = task ? json_object_get(task, "kernels") : NULL;
    printf("task %" PRId64, number_of_task);
    for (size_t i = 0; i < json_array_size(kernels); i++) {
        const json_t *kernel = find(json_object_get(dump, "kernels"), "kernel", at(kernels, i));
        printf("%s\"%s\"", i ? "+" : " ", kernel ? text(kernel, "name") : "?");
    }
}

static void print_tasks(const json_t *dump, const json_t *list, int64_t total)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        printf("%s", i ? ", " : "");
        print_task(dump, at(list, i));
    }
    if (total > (int64_t)json_array_size(list))
        printf(" and %" PRId64 " more", total - (int64_t)json_array_size(list));
}

/* ---- the first cause */

static void show_head(const char *path, const json_t *dump)
{
    const json_t *error = json_object_get(dump, "error"), *device = json_object_get(dump, "device"),
                 *run = json_object_get(dump, "run"), *options = json_object_get(dump, "options"),
                 *ledger = json_object_get(dump, "ledger");
    char age[32];
    if (json_is_null(error))
        printf("A snapshot: nothing has failed.\n\n");
    else
        printf("%s\n%s\n\n", text(error, "status"), text(error, "message"));
    if (json_is_object(error) && !is_null(error, "hint")) printf("  what to do  %s\n", text(error, "hint"));
    if (json_is_object(error) && !is_null(error, "driver_code"))
        printf("  driver      %" PRId64 " %s in %s; npurt explain %" PRId64 "\n", number(error, "driver_code"),
               text(error, "driver_name"), text(error, "call"), number(error, "driver_code"));
    if (json_is_object(error) && !is_null(error, "fallout"))
        printf("  followed    %s (not the cause)\n", text(error, "fallout"));
    printf("  device      %s (%s, %" PRId64 " clusters, %" PRId64 " AICPU threads), %s%s\n", text(device, "target"),
           text(device, "soc"), number(device, "clusters"), number(device, "aicpu_threads"),
           json_is_null(error) ? "" : "now ", text(device, "state"));
    if (json_is_object(run))
        printf("  run         number %" PRId64 " of the device, of \"%s\", by %s; %" PRId64 " tasks on %" PRId64
               " clusters; %s after its launch\n",
               number(run, "number"), text(run, "callable"), text(run, "launched_by"), number(dump, "tasks_total"),
               number(run, "clusters"), time_of(json_number_value(json_object_get(run, "age_ms")), age));
    else
        printf("  run         none is in flight\n");
    printf("  limits      scheduler %" PRId64 " ms, op %" PRId64 " ms, sync %" PRId64 " ms\n",
           number(options, "scheduler_timeout_ms"), number(options, "op_timeout_ms"),
           number(options, "sync_timeout_ms"));
    printf("  memory      %" PRId64 " bytes in %" PRId64 " blocks held\n", number(ledger, "memory_bytes"),
           number(ledger, "memory_blocks"));
    printf("  written     %s by npurt %s, process %" PRId64 ": %s\n", text(dump, "written"), text(dump, "npurt"),
           number(dump, "process"), path);
    if (json_is_object(run) && !json_is_true(json_object_get(device, "read")))
        printf("  The device could not be read%s%s: what follows is what the host knows.\n",
               is_null(device, "not_read_because") ? "" : ", ", text(device, "not_read_because"));
}

static void show_untold(const json_t *run)
{
    size_t i, untold = 0;
    json_t *scheduler;
    const json_t *list = json_object_get(run, "schedulers");
    json_array_foreach((json_t *)(uintptr_t)list, i, scheduler)
    {
        untold += !json_is_true(json_object_get(scheduler, "told"));
    }
    if (untold)
        printf("\n%zu of %zu schedulers did not answer: what is said of their cores is older, or not known.\n", untold,
               json_array_size(list));
}

/* ---- who waits for whom */

/* What the orchestration waits for; false: the dump does not say. */
static bool show_need(const json_t *dump, const json_t *need, const char *before)
{
    const char *resource = text(need, "for");
    const bool slot = strcmp(resource, "slot") == 0, edge = strcmp(resource, "edge") == 0,
               heap = strcmp(resource, "heap") == 0, element = strcmp(resource, "element") == 0;
    const int64_t ring = number(need, "ring"), used = number(need, "used"), total = number(need, "total");
    const bool named = json_is_integer(json_object_get(need, "task"));
    if (!*resource) return false;
    printf("%s", before);
    if (slot)
        printf("a task slot of ring %" PRId64 ", %" PRId64 " of whose %" PRId64 " tasks are in flight", ring, used,
               total);
    else if (edge)
        printf("an edge of ring %" PRId64 ", %" PRId64 " of whose %" PRId64 " edges are taken", ring, used, total);
    else if (heap)
        printf("%" PRId64 " bytes in the heap of ring %" PRId64 ", %" PRId64 " of whose %" PRId64 " bytes are in use",
               number(need, "bytes"), ring, used, total);
    else if (element)
        printf("an element");
    else
        printf("a %s of the tensor map", resource);
    if (named) {
        printf(element ? " that is due after " : "; the first to give back is ");
        print_task(dump, number(need, "task"));
    }
    return true;
}

/* Of a graph that is built on the device and is not whole yet. */
static void show_orchestration(const json_t *dump)
{
    const json_t *run = json_object_get(dump, "run"), *need = json_object_get(run, "orchestration_waits");
    const char *stage = text(run, "orchestration");
    if (strcmp(stage, "returned") == 0) {
        if (show_need(dump, need, "\nWhen the run ended the orchestration waited for ")) printf(".\n");
        return;
    }
    if (strcmp(stage, "running") == 0)
        printf("\nThe orchestration has not returned: it runs on the device, and may submit more.\n");
    else if (strcmp(stage, "waiting") == 0) {
        if (!show_need(dump, need, "\nThe orchestration has not returned: it waits for "))
            printf("\nThe orchestration has not returned: it waits for tasks to complete");
        printf(".\n");
    } else if (strcmp(stage, "loading") == 0)
        printf("\nThe orchestration is still being loaded on the device.\n");
}

static void show_root(const json_t *dump, const json_t *root)
{
    const char *kind = text(root, "kind");
    const json_t *cores = json_object_get(root, "cores");
    char age[32];
    printf("  ");
    print_task(dump, number(root, "task"));
    if (strcmp(kind, "running") == 0)
        printf(" runs");
    else if (strcmp(kind, "sent") == 0)
        printf(" was sent, and not taken up,");
    else if (strcmp(kind, "ready") == 0)
        printf(" is ready and waits for a free core");
    else if (strcmp(kind, "condition") == 0)
        printf(" has run and waits for a condition of its kernel");
    else if (strcmp(kind, "unreleased") == 0)
        printf(" can not run: its producers have completed, but it waits for %" PRId64 " more",
               number(root, "releases_due"));
    else
        printf(" is %s", kind);
    for (size_t i = 0; i < json_array_size(cores); i++)
        printf("%s%" PRId64, i ? ", " : " on core ", at(cores, i));
    if (!is_null(root, "since_ms"))
        printf(", for %s", time_of(json_number_value(json_object_get(root, "since_ms")), age));
    if (number(root, "waiting"))
        printf("; %" PRId64 " task%s for it\n", number(root, "waiting"), number(root, "waiting") == 1 ? " waits" : "s wait");
    else
        printf("; no task waits for it\n");
}

/* Conditions that schedulers wait for, the first submission's of each. */
static void show_conditions(const json_t *run)
{
    size_t i;
    json_t *scheduler;
    json_array_foreach(json_object_get(run, "schedulers"), i, scheduler)
    {
        const json_t *c = json_object_get(scheduler, "condition");
        if (!json_is_object(c)) continue;
        printf("\nScheduler %zu: %" PRId64 " block%s for conditions; task %" PRId64 " block %" PRId64
               " \"%s\" expects the word at %s to be at least %" PRId64 ", and it is %" PRId64 "\n",
               i, number(c, "blocks_waiting"), number(c, "blocks_waiting") == 1 ? " waits" : "s wait", number(c, "task"),
               number(c, "block"), text(c, "kernel_name"), text(c, "address"), number(c, "expected"), number(c, "value"));
    }
}

static void show_waits(const json_t *dump)
{
    const json_t *waits = json_object_get(dump, "waits");
    if (json_is_null(waits)) {
        printf("\nWho waits for whom is not known: how far the tasks are could not be read.\n");
        return;
    }
    const json_t *roots = json_object_get(waits, "roots"), *waiting = json_object_get(waits, "waiting"),
                 *chain = json_object_get(waits, "chain"), *cycle = json_object_get(waits, "cycle");
    const int64_t roots_total = number(waits, "roots_total"), waiting_total = number(waits, "waiting_total");
    size_t i;
    json_t *o;
    printf("\nWho waits for whom: %" PRId64 " of %" PRId64 " tasks have not completed\n", number(waits, "unfinished"),
           number(dump, "tasks_total"));
    json_array_foreach((json_t *)(uintptr_t)roots, i, o)
    {
        show_root(dump, o);
    }
    if (roots_total > (int64_t)json_array_size(roots))
        printf("  and %" PRId64 " more that wait for nobody\n", roots_total - (int64_t)json_array_size(roots));
    if (json_array_size(cycle) > 0) {
        printf("  a cycle, which nothing ever ends: ");
        print_tasks(dump, cycle, 0);
        printf(", and again\n");
    }
    json_array_foreach((json_t *)(uintptr_t)waiting, i, o)
    {
        if (i == SHOW_WAITING) break;
        printf("  ");
        print_task(dump, number(o, "task"));
        printf(" waits for ");
        print_tasks(dump, json_object_get(o, "on"), number(o, "on_total"));
        printf("\n");
    }
    if (waiting_total > SHOW_WAITING) printf("  and %" PRId64 " more\n", waiting_total - SHOW_WAITING);
    if (number(waits, "chain_length") > 2) {
        printf("  The longest way, %" PRId64 " tasks, ends: ", number(waits, "chain_length"));
        print_tasks(dump, chain, 0);
        printf("\n");
    }
}

/* ---- cores */

static void show_dispatch(const json_t *dump, const json_t *core, const json_t *last, bool first)
{
    char name[16] = "", age[32];
    if (first && !is_null(core, "core")) snprintf(name, sizeof name, "%" PRId64, number(core, "core"));
    printf("  %5s %-4s %-15s ", name, first ? text(core, "type") : "", first ? text(core, "state") : "");
    if (!last) {
        printf("nothing was sent to it\n");
        return;
    }
    print_task(dump, number(last, "task"));
    printf(" block %" PRId64 " %s", number(last, "block"), text(last, "state"));
    if (!is_null(last, "sent_ms_ago"))
        printf(", sent %s before", time_of(json_number_value(json_object_get(last, "sent_ms_ago")), age));
    if (!is_null(last, "ended_ms_ago"))
        printf(", ended %s before", time_of(json_number_value(json_object_get(last, "ended_ms_ago")), age));
    printf("\n");
}

static void show_cores(const json_t *dump)
{
    const json_t *cores = json_object_get(dump, "cores");
    size_t i, unused = 0;
    json_t *core;
    printf("\nCores: what was sent to them last, the newest first\n");
    json_array_foreach((json_t *)(uintptr_t)cores, i, core)
    {
        const json_t *last = json_object_get(core, "last");
        const char *state = text(core, "state");
        if (json_array_size(last) == 0 && (strcmp(state, "idle") == 0 || strcmp(state, "unknown") == 0)) {
            unused++;
            continue;
        }
        if (json_array_size(last) == 0) show_dispatch(dump, core, NULL, true);
        for (size_t k = 0; k < json_array_size(last) && k < SHOW_LAST; k++)
            show_dispatch(dump, core, json_array_get(last, k), k == 0);
    }
    if (unused) printf("  %zu more of which nothing is to be told\n", unused);
}

/* ---- tasks */

static void show_shape(const json_t *tensor)
{
    const json_t *shape = json_object_get(tensor, "shape"), *strides = json_object_get(tensor, "strides");
    printf("%s[", text(tensor, "dtype"));
    for (size_t i = 0; i < json_array_size(shape); i++)
        printf("%s%" PRId64, i ? " x " : "", at(shape, i));
    int64_t dense = 1;
    bool contiguous = true;
    for (size_t i = json_array_size(shape); i-- > 0;) {
        contiguous = contiguous && (at(shape, i) == 1 || at(strides, i) == dense);
        dense = (int64_t)((uint64_t)dense * (uint64_t)at(shape, i));
    }
    printf("]");
    for (size_t i = 0; i < json_array_size(strides) && !contiguous; i++)
        printf("%s%" PRId64, i ? ", " : " strides ", at(strides, i));
}

static void show_task(const json_t *dump, const json_t *task)
{
    const json_t *kernels = json_object_get(task, "kernels"), *producers = json_object_get(task, "producers"),
                 *tensors = json_object_get(task, "tensors"), *scalars = json_object_get(task, "scalars");
    size_t i;
    json_t *o;
    printf("  ");
    print_task(dump, number(task, "task"));
    printf(": %s, %s, %" PRId64 " block%s\n", text(task, "state"), text(task, "shape"), number(task, "blocks"),
           number(task, "blocks") == 1 ? "" : "s");
    for (i = 0; i < json_array_size(kernels); i++) {
        const json_t *kernel = find(json_object_get(dump, "kernels"), "kernel", at(kernels, i));
        if (kernel)
            printf("    kernel    id %" PRId64 ", symbol %s, %s\n", at(kernels, i), text(kernel, "symbol"),
                   text(kernel, "type"));
    }
    if (json_array_size(producers) > 0) {
        printf("    after     ");
        print_tasks(dump, producers, number(task, "producers_total"));
        printf("\n");
    }
    json_array_foreach((json_t *)(uintptr_t)tensors, i, o)
    {
        printf("    tensor %zu  ", i);
        show_shape(o);
        printf(" at %s", text(o, "address"));
        if (strcmp(text(o, "address"), text(o, "buffer")) != 0) printf(", in the buffer at %s", text(o, "buffer"));
        printf(" of %" PRId64 " bytes", number(o, "buffer_bytes"));
        if (!is_null(o, "owner")) printf(", made by task %" PRId64, number(o, "owner"));
        printf("\n");
    }
    json_array_foreach((json_t *)(uintptr_t)scalars, i, o)
    {
        const char *bits = json_string_value(o);
        printf("    scalar %zu  %s = %llu\n", i, bits, strtoull(bits, NULL, 16));
    }
}

/* Those that somebody will ask for first: the error's, those that wait for nobody, then what they came from. */
static bool is_first(const json_t *dump, const json_t *task)
{
    const json_t *error = json_object_get(dump, "error");
    const char *state = text(task, "state");
    if (json_is_object(error) && !is_null(error, "task") && number(error, "task") == number(task, "task")) return true;
    return strcmp(state, "running") == 0 || strcmp(state, "sent") == 0 || strcmp(state, "ready") == 0 ||
           strcmp(state, "condition") == 0 || strcmp(state, "unreleased") == 0;
}

static bool is_behind_first(const json_t *dump, int64_t task)
{
    size_t i, k;
    json_t *o, *producer;
    json_array_foreach(json_object_get(dump, "tasks"), i, o)
    {
        if (!is_first(dump, o)) continue;
        json_array_foreach(json_object_get(o, "producers"), k, producer)
        {
            if (json_integer_value(producer) == task) return true;
        }
    }
    return false;
}

static void show_tasks(const json_t *dump)
{
    const json_t *tasks = json_object_get(dump, "tasks");
    size_t i, shown = 0;
    json_t *task;
    printf("\nTasks\n");
    for (int pass = 0; pass < 2; pass++)
        json_array_foreach((json_t *)(uintptr_t)tasks, i, task)
        {
            if (shown == SHOW_TASKS || is_first(dump, task) != (pass == 0)) continue;
            if (pass == 1 && !is_behind_first(dump, number(task, "task"))) continue;
            show_task(dump, task);
            shown++;
        }
    const int64_t total = number(dump, "tasks_total"), listed = (int64_t)json_array_size(tasks);
    if (listed > (int64_t)shown)
        printf("  %" PRId64 " more are described in the file, of %" PRId64 " tasks in all\n", listed - (int64_t)shown,
               total);
}

void dump_show(const char *path, const json_t *dump)
{
    show_head(path, dump);
    if (is_null(dump, "run")) return;
    show_untold(json_object_get(dump, "run"));
    show_orchestration(dump);
    show_conditions(json_object_get(dump, "run"));
    show_waits(dump);
    show_cores(dump);
    show_tasks(dump);
}
