/* Machine strings: what parses is within its bounds, and, written out whole, parses to the same machine. */
#include "fuzz.h"

#include "emu/machine.h"

enum { TEXT = 2048 };

static void write_out(const struct emu_machine *m, char text[TEXT])
{
    static const char *const mode[] = {"free", "timed", "explore"};
    char plan[1500], explore[32] = "";

    fault_plan_write(&m->faults, plan, sizeof plan);
    if (m->mode == EMU_MODE_EXPLORE && m->pct_depth)
        snprintf(explore, sizeof explore, "&explore=pct:%u", m->pct_depth);
    else if (m->mode == EMU_MODE_EXPLORE)
        snprintf(explore, sizeof explore, "&explore=uniform");
    snprintf(text, TEXT, "%s:%u?hbm=%llu&clusters=%u&aicpus=%u&engine=%s&mode=%s%s&seed=%llu&carriers=%u&core_fault=%s%s%s%s%s",
             m->name, m->die, (unsigned long long)m->hbm, m->clusters, m->aicpu_nominal,
             m->engine == EMU_ENGINE_THREAD ? "thread" : "fiber", mode[m->mode], explore, (unsigned long long)m->seed,
             m->carriers, m->core_fault_poisons ? "poisons" : "goes-on", m->card[0] ? "&card=" : "", m->card, plan[0] ? "&faults=" : "", plan);
}

static void check_bounds(const struct emu_machine *m)
{
    const uint32_t most = m->generation == EMU_A5 ? 36 : 24;

    FUZZ_CHECK(strcmp(m->name, "a2") == 0 || strcmp(m->name, "a3") == 0 || strcmp(m->name, "a5") == 0, "%s", m->name);
    FUZZ_CHECK(m->die < (strcmp(m->name, "a3") == 0 ? 2 : 1), "die %u", m->die);
    FUZZ_CHECK(m->hbm >= 1 << 20 && m->hbm <= UINT64_C(256) << 30 && m->hbm % 4096 == 0, "hbm %llu",
               (unsigned long long)m->hbm);
    FUZZ_CHECK(m->clusters >= 1 && m->clusters <= most, "%u clusters", m->clusters);
    FUZZ_CHECK(m->aicpu_nominal >= 1 && m->aicpu_nominal == (uint32_t)__builtin_popcount(m->aicpu_occupy), "%u aicpus",
               m->aicpu_nominal);
    FUZZ_CHECK((m->aicpu_occupy | m->aicpu_occupy_host) < 1 << 16, "occupy %x", m->aicpu_occupy);
    FUZZ_CHECK(m->engine <= EMU_ENGINE_THREAD && m->mode <= EMU_MODE_EXPLORE && m->carriers <= 64, "%u", m->carriers);
    FUZZ_CHECK(m->pct_depth <= EMU_PCT_MOST && (m->mode == EMU_MODE_EXPLORE || !m->pct_depth), "depth %u",
               m->pct_depth);
    FUZZ_CHECK(memchr(m->card, 0, sizeof m->card) != NULL, "a card's name without an end");
    FUZZ_CHECK(m->faults.count <= FAULT_MAX_EVENTS && m->faults.random == 0, "%u events, %u to be drawn",
               m->faults.count, m->faults.random);
}

/* The message is cut, never too long, whatever room there is for it. */
static void check_room(const char *text, size_t size)
{
    struct emu_machine machine;
    char *problem = malloc(size ? size : 1);

    if (!problem) abort();
    FUZZ_CHECK(emu_machine_parse(text, &machine, problem, size) != 0, "accepted with less room for a message");
    if (size) FUZZ_CHECK(memchr(problem, 0, size) != NULL, "the message does not end within %zu bytes", size);
    free(problem);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    struct emu_machine machine, again;
    char problem[512], first[TEXT], second[TEXT], *text = fuzz_text(&in);
    int answer;

    if (strstr(text, "faults=@")) { /* any file of this host */
        free(text);
        return 0;
    }
    answer = emu_machine_parse(text, &machine, problem, sizeof problem);
    fuzz_verdict(answer == 0);
    if (answer == 0) {
        check_bounds(&machine);
        write_out(&machine, first);
        FUZZ_CHECK(emu_machine_parse(first, &again, problem, sizeof problem) == 0, "%s, written as %s: %s", text, first,
                   problem);
        check_bounds(&again);
        write_out(&again, second);
        FUZZ_CHECK(strcmp(first, second) == 0, "%s is %s, then %s", text, first, second);
        FUZZ_CHECK(machine.aicpu_occupy == again.aicpu_occupy && machine.aicpu_occupy_host == again.aicpu_occupy_host,
                   "%s: occupy %x %x, then %x %x", text, machine.aicpu_occupy, machine.aicpu_occupy_host,
                   again.aicpu_occupy, again.aicpu_occupy_host);
    } else {
        fuzz_sentence(problem, sizeof problem);
        if (strlen(text) < 200)
            FUZZ_CHECK(fuzz_names_a_word(problem, text, ":?&=,"), "%s: %s names no word of it", text, problem);
        check_room(text, size % 64);
    }
    free(text);
    return 0;
}
