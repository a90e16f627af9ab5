#include "report.h"
#include "field.h"
#include "output.h"
#include "wrong.h"

#include <inttypes.h>
#include <string.h>

bool report_is_right(const struct run_report *report)
{
    return report->runs_done > 0 && report->mismatches == 0;
}

bool report_hbm_is_back(const struct run_report *report)
{
    return report->hbm_before.known && report->hbm_after.known &&
           (report->shared || report->hbm_after.bytes <= report->hbm_before.bytes);
}

/* 65536 → "65,536". The buffer is the caller's. */
static const char *grouped(uint64_t x, char buffer[32])
{
    char digits[24];
    int n = snprintf(digits, sizeof digits, "%" PRIu64, x), at = 0;
    for (int i = 0; i < n; i++) {
        if (i > 0 && (n - i) % 3 == 0) buffer[at++] = ',';
        buffer[at++] = digits[i];
    }
    buffer[at] = 0;
    return buffer;
}

static const char *duration(uint64_t ns, char buffer[32])
{
    static const struct {
        double ns;
        const char *unit;
    } unit[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    int i = ns >= 1000000000 ? 0 : ns >= 1000000 ? 1 : ns >= 1000 ? 2 : 3;
    snprintf(buffer, 32, "%.3g %s", (double)ns / unit[i].ns, unit[i].unit);
    return buffer;
}

static const char *bytes(uint64_t x, char buffer[32])
{
    static const char *const unit[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double value = (double)x;
    int i = 0;
    while (value >= 1024 && i < 4)
        value /= 1024, i++;
    snprintf(buffer, 32, i ? "%.2f %s" : "%.0f %s", value, unit[i]);
    return buffer;
}

static const char *reading(struct hbm_reading hbm, char buffer[32])
{
    return hbm.known ? bytes(hbm.bytes, buffer) : "unknown";
}

static const char *plural(uint32_t n)
{
    return n == 1 ? "" : "s";
}

void report_text(const struct subject *subject, const struct run_report *r)
{
    char a[32], b[32], c[32], d[32];
    double seconds = (double)r->wall_ns * 1e-9;
    printf("%s, %s, on %s (%s: %u cluster%s, %u AICPU thread%s)\n", subject->name, subject->detail,
           subject->options->target, r->device.soc, r->device.clusters, plural(r->device.clusters),
           r->device.aicpu_threads, plural(r->device.aicpu_threads));
    printf("  tasks        %s\n", grouped(r->tasks, a));
    if (r->runs_done > 1)
        printf("  wall         %s, median of %s runs; fastest %s\n", duration(r->wall_ns, a), grouped(r->runs_done, b),
               duration(r->wall_min_ns, c));
    else
        printf("  wall         %s\n", duration(r->wall_ns, a));
    printf("  device wall  %s\n", duration(r->device_wall_ns, a));
    if (seconds > 0) printf("  tasks/s      %s\n", grouped((uint64_t)((double)r->tasks / seconds), a));
    printf("  HBM          %s before, %s after the first run, %s after the last, %s after close%s\n",
           reading(r->hbm_before, a), reading(r->hbm_first_run, b), reading(r->hbm_last_run, c),
           reading(r->hbm_after, d), r->shared ? "; others may share the device" : "");
    if (r->trace_known) printf("  trace hash   %016" PRIx64 "\n", r->trace_hash);
    if (r->runs_checked == 0)
        printf("  result       not compared: %s elements\n", grouped(r->outputs, a));
    else if (r->mismatches == 0)
        printf("  result       %sright%s: %s elements, largest error %.3g\n", paint(stdout, PAINT_GOOD),
               paint(stdout, PAINT_END), grouped(r->outputs, a), r->max_abs_error);
    else
        printf("  result       %sWRONG%s: %" PRId64 " of %s elements of run %" PRIu64 " differ, largest error %.3g\n",
               paint(stdout, PAINT_BAD), paint(stdout, PAINT_END), r->mismatches, grouped(r->outputs, a), r->wrong_run,
               r->max_abs_error);
    for (uint32_t i = 0; i < r->wrong_count; i++)
        wrong_text(&r->wrong[i]);
    if (r->hbm_before.known && r->hbm_after.known && !report_hbm_is_back(r))
        printf("  %sLEAK%s         %s of HBM did not come back\n", paint(stdout, PAINT_BAD), paint(stdout, PAINT_END),
               bytes(r->hbm_after.bytes - r->hbm_before.bytes, a));
}

void report_json_error(const npurt_error *error)
{
    printf("{");
    field_string("status", npurt_status_name(error->status));
    printf(",");
    field_string("message", error->message);
    printf(",");
    field_string("hint", error->hint);
    printf(",");
    field_string("fallout", error->fallout);
    field_text("call", error->call);
    field_unless("driver_code", error->driver_code, 0);
    field_text("driver_name", error->driver_name);
    field_unless("kernel", error->kernel, NPURT_NO_KERNEL);
    field_text("kernel_name", error->kernel_name);
    field_unless("task", error->task, NPURT_NO_TASK);
    field_unless("core", error->core, NPURT_NO_CORE);
    field_text("dump", error->dump);
    printf("}");
}

void report_json(const struct subject *subject, const struct run_report *r, const npurt_error *error)
{
    printf("{");
    field_string(subject->kind, subject->name);
    printf(",");
    if (subject->options->bundle)
        field_string("path", subject->options->bundle);
    else
        field_string("size", subject->options->which->name);
    printf(",");
    field_string("target", subject->options->target);
    printf(",");
    field_string("runtime", runtime_name(subject->runtime));
    const bool ran = r->runs_done > 0, compared = r->runs_checked > 0;
    field_number("runs", true, r->runs_done);
    field_number("tasks", ran, r->tasks);
    field_number("wall_ns", ran, r->wall_ns);
    field_number("wall_min_ns", ran, r->wall_min_ns);
    field_number("device_wall_ns", ran, r->device_wall_ns);
    field_number("orchestration_ns", ran, r->orchestration_ns);
    field_number("copy_ns", ran, r->copy_ns);
    field_number("image_bytes", ran, r->image_bytes);
    field_number("template_records", ran, r->template_records);
    field_number("template_replays", ran, r->template_replays);
    field_number("register_loads", ran, r->register_loads);
    field_number("hbm_before", r->hbm_before.known, r->hbm_before.bytes);
    field_number("hbm_after", r->hbm_after.known, r->hbm_after.bytes);
    field_number("hbm_first_run", r->hbm_first_run.known, r->hbm_first_run.bytes);
    field_number("hbm_last_run", r->hbm_last_run.known, r->hbm_last_run.bytes);
    field_number("mismatches", compared, (uint64_t)r->mismatches);
    if (compared && isfinite(r->max_abs_error))
        printf(",\"max_abs_error\":%.9g", r->max_abs_error);
    else
        printf(",\"max_abs_error\":null");
    if (r->wrong_count > 0) {
        printf(",\"wrong_run\":%" PRIu64 ",\"wrong\":[", r->wrong_run);
        for (uint32_t i = 0; i < r->wrong_count; i++) {
            if (i > 0) printf(",");
            wrong_json(&r->wrong[i]);
        }
        printf("]");
    }
    /* A string: 64 bits do not fit the numbers of most JSON readers. */
    if (r->trace_known) printf(",\"trace_hash\":\"%016" PRIx64 "\"", r->trace_hash);
    if (error) {
        printf(",\"error\":");
        report_json_error(error);
    }
    printf("}\n");
}

void report_error(FILE *to, const npurt_error *error)
{
    fprintf(to, "%snpurt:%s %s (%s)\n", paint(to, PAINT_BAD), paint(to, PAINT_END),
            error->message[0] ? error->message : "no more is known", npurt_status_name(error->status));
    if (error->call[0]) fprintf(to, "  in        %s\n", error->call);
    if (error->driver_code != 0) fprintf(to, "  driver    %d %s\n", error->driver_code, error->driver_name);
    if (error->kernel_name[0]) fprintf(to, "  kernel    %s\n", error->kernel_name);
    if (error->task != NPURT_NO_TASK) fprintf(to, "  task      %lld\n", (long long)error->task);
    if (error->core != NPURT_NO_CORE) fprintf(to, "  core      %d\n", error->core);
    if (error->hint[0]) fprintf(to, "  hint      %s\n", error->hint);
    if (error->fallout[0]) fprintf(to, "  followed  %s\n", error->fallout);
    if (error->dump[0]) fprintf(to, "  dump      %s (npurt explain shows it)\n", error->dump);
}
