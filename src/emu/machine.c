#include "machine.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "word.h"
#include "words/nearest.h"

/* Every number of the three machines has its public origin in docs/reference/machine.md. */

static const struct emu_latency latency_default = {
    .reg_load = 95,
    .reg_store = 5,
    .dmb_visible = 140,
    .cond_visible_min = 180,
    .cond_visible_max = 2020,
    .core_cond_store = 8,
    .core_dmb_load = 10,
    .shared_load = 3,
    .shared_load_moved = 41,
    .shared_store = 5,
    .core_gm_publish = 225,
    .core_task_setup = 349,
    .kernel_default = 1000,
    .aicpu_step = 15,
    .launch = 5000,
};

static const struct emu_machine machine_table[] = {
    {
        .name = "a2",
        .soc = "Ascend910B1",
        .generation = EMU_A2,
        .dies = 1,
        .clusters = 24,
        .physical_clusters = 25,
        .absent_cluster = 24,
        .aicpu_occupy = 0xfc,
        .aicpu_occupy_host = 0xfc,
        .aicpu_nominal = 6,
        .hbm = UINT64_C(64) << 30,
        .counter_hz = 50000000,
        .reg_dmb = 0xA0,
        .reg_cond = 0x4C8,
        .reg_fast_path = 0x18,
        .reg_core_stride = 0x800000,
    },
    {
        .name = "a3",
        .soc = "Ascend910_9392",
        .generation = EMU_A3,
        .dies = 2,
        .clusters = 24,
        .physical_clusters = 25,
        .absent_cluster = 12,
        .aicpu_occupy = 0xfc,
        .aicpu_occupy_host = 0xfc,
        .aicpu_nominal = 6,
        .hbm = UINT64_C(62770) << 20, /* 61.3 of 64 GiB: what the card lets be seen */
        .counter_hz = 50000000,
        .reg_dmb = 0xA0,
        .reg_cond = 0x4C8,
        .reg_fast_path = 0x18,
        .reg_core_stride = 0x800000,
    },
    {
        .name = "a5",
        .soc = "Ascend950PR_9599",
        .generation = EMU_A5,
        .dies = 1,
        .clusters = 36,
        .physical_clusters = 36,
        .absent_cluster = UINT32_MAX,
        .aicpu_occupy = 0x1f8,
        .aicpu_occupy_host = 0x1fe,
        .aicpu_nominal = 6,
        .hbm = UINT64_C(128) << 30,
        .counter_hz = 1000000000,
        .reg_dmb = 0xD0,
        .reg_cond = 0x5108,
        .reg_fast_path = 0,
        .reg_core_stride = 0x300000,
    },
};

enum { A5_CLUSTERS_PER_DIE = 18, SUBCORES_PER_CLUSTER = 3, SUBCORE_STRIDE = 0x100000 };

/* ---- the machine string ----------------------------------------------------------------------------------------- */

struct parse {
    struct emu_machine *machine;
    struct word_problem problem;
    uint32_t seen; /* bit per key */
};

/* Digits only, or 0x and hexadecimal digits; nothing else, no overflow. Returns how many characters that is. */
static size_t number_read(struct word word, uint64_t *value)
{
    const bool hex = word.length > 2 && word.at[0] == '0' && (word.at[1] == 'x' || word.at[1] == 'X');
    const uint64_t base = hex ? 16 : 10;
    const size_t first = hex ? 2 : 0;
    size_t i = first;
    uint64_t result = 0;

    for (; i < word.length; i++) {
        char c = word.at[i];
        uint64_t digit;
        if (c >= '0' && c <= '9')
            digit = (uint64_t)(c - '0');
        else if (hex && c >= 'a' && c <= 'f')
            digit = (uint64_t)(c - 'a') + 10;
        else if (hex && c >= 'A' && c <= 'F')
            digit = (uint64_t)(c - 'A') + 10;
        else
            break;
        if (result > (UINT64_MAX - digit) / base) return 0;
        result = result * base + digit;
    }
    if (i == first) return 0;
    *value = result;
    return i;
}

static bool number_whole(struct word word, uint64_t *value)
{
    return word.length > 0 && number_read(word, value) == word.length;
}

static bool size_whole(struct word word, uint64_t *bytes)
{
    static const struct {
        const char *unit;
        unsigned shift;
    } unit[] = {{"", 0}, {"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
    size_t used = number_read(word, bytes);
    struct word rest = {word.at + used, word.length - used};

    if (used == 0) return false;
    for (size_t i = 0; i < sizeof unit / sizeof unit[0]; i++)
        if (word_is(rest, unit[i].unit)) {
            if (*bytes > UINT64_MAX >> unit[i].shift) return false;
            *bytes <<= unit[i].shift;
            return true;
        }
    return false;
}

/* ---- keys: each takes its value, or says which one is wrong ----------------------------------------------------- */

static int take_hbm(struct parse *parse, struct word value)
{
    const uint64_t least = UINT64_C(1) << 20, most = EMU_HBM_MOST, unit = 4096;
    uint64_t bytes;

    if (!size_whole(value, &bytes))
        return word_refuse(&parse->problem, "hbm=%.*s is not a size (bytes, or a number with KiB, MiB or GiB)",
                           (int)value.length, value.at);
    if (bytes < least || bytes > most || bytes % unit)
        return word_refuse(&parse->problem, "hbm=%.*s is not a multiple of 4 KiB from 1 MiB to 256 GiB",
                           (int)value.length, value.at);
    parse->machine->hbm = bytes;
    return 0;
}

static int take_count(struct parse *parse, struct word value, const char *key, uint64_t least, uint64_t most,
                      uint32_t *to)
{
    uint64_t n;

    if (!number_whole(value, &n) || n < least || n > most)
        return word_refuse(&parse->problem, "%s=%.*s is not a number from %" PRIu64 " to %" PRIu64, key,
                           (int)value.length, value.at, least, most);
    *to = (uint32_t)n;
    return 0;
}

static int take_clusters(struct parse *parse, struct word value)
{
    /* The machine's own count is the most: windows and masks are the silicon's. */
    return take_count(parse, value, "clusters", 1, parse->machine->clusters, &parse->machine->clusters);
}

static int take_aicpus(struct parse *parse, struct word value)
{
    /* The user CPUs are the ones after the OS's and the withheld ones; the launcher serves CPU 15 at most. */
    const uint32_t first = parse->machine->generation == EMU_A5 ? 3 : 2;
    const uint32_t first_host = parse->machine->generation == EMU_A5 ? 1 : 2;
    struct emu_machine *machine = parse->machine;
    uint32_t n = 0;

    if (take_count(parse, value, "aicpus", 1, 16 - first, &n)) return -1;
    machine->aicpu_occupy = ((1u << n) - 1) << first;
    machine->aicpu_occupy_host = ((1u << (n + first - first_host)) - 1) << first_host;
    machine->aicpu_nominal = n;
    return 0;
}

static int take_engine(struct parse *parse, struct word value)
{
    if (word_is(value, "fiber"))
        parse->machine->engine = EMU_ENGINE_FIBER;
    else if (word_is(value, "thread"))
        parse->machine->engine = EMU_ENGINE_THREAD;
    else
        return word_refuse(&parse->problem, "engine=%.*s is neither fiber nor thread", (int)value.length, value.at);
    return 0;
}

static int take_mode(struct parse *parse, struct word value)
{
    if (word_is(value, "free"))
        parse->machine->mode = EMU_MODE_FREE;
    else if (word_is(value, "timed"))
        parse->machine->mode = EMU_MODE_TIMED;
    else if (word_is(value, "explore"))
        parse->machine->mode = EMU_MODE_EXPLORE;
    else
        return word_refuse(&parse->problem, "mode=%.*s is none of free, timed and explore", (int)value.length,
                           value.at);
    return 0;
}

static int take_explore(struct parse *parse, struct word value)
{
    const bool pct = value.length > 4 && memcmp(value.at, "pct:", 4) == 0;
    uint64_t depth;

    parse->machine->pct_depth = 0;
    if (word_is(value, "uniform")) return 0;
    if (!pct || !number_whole((struct word){value.at + 4, value.length - 4}, &depth) || depth < 1 ||
        depth > EMU_PCT_MOST)
        return word_refuse(&parse->problem, "explore=%.*s is neither uniform nor pct:D with D from 1 to %d",
                           (int)value.length, value.at, EMU_PCT_MOST);
    parse->machine->pct_depth = (uint32_t)depth;
    return 0;
}

static int take_seed(struct parse *parse, struct word value)
{
    if (!number_whole(value, &parse->machine->seed))
        return word_refuse(&parse->problem, "seed=%.*s is not a number below 2^64", (int)value.length, value.at);
    return 0;
}

static int take_carriers(struct parse *parse, struct word value)
{
    return take_count(parse, value, "carriers", 0, 64, &parse->machine->carriers);
}

static int take_core_fault(struct parse *parse, struct word value)
{
    if (word_is(value, "goes-on"))
        parse->machine->core_fault_poisons = 0;
    else if (word_is(value, "poisons"))
        parse->machine->core_fault_poisons = 1;
    else
        return word_refuse(&parse->problem, "core_fault=%.*s is neither goes-on nor poisons", (int)value.length,
                           value.at);
    return 0;
}

static int take_card(struct parse *parse, struct word value)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
    struct emu_machine *machine = parse->machine;

    if (value.length == 0 || value.length >= sizeof machine->card)
        return word_refuse(&parse->problem, "card=%.*s is not a name of 1 to %zu letters, digits, '_' or '-'",
                           (int)value.length, value.at, sizeof machine->card - 1);
    for (size_t i = 0; i < value.length; i++)
        if (!memchr(allowed, value.at[i], sizeof allowed - 1))
            return word_refuse(&parse->problem, "card=%.*s holds '%c'; letters, digits, '_' and '-' are allowed",
                               (int)value.length, value.at, value.at[i]);
    memcpy(machine->card, value.at, value.length);
    machine->card[value.length] = 0;
    return 0;
}

static int take_faults(struct parse *parse, struct word value)
{
    return fault_plan_parse(value.at, value.length, &parse->machine->faults, parse->problem.text, parse->problem.size);
}

static const struct key {
    const char *name;
    int (*take)(struct parse *parse, struct word value);
} key_table[] = {
    {"hbm", take_hbm},
    {"clusters", take_clusters},
    {"aicpus", take_aicpus},
    {"engine", take_engine},
    {"mode", take_mode},
    {"explore", take_explore},
    {"seed", take_seed},
    {"carriers", take_carriers},
    {"card", take_card},
    {"faults", take_faults},
    {"core_fault", take_core_fault},
};
enum { KEY_COUNT = sizeof key_table / sizeof key_table[0] };

static int key_index(const char *name, size_t length)
{
    for (int i = 0; i < KEY_COUNT; i++)
        if (word_is((struct word){name, length}, key_table[i].name)) return i;
    return -1;
}

static bool given(const struct parse *parse, const char *key)
{
    return parse->seen >> key_index(key, strlen(key)) & 1;
}

static int refuse_key(const struct parse *parse, struct word key)
{
    struct nearest nearest = {0};
    char hint[96], known[256] = "";

    for (int i = 0; i < KEY_COUNT; i++) {
        const size_t used = strlen(known);
        nearest_try(&nearest, key.at, key.length, key_table[i].name);
        snprintf(known + used, sizeof known - used, "%s%s", i ? ", " : "", key_table[i].name);
    }
    return word_refuse(&parse->problem, "unknown key \"%.*s\"; known are %s%s", (int)key.length, key.at, known,
                       nearest_hint(&nearest, hint, sizeof hint));
}

static int take_option(struct parse *parse, struct word option)
{
    const char *equals = memchr(option.at, '=', option.length);
    int key = equals ? key_index(option.at, (size_t)(equals - option.at)) : -1;

    if (!equals) return word_refuse(&parse->problem, "\"%.*s\" is not KEY=VALUE", (int)option.length, option.at);
    if (key < 0) return refuse_key(parse, (struct word){option.at, (size_t)(equals - option.at)});
    if (parse->seen & 1u << key) return word_refuse(&parse->problem, "key %s is given twice", key_table[key].name);
    parse->seen |= 1u << key;
    return key_table[key].take(parse, (struct word){equals + 1, option.length - (size_t)(equals + 1 - option.at)});
}

static int take_name(struct parse *parse, struct word name)
{
    struct nearest nearest = {0};
    char hint[96];

    for (size_t i = 0; i < sizeof machine_table / sizeof machine_table[0]; i++) {
        nearest_try(&nearest, name.at, name.length, machine_table[i].name);
        if (word_is(name, machine_table[i].name)) {
            *parse->machine = machine_table[i];
            parse->machine->latency = latency_default;
            return 0;
        }
    }
    return word_refuse(&parse->problem, "unknown machine \"%.*s\"; known are a2, a3 and a5%s", (int)name.length,
                       name.at, nearest_hint(&nearest, hint, sizeof hint));
}

static int take_die(struct parse *parse, struct word die)
{
    struct emu_machine *machine = parse->machine;
    uint64_t n;

    if (!number_whole(die, &n) || n >= machine->dies) {
        if (machine->dies == 1)
            return word_refuse(&parse->problem, "die \"%.*s\": an %s has one device id, 0", (int)die.length, die.at,
                               machine->name);
        return word_refuse(&parse->problem, "die \"%.*s\": an %s has device ids 0 to %u", (int)die.length, die.at,
                           machine->name, machine->dies - 1);
    }
    machine->die = (uint32_t)n;
    return 0;
}

int emu_machine_parse(const char *text, struct emu_machine *machine, char *problem, size_t problem_size)
{
    struct parse parse = {.machine = machine, .problem = {problem, problem_size}};
    const char *at;
    size_t length;

    if (!text) return word_refuse(&parse.problem, "no machine is named; known are a2, a3 and a5");
    length = strcspn(text, ":?");
    if (take_name(&parse, (struct word){text, length})) return -1;
    at = text + length;
    if (*at == ':') {
        length = strcspn(++at, "?");
        if (take_die(&parse, (struct word){at, length})) return -1;
        at += length;
    }
    while (*at) { /* at '?' or '&' */
        length = strcspn(++at, "&");
        if (take_option(&parse, (struct word){at, length})) return -1;
        at += length;
    }
    if (!given(&parse, "mode") && given(&parse, "explore"))
        machine->mode = EMU_MODE_EXPLORE;
    else if (!given(&parse, "mode") && given(&parse, "seed"))
        machine->mode = EMU_MODE_TIMED;
    if (given(&parse, "explore") && machine->mode != EMU_MODE_EXPLORE)
        return word_refuse(&parse.problem, "explore= says how mode=explore draws, and another mode is given");
    fault_plan_draw(&machine->faults, machine->seed);
    return 0;
}

/* ---- sub-cores and their register windows ----------------------------------------------------------------------- */

uint32_t emu_machine_subcores(const struct emu_machine *machine)
{
    return machine->physical_clusters * SUBCORES_PER_CLUSTER;
}

uint64_t emu_machine_reg_base(const struct emu_machine *machine, uint32_t subcore)
{
    const uint32_t group = machine->generation == EMU_A5 ? A5_CLUSTERS_PER_DIE : machine->physical_clusters;
    const uint32_t first = subcore / (group * SUBCORES_PER_CLUSTER) * group; /* cluster the group begins with */
    const uint32_t index = subcore % (group * SUBCORES_PER_CLUSTER);
    const uint32_t cluster = index < group ? index : (index - group) / 2;
    const uint32_t sub = index < group ? 0 : 1 + (index - group) % 2;

    return EMU_REG_WINDOWS + (first + cluster) * machine->reg_core_stride + sub * (uint64_t)SUBCORE_STRIDE;
}
