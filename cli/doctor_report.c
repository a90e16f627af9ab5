/* What the doctor has found: for people, or as one JSON object. */
#include "doctor.h"
#include "field.h"
#include "output.h"
#include "report.h"

#include <inttypes.h>
#include <stdio.h>

#include "protocol/protocol.h"

static const char *const state_name[] = {"not run", "ok", "FAILED"};
static const enum paint state_paint[] = {PAINT_WEAK, PAINT_GOOD, PAINT_BAD};
static const char *const state_word[] = {"not run", "ok", "failed"};

static uint32_t count(const struct doctor *d, enum doctor_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < d->check_count; i++)
        n += d->check[i].state == state;
    return n;
}

static void write_text(const struct doctor *d)
{
    const char *name, *value;
    printf("npurt %s, protocol %u, on %s\n", npurt_version(), PROTOCOL_VERSION, d->target);
    printf("  timeouts: %u ms without progress, %u ms for an operation, %u ms for a wait\n",
           d->options.scheduler_timeout_ms, d->options.op_timeout_ms, d->options.sync_timeout_ms);
    for (uint32_t i = 0; (name = doctor_variable(i, &value)); i++)
        printf("  %s=%s\n", name, value);
    for (uint32_t i = 0; i < d->file_count; i++)
        printf("  %s\n", d->file[i]);
    if (d->aicpu_said[0]) printf("  the AICPU program says: %s\n", d->aicpu_said);
    for (uint32_t i = 0; i < d->check_count; i++)
        printf("%s%-8s%s %-12s %s\n", paint(stdout, state_paint[d->check[i].state]), state_name[d->check[i].state],
               paint(stdout, PAINT_END), d->check[i].name, d->check[i].detail);
    if (count(d, DOCTOR_FAILED))
        printf("%u of %u checks failed\n", count(d, DOCTOR_FAILED), d->check_count);
    else if (count(d, DOCTOR_NOT_RUN))
        printf("nothing failed, but %u of %u checks were not run\n", count(d, DOCTOR_NOT_RUN), d->check_count);
    else
        printf("all is well: %u checks\n", d->check_count);
}

static void json_cores(const struct doctor *d)
{
    bool first = true;
    printf(",\"cores\":[");
    for (int i = 0; i < DOCTOR_CORES; i++) {
        const struct doctor_core *c = &d->core[i];
        if (!c->ran && !c->failed) continue;
        printf("%s{\"core\":%d", first ? "" : ",", i);
        field_text("type", !c->ran ? "" : c->type == NPURT_CORE_AIC ? "AIC" : "AIV");
        field_number("ran", true, c->ran);
        field_number("right", true, c->right);
        printf(",\"failed\":%s}", c->failed ? "true" : "false");
        first = false;
    }
    printf("]");
}

static void write_json(const struct doctor *d)
{
    const char *name, *value;
    printf("{");
    field_string("target", d->target);
    printf(",\"passed\":%s", count(d, DOCTOR_FAILED) ? "false" : "true");
    field_text("npurt", npurt_version());
    field_number("protocol", true, PROTOCOL_VERSION);
    field_number("scheduler_timeout_ms", true, d->options.scheduler_timeout_ms);
    field_number("op_timeout_ms", true, d->options.op_timeout_ms);
    field_number("sync_timeout_ms", true, d->options.sync_timeout_ms);
    field_text("soc", d->info.soc);
    field_number("clusters", d->info.clusters != 0, d->info.clusters);
    field_number("aicpu_threads", d->info.aicpu_threads != 0, d->info.aicpu_threads);
    field_number("hbm_total", d->info.hbm_total != 0, d->info.hbm_total);
    field_text("aicpu_program", d->aicpu_said);
    printf(",\"environment\":{");
    for (uint32_t i = 0; (name = doctor_variable(i, &value)); i++) {
        printf("%s", i ? "," : "");
        field_string(name, value);
    }
    printf("},\"device_programs\":[");
    for (uint32_t i = 0; i < d->file_count; i++) {
        printf("%s{", i ? "," : "");
        field_string("file", d->file[i]);
        printf("}");
    }
    printf("],\"checks\":[");
    for (uint32_t i = 0; i < d->check_count; i++) {
        const struct doctor_check *check = &d->check[i];
        printf("%s{", i ? "," : "");
        field_string("name", check->name);
        field_text("state", state_word[check->state]);
        field_text("detail", check->detail);
        printf(",\"error\":");
        if (check->error.status != NPURT_OK)
            report_json_error(&check->error);
        else
            printf("null");
        printf("}");
    }
    printf("]");
    json_cores(d);
    printf("}\n");
}

void doctor_report(const struct doctor *d)
{
    if (d->json)
        write_json(d);
    else
        write_text(d);
}
