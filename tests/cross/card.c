#include "harness.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "npurt/kernel.h"
#include "port/silicon/vendor_intrinsics.h"

uint32_t npurt_aicpu_exec(void *args);
void npurt_aicore_0_mix_aic(uint64_t control);
void npurt_aicore_0_mix_aiv(uint64_t control);
uint32_t port_core_type(void);

enum { REG_DMB = 0, REG_FAST_PATH = 64, REG_COND = 128, REG_WINDOW = 192 };

struct card {
    uint32_t clusters, cores, physical_cores;
    char *registers; /* physical_cores windows */
    char *code;      /* executable: KERNEL_TABLE kernel images */
    struct kernel_entry kernels[KERNEL_TABLE];
    uint64_t *regs;
    struct core_hello *hello;
    struct core_welcome *welcome;
    struct dispatch_payload *payload;
    char *records;
    uint32_t run_number;
    uint32_t kernels_on[PROTOCOL_MAX_CORES]; /* writer: the core */
};

/* ---- the core that this thread is */

struct core_identity {
    struct card *card;
    const struct card_options *options;
    uint64_t control;
    uint32_t index;
    char *window;
};
static __thread const struct core_identity *self;

static uint32_t is_aiv(void)
{
    return self->index >= self->card->clusters;
}
static uint32_t aiv_index(void)
{
    return self->index - self->card->clusters;
}

uint64_t get_data_main_base(void)
{
    const uint32_t number = __atomic_load_n((uint32_t *)(self->window + REG_DMB), __ATOMIC_ACQUIRE);
    return number | (uint64_t)__atomic_load_n((uint32_t *)(self->window + REG_DMB + DMB_DOORBELL), __ATOMIC_ACQUIRE) << 32;
}
void set_cond(uint64_t value)
{
    __atomic_store_n((uint32_t *)(self->window + REG_COND), (uint32_t)value, __ATOMIC_RELEASE);
}
void dcci(const void *line, enum vendor_cache_scope scope, enum vendor_cache_target target)
{
    (void)line;
    (void)scope;
    (void)target;
}
void dsb(enum vendor_barrier_scope scope)
{
    (void)scope;
#if defined(__aarch64__)
    __asm__ volatile("dmb ish" ::: "memory");
#else
    __asm__ volatile("mfence" ::: "memory");
#endif
}
int64_t get_block_idx(void)
{
    return is_aiv() ? aiv_index() / 2 : self->index;
}
int64_t get_subblockid(void)
{
    return is_aiv() ? aiv_index() % 2 : 0;
}
int64_t get_coreid(void)
{
    if (self->options->lying_core == self->index + 1) return 0xabc;
    return card_physical_of(self->card, self->index);
}
uint64_t get_sys_cnt(void)
{
    return 0;
}
uint32_t port_core_type(void)
{
    return is_aiv();
}

/* ---- kernels */

static int stuck_released;

static void compute(int64_t *args, unsigned slot)
{
    const npurt_tensor *output = npurt_kernel_tensor(args, 0), *runs = npurt_kernel_tensor(args, 1);
    uint32_t inputs = (uint32_t)runs->version; /* the builder's note */
    if (npurt_kernel_tensor_count(args) != 2 + inputs) abort();
    uint64_t sum = npurt_kernel_u64(args, 0);
    for (uint32_t i = 0; i < inputs; i++) {
        const npurt_tensor *in = npurt_kernel_tensor(args, 2 + i);
        const uint64_t *word = npurt_kernel_data(in);
        for (uint32_t k = 0; k < in->shape[0]; k++)
            sum = sum * 6364136223846793005u + word[k];
    }
    uint32_t block = (uint32_t)npurt_kernel_block_idx(args);
    self->card->kernels_on[self->index]++;
    if ((uint32_t)npurt_kernel_block_num(args) * 3 != output->shape[0]) abort();
    ((uint64_t *)npurt_kernel_data(output))[block * 3 + slot] = sum + 1000u * block + slot + 1;
    __atomic_fetch_add((uint32_t *)npurt_kernel_data(runs) + block * 3 + slot, 1, __ATOMIC_RELAXED);
}

static void kernel_aic(int64_t *args)
{
    compute(args, 0);
}
static void kernel_aiv(int64_t *args)
{
    compute(args, 1 + (unsigned)npurt_kernel_sub_block(args));
}
static void kernel_stuck(int64_t *args)
{
    while (!__atomic_load_n(&stuck_released, __ATOMIC_ACQUIRE))
        sched_yield();
    kernel_aiv(args);
}
static void kernel_slow(int64_t *args)
{
    struct timespec pause = {0, 2000000};
    nanosleep(&pause, NULL);
    kernel_aic(args);
}

/* A kernel image whose code jumps to `function`: what the silicon port runs lies behind the header. */
static void make_kernel(char *at, void (*function)(int64_t *))
{
    struct kernel_image header = {.magic = KERNEL_IMAGE_MAGIC};
    uint64_t target = (uintptr_t)function;
    memcpy(at, &header, sizeof header);
#if defined(__aarch64__)
    const uint32_t code[2] = {0x58000050 /* ldr x16, .+8 */, 0xd61f0200 /* br x16 */};
    memcpy(at + KERNEL_IMAGE_CODE, code, 8);
    memcpy(at + KERNEL_IMAGE_CODE + 8, &target, 8);
    __builtin___clear_cache(at, at + 256);
#else
    memcpy(at + KERNEL_IMAGE_CODE, "\x48\xb8", 2); /* movabs $target, %rax */
    memcpy(at + KERNEL_IMAGE_CODE + 2, &target, 8);
    memcpy(at + KERNEL_IMAGE_CODE + 10, "\xff\xe0", 2); /* jmp *%rax */
#endif
}

/* ---- the card */

/* A permutation with holes: odd numbers from the top. */
uint32_t card_physical_of(const struct card *card, uint32_t index)
{
    return 2 * (card->cores - 1 - index) + 1;
}

struct card *card_create(uint32_t clusters)
{
    static void (*const function[KERNEL_COUNT])(int64_t *) = {kernel_aic, kernel_aiv, kernel_stuck, kernel_slow};
    static const uint32_t type[KERNEL_COUNT] = {0, 1, 1, 0};
    struct card *card = calloc(1, sizeof *card);
    if (!card) abort();
    card->clusters = clusters;
    card->cores = 3 * clusters;
    card->physical_cores = 2 * card->cores;
    card->registers = calloc(card->physical_cores, REG_WINDOW);
    card->regs = calloc(card->physical_cores, sizeof *card->regs);
    card->hello = aligned_alloc(64, card->cores * sizeof *card->hello);
    card->welcome = aligned_alloc(64, card->cores * sizeof *card->welcome);
    card->payload = aligned_alloc(64, card->cores * 2 * sizeof *card->payload);
    card->records = aligned_alloc(64, record_core_offset(card->cores));
    card->code = mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (!card->registers || !card->regs || !card->hello || !card->welcome || !card->payload || !card->records ||
        card->code == MAP_FAILED)
        abort();
    memset(card->hello, 0, card->cores * sizeof *card->hello);
    memset(card->welcome, 0xa5, card->cores * sizeof *card->welcome);
    memset(card->payload, 0xa5, card->cores * 2 * sizeof *card->payload);
    memset(card->records, 0xa5, record_core_offset(card->cores));
    for (uint32_t i = 0; i < card->cores; i++) {
        uint32_t p = card_physical_of(card, i);
        card->regs[p] = (uintptr_t)card->registers + (uint64_t)p * REG_WINDOW;
    }
    for (int i = 0; i < KERNEL_COUNT; i++) {
        make_kernel(card->code + 256 * i, function[i]);
        card->kernels[i] = (struct kernel_entry){(uintptr_t)card->code + 256 * (uint64_t)i, type[i], 0};
    }
    card->kernels[KERNEL_HOLE] = (struct kernel_entry){0, KERNEL_ABSENT, 0};
    return card;
}

void card_destroy(struct card *card)
{
    if (!card) return;
    munmap(card->code, 4096);
    free(card->registers);
    free(card->regs);
    free(card->hello);
    free(card->welcome);
    free(card->payload);
    free(card->records);
    free(card);
}

uint32_t card_kernels_on(const struct card *card, uint32_t index)
{
    return card->kernels_on[index];
}

bool card_is_closed(const struct card *card)
{
    for (uint32_t i = 0; i < card->cores; i++) {
        const char *window = card->registers + (size_t)card_physical_of(card, i) * REG_WINDOW;
        uint32_t dmb, cond, fast_path;
        memcpy(&dmb, window + REG_DMB, 4);
        memcpy(&cond, window + REG_COND, 4);
        memcpy(&fast_path, window + REG_FAST_PATH, 4);
        if (dmb != DMB_EXIT || cond != COND_EXITED || fast_path != 0xf) return false;
    }
    return true;
}

static void *core_main(void *identity)
{
    self = identity;
    if (is_aiv())
        npurt_aicore_0_mix_aiv(self->control);
    else
        npurt_aicore_0_mix_aic(self->control);
    return NULL;
}

static void *aicpu_main(void *args)
{
    return (void *)(uintptr_t)npurt_aicpu_exec(args);
}

static void start(pthread_t *thread, void *(*run)(void *), void *argument)
{
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, 256 * 1024);
    if (pthread_create(thread, &attributes, run, argument) != 0) abort();
    pthread_attr_destroy(&attributes);
}

static void sleep_ms(uint32_t ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    nanosleep(&time, NULL);
}

/* A core that the AICPU never let go (it never met it) is sent home by the test. */
static void send_home(struct card *card, uint32_t index, const struct run_result *result)
{
    char *window = card->registers + (size_t)card_physical_of(card, index) * REG_WINDOW;
    if (result->code == RUN_BAD_CORE || result->code == RUN_HANDSHAKE_TIMEOUT || result->code == RUN_ABORTED)
        __atomic_store_n((uint32_t *)(window + REG_DMB), DMB_EXIT, __ATOMIC_RELEASE);
}

struct run_result card_run(struct card *card, const void *image, uint64_t image_size,
                           const struct card_options *options)
{
    const struct image_header *header = image_size >= sizeof *header ? image : NULL;
    uint64_t nodes = header ? (uint64_t)header->task_count + header->join_count : 0;
    if (nodes > 2 * BUILDER_MAX_TASKS) nodes = 2 * BUILDER_MAX_TASKS; /* a corrupt image */
    uint64_t workspace_size = image_workspace_size((uint32_t)nodes, true, options->aicpu_threads);
    char *workspace = aligned_alloc(64, workspace_size);
    struct run_result result;
    struct run_command command = {0};
    pthread_t core[PROTOCOL_MAX_CORES], aicpu[PROTOCOL_MAX_AICPU_THREADS];
    struct core_identity identity[PROTOCOL_MAX_CORES];
    if (!workspace) abort();
    memset(workspace, 0xa5, workspace_size);
    memset(workspace, 0, 4096);
    memset(card->registers, 0, (size_t)card->physical_cores * REG_WINDOW);
    memset(&result, 0xa5, sizeof result);
    stuck_released = 0;
    struct run_control control = {
        .protocol_version = PROTOCOL_VERSION,
        .run_number = ++card->run_number,
        .aicpu_threads = options->aicpu_threads,
        .block_dim = card->clusters,
        .reg_dmb = REG_DMB,
        .reg_cond = REG_COND,
        .reg_fast_path = REG_FAST_PATH,
        .physical_cores = card->physical_cores,
        .regs = (uintptr_t)card->regs,
        .hello = (uintptr_t)card->hello,
        .welcome = (uintptr_t)card->welcome,
        .payload = (uintptr_t)card->payload,
        .image = (uintptr_t)image,
        .image_size = image_size,
        .kernels = (uintptr_t)card->kernels,
        .kernel_count = KERNEL_TABLE,
        .scheduler_timeout_ms = options->timeout_ms ? options->timeout_ms : 20000,
        .workspace = (uintptr_t)workspace,
        .workspace_size = workspace_size,
        .result = (uintptr_t)&result,
        .command = (uintptr_t)&command,
        .records = (uintptr_t)card->records,
    };
    struct aicpu_args args = {PROTOCOL_VERSION, sizeof args, (uintptr_t)&control, {0}};
    uint32_t cores = options->no_cores ? 0 : card->cores;
    for (uint32_t i = 0; i < cores; i++) {
        char *window = card->registers + (size_t)card_physical_of(card, i) * REG_WINDOW;
        identity[i] = (struct core_identity){card, options, (uintptr_t)&control, i, window};
        if (options->missing_core != i + 1) start(&core[i], core_main, &identity[i]);
    }
    for (uint32_t i = 0; i < options->aicpu_threads; i++)
        start(&aicpu[i], aicpu_main, &args);
    if (options->abort_after_ms) {
        sleep_ms(options->abort_after_ms);
        command.grace_ms = options->grace_ms;
        __atomic_store_n(&command.abort, 1, __ATOMIC_RELEASE);
    }
    for (uint32_t i = 0; i < options->aicpu_threads; i++) {
        void *code;
        pthread_join(aicpu[i], &code);
        if (code) printf("  npurt_aicpu_exec answers %d\n", (int)(intptr_t)code);
    }
    __atomic_store_n(&stuck_released, 1, __ATOMIC_RELEASE);
    for (uint32_t i = 0; i < cores; i++) {
        if (options->missing_core == i + 1) continue;
        send_home(card, i, &result);
        pthread_join(core[i], NULL);
    }
    free(workspace);
    return result;
}

const struct core_record *card_core_record(const struct card *card, uint32_t index)
{
    return (const struct core_record *)(const void *)(card->records + record_core_offset(index));
}

const struct scheduler_record *card_scheduler_record(const struct card *card, uint32_t thread)
{
    return (const struct scheduler_record *)(const void *)card->records + thread;
}
