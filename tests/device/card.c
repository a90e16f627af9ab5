#include "card.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <linux/futex.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HBM_BASE   UINT64_C(0x7e8000000000)
#define PREINSTALL "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device"

static struct card *open_card;

__attribute__((noreturn)) static void fail(const char *what)
{
    printf("  harness: %s: %s\n", what, strerror(errno));
    card_abandon();
    exit(1);
}

uint64_t card_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void make_folders(const char *root, const char *below)
{
    char path[512];

    snprintf(path, sizeof path, "%s%s", root, below);
    for (char *at = path + strlen(root) + 1; *at; at++)
        if (*at == '/') {
            *at = 0;
            mkdir(path, 0755);
            *at = '/';
        }
    mkdir(path, 0755);
}

static int spawn(int shared, int hbm, int host, int root)
{
    pid_t child = fork();

    if (child != 0) return child;
    /* first out of the way of the numbers they will have */
    shared = fcntl(shared, F_DUPFD, 20);
    hbm = fcntl(hbm, F_DUPFD, 20);
    host = fcntl(host, F_DUPFD, 20);
    root = fcntl(root, F_DUPFD, 20);
    dup2(shared, EMU_FD_SHARED);
    dup2(hbm, EMU_FD_HBM);
    dup2(host, EMU_FD_HOST);
    dup2(root, EMU_FD_ROOT);
    for (int fd = EMU_FD_ROOT + 1; fd < 64; fd++)
        close(fd);
    execl(NPUEMU_PATH, "npuemu", (char *)NULL);
    _exit(127);
}

void card_open(struct card *card, const char *machine)
{
    char problem[200];
    int shared, host, root;

    card_abandon();
    memset(card, 0, sizeof *card);
    shared = memfd_create("shared", MFD_CLOEXEC);
    card->hbm = memfd_create("hbm", MFD_CLOEXEC);
    if (shared < 0 || card->hbm < 0 || ftruncate(shared, sizeof(struct emu_shared))) fail("shared page");
    card->shared = mmap(NULL, sizeof(struct emu_shared), PROT_READ | PROT_WRITE, MAP_SHARED, shared, 0);
    if (card->shared == MAP_FAILED) fail("shared page");
    card->shared->magic = EMU_SHARED_MAGIC;
    card->shared->version = EMU_SHARED_VERSION;
    if (emu_machine_parse(machine, &card->shared->machine, problem, sizeof problem)) {
        puts(problem);
        exit(1);
    }
    card->shared->hbm_base = HBM_BASE;
    card->shared->hbm_size = card->shared->machine.hbm;
    if (ftruncate(card->hbm, (off_t)card->shared->hbm_size)) fail("hbm");
    card->next = HBM_BASE + 4096;
    snprintf(card->root, sizeof card->root, "/tmp/npuemu-test-XXXXXX");
    if (!mkdtemp(card->root)) fail("root");
    snprintf(card->shared->root, sizeof card->shared->root, "%s", card->root);
    make_folders(card->root, PREINSTALL);
    host = (int)syscall(SYS_pidfd_open, getpid(), 0);
    root = open(card->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    card->process = spawn(shared, card->hbm, host, root);
    close(shared);
    close(host);
    close(root);
    open_card = card;
    for (int i = 0; atomic_load(&card->shared->state) == EMU_STARTING; i++) {
        struct timespec pause = {.tv_nsec = 1000000};
        if (i == 60000 || waitpid(card->process, NULL, WNOHANG) > 0) {
            errno = ETIMEDOUT;
            fail("npuemu does not come up");
        }
        nanosleep(&pause, NULL);
    }
    if (atomic_load(&card->shared->state) != EMU_READY) fail(card->shared->problem.text);
}

static int remove_entry(const char *path, const struct stat *stat, int type, struct FTW *walk)
{
    (void)stat, (void)type, (void)walk;
    return remove(path);
}

void card_abandon(void)
{
    struct card *card = open_card;

    if (!card) return;
    open_card = NULL;
    kill(card->process, SIGKILL);
    waitpid(card->process, NULL, 0);
    nftw(card->root, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    munmap(card->shared, sizeof(struct emu_shared));
    close(card->hbm);
}

int card_close(struct card *card)
{
    struct emu_command command = {.kind = EMU_CMD_SHUTDOWN, .stream = UINT32_MAX};
    int status = -1;

    card_push(card, &command);
    for (int i = 0; i < 60000; i++) {
        struct timespec pause = {.tv_nsec = 1000000};
        if (waitpid(card->process, &status, WNOHANG) > 0) break;
        nanosleep(&pause, NULL);
    }
    card_abandon();
    return status;
}

uint64_t card_alloc(struct card *card, uint64_t size)
{
    uint64_t address = card->next;

    card->next += (size + 4095) & ~UINT64_C(4095);
    return address;
}

void card_write(struct card *card, uint64_t address, const void *from, uint64_t size)
{
    const char *bytes = from;

    while (size) {
        ssize_t n = pwrite(card->hbm, bytes, size, (off_t)(address - HBM_BASE));
        if (n <= 0) fail("pwrite");
        bytes += n, address += (uint64_t)n, size -= (uint64_t)n;
    }
}

void card_read(struct card *card, uint64_t address, void *to, uint64_t size)
{
    if (pread(card->hbm, to, size, (off_t)(address - HBM_BASE)) != (ssize_t)size) fail("pread");
}

uint64_t card_read64(struct card *card, uint64_t address)
{
    uint64_t value;

    card_read(card, address, &value, sizeof value);
    return value;
}

static char *slurp(const char *path, uint64_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat file;
    char *bytes;

    if (fd < 0 || fstat(fd, &file)) fail(path);
    bytes = malloc((size_t)file.st_size);
    if (read(fd, bytes, (size_t)file.st_size) != file.st_size) fail(path);
    close(fd);
    *size = (uint64_t)file.st_size;
    return bytes;
}

uint64_t card_upload(struct card *card, const char *path, uint64_t *size)
{
    char *bytes = slurp(path, size);
    uint64_t address = card_alloc(card, *size);

    card_write(card, address, bytes, *size);
    free(bytes);
    return address;
}

uint64_t card_kernel(struct card *card, const char *entry, uint32_t duration_ns)
{
    struct kernel_head {
        uint32_t magic, core_type;
        uint64_t code_size, hash;
        uint32_t duration_ns, reserved0;
        char entry[64];
        uint8_t reserved1[32];
    } head = {.magic = 0x4b55504e, .hash = 0x1234567, .duration_ns = duration_ns};
    uint64_t size, address;
    char *bytes = slurp(FIXTURES "/fixture_kernel.so", &size);

    head.code_size = size;
    snprintf(head.entry, sizeof head.entry, "%s", entry);
    address = card_alloc(card, sizeof head + size);
    card_write(card, address, &head, sizeof head);
    card_write(card, address + sizeof head, bytes, size);
    free(bytes);
    return address;
}

void card_install(struct card *card, const char *fixture, const char *name)
{
    char from[512], to[512];
    uint64_t size;
    char *bytes;
    int fd;

    snprintf(from, sizeof from, "%s/%s", FIXTURES, fixture);
    snprintf(to, sizeof to, "%s" PREINSTALL "/%s", card->root, name);
    bytes = slurp(from, &size);
    unlink(to);
    fd = open(to, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) fail(to);
    close(fd);
    free(bytes);
}

void card_push(struct card *card, struct emu_command *command)
{
    struct emu_shared *shared = card->shared;
    uint64_t head = atomic_load(&shared->head);

    while (head - atomic_load(&shared->tail) >= EMU_RING_SLOTS) {
    }
    if (command->stream != UINT32_MAX && command->kind != EMU_CMD_ADVANCE) {
        command->sequence = ++card->sequence[command->stream];
        atomic_store(&shared->stream[command->stream].submitted, command->sequence);
    }
    command->host_ns = card->host_ns += 1000;
    shared->ring[head % EMU_RING_SLOTS] = *command;
    atomic_store(&shared->head, head + 1);
    if (atomic_load(&shared->sleeping)) {
        atomic_fetch_add(&shared->doorbell, 1);
        syscall(SYS_futex, &shared->doorbell, FUTEX_WAKE, 1, NULL, NULL, 0);
    }
}

void card_bind(struct card *card, uint32_t handle, const char *so, const char *symbol)
{
    struct emu_command command = {.kind = EMU_CMD_BIND_FUNCTION, .stream = UINT32_MAX, .handle = handle};
    struct emu_function *function = (struct emu_function *)(void *)command.args;

    snprintf(function->so, sizeof function->so, "%s", so);
    snprintf(function->symbol, sizeof function->symbol, "%s", symbol);
    command.args_size = sizeof *function;
    card_push(card, &command);
}

void card_program(struct card *card, uint32_t handle, const char *path, const char *aic, const char *aiv)
{
    struct emu_command command = {.kind = EMU_CMD_PROGRAM_LOAD, .stream = UINT32_MAX, .handle = handle};
    struct emu_program *program = (struct emu_program *)(void *)command.args;

    struct emu_command named = {.kind = EMU_CMD_PROGRAM_KERNEL, .stream = UINT32_MAX, .handle = handle};
    struct emu_kernel *kernel = (struct emu_kernel *)(void *)named.args;

    program->address = card_upload(card, path, &program->size);
    command.args_size = sizeof *program;
    card_push(card, &command);
    snprintf(kernel->aic, sizeof kernel->aic, "%s", aic);
    snprintf(kernel->aiv, sizeof kernel->aiv, "%s", aiv);
    named.args_size = sizeof *kernel;
    card_push(card, &named);
}

static void launch(struct card *card, struct emu_command *command, const void *args, uint32_t size)
{
    command->args_size = size;
    if (size <= EMU_INLINE) {
        memcpy(command->args, args, size);
    } else {
        command->args_address = card_alloc(card, size);
        card_write(card, command->args_address, args, size);
    }
    card_push(card, command);
}

void card_cpu(struct card *card, uint32_t stream, uint32_t handle, uint32_t blocks, const void *args, uint32_t size)
{
    struct emu_command command = {.kind = EMU_CMD_CPU_LAUNCH, .stream = stream, .handle = handle, .blocks = blocks};

    launch(card, &command, args, size);
}

void card_core(struct card *card, uint32_t stream, uint32_t handle, uint32_t blocks, bool batch, const void *args,
               uint32_t size)
{
    struct emu_command command = {
        .kind = EMU_CMD_CORE_LAUNCH, .stream = stream, .handle = handle, .blocks = blocks, .batch = batch};

    launch(card, &command, args, size);
}

static void advance(struct card *card, uint32_t stream, uint64_t timeout_us)
{
    struct emu_command command = {.kind = EMU_CMD_ADVANCE, .timeout_us = timeout_us};
    uint32_t reply;

    command.stream = stream;
    command.handle = (uint32_t)card->sequence[stream];
    card_push(card, &command);
    reply = (uint32_t)atomic_load(&card->shared->head);
    for (uint64_t end = card_now() + 60000000000u;
         atomic_load(&card->shared->advance_reply) != reply && card_now() < end;) {
    }
    card->host_ns = atomic_load(&card->shared->virtual_ns);
}

int32_t card_sync(struct card *card, uint32_t stream, uint32_t timeout_ms)
{
    struct emu_stream *shared = &card->shared->stream[stream];
    uint32_t wanted = (uint32_t)card->sequence[stream];
    uint64_t end = card_now() + timeout_ms * UINT64_C(1000000);

    if (card->shared->machine.mode != EMU_MODE_FREE) advance(card, stream, timeout_ms * UINT64_C(1000));
    while ((int32_t)(atomic_load(&shared->completed) - wanted) < 0) {
        if (card_now() > end) return -1;
        if (waitpid(card->process, NULL, WNOHANG) > 0) return -2;
    }
    return atomic_exchange(&shared->error, 0);
}

const char *card_problem(struct card *card)
{
    return card->shared->problem.text;
}

uint64_t card_control(struct card *card, struct fixture_control *control, uint32_t clusters)
{
    const struct emu_machine *machine = &card->shared->machine;
    uint64_t address = card_alloc(card, sizeof *control);

    control->cores = 3 * clusters;
    control->reg_dmb = machine->reg_dmb;
    control->reg_cond = machine->reg_cond;
    for (uint32_t i = 0; i < emu_machine_subcores(machine) && i < FIXTURE_CORES; i++)
        control->regs[i] = emu_machine_reg_base(machine, i);
    card_write(card, address, control, sizeof *control);
    return address;
}
