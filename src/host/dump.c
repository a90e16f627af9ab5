#include "dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <npurt/version.h>
#include <unistd.h>
#include "../bundle/description.h"
#include "callable.h"
#include "dump_file.h"
#include "error.h"
#include "code.h"
#include "log.h"

enum { FORMAT_VERSION = 1 };

static const char *const state_name[] = {"healthy", "draining", "poisoned", "lost"};
static const char *const run_code_name[] = {
    "OK",           "BAD_PROTOCOL", "BAD_IMAGE", "HANDSHAKE_TIMEOUT", "BAD_CORE",
    "KERNEL_STUCK", "STALLED",      "ABORTED",   "EXIT_TIMEOUT",      "BAD_KERNEL",
    "ORCHESTRATION", "BAD_CONDITION", "BAD_PREDICATE",
};

json_t *dump_text(const char *text)
{
    json_t *value = json_string(text);
    if (value) return value;
    char *plain = strdup(text);
    for (char *c = plain; c && *c; c++)
        if ((unsigned char)*c >= 0x80) *c = '?';
    value = plain ? json_string(plain) : NULL;
    free(plain);
    return value;
}

json_t *dump_hex(uint64_t value)
{
    return json_sprintf("0x%llx", (unsigned long long)value);
}

/* Null where the record has `none`. */
static json_t *number_unless(int64_t value, int64_t none)
{
    return value == none ? json_null() : json_integer(value);
}
static json_t *text_or_null(const char *text)
{
    return *text ? dump_text(text) : json_null();
}

/* ---- gathering */

/* What the cores have of each task. */
static uint8_t *flights(const struct dump *d)
{
    uint8_t *flight = calloc((size_t)d->tasks.count + 1, 1);
    for (uint32_t i = 0; flight && i < d->evidence.core_count; i++)
        for (uint32_t k = 0; k < d->evidence.core[i].count; k++) {
            const struct evidence_dispatch *x = &d->evidence.core[i].last[k];
            const int64_t place = d->tasks.find(&d->tasks, x->record.task);
            if (x->record.ended || place == TASKS_NOWHERE) continue;
            const bool waits = x->phase == RECORD_SENT || x->phase == RECORD_STAGED || x->phase == RECORD_HELD ||
                               x->phase == RECORD_GATED;
            if (flight[place] != FLIGHT_RUNNING) flight[place] = waits ? FLIGHT_SENT : FLIGHT_RUNNING;
        }
    return flight;
}

void dump_gather(const npurt_run *run, bool ask, struct dump *d)
{
    *d = (struct dump){.run = run};
    if (!evidence_gather(run, ask, &d->evidence)) return;
    d->whole = true;
    if (run->callable->runtime == NPURT_TENSORMAP_AND_RINGBUFFER) {
        if (!d->evidence.readable || !tasks_of_rings(run, &d->tasks)) return;
    } else {
        if (!tasks_of_image(run, d->evidence.readable, &d->tasks)) return;
        tasks_use_states(&d->tasks, d->evidence.state);
    }
    uint8_t *flight = flights(d);
    if (!flight || !waits_find(&d->tasks, flight, &d->waits)) {
        tasks_close(&d->tasks);
        d->whole = false;
    }
    free(flight);
}

void dump_fini(struct dump *d)
{
    waits_fini(&d->waits);
    tasks_close(&d->tasks);
    evidence_fini(&d->evidence);
}

const char *dump_task_name(const struct dump *d, uint32_t place, char text[DUMP_TASK_NAME])
{
    struct task_facts t;
    d->tasks.facts(&d->tasks, place, &t);
    int used = snprintf(text, DUMP_TASK_NAME, "task %u", tasks_number(&d->tasks, place));
    const char *before = " ";
    for (unsigned slot = 0; slot < 3; slot++) {
        if (!(t.core_mask >> slot & 1) || used < 0 || used >= DUMP_TASK_NAME) continue;
        used += snprintf(text + used, (size_t)(DUMP_TASK_NAME - used), "%s\"%.20s\"", before,
                         callable_kernel_name(d->run->callable, t.kernel[slot]));
        before = "+";
    }
    return text;
}

void dump_tell_waits(const struct dump *d)
{
    if (!d->tasks.count || !d->waits.root_count || !error_pending()) return;
    const struct wait_root *root = &d->waits.root[0];
    const enum wait_kind kind = (enum wait_kind)d->waits.kind[root->place];
    char name[DUMP_TASK_NAME];
    dump_task_name(d, root->place, name);
    if (kind == WAIT_UNRELEASED)
        error_append("; %s can not run: its producers have completed and it waits for %u more", name,
                     d->tasks.state[root->place].fanin_left);
    else if (kind == WAIT_FOR_CORE)
        error_append("; %s is ready and was sent to no core", name);
    else if (kind == WAIT_SENT)
        error_append("; %s was sent to a core that did not take it", name);
    if (root->waiting) error_append("; %u tasks wait for %s", root->waiting, name);
}

/* ---- the document */

static json_t *error_part(const npurt_error *e)
{
    if (!e) return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "status", json_string(npurt_status_name(e->status)));
    json_object_set_new(o, "message", dump_text(e->message));
    json_object_set_new(o, "hint", text_or_null(e->hint));
    json_object_set_new(o, "fallout", text_or_null(e->fallout));
    json_object_set_new(o, "call", text_or_null(e->call));
    json_object_set_new(o, "driver_code", number_unless(e->driver_code, 0));
    json_object_set_new(o, "driver_name", text_or_null(e->driver_name));
    json_object_set_new(o, "task", number_unless(e->task, NPURT_NO_TASK));
    json_object_set_new(o, "kernel", number_unless(e->kernel, NPURT_NO_KERNEL));
    json_object_set_new(o, "kernel_name", text_or_null(e->kernel_name));
    json_object_set_new(o, "core", number_unless(e->core, NPURT_NO_CORE));
    return o;
}

static json_t *device_part(const npurt_device *device, const struct dump *d, npurt_device_state state)
{
    json_t *o = json_object();
    json_object_set_new(o, "target", dump_text(device->info.target));
    json_object_set_new(o, "driver", dump_text(device->driver->provider));
    json_object_set_new(o, "soc", dump_text(device->info.soc));
    json_object_set_new(o, "generation", json_string(device->info.generation));
    json_object_set_new(o, "clusters", json_integer(device->info.clusters));
    json_object_set_new(o, "aicpu_threads", json_integer(device->info.aicpu_threads));
    json_object_set_new(o, "hbm_bytes", json_integer((json_int_t)device->info.hbm_total));
    json_object_set_new(o, "counter_hz", json_integer((json_int_t)device->counter_hz));
    json_object_set_new(o, "state", json_string(state_name[state]));
    json_object_set_new(o, "read", json_boolean(d->run && d->evidence.readable));
    json_t *refusal = json_null();
    if (d->run && d->evidence.code)
        refusal = json_sprintf("%s answered %d %s", d->evidence.call, d->evidence.code,
                               driver_status_name(d->evidence.code));
    json_object_set_new(o, "not_read_because", refusal);
    return o;
}

static json_t *options_part(const npurt_device_options *options)
{
    json_t *o = json_object();
    json_object_set_new(o, "aicpu_threads", json_integer(options->aicpu_threads));
    json_object_set_new(o, "scheduler_timeout_ms", json_integer(options->scheduler_timeout_ms));
    json_object_set_new(o, "op_timeout_ms", json_integer(options->op_timeout_ms));
    json_object_set_new(o, "sync_timeout_ms", json_integer(options->sync_timeout_ms));
    json_object_set_new(o, "binaries", options->binaries ? dump_text(options->binaries) : json_null());
    json_object_set_new(o, "leak_check", json_boolean(options->leak_check));
    return o;
}

static json_t *ledger_part(const npurt_device *device)
{
    const npurt_ledger_totals t = ledger_totals(&device->ledger);
    json_t *o = json_object();
    json_object_set_new(o, "memory_bytes", json_integer((json_int_t)t.memory_bytes));
    json_object_set_new(o, "memory_blocks", json_integer(t.memory_blocks));
    json_object_set_new(o, "registrations", json_integer(t.registrations));
    json_object_set_new(o, "binaries", json_integer(t.binaries));
    json_object_set_new(o, "functions", json_integer(t.functions));
    json_object_set_new(o, "streams", json_integer(t.streams));
    json_object_set_new(o, "events", json_integer(t.events));
    json_object_set_new(o, "files", json_integer(t.files));
    return o;
}

static json_t *stream_part(rtError_t code)
{
    json_t *o = json_object();
    json_object_set_new(o, "code", json_integer(code));
    json_object_set_new(o, "name", json_string(code ? driver_status_name(code) : "OK"));
    return o;
}

static json_t *suspects_part(const npurt_callable *c, const struct run_result *r)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < r->suspect_count && i < RUN_MAX_SUSPECTS; i++) {
        const struct run_suspect *s = &r->suspect[i];
        json_t *o = json_object();
        json_object_set_new(o, "task", json_integer(s->task));
        json_object_set_new(o, "block", json_integer(s->block));
        json_object_set_new(o, "kernel", json_integer(s->kernel));
        json_object_set_new(o, "kernel_name", dump_text(callable_kernel_name(c, s->kernel)));
        json_object_set_new(o, "core", json_integer(s->physical_core));
        json_object_set_new(o, "type", json_string(s->core_type == NPURT_CORE_AIC ? "AIC" : "AIV"));
        json_object_set_new(o, "started", json_boolean(s->acknowledged != 0));
        json_array_append_new(list, o);
    }
    return list;
}

/* Null: none. */
static json_t *condition_part(const npurt_callable *c, const struct run_condition *condition)
{
    if (condition->code == 0 && condition->waiting == 0) return json_null();
    json_t *o = json_object();
    json_object_set_new(o, "refused", number_unless(condition->code, 0));
    json_object_set_new(o, "blocks_waiting", json_integer(condition->waiting));
    json_object_set_new(o, "task", json_integer(condition->task));
    json_object_set_new(o, "block", json_integer(condition->block));
    json_object_set_new(o, "kernel", json_integer(condition->kernel));
    json_object_set_new(o, "kernel_name", dump_text(callable_kernel_name(c, condition->kernel)));
    json_object_set_new(o, "index", json_integer(condition->index));
    json_object_set_new(o, "type", json_integer(condition->type));
    json_object_set_new(o, "address", dump_hex(condition->address));
    json_object_set_new(o, "expected", json_integer(condition->expected));
    json_object_set_new(o, "value", json_integer(condition->value));
    return o;
}

/* What the streams and the scheduler said when it ended. */
static json_t *outcome_part(const npurt_run *run, const struct outcome *outcome)
{
    if (!outcome) return json_null();
    const struct run_result *r = &outcome->result;
    json_t *o = json_object();
    json_object_set_new(o, "aicore_stream", stream_part(outcome->core));
    json_object_set_new(o, "aicpu_stream", stream_part(outcome->cpu));
    json_object_set_new(o, "driver_said", text_or_null(outcome->said));
    json_object_set_new(o, "scheduler_answered", json_boolean(outcome->answered));
    if (!outcome->answered) return o;
    json_object_set_new(o, "scheduler_code",
                        r->code < sizeof run_code_name / sizeof *run_code_name ? json_string(run_code_name[r->code])
                                                                               : json_integer(r->code));
    json_object_set_new(o, "scheduler_detail", json_integer(r->detail));
    json_object_set_new(o, "tasks_completed", json_integer(r->tasks_completed));
    json_object_set_new(o, "suspects_total", json_integer(r->suspect_count));
    json_object_set_new(o, "suspects", suspects_part(run->callable, r));
    json_object_set_new(o, "condition", condition_part(run->callable, &r->condition));
    return o;
}

static json_t *kernels_part(const npurt_callable *c)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < c->kernel_limit; i++) {
        if (!c->kernel[i]) continue;
        json_t *o = json_object();
        json_object_set_new(o, "kernel", json_integer(i));
        json_object_set_new(o, "name", dump_text(c->kernel_name[i]));
        json_object_set_new(o, "symbol", dump_text(c->kernel[i]->entry));
        json_object_set_new(o, "type", json_string(c->kernel_core[i] == NPURT_CORE_AIC ? "AIC" : "AIV"));
        json_object_set_new(o, "code_bytes", json_integer((json_int_t)c->kernel[i]->code_size));
        json_object_set_new(o, "content_hash", dump_hex(c->kernel[i]->hash));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *arguments_part(const struct run_bank *bank)
{
    json_t *list = json_array();
    for (uint32_t i = 0; i < bank->tensor_count; i++) {
        const npurt_tensor *t = &bank->tensor[i];
        json_t *o = json_object(), *shape = json_array();
        json_object_set_new(o, "address", dump_hex(t->addr));
        json_object_set_new(o, "dtype", json_string(description_dtype_name((npurt_dtype)t->dtype)));
        for (uint32_t k = 0; k < t->ndims; k++)
            json_array_append_new(shape, json_integer(t->shape[k]));
        json_object_set_new(o, "shape", shape);
        json_object_set_new(o, "host", json_boolean(bank->host[i] != NULL));
        json_array_append_new(list, o);
    }
    return list;
}

static json_t *schedulers_part(const struct dump *d)
{
    static const char *const stage[] = {"unknown", "adopting", "scheduling", "draining"};
    const struct evidence *e = &d->evidence;
    json_t *list = json_array();
    for (uint32_t i = 0; i < e->scheduler_count; i++) {
        const struct scheduler_record *r = &e->scheduler[i];
        json_t *o = json_object();
        json_object_set_new(o, "stage", json_string(stage[r->stage <= RECORD_DRAINING ? r->stage : 0]));
        json_object_set_new(o, "told", json_boolean(e->told[i]));
        if (r->told == d->run->number) {
            const double moved = evidence_age_ms(e, d->run->device, r->moved);
            json_object_set_new(o, "completed", json_integer(r->completed));
            json_object_set_new(o, "busy_cores", json_integer(r->busy));
            json_object_set_new(o, "ready", json_pack("{s:I,s:I,s:I}", "AIC", (json_int_t)r->ready[SHAPE_AIC], "AIV",
                                                      (json_int_t)r->ready[SHAPE_AIV], "MIX",
                                                      (json_int_t)r->ready[SHAPE_MIX]));
            json_object_set_new(o, "condition", condition_part(d->run->callable, &r->condition));
            json_object_set_new(o, "moved_ms_ago", moved < 0 ? json_null() : json_real(moved));
        }
        json_array_append_new(list, o);
    }
    return list;
}

/* Of a graph that is built on the device. */
static json_t *orchestration_part(const struct dump *d)
{
    static const char *const stage[] = {"not begun", "loading", "running", "waiting", "returned"};
    if (d->run->callable->runtime == NPURT_HOST_BUILD_GRAPH || !d->evidence.readable) return json_null();
    const uint32_t now = d->evidence.stage;
    return json_string(now < sizeof stage / sizeof stage[0] ? stage[now] : "unknown");
}

/* What it waits for, or waited for when the run ended. */
static json_t *orchestration_waits_part(const struct dump *d)
{
    static const char *const resource[] = {[STREAM_NEEDS_SLOT] = "slot",
                                           [STREAM_NEEDS_EDGE] = "edge",
                                           [STREAM_NEEDS_HEAP] = "heap",
                                           [STREAM_NEEDS_REGION] = "region",
                                           [STREAM_NEEDS_ELEMENT] = "element"};
    const struct stream_need *need = &d->evidence.need;
    if (need->resource == STREAM_NEEDS_NOTHING || need->resource >= sizeof resource / sizeof resource[0])
        return json_null();
    const npurt_task_id id = (npurt_task_id)(need->task >> STREAM_INDEX_BITS) << 32 | (need->task & STREAM_INDEX_MASK);
    const int64_t place = need->task && d->tasks.count ? d->tasks.owner(&d->tasks, id) : TASKS_NOWHERE;
    json_t *o = json_pack("{s:s}", "for", resource[need->resource]);
    const bool element = need->resource == STREAM_NEEDS_ELEMENT, counted = need->total != 0;
    json_object_set_new(o, "ring", element ? json_null() : json_integer(need->ring));
    json_object_set_new(o, "task",
                        place == TASKS_NOWHERE ? json_null() : json_integer(tasks_number(&d->tasks, (uint32_t)place)));
    json_object_set_new(o, "used", counted ? json_integer((json_int_t)need->used) : json_null());
    json_object_set_new(o, "total", counted ? json_integer((json_int_t)need->total) : json_null());
    json_object_set_new(o, "bytes", need->amount ? json_integer((json_int_t)need->amount) : json_null());
    return o;
}

static json_t *run_part(const struct dump *d, const struct outcome *outcome)
{
    const npurt_run *run = d->run;
    json_t *o = json_object();
    json_object_set_new(o, "callable", dump_text(run->callable->name));
    json_object_set_new(o, "runtime", json_string(run->callable->runtime == NPURT_HOST_BUILD_GRAPH ? "host_build_graph"
                                                                                   : "tensormap_and_ringbuffer"));
    json_object_set_new(o, "launched_by", json_string(run->call));
    json_object_set_new(o, "number", json_integer(run->number));
    json_object_set_new(o, "age_ms", json_real((double)(run_now_ns() - run->began_ns) * 1e-6));
    json_object_set_new(o, "clusters", json_integer(run->clusters));
    json_object_set_new(o, "aicpu_threads", json_integer(run->threads));
    json_object_set_new(o, "image_bytes", json_integer((json_int_t)run->timing.image_size));
    json_object_set_new(o, "cancelled", json_boolean(run->cancelled));
    json_object_set_new(o, "arguments", arguments_part(run->bank));
    json_object_set_new(o, "outcome", outcome_part(run, outcome));
    json_object_set_new(o, "schedulers", schedulers_part(d));
    json_object_set_new(o, "orchestration", orchestration_part(d));
    json_object_set_new(o, "orchestration_waits", orchestration_waits_part(d));
    return o;
}

static json_t *document(const struct dump *d, npurt_device *device, const npurt_error *error,
                        const struct outcome *outcome, npurt_device_state state)
{
    json_t *root = json_object();
    const time_t now = time(NULL);
    struct tm utc;
    char written[32];
    strftime(written, sizeof written, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    json_object_set_new(root, "format", json_string("npurt-dump"));
    json_object_set_new(root, "version", json_integer(FORMAT_VERSION));
    json_object_set_new(root, "kind", json_string(error ? "failure" : "snapshot"));
    json_object_set_new(root, "written", json_string(written));
    json_object_set_new(root, "npurt", json_string(npurt_version()));
    json_object_set_new(root, "process", json_integer(getpid()));
    json_object_set_new(root, "error", error_part(error));
    json_object_set_new(root, "device", device_part(device, d, state));
    json_object_set_new(root, "options", options_part(&device->options));
    json_object_set_new(root, "ledger", ledger_part(device));
    json_object_set_new(root, "run", d->run ? run_part(d, outcome) : json_null());
    if (!d->run) return root;
    json_object_set_new(root, "kernels", kernels_part(d->run->callable));
    dump_put_waits(root, d);
    dump_put_cores(root, d);
    dump_put_tasks(root, d, outcome);
    return root;
}

char *dump_print(const struct dump *d, npurt_device *device, const npurt_error *error, const struct outcome *outcome,
                 npurt_device_state state)
{
    if (d->run && !d->whole) return NULL;
    json_t *root = document(d, device, error, outcome, state);
    char *text = root ? json_dumps(root, JSON_INDENT(1) | JSON_REAL_PRECISION(9)) : NULL;
    json_decref(root);
    return text;
}

void dump_failure(const struct dump *d, const struct outcome *outcome, npurt_device_state state)
{
    npurt_device *device = d->run->device;
    char path[DUMP_FILE_PATH], problem[640] = "no host memory for it";
    if (!dump_file_wanted(device->options.dump_folder)) return;
    char *text = dump_print(d, device, npurt_error_last(), outcome, state);
    const bool written = text && dump_file_write(device->options.dump_folder, device->options.dump_keep, text,
                                                 strlen(text), path, problem, sizeof problem);
    free(text);
    if (written) {
        error_dump(path);
        log_write(LOG_LEVEL_WARN, "dump", "what is known of the failed run is in %s; npurt explain shows it", path);
    } else {
        log_write(LOG_LEVEL_WARN, "dump", "no dump of the failed run: %s", problem);
    }
}

void dump_not_started(const npurt_run *run, npurt_device_state state)
{
    struct dump dump;
    dump_gather(run, false, &dump);
    dump_failure(&dump, NULL, state);
    dump_fini(&dump);
}
