/* The process of an emulated card that this process has opened. */
#ifndef TESTS_HOST_CARD_PROCESS_H
#define TESTS_HOST_CARD_PROCESS_H

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* This process's child of that name; 0 when there is none. */
static inline long card_process(void)
{
    DIR *proc = opendir("/proc");
    struct dirent *entry;
    long found = 0;
    while (proc && (entry = readdir(proc))) {
        char path[300], name[32] = "", state;
        long pid = 0, parent = 0;
        snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
        FILE *f = fopen(path, "r");
        if (!f) continue;
        if (fscanf(f, "%ld (%31[^)]) %c %ld", &pid, name, &state, &parent) == 4 && parent == (long)getpid() &&
            strncmp(name, "npuemu", 6) == 0)
            found = pid;
        fclose(f);
    }
    if (proc) closedir(proc);
    return found;
}

/* Descriptors that a process has open; -1: it is gone. */
static inline int open_descriptors(long pid)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/fd", pid);
    DIR *dir = opendir(path);
    int n = 0;
    if (!dir) return -1;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n;
}

#endif
