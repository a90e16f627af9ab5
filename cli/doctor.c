/* npurt doctor: proves that every engine of a target really runs something, and says which one does not. */
#include "doctor.h"
#include "commands.h"
#include "options.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

struct doctor_check *doctor_begin(struct doctor *d, const char *name)
{
    struct doctor_check *check = &d->check[d->check_count++];
    check->name = name;
    if (!d->given_up[0]) return check;
    snprintf(check->detail, sizeof check->detail, "%s", d->given_up);
    return NULL;
}

static void say(struct doctor_check *check, enum doctor_state state, const char *format, va_list list)
{
    if (check->state == DOCTOR_FAILED) return;
    check->state = state;
    vsnprintf(check->detail, sizeof check->detail, format, list);
}

void doctor_ok(struct doctor_check *check, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(check, DOCTOR_OK, format, list);
    va_end(list);
}

void doctor_fail(struct doctor_check *check, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    say(check, DOCTOR_FAILED, format, list);
    va_end(list);
}

void doctor_fail_call(struct doctor_check *check, const char *doing)
{
    if (check->state != DOCTOR_FAILED) check->error = *npurt_error_last();
    doctor_fail(check, "%s: %s", doing, npurt_error_last()->message);
}

void doctor_add(struct doctor_check *check, const char *format, ...)
{
    const size_t used = strlen(check->detail);
    va_list list;
    va_start(list, format);
    vsnprintf(check->detail + used, sizeof check->detail - used, format, list);
    va_end(list);
}

bool doctor_recover(struct doctor *d)
{
    if (!d->device) return false;
    if (npurt_device_get_state(d->device) == NPURT_DEVICE_HEALTHY) return true;
    if (d->callable) (void)npurt_callable_unload(d->callable);
    d->callable = NULL;
    if (npurt_device_reset(d->device) == NPURT_OK) return true;
    snprintf(d->given_up, sizeof d->given_up, "the device did not come back from a reset: %s",
             npurt_error_last()->message);
    return false;
}

/* Keeps what open says of the files and what the AICPU program says of itself. */
static void note(const npurt_log_line *line, void *context)
{
    struct doctor *d = context;
    static const char device_program[] = "device program ";
    if (line->source == NPURT_LOG_AICPU && !d->aicpu_said[0])
        snprintf(d->aicpu_said, sizeof d->aicpu_said, "%s", line->text);
    if (line->source != NPURT_LOG_HOST || strncmp(line->text, device_program, sizeof device_program - 1) != 0) return;
    char file[sizeof d->file[0]];
    snprintf(file, sizeof file, "%s", line->text + sizeof device_program - 1);
    if (strrchr(file, ',')) *strrchr(file, ',') = 0; /* its size */
    for (uint32_t i = 0; i < d->file_count; i++)
        if (strcmp(d->file[i], file) == 0) return;
    if (d->file_count < DOCTOR_FILES) snprintf(d->file[d->file_count++], sizeof d->file[0], "%s", file);
}

bool doctor_open(struct doctor *d)
{
    if (npurt_device_open(d->target, &d->options, &d->device) != NPURT_OK) return false;
    return npurt_device_get_info(d->device, &d->info) == NPURT_OK;
}

static void examine_open(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "open");
    if (!check) return;
    if (!doctor_open(d)) {
        doctor_fail_call(check, "opening");
        if (check->error.hint[0]) doctor_add(check, " (%s)", check->error.hint);
        if (!doctor_open(d)) {
            snprintf(d->given_up, sizeof d->given_up, "the device can not be opened");
            return;
        }
        doctor_add(check, "; a second try worked");
    }
    doctor_ok(check, "%s: %u AIC, %u AIV, %u AICPU threads, %.1f GiB of HBM", d->info.soc, d->info.clusters,
              2 * d->info.clusters, d->info.aicpu_threads, (double)d->info.hbm_total / 0x1p30);
}

static void examine_close(struct doctor *d, bool known, uint64_t before)
{
    struct doctor_check *check = &d->check[d->check_count++];
    npurt_ledger_totals held = {0};
    uint64_t after = 0;
    check->name = "close";
    if (!d->device) {
        snprintf(check->detail, sizeof check->detail, "%s", d->given_up);
        return;
    }
    if (d->callable && npurt_callable_unload(d->callable) != NPURT_OK) doctor_fail_call(check, "unloading the kernels");
    (void)npurt_device_ledger(d->device, &held);
    if (npurt_device_close(d->device) != NPURT_OK) doctor_fail_call(check, "closing");
    d->device = NULL;
    if (!known || !hbm_in_use(&d->probe, &after))
        doctor_fail(check, "the driver does not say how much memory is in use");
    else if (after > before && !hbm_is_shared(d->target))
        doctor_fail(check, "%" PRIu64 " bytes of HBM did not come back", after - before);
    doctor_ok(check,
              "the ledger is empty (it held %u blocks and %u streams); HBM in use: %" PRIu64
              " bytes before open, %" PRIu64 " now",
              held.memory_blocks, held.streams, before, after);
}

static bool take_words(struct doctor *d, const struct words *words)
{
    const char *timeout = words_value(words, OPTION_TIMEOUT);
    d->json = words_value(words, OPTION_JSON) != NULL;
    if (words->operand) d->target = words->operand;
    if (!timeout) return true;
    char *end;
    const unsigned long n = strtoul(timeout, &end, 10);
    d->timeout_s = (uint32_t)n;
    if (timeout[0] >= '0' && timeout[0] <= '9' && !*end && n >= 1 && n <= 1000) return true;
    fprintf(stderr, "npurt doctor: --timeout %s is no number of seconds from 1 to 1000\n", timeout);
    return false;
}

int command_doctor(const struct words *words)
{
    struct doctor *d = calloc(1, sizeof *d);
    uint64_t before = 0;
    if (!d) return EXIT_FAILED;
    d->target = "emu:a5";
    d->timeout_s = 3;
    if (!take_words(d, words)) {
        free(d);
        return EXIT_USAGE;
    }
    d->options.scheduler_timeout_ms = d->timeout_s * 1000;
    d->options.op_timeout_ms = d->options.scheduler_timeout_ms + 35000;
    d->options.sync_timeout_ms = d->options.scheduler_timeout_ms + 40000;
    (void)npurt_log_set_callback(note, d, NPURT_LOG_INFO);
    doctor_host(d);
    const bool known = !d->given_up[0] && hbm_open(&d->probe, d->target) && hbm_in_use(&d->probe, &before);
    examine_open(d);
    doctor_memory(d);
    doctor_limit(d);
    doctor_streams(d);
    doctor_cores(d);
    doctor_aicpu(d);
    examine_close(d, known, before);
    hbm_close(&d->probe);
    (void)npurt_log_set_callback(NULL, NULL, NPURT_LOG_BY_ENVIRONMENT);
    doctor_report(d);
    bool failed = false;
    for (uint32_t i = 0; i < d->check_count; i++)
        failed = failed || d->check[i].state == DOCTOR_FAILED;
    free(d);
    return failed ? EXIT_FAILED : EXIT_RIGHT;
}
