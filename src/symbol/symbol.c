#include "symbol.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <link.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LIMIT_MS = 2000, ANSWER = 1024 };

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Reads all that comes, or what came within the limit; the text ends with a NUL. */
static void read_answer(int fd, char *text, size_t size)
{
    const int64_t end = now_ms() + LIMIT_MS;
    size_t used = 0;
    while (used + 1 < size) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        const int64_t left = end - now_ms();
        if (left <= 0 || (poll(&ready, 1, (int)left) <= 0 && errno != EINTR)) break;
        if (!(ready.revents & (POLLIN | POLLHUP))) continue;
        const ssize_t n = read(fd, text + used, size - 1 - used);
        if (n <= 0) break;
        used += (size_t)n;
    }
    text[used] = '\0';
}

/* What addr2line says of an address in a file. */
static bool ask(const char *path, uint64_t offset, char *answer, size_t size)
{
    char address[24], locale[] = "LC_ALL=C";
    char *const word[] = {(char[]){"addr2line"}, (char[]){"-f"}, (char[]){"-s"}, (char[]){"-e"}, (char *)(uintptr_t)path,
                          address, NULL};
    char *const environment[] = {locale, NULL}; /* of the caller's, nothing that makes it look elsewhere */
    posix_spawn_file_actions_t files;
    posix_spawnattr_t attributes;
    sigset_t none;
    pid_t child;
    int ends[2], status;
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    snprintf(address, sizeof address, "0x%" PRIx64, offset);
    posix_spawn_file_actions_init(&files);
    posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&files, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
    sigemptyset(&none);
    posix_spawnattr_init(&attributes);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
    const int failed = posix_spawnp(&child, word[0], &files, &attributes, word, environment);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&files);
    close(ends[1]);
    if (!failed) {
        read_answer(ends[0], answer, size);
        kill(child, SIGKILL); /* it has said all, or takes too long */
        while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
        }
    }
    close(ends[0]);
    return !failed;
}

/* "function\nfile:line…\n", with question marks for what is not known. */
static void take_answer(char *answer, struct symbol_place *place)
{
    char *second = strchr(answer, '\n');
    if (!second) return;
    *second++ = '\0';
    second[strcspn(second, "\n")] = '\0';
    if (answer[0] && answer[0] != '?') snprintf(place->function, sizeof place->function, "%.63s", answer);
    char *colon = strrchr(second, ':');
    if (!colon || second[0] == '?') return;
    *colon = '\0';
    const unsigned long line = strtoul(colon + 1, NULL, 10); /* "12 (discriminator 2)", "?" */
    snprintf(place->file, sizeof place->file, "%.63s", second);
    place->line = line <= UINT32_MAX ? (uint32_t)line : 0;
}

/* The name of the file: of one that is only in memory, what memfd_create was told. */
static void name_object(const char *path, struct symbol_place *place)
{
    static const char prefix[] = "/memfd:", suffix[] = " (deleted)";
    char target[512];
    const ssize_t n = readlink(path, target, sizeof target - 1);
    const char *name = path;
    if (n > 0) {
        target[n] = '\0';
        const size_t length = (size_t)n, cut = sizeof suffix - 1;
        if (length > cut && strcmp(target + length - cut, suffix) == 0) target[length - cut] = '\0';
        name = strncmp(target, prefix, sizeof prefix - 1) == 0 ? target + sizeof prefix - 1 : target;
    }
    const char *slash = strrchr(name, '/');
    snprintf(place->object, sizeof place->object, "%.63s", slash ? slash + 1 : name);
}

void symbol_find(uint64_t pc, bool called, struct symbol_place *place)
{
    struct dl_find_object found;
    char answer[ANSWER], self[32];
    *place = (struct symbol_place){.offset = pc};
    /* Lock-free: what failed may hold the loader's locks. */
    if (_dl_find_object((void *)(uintptr_t)pc, &found) != 0) return; /* NOLINT(performance-no-int-to-ptr) */
    const char *path = found.dlfo_link_map->l_name;
    if (!*path) {
        snprintf(self, sizeof self, "/proc/%d/exe", (int)getpid());
        path = self;
    }
    place->offset = pc - (uint64_t)found.dlfo_link_map->l_addr;
    name_object(path, place);
    if (ask(path, called ? place->offset - 1 : place->offset, answer, sizeof answer)) take_answer(answer, place);
}

const char *symbol_text(const struct symbol_place *p, bool object, char *text, size_t size)
{
    int used;
    if (p->function[0] && p->file[0] && p->line)
        used = snprintf(text, size, "%s() at %s:%u", p->function, p->file, p->line);
    else if (p->function[0])
        used = snprintf(text, size, "%s()", p->function);
    else
        used = snprintf(text, size, "offset 0x%" PRIx64, p->offset);
    if (object && p->object[0] && used > 0 && (size_t)used < size)
        snprintf(text + used, size - (size_t)used, " of %s", p->object);
    return text;
}

/* An instruction that calls ends right before a return address. */
static bool follows_call(uint64_t pc)
{
    uint8_t code[8];
    struct iovec here = {code, sizeof code}, there = {(void *)(uintptr_t)(pc - sizeof code), sizeof code};
    if (pc < sizeof code || process_vm_readv(getpid(), &here, 1, &there, 1, 0) != (ssize_t)sizeof code) return false;
#if defined(__x86_64__)
    if (code[3] == 0xe8) return true; /* call rel32 */
    for (unsigned length = 2; length <= 7; length++) /* call r/m64: ff /2 */
        if (code[8 - length] == 0xff && (code[9 - length] & 0x38) == 0x10) return true;
    return false;
#elif defined(__aarch64__)
    const uint32_t word = (uint32_t)code[4] | (uint32_t)code[5] << 8 | (uint32_t)code[6] << 16 | (uint32_t)code[7] << 24;
    return word >> 26 == 0x25 || (word & 0xfffffc1fu) == 0xd63f0000u; /* bl, blr */
#else
    return true;
#endif
}

uint64_t symbol_caller(uint64_t sp, bool (*wanted)(const void *context, uint64_t pc), const void *context)
{
    uint64_t word[64];
    for (uint64_t at = sp & ~UINT64_C(7), end = at + SYMBOL_DEPTH; at < end; at += sizeof word) {
        struct iovec here = {word, sizeof word}, there = {(void *)(uintptr_t)at, sizeof word};
        const ssize_t n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);
        for (size_t i = 0; n > 0 && i < (size_t)n / sizeof word[0]; i++)
            if (wanted(context, word[i]) && follows_call(word[i])) return word[i];
        if (n != (ssize_t)sizeof word) return 0;
    }
    return 0;
}
