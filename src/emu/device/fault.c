#include "fault.h"

#include <dlfcn.h>
#include <link.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

#include "device.h"
#include "fiber.h"
#include "launch.h"
#include "loader.h"
#include "symbol/cause.h"
#include "symbol/symbol.h"

enum { STACK = 64 << 10, PREEMPT = SIGURG, INTERRUPT = SIGUSR2, BUS_ERROR = 0 };

void (*fault_preempted)(void);

static _Atomic int force_now;

typedef int (*sigaction_call)(int, const struct sigaction *, struct sigaction *);

/* The sanitizers put their own handler before ours and hold asynchronous signals back until the next call that they
 * intercept, which an endless loop never makes; so the C library's own function is asked for by name. */
static sigaction_call real_sigaction(void)
{
    void *libc = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD), *found = libc ? dlsym(libc, "sigaction") : NULL;
    sigaction_call call = sigaction;

    if (found) memcpy(&call, &found, sizeof call);
    return call;
}

#if defined(__x86_64__)
ENGINE_NO_TSAN static uintptr_t context_pc(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
}

ENGINE_NO_TSAN static uintptr_t context_sp(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.gregs[REG_RSP];
}

ENGINE_NO_TSAN static void context_redirect(ucontext_t *context, void *stack, void (*run)(void))
{
    /* As if called: the stack is 16-aligned plus the return address that will never be used. */
    context->uc_mcontext.gregs[REG_RSP] = (greg_t)((((uintptr_t)stack + STACK) & ~(uintptr_t)15) - 8);
    context->uc_mcontext.gregs[REG_RIP] = (greg_t)(uintptr_t)run;
    context->uc_mcontext.gregs[REG_EFL] &= ~(greg_t)0x400; /* DF */
}
#elif defined(__aarch64__)
ENGINE_NO_TSAN static uintptr_t context_pc(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.pc;
}

ENGINE_NO_TSAN static uintptr_t context_sp(const ucontext_t *context)
{
    return (uintptr_t)context->uc_mcontext.sp;
}

ENGINE_NO_TSAN static void context_redirect(ucontext_t *context, void *stack, void (*run)(void))
{
    context->uc_mcontext.sp = ((uintptr_t)stack + STACK) & ~(uintptr_t)15;
    context->uc_mcontext.pc = (uintptr_t)run;
}
#else
#error "the machine context of this architecture is not known here"
#endif

/* On the carrier's rescue stack. */
ENGINE_NO_TSAN ENGINE_NO_ASAN static _Noreturn void rescue(void)
{
    struct agent *self = engine_self();

    engine->lose(self);
    abort();
}

ENGINE_NO_TSAN static bool in_this_program(uintptr_t pc)
{
    struct dl_find_object found;

    return _dl_find_object((void *)pc, &found) == 0 && found.dlfo_link_map->l_name[0] == 0;
}

/* Addresses that only device code hands to us: HBM, register windows, null and wild pointers. */
ENGINE_NO_TSAN static bool device_address(uint64_t address)
{
    const struct emu_shared *shared = device_shared;

    return address < 0x10000 || address - shared->hbm_base < shared->hbm_size ||
           address - EMU_REG_WINDOWS < UINT64_C(0x100000000) || address >> 47;
}

static void say(const char *text)
{
    ssize_t ignored = write(STDERR_FILENO, text, strlen(text));
    (void)ignored;
}

ENGINE_NO_TSAN static void on_fault(int number, siginfo_t *info, void *machine)
{
    ucontext_t *context = machine;
    struct carrier *carrier = engine_carrier();
    struct agent *self = engine_self();
    uintptr_t pc = context_pc(context);
    /* abort() and assert() of device code: the pc is the C library's, and instead of an address comes who sent it. */
    const bool sent = number == SIGABRT, by_agent = info->si_code == SI_TKILL && info->si_pid == getpid();
    const uint64_t address = sent ? pc : (uint64_t)(uintptr_t)info->si_addr;

    if (!self || !carrier || (sent ? !by_agent : in_this_program(pc) && !device_address(address))) {
        struct sigaction standard = {.sa_handler = SIG_DFL};
        say("npuemu: fault in the device process's own code\n");
        real_sigaction()(number, &standard, NULL);
        if (sent) raise(number);
        return; /* it happens again at once, and ends the process */
    }
    self->end = AGENT_FAULTED;
    self->fault.signal = number;
    self->fault.address = address;
    self->fault.pc = pc;
    self->fault.sp = context_sp(context);
    self->fault.code = info->si_code;
    context_redirect(context, carrier->rescue, rescue);
}

_Noreturn void fault_raise(struct agent *self, uint64_t address)
{
    self->end = AGENT_FAULTED;
    self->fault.signal = BUS_ERROR;
    self->fault.address = address;
    self->fault.pc = (uint64_t)(uintptr_t)__builtin_return_address(0);
    self->fault.sp = (uint64_t)(uintptr_t)__builtin_frame_address(0);
    self->fault.code = 0;
    engine->lose(self);
    abort();
}

/* ---- preemption ----------------------------------------------------------------------------------------------------
 */

ENGINE_NO_TSAN static void on_preempt(int number, siginfo_t *info, void *machine)
{
    struct carrier *carrier = engine_carrier();

    (void)number, (void)info;
    if (!carrier || !engine_self()) return;
    /* Device code holds no lock of ours or of the C library where it is in a library of its own. */
    if (!loader_is_device_code(context_pc(machine)) && !atomic_exchange(&force_now, 0)) return;
    fault_preempted();
}

ENGINE_NO_TSAN static void on_interrupt(int number, siginfo_t *info, void *machine)
{
    struct agent *self = engine_self();

    (void)number, (void)info;
    if (!self || !atomic_load(&self->doomed)) return;
    self->end = AGENT_EXPIRED;
    context_redirect(machine, engine_carrier()->rescue, rescue);
}

void fault_preempt(struct carrier *carrier, bool force)
{
    if (force) atomic_store(&force_now, 1);
    pthread_kill((pthread_t)carrier->thread, PREEMPT);
}

void fault_interrupt(uintptr_t thread)
{
    pthread_kill((pthread_t)thread, INTERRUPT);
}

/* ---- set-up --------------------------------------------------------------------------------------------------------
 */

void fault_init(void)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT};
    sigaction_call call = real_sigaction();
    struct sigaction action = {.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER};

    action.sa_sigaction = on_fault;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++)
        call(faults[i], &action, NULL);
    action.sa_sigaction = on_interrupt;
    call(INTERRUPT, &action, NULL);
    /* On the agent's own stack, so that it can be switched away from inside the handler; no signal stays blocked. */
    action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
    action.sa_sigaction = on_preempt;
    call(PREEMPT, &action, NULL);
}

static void *stack_map(void)
{
    void *stack = mmap(NULL, STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

    if (stack == MAP_FAILED) {
        perror("npuemu: a stack for fault handling");
        _Exit(70);
    }
    return stack;
}

void fault_thread_init(struct carrier *carrier)
{
    stack_t alternate = {.ss_sp = stack_map(), .ss_size = STACK};

    sigaltstack(&alternate, NULL);
    carrier->rescue = stack_map();
}

/* The start of the object that an address is in; NULL: in none. */
static const void *object_at(uint64_t pc)
{
    struct dl_find_object found;

    return _dl_find_object((void *)(uintptr_t)pc, &found) == 0 ? found.dlfo_map_start : NULL;
}

/* Device code, but not of the object `context`. */
static bool is_other_code(const void *context, uint64_t pc)
{
    return loader_is_device_code(pc) && object_at(pc) != context;
}

void fault_describe(const struct agent *agent, uint64_t program, char *text, size_t size)
{
    const void *const own = program ? object_at(program) : NULL;
    const uint64_t pc = agent->fault.pc;
    struct symbol_place place;
    char cause[80], where[200] = "", from[200] = "";
    uint64_t caller = 0;

    const uint64_t address = agent->fault.address;
    if (agent->fault.signal == BUS_ERROR)
        snprintf(cause, sizeof cause, "bus error: no core register window or kernel at 0x%llx",
                 (unsigned long long)address);
    else
        cause_text(agent->fault.signal, agent->fault.code, address, fiber_guards(address) || thread_guards(agent, address),
                   cause, sizeof cause);
    if (loader_is_device_code(pc)) {
        symbol_find(pc, false, &place);
        symbol_text(&place, agent->core == UINT16_MAX, where, sizeof where);
    }
    /* In the C library, or in the program that calls what the user wrote: what of that has called it. */
    if (!where[0] || object_at(pc) == own) caller = symbol_caller(agent->fault.sp, is_other_code, own);
    if (caller) {
        symbol_find(caller, true, &place);
        symbol_text(&place, agent->core == UINT16_MAX, from, sizeof from);
    }
    snprintf(text, size, "%s%s%s%s%s", cause, where[0] ? " in " : "", where, from[0] ? ", called from " : "", from);
}
