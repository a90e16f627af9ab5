/* What the host sends for a graph that is built on the device: a stream_control that the AICPU program takes is within
 * its bounds and its tables fit their memory, and of an orchestration's image just the code becomes a file for the
 * loader.
 *
 * Input: flags, a stream_control, then the orchestration's image. Flag bits: 0 the version is right, 1 the callable has
 * a number, 2 the engine's memory is as large as its layout. */
#include "fuzz.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "aicpu/orchestrator.h"

/* ---- a loader and a disk that look at what they are given */

static const uint8_t *wanted;            /* of the image, where it should be */
static uint64_t wanted_size, have, room; /* what it says that its size is, what is in the file, what the host sent */
static uint32_t loaded_libraries, files;

static int disk_open(const char *path, int flags, int mode)
{
    FUZZ_CHECK(path[0] == '/' && !strstr(path, "..") && flags & O_EXCL && mode == 0600, "%s", path);
    files++;
    have = 0;
    return 71;
}
static ssize_t disk_write(int fd, const void *bytes, size_t size)
{
    FUZZ_CHECK(fd == 71 && bytes == wanted + have && size <= wanted_size - have, "%zu bytes at %p", size, bytes);
    FUZZ_CHECK(size <= room - have, "%zu bytes, of %llu that are there", size, (unsigned long long)(room - have));
    have += size;
    return (ssize_t)size;
}
static int disk_unlink(const char *path)
{
    FUZZ_CHECK(path[0] == '/' && files == 1, "%s", path);
    files--;
    return 0;
}
static void *loader_open(const char *path, int mode)
{
    FUZZ_CHECK(path[0] == '/' && mode & RTLD_NOW && have == wanted_size, "%s: %llu bytes of %llu", path,
               (unsigned long long)have, (unsigned long long)wanted_size);
    if (wanted_size && wanted[0] == 'x') return NULL;
    loaded_libraries++;
    return &loaded_libraries;
}
static int loader_close(void *library)
{
    FUZZ_CHECK(library == &loaded_libraries && loaded_libraries > 0, "%p", library);
    loaded_libraries--;
    return 0;
}
static void *loader_symbol(void *library, const char *name)
{
    return strlen(name) % 2 ? library : NULL; /* NULL: it has none */
}
static char *loader_error(void)
{
    static char text[] = "refused";
    return text;
}

#define open(path, flags, mode) disk_open(path, flags, mode)
#define write                   disk_write
#define fchmod(fd, mode)        0
#define close(fd)               0
#define unlink                  disk_unlink
#define dlopen                  loader_open
#define dlclose                 loader_close
#define dlsym                   loader_symbol
#define dlerror                 loader_error
#include "aicpu/orchestration.c"
#undef write
#undef unlink

/* ---- promises */

/* The layout once more, from the description in protocol/stream.h, where it can not overflow. */
static void check_control(const struct stream_control *c)
{
    const struct stream_layout l = stream_layout_of(c);
    unsigned __int128 slots = 0, edges = 0, units = 0, at;

    for (int r = 0; r < STREAM_RINGS; r++) {
        const struct stream_ring *ring = &c->ring[r];
        FUZZ_CHECK(__builtin_popcount(ring->window) == 1 && ring->window >= 4 && ring->window <= 65536, "ring %d", r);
        FUZZ_CHECK(ring->edges >= 4 && ring->edges <= 1 << 24 && ring->heap % 1024 == 0 && ring->heap_size % 1024 == 0,
                   "ring %d", r);
        FUZZ_CHECK(l.first[r] == slots && l.edge_first[r] == edges, "ring %d begins elsewhere", r);
        slots += ring->window, edges += ring->edges, units += ring->heap_size / 1024;
    }
    FUZZ_CHECK(l.slots == slots && l.edge_count == edges, "%u slots, %u edges", l.slots, l.edge_count);
    at = (slots * 32 + 63) / 64 * 64;
    FUZZ_CHECK(l.tasks == 0 && l.words == at, "words");
    at += ((slots + 64) * 16 + 63) / 64 * 64; /* and joins */
    FUZZ_CHECK(l.state == at, "state");
    at += slots * 32;
    FUZZ_CHECK(l.gates == (at + 63) / 64 * 64, "gates");
    at = l.gates + slots * 32;
    FUZZ_CHECK(l.payload == at && at % 64 == 0, "payload");
    at = l.payload + slots * (4 * 128 + 8 * 8) + /* what most tasks need, and what any: tensors, scalars, the words */
         slots * ((16 * 128 + 32 * 8 + 24 + 16 + 63) / 64 * 64); /* of a predicate and of a deferred task */
    FUZZ_CHECK(l.edges == at, "edges");
    at += (edges * 8 + 63) / 64 * 64;
    FUZZ_CHECK(l.own == at, "own");
    at += STREAM_OWN + slots * STREAM_OWN_SLOT + (unsigned __int128)c->max_regions * STREAM_OWN_REGION +
          units * STREAM_OWN_UNIT;
    FUZZ_CHECK(l.size == at && at <= c->engine_size, "%llu bytes of %llu", (unsigned long long)l.size,
               (unsigned long long)c->engine_size);
}

static bool try_orchestration(struct stream_control *control, uint8_t *image, size_t size)
{
    char text[STREAM_TEXT] = "";
    bool first = false, second = true;

    wanted = image + ORCHESTRATION_CODE;
    wanted_size = 0;
    room = size < ORCHESTRATION_CODE ? 0 : size - ORCHESTRATION_CODE;
    if (size >= sizeof(struct orchestration_image)) memcpy(&wanted_size, image + 8, sizeof wanted_size);
    control->orchestration = (uintptr_t)image;
    control->orchestration_size = size;
    const orchestration_entry entry = orchestration_load(control, &first, text);
    FUZZ_CHECK(files == 0, "a file is left");
    FUZZ_CHECK((entry != NULL) == first && loaded_libraries == first, "%u libraries", loaded_libraries);
    if (entry) {
        FUZZ_CHECK(orchestration_load(control, &second, text) == entry && !second, "loaded twice");
        FUZZ_CHECK(loaded_libraries == 1, "%u libraries", loaded_libraries);
    } else {
        fuzz_sentence(text, sizeof text);
    }
    orchestration_unload(control->callable);
    FUZZ_CHECK(loaded_libraries == 0, "a library is left");
    return entry != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    const uint32_t how = (uint32_t)fuzz_number(&in, 1);
    struct stream_control control = {0};
    struct run_control run = {.stream = (uintptr_t)&control};
    const size_t n = sizeof control < in.left ? sizeof control : in.left;
    size_t length;

    if (n) memcpy(&control, in.at, n);
    in.at += n, in.left -= n;
    if (how & 1) control.version = STREAM_VERSION;
    if (how & 2) control.callable |= 1;
    if (how & 4) control.engine_size = stream_layout_of(&control).size;
    void *image = fuzz_block(&in, in.left, &length);
    const bool taken = orchestrator_control(&run) != NULL;
    if (taken) check_control(&control);
    if (control.callable) fuzz_verdict(try_orchestration(&control, image, length) && taken);
    free(image);
    return 0;
}
