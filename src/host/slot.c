#include "slot.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { LOOK_NS = 200000 }; /* between two looks at another handle's streams: a few of its small runs */

struct install {
    struct install *next;
    uint64_t fingerprint;
    bool done; /* false: somebody is at it */
};
struct device_slot {
    struct device_slot *next;
    char provider[8];
    int32_t device;
    uint64_t resets;
    uint64_t run_last, run_now; /* tickets: the last one given out, the one whose turn it is */
    bool run_started;           /* run_now's owner has launched, on `holder` */
    struct slot_streams holder;
    struct install *installs;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct device_slot *slots;

struct device_slot *slot_get(const char *provider, int32_t device)
{
    pthread_mutex_lock(&lock);
    struct device_slot *s = slots;
    while (s && (s->device != device || strcmp(s->provider, provider) != 0))
        s = s->next;
    if (!s && (s = calloc(1, sizeof *s))) {
        snprintf(s->provider, sizeof s->provider, "%s", provider);
        s->device = device;
        s->run_now = 1;
        s->next = slots;
        slots = s;
    }
    pthread_mutex_unlock(&lock);
    return s;
}

static struct install **find(struct device_slot *slot, uint64_t fingerprint)
{
    struct install **at = &slot->installs;
    while (*at && (*at)->fingerprint != fingerprint)
        at = &(*at)->next;
    return at;
}

enum slot_install slot_install_begin(struct device_slot *slot, uint64_t fingerprint)
{
    enum slot_install answer = SLOT_INSTALLED;
    pthread_mutex_lock(&lock);
    for (;;) {
        struct install **at = find(slot, fingerprint);
        if (*at && (*at)->done) break;
        if (*at) {
            pthread_cond_wait(&changed, &lock);
            continue;
        }
        *at = calloc(1, sizeof **at);
        answer = SLOT_NO_MEMORY;
        if (!*at) break;
        (*at)->fingerprint = fingerprint;
        answer = SLOT_INSTALL_NOW;
        break;
    }
    pthread_mutex_unlock(&lock);
    return answer;
}

void slot_install_end(struct device_slot *slot, uint64_t fingerprint, bool installed)
{
    pthread_mutex_lock(&lock);
    struct install **at = find(slot, fingerprint), *mine = *at;
    if (mine && installed) {
        mine->done = true;
    } else if (mine) {
        *at = mine->next;
        free(mine);
    }
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

void slot_install_forget(struct device_slot *slot, uint64_t fingerprint)
{
    pthread_mutex_lock(&lock);
    struct install **at = find(slot, fingerprint);
    if (*at && (*at)->done) {
        struct install *useless = *at;
        *at = useless->next;
        free(useless);
    }
    pthread_mutex_unlock(&lock);
}

static void next_turn(struct device_slot *slot)
{
    slot->run_now++;
    slot->run_started = false;
    pthread_cond_broadcast(&changed);
}

uint64_t slot_run_begin(struct device_slot *slot, slot_drained drained, void *context)
{
    pthread_mutex_lock(&lock);
    const uint64_t ticket = ++slot->run_last;
    while (slot->run_now != ticket) {
        if (slot->run_now + 1 == ticket && slot->run_started && drained(context, &slot->holder)) {
            next_turn(slot);
            continue;
        }
        struct timespec until;
        clock_gettime(CLOCK_REALTIME, &until);
        until.tv_nsec += LOOK_NS;
        until.tv_sec += until.tv_nsec / 1000000000;
        until.tv_nsec %= 1000000000;
        pthread_cond_timedwait(&changed, &lock, &until);
    }
    pthread_mutex_unlock(&lock);
    return ticket;
}

void slot_run_started(struct device_slot *slot, uint64_t ticket, const struct slot_streams *own)
{
    pthread_mutex_lock(&lock);
    if (slot->run_now == ticket) {
        slot->run_started = true;
        slot->holder = *own;
    }
    pthread_mutex_unlock(&lock);
}

void slot_run_end(struct device_slot *slot, uint64_t ticket)
{
    pthread_mutex_lock(&lock);
    if (slot->run_now == ticket) next_turn(slot);
    pthread_mutex_unlock(&lock);
}

uint64_t slot_resets(struct device_slot *slot)
{
    pthread_mutex_lock(&lock);
    uint64_t resets = slot->resets;
    pthread_mutex_unlock(&lock);
    return resets;
}

uint64_t slot_count_reset(struct device_slot *slot)
{
    pthread_mutex_lock(&lock);
    uint64_t resets = ++slot->resets;
    pthread_mutex_unlock(&lock);
    return resets;
}

void slot_forget(void)
{
    pthread_mutex_lock(&lock);
    for (struct device_slot *s = slots; s; s = s->next) {
        while (s->installs) {
            struct install *next = s->installs->next;
            free(s->installs);
            s->installs = next;
        }
    }
    pthread_mutex_unlock(&lock);
}
