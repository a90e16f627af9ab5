#include "fault_plan.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "files/regular.h"
#include "word.h"

enum fault_key {
    KEY_NTH,
    KEY_TIMES,
    KEY_CORE,
    KEY_TASK,
    KEY_MS,
    KEY_US,
    KEY_BYTES,
    KEY_WORKERS,
    KEY_CODE,
    KEY_COUNT,
    KEYS
};
enum {
    COUNTED = 1 << KEY_NTH | 1 << KEY_TIMES,
    FILE_MOST = 4096,
    DRAWN_TIMES_MOST = 3,
};

static const char *const key_name[KEYS] = {"nth", "times", "core",    "task", "ms",
                                           "us",  "bytes", "workers", "code", "count"};

/* `value` is the default of the kind's own key; `occasions`: random plans draw nth from 1 to this. */
static const struct fault_word {
    const char *name;
    uint32_t keys;
    uint32_t value;
    uint32_t occasions;
} word_table[FAULT_KINDS] = {
    [FAULT_ALLOC_FAILS] = {"alloc-fails", COUNTED, 0, 20},
    [FAULT_STREAM_EXHAUSTION] = {"stream-exhaustion", COUNTED, 0, 6},
    [FAULT_COPY_FAILS] = {"copy-fails", COUNTED, 0, 30},
    [FAULT_LAUNCH_FAILS] = {"launch-fails", COUNTED, 0, 12},
    [FAULT_SESSION_CLOSED] = {"session-closed", COUNTED, 0, 120},
    [FAULT_DEVICE_STATUS] = {"device-status", COUNTED | 1 << KEY_CODE, 507010, 120},
    [FAULT_SLOW_FIRST_LAUNCH] = {"slow-first-launch", COUNTED | 1 << KEY_MS, 1400, 2},
    [FAULT_DRAIN_LIES] = {"drain-lies", COUNTED, 0, 3},
    [FAULT_RESET_LIES] = {"reset-lies", COUNTED, 0, 2},
    [FAULT_TEARDOWN_WITH_RUNNING_CORES] = {"teardown-with-running-cores", COUNTED, 0, 1},
    [FAULT_HOST_DIES] = {"host-dies", COUNTED, 0, 0},
    [FAULT_LATCH_TAKEN] = {"latch-taken", COUNTED, 0, 2},
    [FAULT_INSTALL_TRUNCATED] = {"install-truncated", COUNTED | 1 << KEY_BYTES, 4096, 2},
    [FAULT_INSTALL_OVERWRITTEN] = {"install-overwritten", COUNTED, 0, 12},
    [FAULT_AICPU_ENTRY_MISSING] = {"aicpu-entry-missing", COUNTED, 0, 3},
    [FAULT_AICPU_FAULTS] = {"aicpu-faults", COUNTED, 0, 12},
    [FAULT_AICPU_OVERLAUNCH] = {"aicpu-overlaunch", 1 << KEY_WORKERS, 1, 1},
    [FAULT_AICPU_PROCESS_DIES] = {"aicpu-process-dies", COUNTED, 0, 12},
    [FAULT_OP_TIMEOUT] = {"op-timeout", COUNTED | 1 << KEY_MS, 20, 4},
    [FAULT_CORE_SILENT] = {"core-silent", COUNTED | 1 << KEY_CORE, 0, 20},
    [FAULT_CORE_FAULTS] = {"core-faults", COUNTED | 1 << KEY_CORE | 1 << KEY_TASK, 0, 20},
    [FAULT_CORE_SPINS] = {"core-spins", COUNTED | 1 << KEY_CORE | 1 << KEY_TASK, 0, 20},
    [FAULT_COND_DELAYED] = {"cond-delayed", COUNTED | 1 << KEY_CORE | 1 << KEY_US, 2, 40},
};

struct parse {
    struct fault_plan *plan;
    struct word_problem problem;
};

/* Digits only. */
static bool number_read(struct word word, uint32_t *value)
{
    uint64_t result = 0;

    if (word.length == 0) return false;
    for (size_t i = 0; i < word.length; i++) {
        if (word.at[i] < '0' || word.at[i] > '9') return false;
        result = result * 10 + (uint64_t)(word.at[i] - '0');
        if (result >= FAULT_ANY) return false;
    }
    *value = (uint32_t)result;
    return true;
}

/* ---- words ------------------------------------------------------------------------------------------------------- */

const char *fault_name(enum fault_kind kind)
{
    return kind < FAULT_KINDS ? word_table[kind].name : "unknown";
}

static int unknown_event(const struct parse *parse, struct word name)
{
    char known[512];
    size_t used = 0;

    for (int kind = 0; kind < FAULT_KINDS && used < sizeof known; kind++)
        used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", kind ? ", " : "", word_table[kind].name);
    return word_refuse(&parse->problem, "unknown fault \"%.*s\"; known are %s, and random", (int)name.length, name.at,
                       known);
}

static int unknown_key(const struct parse *parse, struct word key, const char *event, uint32_t keys)
{
    char known[128] = "";
    size_t used = 0;

    for (int i = 0; i < KEYS; i++)
        if (keys & 1u << i)
            used += (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", key_name[i]);
    return word_refuse(&parse->problem, "fault %s has no key \"%.*s\"; it has %s", event, (int)key.length, key.at,
                       known);
}

/* One KEY=NUMBER of an event. */
static int take_key(const struct parse *parse, struct word word, const char *event, uint32_t keys, uint32_t *seen,
                    uint32_t value[KEYS])
{
    const char *equals = memchr(word.at, '=', word.length);
    const size_t name = equals ? (size_t)(equals - word.at) : word.length;
    int key = 0;

    if (!equals)
        return word_refuse(&parse->problem, "fault %s: \"%.*s\" is not KEY=NUMBER", event, (int)word.length, word.at);
    while (key < KEYS && !(keys & 1u << key && word_is((struct word){word.at, name}, key_name[key])))
        key++;
    if (key == KEYS) return unknown_key(parse, (struct word){word.at, name}, event, keys);
    if (*seen & 1u << key) return word_refuse(&parse->problem, "fault %s: key %s is given twice", event, key_name[key]);
    *seen |= 1u << key;
    if (!number_read((struct word){equals + 1, word.length - name - 1}, &value[key]))
        return word_refuse(&parse->problem, "fault %s: %.*s is not a number below 4294967295", event, (int)word.length,
                           word.at);
    return 0;
}

static int take_keys(const struct parse *parse, struct word rest, const char *event, uint32_t keys,
                     uint32_t value[KEYS])
{
    uint32_t seen = 0;

    while (rest.length > 0) { /* at ':' */
        const char *next = memchr(rest.at + 1, ':', rest.length - 1);
        const size_t length = next ? (size_t)(next - rest.at) - 1 : rest.length - 1;
        if (take_key(parse, (struct word){rest.at + 1, length}, event, keys, &seen, value)) return -1;
        rest = (struct word){rest.at + 1 + length, rest.length - 1 - length};
    }
    return 0;
}

static int take_random(const struct parse *parse, struct word rest)
{
    uint32_t value[KEYS] = {[KEY_COUNT] = 1};

    if (parse->plan->random) return word_refuse(&parse->problem, "fault random is given twice");
    if (take_keys(parse, rest, "random", 1u << KEY_COUNT, value)) return -1;
    if (value[KEY_COUNT] == 0 || value[KEY_COUNT] > FAULT_MAX_EVENTS - parse->plan->count)
        return word_refuse(&parse->problem, "fault random: count=%u; a fault plan has at most %d events",
                           value[KEY_COUNT], FAULT_MAX_EVENTS);
    parse->plan->random = value[KEY_COUNT];
    return 0;
}

static int add(const struct parse *parse, const struct fault_event *event)
{
    struct fault_plan *plan = parse->plan;

    if (plan->count + plan->random >= FAULT_MAX_EVENTS)
        return word_refuse(&parse->problem, "fault %s is one too many; a fault plan has at most %d events",
                           word_table[event->kind].name, FAULT_MAX_EVENTS);
    plan->event[plan->count++] = *event;
    plan->kinds |= 1u << event->kind;
    return 0;
}

/* What the driver sets on a whole device: tasks being aborted, heartbeat lost, memory and link errors. */
static bool is_device_status(uint32_t code)
{
    return code == 107022 || code == 507010 || (code >= 507053 && code <= 507057);
}

static int take_event(const struct parse *parse, struct word event)
{
    const char *colon = memchr(event.at, ':', event.length);
    const struct word name = {event.at, colon ? (size_t)(colon - event.at) : event.length};
    const struct word rest = {event.at + name.length, event.length - name.length};
    uint32_t kind = 0, value[KEYS] = {[KEY_NTH] = 1, [KEY_TIMES] = 1, [KEY_CORE] = FAULT_ANY, [KEY_TASK] = FAULT_ANY};
    const struct fault_word *word;
    struct fault_event made;

    if (word_is(name, "random")) return take_random(parse, rest);
    while (kind < FAULT_KINDS && !word_is(name, word_table[kind].name))
        kind++;
    if (kind == FAULT_KINDS) return unknown_event(parse, name);
    word = &word_table[kind];
    for (int key = KEY_MS; key <= KEY_CODE; key++)
        value[key] = word->value;
    if (take_keys(parse, rest, word->name, word->keys, value)) return -1;
    if (value[KEY_NTH] == 0) return word_refuse(&parse->problem, "fault %s: nth counts from 1", word->name);
    if (kind == FAULT_DEVICE_STATUS && !is_device_status(value[KEY_CODE]))
        return word_refuse(&parse->problem, "fault device-status: code=%u is none of 107022, 507010, 507053 to 507057",
                           value[KEY_CODE]);
    made = (struct fault_event){.kind = kind,
                                .nth = value[KEY_NTH],
                                .times = value[KEY_TIMES],
                                .core = value[KEY_CORE],
                                .task = value[KEY_TASK],
                                .value = word->value};
    for (int key = KEY_MS; key <= KEY_CODE; key++)
        if (word->keys & 1u << key) made.value = value[key];
    return add(parse, &made);
}

/* ---- plans ------------------------------------------------------------------------------------------------------- */

/* Events between commas; in a file also between lines, with comments and blanks. */
static int take_events(const struct parse *parse, const char *text, size_t length, bool file)
{
    const char *end = text + length, *separators = file ? ",\n" : ",";
    uint32_t number = 0;

    for (;;) {
        const char *stop = text;
        const char *last;
        while (stop < end && !strchr(separators, *stop))
            stop++;
        last = stop;
        if (file) {
            const char *comment = memchr(text, '#', (size_t)(stop - text));
            if (comment) {
                last = comment;
                while (stop < end && *stop != '\n')
                    stop++;
            }
            while (text < last && strchr(" \t\r", *text))
                text++;
            while (text < last && strchr(" \t\r", last[-1]))
                last--;
        }
        if (last > text || !file) {
            number++;
            if (last == text) return word_refuse(&parse->problem, "faults: event %u of the plan is empty", number);
            if (take_event(parse, (struct word){text, (size_t)(last - text)})) return -1;
        }
        if (stop == end) return 0;
        text = stop + 1;
    }
}

static int take_file(const struct parse *parse, struct word name)
{
    char path[4096], why[sizeof path + 128], *text;
    size_t length;
    int result;

    if (name.length == 0 || name.length >= sizeof path)
        return word_refuse(&parse->problem, "faults=@ without the name of a file");
    memcpy(path, name.at, name.length);
    path[name.length] = 0;
    if (regular_read(path, FILE_MOST, &text, &length, why, sizeof why) != REGULAR_OK)
        return word_refuse(&parse->problem, "faults=@%s", why);
    result = memchr(text, 0, length) ? word_refuse(&parse->problem, "faults=@%s: not a text", path)
                                     : take_events(parse, text, length, true);
    free(text);
    return result;
}

int fault_plan_parse(const char *text, size_t length, struct fault_plan *plan, char *problem, size_t problem_size)
{
    const struct parse parse = {.plan = plan, .problem = {problem, problem_size}};

    *plan = (struct fault_plan){0};
    if (length > 0 && text[0] == '@') return take_file(&parse, (struct word){text + 1, length - 1});
    return take_events(&parse, text, length, false);
}

/* splitmix64 */
static uint32_t draw(uint64_t *state, uint32_t below)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (uint32_t)((z ^ z >> 31) % below);
}

void fault_plan_draw(struct fault_plan *plan, uint64_t seed)
{
    uint64_t state = seed ^ UINT64_C(0x6661756c7473); /* not the sequence that the simulation draws from the seed */

    while (plan->random > 0) {
        struct fault_event event = {.core = FAULT_ANY, .task = FAULT_ANY};
        const struct fault_word *word;
        do {
            event.kind = draw(&state, FAULT_KINDS);
        } while (event.kind == FAULT_HOST_DIES);
        word = &word_table[event.kind];
        event.nth = 1 + draw(&state, word->occasions);
        event.times = 1 + draw(&state, DRAWN_TIMES_MOST);
        event.value =
            event.kind == FAULT_DEVICE_STATUS ? 507053 + draw(&state, 5) : word->value * (1 + draw(&state, 4));
        plan->event[plan->count++] = event;
        plan->kinds |= 1u << event.kind;
        plan->random--;
    }
}

void fault_plan_write(const struct fault_plan *plan, char *text, size_t size)
{
    size_t used = 0;

    if (size > 0) text[0] = 0;
    for (uint32_t i = 0; i < plan->count && used < size; i++) {
        const struct fault_event *event = &plan->event[i];
        const struct fault_word *word = &word_table[event->kind];
        const uint32_t value[KEYS] = {event->nth,   event->times, event->core,  event->task, event->value,
                                      event->value, event->value, event->value, event->value};
        used += (size_t)snprintf(text + used, size - used, "%s%s", i ? "," : "", word->name);
        for (int key = 0; key < KEY_COUNT && used < size; key++)
            if (word->keys & 1u << key && value[key] != FAULT_ANY)
                used += (size_t)snprintf(text + used, size - used, ":%s=%" PRIu32, key_name[key], value[key]);
    }
}

void fault_plan_merge(struct fault_plan *plan, const struct fault_plan *other)
{
    for (uint32_t i = 0; i < plan->count && i < other->count; i++) {
        const uint32_t seen = __atomic_load_n(&other->event[i].seen, __ATOMIC_RELAXED);
        if (seen > plan->event[i].seen) plan->event[i].seen = seen;
    }
}

const struct fault_event *fault_find(const struct fault_plan *plan, enum fault_kind kind)
{
    for (uint32_t i = 0; i < plan->count; i++)
        if (plan->event[i].kind == (uint32_t)kind) return &plan->event[i];
    return NULL;
}

/* Every event of the kind counts the occasion, also when another one has made it happen. */
const struct fault_event *fault_occasion(struct fault_plan *plan, enum fault_kind kind, uint32_t core, uint32_t task)
{
    const struct fault_event *due = NULL;

    for (uint32_t i = 0; i < plan->count; i++) {
        struct fault_event *event = &plan->event[i];
        uint32_t number;
        if (event->kind != (uint32_t)kind) continue;
        if (event->core != FAULT_ANY && event->core != core) continue;
        if (event->task != FAULT_ANY && event->task != task) continue;
        number = __atomic_add_fetch(&event->seen, 1, __ATOMIC_RELAXED);
        if (!due && number >= event->nth && (event->times == 0 || number - event->nth < event->times)) due = event;
    }
    return due;
}
