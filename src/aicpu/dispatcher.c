/* The dispatcher: the SO that the vendor's loader (libaicpu_extend_kernels.so) opens once per device process, to let it
 * install our AICPU program.
 *
 * The loader looks up three symbols by name and calls the Init one with the launch's argument block, whose word at byte
 * 40 is the device address of a DeviceArgs. Init writes the program that DeviceArgs names to the pre-install folder,
 * where the loader of CPU kernels finds it. The name carries the fingerprint, so that builds never meet, and the device
 * id, because the two dies of an a3 share the folder and a program overwritten while it is mapped takes the chip down.
 * The file appears whole or not at all: it is written beside its place and renamed.
 */
#include "file.h"
#include "protocol/fingerprint.h"

/* Layout of the loader's arguments (docs/reference/cann.md): byte offsets. */
enum { ARGS_DEVICE_ARGS = 40, DEVICE_ARGS_DEVICE = 112, DEVICE_ARGS_IMAGE = 120, DEVICE_ARGS_IMAGE_SIZE = 128 };

/* The device log of the AICPU process; null where there is none. */
extern void DlogRecord(int32_t module, int32_t level, const char *format, ...) __attribute__((weak));
enum { LOG_MODULE_CCECPU = 25, LOG_ERROR = 3 };

/* What Init answers. The loader makes 1 of all but 0, and the driver 507018, so the number goes to the device log. */
enum install_code {
    INSTALL_OK = 0,
    INSTALL_NO_ARGS = 1,  /* argument block or DeviceArgs is null */
    INSTALL_NO_IMAGE = 2, /* no program, or of size 0 */
    INSTALL_NAME_TOO_LONG = 3,
    INSTALL_OPEN = 4, /* the temporary file could not be made */
    INSTALL_WRITE = 5,
    INSTALL_MODE = 6,
    INSTALL_CLOSE = 7,
    INSTALL_RENAME = 8,
};

#define EXPORT __attribute__((visibility("default")))

EXPORT int StaticTileFwkBackendKernelServer(void *args);
EXPORT uint32_t DynTileFwkBackendKernelServerInit(void *args);
EXPORT uint32_t DynTileFwkBackendKernelServer(void *args);

static uint64_t word_at(uint64_t address, size_t offset)
{
    uint64_t word;
    memcpy(&word, (const char *)(uintptr_t)address + offset, sizeof word);
    return word;
}

static enum install_code install(const void *image, size_t size, const char *path)
{
    char temporary[320];
    enum install_code code = INSTALL_OK;
    int fd = file_open_beside(path, temporary, sizeof temporary);
    if (fd < 0) return INSTALL_OPEN;
    if (!file_write_all(fd, image, size))
        code = INSTALL_WRITE;
    else if (fchmod(fd, 0755) != 0)
        code = INSTALL_MODE;
    if (close(fd) != 0 && code == INSTALL_OK) code = INSTALL_CLOSE;
    if (code == INSTALL_OK && rename(temporary, path) != 0) code = INSTALL_RENAME;
    if (code != INSTALL_OK) {
        int cause = errno;
        unlink(temporary);
        errno = cause;
    }
    return code;
}

static enum install_code install_inner(void *args, char path[], size_t path_size)
{
    if (!args) return INSTALL_NO_ARGS;
    uint64_t device_args = word_at((uintptr_t)args, ARGS_DEVICE_ARGS);
    if (!device_args) return INSTALL_NO_ARGS;
    uint64_t image = word_at(device_args, DEVICE_ARGS_IMAGE), size = word_at(device_args, DEVICE_ARGS_IMAGE_SIZE);
    if (!image || !size) return INSTALL_NO_IMAGE;
    const void *bytes = (const void *)(uintptr_t)image;
    int n =
        snprintf(path, path_size, FINGERPRINT_INSTALL_FOLDER FINGERPRINT_INSTALL_NAME,
                 (unsigned long long)fingerprint_of(bytes, size), (unsigned)word_at(device_args, DEVICE_ARGS_DEVICE));
    if (n < 0 || (size_t)n >= path_size) return INSTALL_NAME_TOO_LONG;
    return install(bytes, size, path);
}

uint32_t DynTileFwkBackendKernelServerInit(void *args)
{
    char path[256] = "";
    errno = 0;
    enum install_code code = install_inner(args, path, sizeof path);
    if (code != INSTALL_OK && DlogRecord)
        DlogRecord(LOG_MODULE_CCECPU, LOG_ERROR, "[npurt] dispatcher: step %d failed, errno %d, installing '%s'",
                   (int)code, errno, path);
    return code;
}

/* Looked up by the loader, with nothing to do: the program has entries of its own. */
int StaticTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}
uint32_t DynTileFwkBackendKernelServer(void *args)
{
    (void)args;
    return 0;
}
