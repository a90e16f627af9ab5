#include "plan.h"

#include <fcntl.h>
#include <link.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fault.h"

#if defined(__x86_64__)
enum { UNDEFINED = 0x06 }; /* no instruction of 64-bit mode begins with it */
#else
enum { UNDEFINED = 0x00 }; /* udf */
#endif

static struct fault_plan *plan(void)
{
    return &device_shared->machine.faults;
}

_Noreturn void plan_hang(struct agent *self)
{
    for (;;) {
        uint32_t token = engine->wait_begin(self);
        engine->wait(self, token);
    }
}

/* ---- launches ---------------------------------------------------------------------------------------------------- */

void plan_launch(struct launch *launch, uint64_t start)
{
    const struct fault_event *event;

    launch->hangs = false;
    if (!plan()->kinds) return;
    if (plan_due(FAULT_AICPU_PROCESS_DIES)) _exit(70);
    if (launch->kind != LAUNCH_CORE || !(event = plan_due(FAULT_OP_TIMEOUT))) return;
    launch->hangs = true;
    launch->deadline = start + event->value * UINT64_C(1000000);
}

void plan_core(struct agent *self)
{
    if (!plan()->kinds) return;
    if (self->launch->hangs && self->block == 0 && self->sub_block == 0) plan_hang(self);
    if (fault_occasion(plan(), FAULT_CORE_SILENT, self->core, FAULT_ANY)) plan_hang(self);
}

/* The task number is known of npurt's own payloads only; another runtime's core is asked by nth and core. */
void plan_kernel(struct agent *self, const int64_t *args)
{
    const struct dispatch_payload *payload =
        (const struct dispatch_payload *)((const char *)args - offsetof(struct dispatch_payload, args));

    if (!plan()->kinds) return;
    if (fault_occasion(plan(), FAULT_CORE_SPINS, self->core, payload->task)) plan_hang(self);
    if (!fault_occasion(plan(), FAULT_CORE_FAULTS, self->core, payload->task)) return;
    launch_reason(self->launch, "fault plan: the kernel faults");
    fault_raise(self, 0);
}

uint64_t plan_cond_ns(uint32_t core)
{
    const struct fault_event *event;

    if (!(plan()->kinds >> FAULT_COND_DELAYED & 1)) return 0;
    event = fault_occasion(plan(), FAULT_COND_DELAYED, core, FAULT_ANY);
    return event ? event->value * UINT64_C(1000) : 0;
}

/* ---- the AICPU OS ------------------------------------------------------------------------------------------------ */

/* What the other die does when it writes its own program over a file that this process has mapped. */
static int overwrite_code(struct dl_phdr_info *info, size_t size, void *argument)
{
    const uintptr_t entry = *(const uintptr_t *)argument;
    char junk[4096];
    int fd;

    (void)size;
    for (int i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *header = &info->dlpi_phdr[i];
        if (header->p_type != PT_LOAD || !(header->p_flags & PF_X)) continue;
        if (entry - info->dlpi_addr - header->p_vaddr >= header->p_memsz) continue;
        fd = open(info->dlpi_name, O_WRONLY | O_CLOEXEC); /* /proc/self/fd/N: the file that is mapped */
        memset(junk, UNDEFINED, sizeof junk);
        for (uint64_t done = 0; fd >= 0 && done < header->p_filesz; done += sizeof junk) {
            const uint64_t left = header->p_filesz - done;
            if (pwrite(fd, junk, left < sizeof junk ? left : sizeof junk, (off_t)(header->p_offset + done)) < 0) break;
        }
        if (fd >= 0) close(fd);
        return 1;
    }
    return 0;
}

void plan_entry(struct agent *self, uintptr_t entry)
{
    if (!plan()->kinds) return;
    if (plan_due(FAULT_AICPU_FAULTS)) {
        launch_reason(self->launch, "fault plan: the AICPU entry faults");
        fault_raise(self, 0);
    }
    if (plan_due(FAULT_INSTALL_OVERWRITTEN)) dl_iterate_phdr(overwrite_code, &entry);
}

uint32_t plan_workers(uint32_t workers)
{
    const struct fault_event *event = fault_find(plan(), FAULT_AICPU_OVERLAUNCH);

    return event && event->value < workers ? (event->value ? event->value : 1) : workers;
}

void plan_installed(const char *path)
{
    const struct fault_event *event = plan_due(FAULT_INSTALL_TRUNCATED);
    struct stat file;

    if (!event || stat(path, &file) || file.st_size <= (off_t)event->value) return;
    if (truncate(path, (off_t)event->value)) perror("npuemu: fault plan: install-truncated");
}

bool plan_latch_taken(void)
{
    static _Atomic bool taken; /* the latch holds until the process ends */

    if (plan_due(FAULT_LATCH_TAKEN)) atomic_store(&taken, true);
    return atomic_load(&taken);
}
