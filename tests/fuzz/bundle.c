/* Bundles: a folder with any bundle.json and any file as a kernel's binary is loaded or refused, and whatever was taken
 * for it on the device is given back. The orchestration's files are a sound one and the kernels' fixture: a library is
 * loaded by the host's own loader, which runs what is in it.
 *
 * Input: two bytes, the length of bundle.json; bundle.json; the rest is the file k.so. */
#include "fuzz.h"

#include <fcntl.h>
#include <npurt/bundle.h>
#include <sys/stat.h>

#include "host/device.h"
#include "host/error.h"
#include "host/fake_driver.h"
#include "host/world.h"

enum { LOADS_PER_DEVICE = 500 }; /* the fake driver's memory is never used twice */

static char folder[64];
static npurt_device *device;

static void write_file(const char *name, const void *bytes, size_t size)
{
    char path[160];
    int fd;

    snprintf(path, sizeof path, "%s/%s", folder, name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, bytes, size) != (ssize_t)size) abort();
    close(fd);
}

static void link_file(const char *name, const char *to)
{
    char path[160];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (symlink(to, path)) abort();
}

static void clean_up(void)
{
    static const char *const name[] = {"bundle.json", "k.so", "orchestration.so", "kernels.so"};
    char path[160];

    for (int i = 0; i < 4; i++) {
        snprintf(path, sizeof path, "%s/%s", folder, name[i]);
        unlink(path);
    }
    rmdir(folder);
}

static void set_up(void)
{
    static const npurt_device_options options = {.binaries = world_binaries};
    static uint32_t loads;

    if (!folder[0]) {
        snprintf(folder, sizeof folder, "/dev/shm/npurt-fuzz-bundle-%d", (int)getpid());
        if (mkdir(folder, 0700)) abort();
        atexit(clean_up);
        link_file("orchestration.so", world_orchestration);
        link_file("kernels.so", world_kernels);
    }
    if (loads++ % LOADS_PER_DEVICE) return;
    if (device && npurt_device_close(device) != NPURT_OK) abort();
    fake_reset();
    error_begin("fuzz");
    if (device_open_on(fake_driver(), false, 0, "fake:0", &options, &device) != NPURT_OK) {
        fprintf(stderr, "%s\n", npurt_error_last()->message);
        abort();
    }
}

static bool same(const npurt_ledger_totals *a, const npurt_ledger_totals *b)
{
    return a->memory_bytes == b->memory_bytes && a->memory_blocks == b->memory_blocks &&
           a->registrations == b->registrations && a->binaries == b->binaries && a->functions == b->functions &&
           a->streams == b->streams && a->events == b->events && a->files == b->files;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const size_t json = (size_t)fuzz_number(&in, 2);
    const size_t length = json < in.left ? json : in.left;
    npurt_callable *callable = (npurt_callable *)&callable;
    npurt_ledger_totals before, after;
    npurt_status status;

    set_up();
    write_file("bundle.json", in.at, length);
    write_file("k.so", in.at + length, in.left - length);
    FUZZ_CHECK(npurt_device_ledger(device, &before) == NPURT_OK, "no ledger");
    status = npurt_callable_load_bundle(device, folder, &callable);
    fuzz_verdict(status == NPURT_OK);
    if (status == NPURT_OK) {
        FUZZ_CHECK(callable != NULL, "no callable");
        FUZZ_CHECK(npurt_callable_unload(callable) == NPURT_OK, "%s", npurt_error_last()->message);
    } else {
        FUZZ_CHECK(!callable, "%d, and a callable", status);
        FUZZ_CHECK(npurt_error_last()->status == status, "%d, the record has %d", status, npurt_error_last()->status);
        fuzz_sentence(npurt_error_last()->message, sizeof npurt_error_last()->message);
        FUZZ_CHECK(status == NPURT_ERROR_BAD_BINARY || status == NPURT_ERROR_MISSING_BINARY ||
                       status == NPURT_ERROR_LIMIT || status == NPURT_ERROR_INVALID_ARGUMENT ||
                       status == NPURT_ERROR_IO,
                   "%s: %s", npurt_status_name(status), npurt_error_last()->message);
    }
    FUZZ_CHECK(npurt_device_get_state(device) == NPURT_DEVICE_HEALTHY, "the device has failed");
    FUZZ_CHECK(npurt_device_ledger(device, &after) == NPURT_OK, "no ledger");
    FUZZ_CHECK(same(&before, &after), "%llu bytes in %u blocks before, %llu in %u after",
               (unsigned long long)before.memory_bytes, (unsigned)before.memory_blocks,
               (unsigned long long)after.memory_bytes, (unsigned)after.memory_blocks);
    return 0;
}
