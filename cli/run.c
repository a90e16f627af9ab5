/* npurt run: prepares an example or a bundle, runs it so often, checks every result, and weighs the device before and
 * after. */
#include "commands.h"
#include "hbm.h"
#include "interrupt.h"
#include "options.h"
#include "progress.h"
#include "report.h"
#include "speak.h"
#include "subject.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Everything that one `npurt run` holds; released in the reverse order by command_run. */
struct session {
    struct run_options options;
    struct run_report report;
    struct subject subject;
    struct progress progress;
    npurt_device *device;
    npurt_callable *callable;
    npurt_timing *timing; /* of every run */
    uint8_t *checked;     /* the first run's outputs, which were checked */
    uint64_t output_bytes;
    npurt_error error; /* the first failure; status NPURT_OK: none */
    bool misused;      /* it lies in the words of the command */
};

static bool fail(struct session *s)
{
    if (s->error.status == NPURT_OK) s->error = *npurt_error_last();
    return false;
}

static bool fail_here(struct session *s, npurt_status status, const char *message)
{
    if (s->error.status == NPURT_OK) {
        s->error =
            (npurt_error){.status = status, .task = NPURT_NO_TASK, .kernel = NPURT_NO_KERNEL, .core = NPURT_NO_CORE};
        snprintf(s->error.message, sizeof s->error.message, "%s", message);
    }
    return false;
}

static bool is_output(const struct session *s, uint32_t i)
{
    return s->subject.param[i].access != NPURT_ACCESS_INPUT;
}

/* This run is the worst so far: the report shows what is wrong with it. */
static bool keep_wrong(struct session *s, uint64_t run, int64_t mismatches)
{
    struct run_report *r = &s->report;
    if (!r->wrong) r->wrong = calloc(s->subject.args.tensor_count, sizeof *r->wrong);
    if (!r->wrong) return false;
    r->mismatches = mismatches;
    r->wrong_run = run + 1;
    r->wrong_count = 0;
    for (uint32_t i = 0; i < s->subject.args.tensor_count; i++) {
        struct wrong_output *wrong = &r->wrong[r->wrong_count];
        wrong->found = *s->subject.ops->found(&s->subject, i, wrong->name);
        r->wrong_count += wrong->found.wrong > 0;
    }
    return true;
}

/* Checks a run. Outputs that are, byte for byte, those of the first run need it no second time. */
static bool check_run(struct session *s, uint64_t run)
{
    bool same = run > 0;
    double max_abs_error = 0;
    uint64_t at = 0;
    for (uint32_t i = 0; i < s->subject.args.tensor_count && same; i++) {
        if (!is_output(s, i)) continue;
        uint64_t size = example_tensor_bytes(&s->subject.args.tensors[i]);
        same = memcmp(s->checked + at, s->subject.args.tensors[i].host, size) == 0;
        at += size;
    }
    if (same) return true;
    int64_t mismatches = s->subject.checked ? s->subject.ops->check(&s->subject, &max_abs_error) : 0;
    if (mismatches < 0)
        return fail_here(s, NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the check of the result");
    if (s->subject.checked) s->report.runs_checked++;
    if (mismatches > s->report.mismatches && !keep_wrong(s, run, mismatches))
        return fail_here(s, NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the report of the wrong elements");
    if (max_abs_error > s->report.max_abs_error) s->report.max_abs_error = max_abs_error;
    at = 0;
    for (uint32_t i = 0; i < s->subject.args.tensor_count && run == 0; i++) {
        if (!is_output(s, i)) continue;
        memcpy(s->checked + at, s->subject.args.tensors[i].host, example_tensor_bytes(&s->subject.args.tensors[i]));
        at += example_tensor_bytes(&s->subject.args.tensors[i]);
    }
    return true;
}

static bool prepare(struct session *s)
{
    char problem[512];
    npurt_status status = s->subject.ops->prepare(&s->subject, problem, sizeof problem);
    s->misused = status == NPURT_ERROR_INVALID_ARGUMENT;
    if (status != NPURT_OK) return fail_here(s, status, problem);
    for (uint32_t i = 0; i < s->subject.args.tensor_count; i++) {
        if (!is_output(s, i)) continue;
        s->output_bytes += example_tensor_bytes(&s->subject.args.tensors[i]);
        s->report.outputs += example_tensor_elements(&s->subject.args.tensors[i]);
    }
    s->checked = malloc(s->output_bytes + 1);
    s->timing = calloc(s->options.runs, sizeof s->timing[0]);
    if (!s->checked || !s->timing)
        return fail_here(s, NPURT_ERROR_OUT_OF_HOST_MEMORY, "no host memory for the results");
    return true;
}

static bool open_device(struct session *s)
{
    npurt_device_options options = {.aicpu_threads = s->options.aicpu_threads, .catch_faults = true};
    if (s->options.timeout_s) { /* the other two as far above it as by default */
        options.scheduler_timeout_ms = options.orchestration_timeout_ms = s->options.timeout_s * 1000;
        options.op_timeout_ms = options.scheduler_timeout_ms + 35000;
        options.sync_timeout_ms = options.scheduler_timeout_ms + 40000;
    }
    if (npurt_device_open(s->options.target, &options, &s->device) != NPURT_OK) return fail(s);
    interrupt_cancels(s->device);
    if (npurt_device_get_info(s->device, &s->report.device) != NPURT_OK) return fail(s);
    if (s->subject.ops->load(&s->subject, s->device, &s->callable) != NPURT_OK) return fail(s);
    return true;
}

static bool weigh(struct session *s, struct hbm_reading *hbm)
{
    hbm->known = npurt_device_hbm_in_use(s->device, &hbm->bytes) == NPURT_OK;
    return hbm->known || fail(s);
}

static bool run_all(struct session *s)
{
    for (uint64_t run = 0; run < s->options.runs; run++) {
        char step[64];
        snprintf(step, sizeof step, "run %" PRIu64 " of %" PRIu64, run + 1, s->options.runs);
        progress_step(&s->progress, step, 2 * run + 1);
        s->subject.ops->restore(&s->subject);
        if (npurt_call(s->callable, &s->subject.args, &s->timing[run]) != NPURT_OK) return fail(s);
        s->report.runs_done++;
        if (run == 0 && !weigh(s, &s->report.hbm_first_run)) return false;
        if (run + 1 == s->options.runs && !weigh(s, &s->report.hbm_last_run)) return false;
        progress_step(&s->progress, "checking the result", 2 * run + 2);
        if (!check_run(s, run)) return false;
    }
    s->report.trace_known = npurt_device_trace_hash(s->device, &s->report.trace_hash) == NPURT_OK;
    if (s->options.seeded && !s->report.trace_known) return fail(s);
    char problem[512];
    npurt_status status = s->subject.ops->finish(&s->subject, problem, sizeof problem);
    return status == NPURT_OK || fail_here(s, status, problem);
}

static int by_wall(const void *a, const void *b)
{
    const npurt_timing *x = a, *y = b;
    return (x->host_wall_ns > y->host_wall_ns) - (x->host_wall_ns < y->host_wall_ns);
}
static int by_device_wall(const void *a, const void *b)
{
    const npurt_timing *x = a, *y = b;
    return (x->device_wall_ns > y->device_wall_ns) - (x->device_wall_ns < y->device_wall_ns);
}

static void sum_up(struct session *s)
{
    struct run_report *r = &s->report;
    size_t n = r->runs_done;
    if (n == 0) return;
    qsort(s->timing, n, sizeof s->timing[0], by_device_wall);
    r->device_wall_ns = s->timing[n / 2].device_wall_ns;
    qsort(s->timing, n, sizeof s->timing[0], by_wall);
    const npurt_timing *median = &s->timing[n / 2];
    r->tasks = median->tasks;
    r->wall_ns = median->host_wall_ns;
    r->wall_min_ns = s->timing[0].host_wall_ns;
    r->orchestration_ns = median->orchestration_ns;
    r->copy_ns = median->copy_ns;
    r->image_bytes = median->image_size;
    r->template_records = median->template_records;
    r->template_replays = median->template_replays;
    r->register_loads = median->register_loads;
}

int command_run(const struct words *words)
{
    struct session *s = calloc(1, sizeof *s);
    struct hbm_probe probe;
    if (!s) return EXIT_FAILED;
    if (!run_options_take(words, &s->options)) {
        free(s);
        return EXIT_USAGE;
    }
    if ((s->options.bundle ? subject_of_bundle : subject_of_example)(&s->options, &s->subject) != 0) {
        free(s);
        return EXIT_FAILED;
    }
    interrupt_begin();
    speak_begin();
    progress_begin(&s->progress, 2 * s->options.runs + 1);
    progress_step(&s->progress, "making inputs", 0);
    if (prepare(s)) {
        struct hbm_reading *before = &s->report.hbm_before, *after = &s->report.hbm_after;
        s->report.shared = hbm_is_shared(s->options.target);
        before->known = hbm_open(&probe, s->options.target) && hbm_in_use(&probe, &before->bytes);
        if (open_device(s)) run_all(s);
        interrupt_cancels(NULL);
        if (npurt_callable_unload(s->callable) != NPURT_OK) fail(s);
        if (npurt_device_close(s->device) != NPURT_OK) fail(s);
        after->known = hbm_in_use(&probe, &after->bytes);
        hbm_close(&probe);
    }
    progress_end(&s->progress);
    speak_end();
    sum_up(s);

    bool failed = s->error.status != NPURT_OK;
    if (s->options.json)
        report_json(&s->subject, &s->report, failed ? &s->error : NULL);
    else if (s->report.runs_done > 0)
        report_text(&s->subject, &s->report);
    if (failed) report_error(stderr, &s->error);
    bool right = report_is_right(&s->report) && report_hbm_is_back(&s->report);
    s->subject.ops->release(&s->subject);
    free(s->timing);
    free(s->checked);
    free(s->report.wrong);
    const bool misused = s->misused;
    free(s);
    return misused ? EXIT_USAGE : failed ? EXIT_FAILED : right ? EXIT_RIGHT : EXIT_WRONG;
}
