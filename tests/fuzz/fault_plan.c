/* Fault plans, as strings and as files: what parses and is written parses to the same; a plan drawn from a seed can be
 * written down; occasions happen where the plan says. The first byte chooses: bit 0, string or file. */
#include "fuzz.h"

#include <fcntl.h>

#include "emu/fault_plan.h"

enum { TEXT = 1500, OCCASIONS = 12 };

static const char *path_of_file(void)
{
    static char path[64];

    if (!path[0]) snprintf(path, sizeof path, "/dev/shm/npurt-fuzz-plan-%d", (int)getpid());
    return path;
}

static void remove_file(void)
{
    unlink(path_of_file());
}

static int parse_file(const char *text, size_t length, struct fault_plan *plan, char *problem, size_t size)
{
    static bool known;
    char name[80];
    int fd = open(path_of_file(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (!known) atexit(remove_file);
    known = true;
    if (fd < 0 || write(fd, text, length) != (ssize_t)length) abort();
    close(fd);
    snprintf(name, sizeof name, "@%s", path_of_file());
    return fault_plan_parse(name, strlen(name), plan, problem, size);
}

static void check_events(const struct fault_plan *plan)
{
    uint32_t kinds = 0;

    FUZZ_CHECK(plan->count + plan->random <= FAULT_MAX_EVENTS, "%u events, %u random", plan->count, plan->random);
    for (uint32_t i = 0; i < plan->count; i++) {
        FUZZ_CHECK(plan->event[i].kind < FAULT_KINDS, "event %u is of kind %u", i, plan->event[i].kind);
        FUZZ_CHECK(plan->event[i].nth >= 1 && plan->event[i].seen == 0, "event %u begins at %u", i, plan->event[i].nth);
        kinds |= 1u << plan->event[i].kind;
    }
    FUZZ_CHECK(kinds == plan->kinds, "kinds %x, not %x", plan->kinds, kinds);
}

static void check_written(const struct fault_plan *plan)
{
    struct fault_plan again;
    char first[TEXT], second[TEXT], cut[40], problem[512];

    if (plan->count == 0) return; /* no string stands for an empty plan; a file may */
    fault_plan_write(plan, first, sizeof first);
    FUZZ_CHECK(fault_plan_parse(first, strlen(first), &again, problem, sizeof problem) == 0, "%s: %s", first, problem);
    FUZZ_CHECK(again.count == plan->count && again.kinds == plan->kinds, "%s: %u events, not %u", first, again.count,
               plan->count);
    fault_plan_write(&again, second, sizeof second);
    FUZZ_CHECK(strcmp(first, second) == 0, "%s, then %s", first, second);
    fault_plan_write(plan, cut, sizeof cut);
    FUZZ_CHECK(strncmp(cut, first, strlen(cut)) == 0 && strlen(cut) < sizeof cut, "%s is not how %s begins", cut,
               first);
}

/* By the words of fault_plan.h: at occasion nth and the times - 1 next ones; times 0, for good. */
static void check_occasions(struct fault_plan plan)
{
    for (uint32_t kind = 0; kind < FAULT_KINDS; kind++) {
        FUZZ_CHECK((fault_find(&plan, (enum fault_kind)kind) != NULL) == (plan.kinds >> kind & 1), "kind %u", kind);
        for (uint32_t n = 1; n <= OCCASIONS; n++) {
            bool due = false;
            for (uint32_t i = 0; i < plan.count; i++) {
                const struct fault_event *e = &plan.event[i];
                const bool counts = e->kind == kind && e->core == FAULT_ANY && e->task == FAULT_ANY;
                due = due || (counts && n >= e->nth && (e->times == 0 || n < (uint64_t)e->nth + e->times));
            }
            FUZZ_CHECK((fault_due(&plan, (enum fault_kind)kind) != NULL) == due, "%s at occasion %u",
                       fault_name((enum fault_kind)kind), n);
        }
    }
}

static void check_drawn(struct fault_plan plan, uint64_t seed)
{
    const uint32_t given = plan.count, wanted = plan.random;

    fault_plan_draw(&plan, seed);
    FUZZ_CHECK(plan.count == given + wanted && plan.random == 0, "%u of %u + %u events", plan.count, given, wanted);
    for (uint32_t i = given; i < plan.count; i++)
        FUZZ_CHECK(plan.event[i].kind != FAULT_HOST_DIES, "host-dies was drawn");
    check_events(&plan);
    check_written(&plan);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const bool file = fuzz_number(&in, 1) & 1;
    struct fault_plan plan, same;
    char problem[600];
    size_t length;
    char *text = fuzz_block(&in, in.left, &length);
    int answer;

    if (!file && length > 0 && text[0] == '@') { /* any file of this host */
        free(text);
        return 0;
    }
    answer = file ? parse_file(text, length, &plan, problem, sizeof problem)
                  : fault_plan_parse(text, length, &plan, problem, sizeof problem);
    fuzz_verdict(answer == 0);
    if (answer == 0) {
        check_events(&plan);
        check_written(&plan);
        check_occasions(plan);
        check_drawn(plan, (uint64_t)size * 2654435761u + (size ? data[size - 1] : 0));
        /* What is one line without blanks means the same in a file. */
        if (!file && length <= 4096 && !memchr(text, 0, length)) {
            FUZZ_CHECK(parse_file(text, length, &same, problem, sizeof problem) == 0, "%.*s in a file: %s", (int)length,
                       text, problem);
            FUZZ_CHECK(memcmp(&plan, &same, sizeof plan) == 0, "%.*s is another plan in a file", (int)length, text);
        }
    } else {
        fuzz_sentence(problem, sizeof problem);
    }
    free(text);
    return 0;
}
