/* The signal handlers of guards: of faults, where the program wants them, and of the one interrupt that ends a call. Each
 * hands on what is not its own to the handler that was there before. */
#include "guard.h"

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>
#include "../symbol/symbol.h"

enum { ALTERNATE = 64 << 10, BELOW = 1 << 20, INTERRUPT = SIGURG /* ignored by a program that has no handler of it */ };

static const int fault_signal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
enum { FAULTS = sizeof fault_signal / sizeof fault_signal[0] };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static uint32_t takers;
static struct sigaction before[FAULTS], before_interrupt;
static bool interrupting;

/* Never allocated at its first use: that may be in a handler. */
static __thread struct guard *current __attribute__((tls_model("initial-exec")));

void guard_thread_set(struct guard *guard)
{
    current = guard;
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
}

/* The sanitizers hold signals back until the next call that they know, which an endless loop never makes: so the C library's
 * own function is asked for by name. */
static int set_action(int number, const struct sigaction *action, struct sigaction *old)
{
    int (*call)(int, const struct sigaction *, struct sigaction *) = sigaction;
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *found = libc ? dlsym(libc, "sigaction") : NULL;
    if (found) memcpy(&call, &found, sizeof call);
    return call(number, action, old);
}

static uint64_t context_pc(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined(__aarch64__)
    return context->uc_mcontext.pc;
#else
#error "the machine context of this architecture is not known here"
#endif
}

static uint64_t context_sp(const ucontext_t *context)
{
#if defined(__x86_64__)
    return (uint64_t)context->uc_mcontext.gregs[REG_RSP];
#else
    return context->uc_mcontext.sp;
#endif
}

/* As if the handler had never been there. A default action happens when the instruction faults again, or is raised again. */
static void hand_on(const struct sigaction *old, int number, siginfo_t *info, void *context)
{
    if (old->sa_flags & SA_SIGINFO) {
        old->sa_sigaction(number, info, context);
    } else if (old->sa_handler != SIG_DFL && old->sa_handler != SIG_IGN) {
        old->sa_handler(number);
    } else if (number != INTERRUPT) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        (void)sigaction(number, &standard, NULL);
        if (info->si_code <= 0) (void)raise(number); /* sent, not met */
    }
}

static bool is_own(const void *guard, uint64_t pc)
{
    return guard_is_own(guard, pc);
}

__attribute__((no_sanitize("thread", "address"))) static void on_fault(int number, siginfo_t *info, void *machine)
{
    struct guard *guard = current;
    const ucontext_t *context = machine;
    const bool sent = info->si_code <= 0, by_itself = info->si_code == SI_TKILL && info->si_pid == getpid();
    if (!guard || (sent && !by_itself)) {
        for (int i = 0; i < FAULTS; i++)
            if (fault_signal[i] == number) hand_on(&before[i], number, info, machine);
        return;
    }
    struct guard_fault *f = guard_fault_of(guard);
    const uint64_t pc = context_pc(context), sp = context_sp(context), address = (uint64_t)(uintptr_t)info->si_addr;
    *f = (struct guard_fault){.signal = number, .code = info->si_code, .address = sent ? 0 : address, .pc = pc, .sp = sp};
    f->overflow = number == SIGSEGV && address - (sp - BELOW) < BELOW + 4096 && address < sp + 4096 && address > BELOW;
    if (!guard_is_own(guard, pc)) f->caller = symbol_caller(sp, is_own, guard);
    guard_jump(guard, GUARD_FAULTED);
}

__attribute__((no_sanitize("thread", "address"))) static void on_interrupt(int number, siginfo_t *info, void *machine)
{
    struct guard *guard = current;
    if (info->si_code != SI_TKILL || info->si_pid != getpid())
        hand_on(&before_interrupt, number, info, machine);
    else if (guard && guard_may_jump(guard, context_pc(machine)))
        guard_jump(guard, GUARD_INTERRUPTED);
}

void guard_signals_take(void)
{
    /* The jump out of a handler restores no mask: nothing is blocked meanwhile. */
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER, .sa_sigaction = on_fault};
    pthread_mutex_lock(&lock);
    for (int i = 0; i < FAULTS && takers == 0; i++)
        (void)sigaction(fault_signal[i], &action, &before[i]);
    takers++;
    pthread_mutex_unlock(&lock);
}

void guard_signals_give(void)
{
    pthread_mutex_lock(&lock);
    takers--;
    for (int i = 0; i < FAULTS && takers == 0; i++) {
        struct sigaction now;
        /* A handler that was put over this one since stays. */
        if (sigaction(fault_signal[i], NULL, &now) == 0 && now.sa_flags & SA_SIGINFO && now.sa_sigaction == on_fault)
            (void)sigaction(fault_signal[i], &before[i], NULL);
    }
    pthread_mutex_unlock(&lock);
}

void guard_interrupt(pthread_t thread)
{
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER | SA_RESTART, .sa_sigaction = on_interrupt};
    if (!interrupting) interrupting = set_action(INTERRUPT, &action, &before_interrupt) == 0;
    if (interrupting) (void)pthread_kill(thread, INTERRUPT);
}

void guard_interrupt_end(void)
{
    if (interrupting) (void)set_action(INTERRUPT, &before_interrupt, NULL);
    interrupting = false;
}

/* ---- a stack for signals */

static pthread_key_t alternate;
static pthread_once_t alternate_once = PTHREAD_ONCE_INIT;

static void release(void *stack)
{
    stack_t none = {.ss_flags = SS_DISABLE};
    (void)sigaltstack(&none, NULL);
    munmap(stack, ALTERNATE);
}

static void make_key(void)
{
    (void)pthread_key_create(&alternate, release);
}

void guard_thread_prepare(void)
{
    stack_t now;
    pthread_once(&alternate_once, make_key);
    if (pthread_getspecific(alternate)) return;
    if (sigaltstack(NULL, &now) != 0 || !(now.ss_flags & SS_DISABLE)) return; /* the program has its own */
    void *stack = mmap(NULL, ALTERNATE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (stack == MAP_FAILED) return;
    const stack_t own = {.ss_sp = stack, .ss_size = ALTERNATE};
    (void)sigaltstack(&own, NULL);
    (void)pthread_setspecific(alternate, stack);
}
