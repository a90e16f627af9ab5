/* The entries of the AICPU program. The host launches npurt_aicpu_init once per device, npurt_aicpu_exec once per run
 * with as many blocks as there are AICPU threads, each of which finds its role by the order of arrival, and
 * npurt_aicpu_unload when a callable goes that had its orchestration here. */
#include "orchestration.h"
#include "orchestrator.h"

#define EXPORT __attribute__((visibility("default")))

EXPORT uint32_t npurt_aicpu_init(void *args);
EXPORT uint32_t npurt_aicpu_exec(void *args);
EXPORT uint32_t npurt_aicpu_unload(void *args);

/* The argument block when it is of this protocol. What is returned to the loader otherwise fails the launch (507018):
 * without a common layout there is no result to write to. */
static const struct aicpu_args *args_check(const void *args)
{
    const struct aicpu_args *a = args;
    if (!a || a->protocol_version != PROTOCOL_VERSION || a->size != sizeof *a || !a->control) return NULL;
    return a;
}

/* To a host of another protocol: `control` and the report's first word are where they are in every version, so that the
 * host can tell a program of another version from one that failed. */
static void tell_version(const void *args)
{
    const struct aicpu_args *a = args;
    if (!a || a->protocol_version == PROTOCOL_VERSION || !a->control || a->control % sizeof(uint64_t)) return;
    struct device_report *report = (struct device_report *)(uintptr_t)a->control;
    port_publish32(&report->protocol_version, PROTOCOL_VERSION);
    port_cache_clean(report, sizeof report->protocol_version);
}

uint32_t npurt_aicpu_init(void *args)
{
    const struct aicpu_args *a = args_check(args);
    if (!a) {
        tell_version(args);
        port_log(PORT_ERROR, "init: the host speaks another protocol than this AICPU program (%u)", PROTOCOL_VERSION);
        return RUN_BAD_PROTOCOL;
    }
    struct device_report *report = (struct device_report *)(uintptr_t)a->control;
    port_cache_invalidate(report, sizeof *report);
    *report = (struct device_report){
        .protocol_version = PROTOCOL_VERSION, .aicpu_threads = port_aicpu_threads(), .counter_hz = port_clock_hz()};
    port_publish32(&report->ready, 1);
    port_cache_clean(report, sizeof *report);
    port_log(PORT_INFO, "init: protocol %u, %u AICPU threads", PROTOCOL_VERSION, report->aicpu_threads);
    return 0;
}

/* What must hold before anything in the workspace can be touched. */
static bool control_check(const struct run_control *control)
{
    return control->protocol_version == PROTOCOL_VERSION && control->run_number != 0 && control->aicpu_threads >= 1 &&
           control->aicpu_threads <= PROTOCOL_MAX_AICPU_THREADS && control->block_dim >= 1 &&
           control->block_dim <= PROTOCOL_MAX_CORES / CORE_SLOTS && control->physical_cores <= PROTOCOL_MAX_CORES &&
           control->workspace != 0 && control->workspace_size >= image_workspace_size(0, false, control->aicpu_threads) &&
           control->result != 0 && control->records != 0;
}

/* A graph that the host has built: the first threads that arrive schedule it. Returns how many do. */
static uint32_t run_image(const struct run_control *control, uint32_t role)
{
    int64_t detail = 0;
    const struct image_header *image = image_check_header(control, &detail);
    uint32_t schedulers = image ? scheduler_count(image->task_count, control->aicpu_threads, control->block_dim) : 1;
    if (role >= schedulers) return schedulers;
    struct scheduler *s = workspace_scheduler(control, role);
    if (schedulers > 1 && image->task_count >= PLACE_TASKS) port_place(role, schedulers);
    scheduler_init(s, control, role, schedulers);
    if (image)
        scheduler_use_image(s, image);
    else
        scheduler_end(s, RUN_BAD_IMAGE, detail);
    scheduler_run(s);
    return schedulers;
}

/* A graph that is built here: the first thread orchestrates, the others schedule; a lone one does both. */
static uint32_t run_stream(const struct run_control *control, uint32_t role)
{
    const struct stream_control *stream = orchestrator_control(control);
    uint32_t schedulers = control->aicpu_threads > 1 ? control->aicpu_threads - 1 : 1;
    if (schedulers > control->block_dim) schedulers = control->block_dim;
    if (role > schedulers) return schedulers;
    if (role == 0 && control->aicpu_threads > 1 && stream) {
        orchestrator_run(control, stream, schedulers, NULL);
        return schedulers;
    }
    uint32_t index = control->aicpu_threads > 1 ? role - 1 : 0;
    if (role == 0 && control->aicpu_threads > 1) return schedulers;
    struct scheduler *s = workspace_scheduler(control, index);
    scheduler_init(s, control, index, schedulers);
    if (!stream) {
        scheduler_end(s, RUN_BAD_IMAGE, 0);
        scheduler_run(s);
    } else {
        scheduler_use_stream(s, stream);
        if (control->aicpu_threads > 1)
            scheduler_run(s);
        else
            orchestrator_run(control, stream, 1, s);
    }
    return schedulers;
}

uint32_t npurt_aicpu_exec(void *args)
{
    const struct aicpu_args *a = args_check(args);
    if (!a) {
        port_log(PORT_ERROR, "exec: the host speaks another protocol than this AICPU program (%u)", PROTOCOL_VERSION);
        return RUN_BAD_PROTOCOL;
    }
    const struct run_control *control = (const struct run_control *)(uintptr_t)a->control;
    port_cache_invalidate(control, sizeof *control);
    if (!control_check(control)) {
        port_log(PORT_ERROR, "exec: the run_control is not one of protocol %u, or out of its bounds", PROTOCOL_VERSION);
        return RUN_BAD_PROTOCOL;
    }
    struct workspace_head *head = workspace_head(control);
    port_cache_invalidate(head, WORKSPACE_HEAD_SIZE);

    uint32_t role = port_fetch_add32(&head->arrived, 1);
    if (role == 0) head->start_ticks = port_clock();
    uint32_t schedulers = control->stream ? run_stream(control, role) : run_image(control, role);
    if (port_fetch_add32(&head->departed, 1) + 1 == control->aicpu_threads) result_write(control, schedulers);
    return 0;
}

uint32_t npurt_aicpu_unload(void *args)
{
    const struct aicpu_args *a = args_check(args);
    if (!a) return RUN_BAD_PROTOCOL;
    const struct stream_unload *unload = (const struct stream_unload *)(uintptr_t)a->control;
    port_cache_invalidate(unload, sizeof *unload);
    if (unload->version != STREAM_VERSION) return RUN_BAD_PROTOCOL;
    orchestration_unload(unload->callable);
    return 0;
}
