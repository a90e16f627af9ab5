/* Host processes that a test starts, talks to and kills; and what they may leave behind: nothing. */
#ifndef TESTS_SEVERAL_PARTY_H
#define TESTS_SEVERAL_PARTY_H

#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* The cards of this test's processes. */
static char party_cards[64];

static void party_begin(void)
{
    strcpy(party_cards, "/tmp/npurt-several-XXXXXX");
    if (!mkdtemp(party_cards)) CHECK_FAIL("%s: %s", party_cards, strerror(errno));
    setenv("NPUEMU_CARDS", party_cards, 1);
}

static inline int party_entries(const char *folder)
{
    DIR *dir = opendir(folder);
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir)))
        n += entry->d_name[0] != '.';
    if (dir) closedir(dir);
    return n;
}

/* Device processes whose environment names this test's cards. */
static int party_device_processes(void)
{
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int n = 0;

    while (dir && (entry = readdir(dir))) {
        static char text[65536];
        char path[300];
        ssize_t size = 0;
        int fd;
        if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
        snprintf(path, sizeof path, "/proc/%s/comm", entry->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd >= 0) size = read(fd, text, sizeof text), close(fd);
        if (size < 6 || memcmp(text, "npuemu", 6) != 0) continue;
        snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name);
        fd = open(path, O_RDONLY | O_CLOEXEC);
        size = 0;
        if (fd >= 0) size = read(fd, text, sizeof text), close(fd);
        n += size > 0 && memmem(text, (size_t)size, party_cards, strlen(party_cards)) != NULL;
    }
    closedir(dir);
    return n;
}

/* Waits until no device process is left, and no file. The bound is for processes that stay. */
static void party_end(void)
{
    for (int i = 0; i < 6000 && (party_device_processes() || party_entries(party_cards)); i++)
        usleep(10000);
    CHECK_EQ(party_device_processes(), 0);
    CHECK_EQ(party_entries(party_cards), 0);
    CHECK_EQ(rmdir(party_cards), 0);
}

struct guest {
    pid_t pid;
    FILE *to, *from; /* its standard input and output */
};

/* arguments[0] is the program; ends with NULL. */
static struct guest party_start(char *const arguments[])
{
    struct guest guest;
    int in[2], out[2];

    if (pipe2(in, O_CLOEXEC) || pipe2(out, O_CLOEXEC)) CHECK_FAIL("pipe: %s", strerror(errno));
    guest.pid = fork();
    if (guest.pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        execv(arguments[0], arguments);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    guest.to = fdopen(in[1], "w");
    guest.from = fdopen(out[0], "r");
    return guest;
}

static int party_reap(struct guest *guest)
{
    int status;

    if (waitpid(guest->pid, &status, 0) != guest->pid) CHECK_FAIL("waitpid: %s", strerror(errno));
    fclose(guest->to);
    fclose(guest->from);
    return status;
}

static inline void party_kill(struct guest *guest)
{
    kill(guest->pid, SIGKILL);
    party_reap(guest);
}

#endif
