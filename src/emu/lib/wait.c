#include "wait.h"
#include "futex.h"
#include "log.h"

#include <sched.h>

enum {
    SPIN_NS = 200000,    /* most that a waiting call burns before it sleeps; a futex round trip costs about 50 µs */
    SLICE_NS = 10000000, /* most that a sleeping call needs to see that the device process has ended */
    PAUSES_PER_CLOCK = 64,
};

/* On one CPU the device process runs only while this thread does not. */
static int64_t spin_ns(void)
{
    static _Atomic int cached = -1;
    int ns = atomic_load_explicit(&cached, memory_order_relaxed);

    if (ns < 0) {
        cpu_set_t cpus;
        ns = sched_getaffinity(0, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) < 2 ? 0 : SPIN_NS;
        atomic_store_explicit(&cached, ns, memory_order_relaxed);
    }
    return ns;
}

static bool word_passed(const _Atomic uint32_t *word, uint32_t target)
{
    return wait_passed(atomic_load_explicit(word, memory_order_acquire), target);
}

static bool spin(const _Atomic uint32_t *word, uint32_t target, int64_t until_ns)
{
    do {
        for (int i = 0; i < PAUSES_PER_CLOCK; i++) {
            if (word_passed(word, target)) return true;
            futex_pause();
        }
    } while (futex_now_ns() < until_ns);
    return word_passed(word, target);
}

/* `waiters` (NULL: the device side always wakes) is set before `word` is looked at for the last time; the device side
 * stores `word` before it looks at `waiters`. Sequential consistency keeps both pairs in order. */
static enum wait_result wait_word(struct process *process, _Atomic uint32_t *word, _Atomic uint32_t *waiters,
                                  uint32_t target, int64_t deadline_ns)
{
    enum wait_result result = WAIT_DONE;
    int64_t now, spin_until;

    if (word_passed(word, target)) return WAIT_DONE;
    now = futex_now_ns();
    spin_until = now + spin_ns();
    if (spin(word, target, spin_until < deadline_ns ? spin_until : deadline_ns)) return WAIT_DONE;
    if (waiters) atomic_fetch_add_explicit(waiters, 1, memory_order_seq_cst);
    atomic_fetch_add_explicit(&process->shared->log.readers, 1, memory_order_relaxed);
    for (;;) {
        log_drain(process);
        uint32_t value = atomic_load_explicit(word, memory_order_seq_cst);
        if (wait_passed(value, target)) break;
        now = futex_now_ns();
        if (now >= deadline_ns) {
            result = WAIT_TIMEOUT;
            break;
        }
        if (!process_alive(process)) {
            result = word_passed(word, target) ? WAIT_DONE : WAIT_DEAD;
            break;
        }
        futex_wait(word, value, deadline_ns - now < SLICE_NS ? deadline_ns - now : SLICE_NS);
    }
    atomic_fetch_sub_explicit(&process->shared->log.readers, 1, memory_order_relaxed);
    if (waiters) atomic_fetch_sub_explicit(waiters, 1, memory_order_relaxed);
    return result;
}

enum wait_result wait_stream(struct process *process, uint32_t slot, uint32_t sequence, int64_t deadline_ns)
{
    struct emu_stream *stream = &process->shared->stream[slot];

    return wait_word(process, &stream->completed, &stream->waiters, sequence, deadline_ns);
}

enum wait_result wait_advance(struct process *process, uint32_t position)
{
    return wait_word(process, &process->shared->advance_reply, NULL, position, INT64_MAX);
}
