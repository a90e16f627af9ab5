#include "card.h"
#include "device.h"
#include "entries.h"
#include "log.h"
#include "message.h"
#include "root.h"
#include "emu/folder.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct card *card_table[CARD_DEVICES];
static unsigned card_count;
/* Devices are published with `count` last, so that look-ups need no lock. */
static struct device *device_table[CARD_DEVICES];
static _Atomic uint32_t count;
static uint32_t logical_table[CARD_DEVICES]; /* logical id → index of device_table */
static _Atomic uint32_t logical_count;
static _Atomic bool forked;
static _Thread_local char problem[512];

bool card_forked(void)
{
    return atomic_load_explicit(&forked, memory_order_relaxed);
}

/* A card that is being joined while the process forks would live on in the child. */
static void before_fork(void)
{
    pthread_mutex_lock(&lock);
}

static void after_fork_in_parent(void)
{
    pthread_mutex_unlock(&lock);
}

static void after_fork_in_child(void)
{
    pthread_mutex_unlock(&lock);
    atomic_store_explicit(&forked, true, memory_order_relaxed);
    log_forget();
    for (uint32_t i = 0; i < atomic_load_explicit(&count, memory_order_relaxed); i++)
        device_forget(device_table[i]);
    for (unsigned i = 0; i < card_count; i++)
        if (card_table[i]->named)
            shared_card_forget(&card_table[i]->shared);
        else if (card_table[i]->root_fd >= 0)
            close(card_table[i]->root_fd);
}

__attribute__((constructor)) static void at_load(void)
{
    pthread_atfork(before_fork, after_fork_in_parent, after_fork_in_child);
}

__attribute__((destructor)) static void at_exit(void)
{
    if (card_forked()) return;
    for (uint32_t i = 0; i < atomic_load_explicit(&count, memory_order_acquire); i++)
        device_shutdown(device_table[i]);
    for (unsigned i = 0; i < card_count; i++)
        if (card_table[i]->named)
            shared_card_leave(&card_table[i]->shared);
        else if (card_table[i]->root_fd >= 0)
            folder_remove_root(card_table[i]->root_fd, card_table[i]->root);
}

/* ---- adding ----------------------------------------------------------------------------------------------------- */

/* The machine string without its die: what names the card. */
static bool key_of(const char *text, char *key, size_t size)
{
    const size_t name = strcspn(text, ":?");
    const char *options = strchr(text, '?');

    return (size_t)snprintf(key, size, "%.*s%s", (int)name, text, options ? options : "") < size;
}

static struct card *card_find(const char *key)
{
    for (unsigned i = 0; i < card_count; i++)
        if (strcmp(card_table[i]->key, key) == 0) return card_table[i];
    return NULL;
}

static struct device *device_find(const struct card *card, uint32_t die)
{
    for (uint32_t i = 0; i < count; i++)
        if (device_table[i]->card == card && device_table[i]->machine.die == die) return device_table[i];
    return NULL;
}

static bool name_is_taken(const struct emu_machine *machine)
{
    for (uint32_t i = 0; i < count && machine->card[0]; i++)
        if (strcmp(device_table[i]->machine.card, machine->card) == 0) return true;
    return false;
}

/* NULL with `problem`. */
static struct card *card_add(const char *key, const struct emu_machine *machine)
{
    struct card *card = calloc(1, sizeof *card);

    if (!card) {
        snprintf(problem, sizeof problem, "out of host memory");
        return NULL;
    }
    snprintf(card->key, sizeof card->key, "%s", key);
    card->number = card_count;
    card->named = machine->card[0];
    card->root_fd = -1;
    if (card->named) {
        if (!shared_card_join(&card->shared, machine->card, key, machine->hbm, problem, sizeof problem)) {
            free(card);
            return NULL;
        }
        snprintf(card->root, sizeof card->root, "%s/root", card->shared.path);
        card->root_fd = card->shared.root;
    }
    card_table[card_count++] = card;
    return card;
}

static void number(struct device *device, uint32_t index)
{
    const uint32_t logical = logical_count;

    logical_table[logical] = index;
    device->id = (int32_t)logical;
    atomic_store_explicit(&logical_count, logical + 1, memory_order_release);
}

/* Under the lock. The device that the string names, made when it is new; NULL with `problem`. */
static struct device *add(const char *text)
{
    struct emu_machine machine;
    char key[sizeof card_table[0]->key];
    struct card *card;
    struct device *device;
    const uint32_t index = count;

    if (emu_machine_parse(text, &machine, problem, sizeof problem)) return NULL;
    if (!key_of(text, key, sizeof key)) {
        snprintf(problem, sizeof problem, "the machine string is longer than %zu characters", sizeof key - 1);
        return NULL;
    }
    card = card_find(key);
    if (card && (device = device_find(card, machine.die))) return device;
    if (!card && name_is_taken(&machine)) {
        snprintf(problem, sizeof problem, "card=%s is already there with other properties than \"%s\"", machine.card,
                 text);
        return NULL;
    }
    if (index == CARD_DEVICES) {
        snprintf(problem, sizeof problem, "no more than %d devices in a process", CARD_DEVICES);
        return NULL;
    }
    if (!card && !(card = card_add(key, &machine))) return NULL;
    device = device_create(card, &machine, (int32_t)index);
    if (!device) {
        snprintf(problem, sizeof problem, "out of host memory");
        return NULL;
    }
    device_table[index] = device;
    atomic_store_explicit(&count, index + 1, memory_order_release);
    return device;
}

int npuemu_device_add(const char *machine, int32_t *id)
{
    struct device *device;

    if (card_forked()) {
        snprintf(problem, sizeof problem, "this process is a fork of the one that holds the devices");
        return -1;
    }
    if (!id) {
        snprintf(problem, sizeof problem, "the place for the device id is NULL");
        return -1;
    }
    pthread_mutex_lock(&lock);
    device = add(machine);
    if (device && device->id < 0) number(device, (uint32_t)device->driver_id);
    pthread_mutex_unlock(&lock);
    if (device) *id = device->id;
    return device ? 0 : -1;
}

const char *npuemu_last_problem(void)
{
    return problem;
}

/* ---- the environment's devices, for programs that know nothing of emulation ------------------------------------- */

static bool add_from(const char *machines)
{
    char text[512], *at = text, *one;

    if ((size_t)snprintf(text, sizeof text, "%s", machines) >= sizeof text) {
        snprintf(problem, sizeof problem, "longer than %zu characters", sizeof text - 1);
        return false;
    }
    while ((one = strsep(&at, ";"))) {
        const struct device *device = add(one);
        if (!device) return false;
        if (device->machine.dies > 1 && !strchr(one, ':')) { /* both dies, unless one is named */
            char second[512];
            const size_t name = strcspn(one, "?");
            snprintf(second, sizeof second, "%.*s:1%s", (int)name, one, one + name);
            if (!add(second)) return false;
        }
    }
    return true;
}

/* ASCEND_RT_VISIBLE_DEVICES: digits and commas; the list ends at the first word that is no device. */
static void number_logically(void)
{
    const char *at = getenv("ASCEND_RT_VISIBLE_DEVICES");

    if (!at || !*at) {
        for (uint32_t i = 0; i < count; i++)
            number(device_table[i], i);
        return;
    }
    while (*at >= '0' && *at <= '9') {
        char *end;
        unsigned long id = strtoul(at, &end, 10);
        if (id >= count || device_table[id]->id >= 0 || (*end && *end != ',')) break;
        number(device_table[id], (uint32_t)id);
        at = *end ? end + 1 : end;
    }
}

static void ensure_devices(void)
{
    static bool tried;
    const char *machines = getenv("NPUEMU_MACHINE");

    if (atomic_load_explicit(&count, memory_order_acquire)) return;
    pthread_mutex_lock(&lock);
    if (!count && !tried) {
        tried = true;
        if (!add_from(machines && *machines ? machines : "a5"))
            message_log("NPUEMU_MACHINE=%s: %s", machines ? machines : "a5", problem);
        number_logically();
    }
    pthread_mutex_unlock(&lock);
}

/* ---- look-up ---------------------------------------------------------------------------------------------------- */

uint32_t card_device_count(void)
{
    ensure_devices();
    return atomic_load_explicit(&logical_count, memory_order_acquire);
}

struct device *card_device(int64_t logical)
{
    return logical < 0 || logical >= card_device_count() ? NULL : device_table[logical_table[logical]];
}

struct device *card_device_by_driver_id(int64_t id)
{
    ensure_devices();
    return id < 0 || id >= atomic_load_explicit(&count, memory_order_acquire) ? NULL : device_table[id];
}

struct device *card_device_by_address(uint64_t address)
{
    const uint32_t n = atomic_load_explicit(&count, memory_order_acquire);

    for (uint32_t i = 0; i < n; i++) {
        const uint64_t window = atomic_load_explicit(&device_table[i]->window, memory_order_acquire);
        const uint64_t size = atomic_load_explicit(&device_table[i]->window_size, memory_order_relaxed);
        if (window && address - window < size) return device_table[i];
    }
    return NULL;
}

bool card_hbm_charge(struct device *device, uint64_t bytes)
{
    return !device->card->named || shared_card_charge(&device->card->shared, device->machine.die, bytes);
}

void card_hbm_refund(struct device *device, uint64_t bytes)
{
    if (device->card->named) shared_card_refund(&device->card->shared, device->machine.die, bytes);
}

uint64_t card_hbm_taken(const struct device *device)
{
    return device->card->named ? shared_card_taken(&device->card->shared, device->machine.die) : device->heap.taken;
}

bool card_root(struct card *card)
{
    bool made;

    pthread_mutex_lock(&lock);
    if (card->root_fd < 0) card->root_fd = root_create(card->root, sizeof card->root);
    made = card->root_fd >= 0;
    if (!made) card->root[0] = 0;
    pthread_mutex_unlock(&lock);
    return made;
}
