/* How much of the machine others use: a measurement on a shared machine is worth what they leave. */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <ctype.h>
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct others {
    uint64_t all, idle, own; /* clock ticks, as of the last look */
};

/* User and system time of a process, its waited-for children's too, when it is `self` or a child of it. */
static inline uint64_t others_ticks_of(const char *pid, int self)
{
    char path[300], text[1024];
    int parent;
    unsigned long user, system;
    long child_user, child_system;

    snprintf(path, sizeof path, "/proc/%s/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file) return 0;
    size_t n = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    text[n] = 0;
    const char *at = strrchr(text, ')'); /* fields from the third on: state, parent …, and from the 14th on the times */
    if (!at || sscanf(at + 1, " %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %ld %ld", &parent, &user, &system,
                      &child_user, &child_system) != 5)
        return 0;
    return parent == self || atoi(pid) == self ? user + system + (uint64_t)child_user + (uint64_t)child_system : 0;
}

/* Share of the CPUs' time, since the last look, that was spent neither idle nor by this process and its children. */
static inline double others_share(struct others *o)
{
    unsigned long long field[8] = {0};
    struct others now = {0};
    FILE *file = fopen("/proc/stat", "r");

    if (!file || fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &field[0], &field[1], &field[2], &field[3],
                        &field[4], &field[5], &field[6], &field[7]) != 8)
        field[0] = 1;
    if (file) fclose(file);
    for (int i = 0; i < 8; i++)
        now.all += field[i];
    now.idle = field[3] + field[4];
    DIR *processes = opendir("/proc");
    struct dirent *entry;
    while (processes && (entry = readdir(processes)))
        if (isdigit((unsigned char)entry->d_name[0])) now.own += others_ticks_of(entry->d_name, (int)getpid());
    if (processes) closedir(processes);
    const double all = (double)(now.all - o->all), busy = all - (double)(now.idle - o->idle), own = (double)(now.own - o->own);
    *o = now;
    return all > 0 && busy > own ? (busy - own) / all : 0;
}

#endif
