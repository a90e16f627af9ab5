#include "compile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/elf.h"

extern char **environ;

enum { MAX_WORDS = 256 };

struct words {
    char *word[MAX_WORDS + 1]; /* NULL behind the last */
    uint32_t count;
    bool full;
};

static void add(struct words *words, const char *text)
{
    if (words->count == MAX_WORDS || !(words->word[words->count] = strdup(text)))
        words->full = true;
    else
        words->count++;
}

/* The blank-separated words of a variable, as make splits them: quotes mean nothing. */
static void add_variable(struct words *words, const char *name, const char *absent)
{
    const char *value = getenv(name);
    char *text = strdup(value && *value ? value : absent), *rest = text;
    if (!text) words->full = true;
    for (char *word; text && (word = strtok_r(rest, " \t\n", &rest));)
        add(words, word);
    free(text);
}

static void release(struct words *words)
{
    for (uint32_t i = 0; i < words->count; i++)
        free(words->word[i]);
}

/* The public headers: ../include beside the program's bin, installed or in a build folder. */
static bool include_option(char *option, size_t size)
{
    char program[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    if (n <= 0) return false;
    program[n] = 0;
    int length = snprintf(option, size, "-I%s/../include", dirname(program));
    return length > 0 && (size_t)length < size;
}

static bool run(char **word, char *problem, uint32_t size)
{
    pid_t child;
    int status = 0, error = posix_spawnp(&child, word[0], NULL, NULL, word, environ);
    if (error != 0) {
        snprintf(problem, size, "the compiler %s does not start: %s", word[0], strerror(error));
        return false;
    }
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return true;
    if (WIFEXITED(status))
        snprintf(problem, size, "%s failed with status %d", word[0], WEXITSTATUS(status));
    else
        snprintf(problem, size, "%s was ended by signal %d", word[0], WTERMSIG(status));
    return false;
}

/* What a load would find out on the device, found out here. */
static bool check(const char *path, const char *entry, char *problem, uint32_t size)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    void *data = MAP_FAILED;
    if (fd >= 0 && fstat(fd, &info) == 0 && info.st_size > 0)
        data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (fd >= 0) close(fd);
    if (data == MAP_FAILED) {
        snprintf(problem, size, "the compiler made no file that can be read");
        return false;
    }
    const char *wrong = elf_shared_object_problem(data, (size_t)info.st_size);
    const bool found = !wrong && elf_has_function(data, (size_t)info.st_size, entry, true);
    munmap(data, (size_t)info.st_size);
    if (wrong)
        snprintf(problem, size, "what the compiler made %s", wrong);
    else if (!found)
        snprintf(problem, size, "exports no function \"%s\"; is it static or hidden?", entry);
    return found;
}

/* $CC, `own` options, the headers' folder and $CFLAGS. */
static bool begin(struct words *words, const char *const *own, uint32_t count, char *problem, uint32_t problem_size)
{
    char include[PATH_MAX + 32];
    if (!include_option(include, sizeof include)) {
        snprintf(problem, problem_size, "the program does not know its own folder, which tells where the headers are");
        return false;
    }
    add_variable(words, "CC", "cc");
    for (uint32_t i = 0; i < count; i++)
        add(words, own[i]);
    add(words, include);
    add_variable(words, "CFLAGS", "");
    return true;
}

static bool end(struct words *words, bool good, char *problem, uint32_t problem_size)
{
    if (good && words->full) snprintf(problem, problem_size, "CC, CFLAGS and LDFLAGS are too long");
    good = good && !words->full && run(words->word, problem, problem_size);
    release(words);
    return good;
}

bool compile_shared_object(const char *const *source, uint32_t count, const char *output, const char *entry,
                           char *problem, uint32_t problem_size)
{
    /* -z defs: a kernel that calls what no library has is found now and not on the device. */
    static const char *const own[] = {"-O2", "-g", "-Wall", "-fPIC", "-shared", "-Wl,-z,defs"};
    struct words words = {0};
    const bool good = begin(&words, own, sizeof own / sizeof own[0], problem, problem_size);
    for (uint32_t i = 0; i < count; i++)
        add(&words, source[i]);
    add(&words, "-o");
    add(&words, output);
    add_variable(&words, "LDFLAGS", "");
    add(&words, "-lm");
    return end(&words, good, problem, problem_size) && check(output, entry, problem, problem_size);
}

bool compile_dependencies(const char *source, const char *output, char *problem, uint32_t problem_size)
{
    /* The macros that optimising defines choose headers too; with several sources -MF keeps the last one's rule only.
     */
    static const char *const own[] = {"-O2", "-fPIC", "-M"};
    struct words words = {0};
    const bool good = begin(&words, own, sizeof own / sizeof own[0], problem, problem_size);
    add(&words, "-MF");
    add(&words, output);
    add(&words, source);
    return end(&words, good, problem, problem_size);
}
