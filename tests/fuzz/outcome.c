/* What the device and the driver say of a run that failed: any result and any words make a record that can be shown.
 * The input: how the streams ended, a run_result, then the driver's words. */
#include "fuzz.h"

#include "host/blame.h"
#include "host/error.h"
#include "host/streamed.h"

/* The orchestration's own account. */
static void try_streamed(npurt_callable *callable, struct outcome *o, struct fuzz_input *in)
{
    const npurt_run run = {.callable = callable};
    const size_t n = sizeof o->stream < in->left ? sizeof o->stream : in->left;

    if (n) memcpy(&o->stream, in->at, n);
    o->told = o->answered;
    error_begin("fuzz");
    const npurt_status status = streamed_explain(&run, o);
    const npurt_error *e = npurt_error_last();
    fuzz_verdict(o->told && o->stream.code != 0);
    FUZZ_CHECK(status != NPURT_OK && e->status == status, "status %d, the record has %d", status, e->status);
    FUZZ_CHECK(strcmp(npurt_status_name(status), "NPURT_ERROR_UNKNOWN") != 0, "status %d is none", status);
    fuzz_sentence(e->message, sizeof e->message);
    FUZZ_CHECK(strstr(e->message, "\"fuzz\""), "%s does not name the callable", e->message);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct code_upload *const there = (struct code_upload *)&there;
    struct code_upload *kernel[3] = {there, NULL, there};
    char names[3][64] = {"first", "", "third"};
    npurt_callable callable = {.name = "fuzz", .kernel_limit = 3, .kernel = kernel, .kernel_name = names};
    struct fuzz_input in = {data, size};
    const uint32_t how = (uint32_t)fuzz_number(&in, 1);
    struct outcome o = {.answered = how & 1};
    const npurt_status wanted = how & 2 ? NPURT_ERROR_KERNEL_FAULT : NPURT_ERROR_KERNEL_TIMEOUT;
    const size_t n = sizeof o.result < in.left ? sizeof o.result : in.left;

    if (how & 4) {
        try_streamed(&callable, &o, &in);
        return 0;
    }
    if (n) memcpy(&o.result, in.at, n);
    in.at += n, in.left -= n;
    char *said = fuzz_text(&in);
    snprintf(o.said, sizeof o.said, "%s", said);
    free(said);

    error_begin("fuzz");
    const npurt_run run = {.callable = &callable};
    const struct dump dump = {.run = &run}; /* the flight recorder knows nothing */
    FUZZ_CHECK(blame_kernel(&dump, &o, wanted, "faulted") == wanted, "another status");
    const npurt_error *e = npurt_error_last();
    const struct run_suspect *s = blame_first(&o);
    fuzz_verdict(e->task != NPURT_NO_TASK); /* a kernel is named */
    FUZZ_CHECK(e->status == wanted, "status %d", e->status);
    fuzz_sentence(e->message, sizeof e->message);
    fuzz_sentence(e->hint, sizeof e->hint);
    FUZZ_CHECK(strstr(e->message, "\"fuzz\""), "%s does not name the callable", e->message);
    FUZZ_CHECK(!s == !(o.answered && o.result.suspect_count), "a suspect of none");
    FUZZ_CHECK(!s || (s >= o.result.suspect && s < o.result.suspect + RUN_MAX_SUSPECTS), "a suspect beyond the list");
    if (e->task == NPURT_NO_TASK) return 0;
    bool listed = false;
    for (uint32_t i = 0; i < RUN_MAX_SUSPECTS && i < o.result.suspect_count; i++)
        listed = listed || (o.result.suspect[i].task == e->task && o.result.suspect[i].physical_core == e->core);
    FUZZ_CHECK(listed, "task %lld on core %d is not in the list", (long long)e->task, e->core);
    return 0;
}
