/* A graph that is called again differs from the one before in a few payloads: addresses and scalars. The image is
 * compared with what the bank sent last, and the changed part travels.
 *
 * A small image is compared with its picture and sent together with the control block behind it, from the first byte
 * that changed: one copy, whatever changed. A large image (above 64 KiB) is compared in chunks with a copy that is made
 * when a graph of the same form comes the second time, so that a graph which runs once pays nothing.
 */
#include "upload.h"

#include <stdlib.h>
#include <string.h>
#include "error.h"
#include "memory.h"

enum {
    CHUNK = 4096,
    GAP = 16384, /* a copy of its own costs the host more than so many bytes in one that is made anyway */
    LINE = 64,
};

/* Offset of the first difference in two ranges that differ, rounded down to a line. */
static uint64_t first_difference(const char *a, const char *b, uint64_t size)
{
    uint64_t at = 0;
    while (at + LINE < size && memcmp(a + at, b + at, LINE) == 0)
        at += LINE;
    return at;
}

static npurt_status upload_small(npurt_device *device, struct run_bank *bank, const struct graph_image *image,
                                 const struct run_control *control, uint64_t *travelled)
{
    const uint64_t room = (image->size + 63) & ~UINT64_C(63);
    char *head = bank->upload + RUN_SMALL_IMAGE, *picture = head - room;
    const bool known = bank->small_size == image->size;
    uint64_t first = known ? room : 0;
    for (uint32_t s = 0; s < image->segment_count; s++) {
        const struct graph_segment *g = &image->segment[s];
        char *to = picture + g->offset;
        uint64_t skip = 0;
        if (!g->size || (known && memcmp(to, g->data, g->size) == 0)) continue;
        if (known) skip = first_difference(to, g->data, g->size);
        memcpy(to + skip, (const char *)g->data + skip, g->size - skip);
        if (g->offset + skip < first) first = g->offset + skip;
    }
    memcpy(head, control, sizeof *control);
    *travelled = room - first;
    bank->small_size = 0;
    npurt_status status = memory_write(device, control->image + first, picture + first,
                                       room - first + RUN_HEAD + RUN_WORKSPACE_ZERO, "the run's control block");
    if (status == NPURT_OK) bank->small_size = image->size;
    return status;
}

/* Sends the bytes [from, to) of a segment. */
static npurt_status send_range(npurt_device *device, const struct run_bank *bank, const struct graph_segment *g,
                               uint64_t from, uint64_t to, uint64_t *travelled)
{
    *travelled += to - from;
    return memory_write(device, bank->image + g->offset + from, (const char *)g->data + from, to - from,
                        "the graph image");
}

static npurt_status send_changes(npurt_device *device, struct run_bank *bank, const struct graph_segment *g,
                                 uint64_t *travelled)
{
    char *shadow = bank->shadow + g->offset;
    const char *data = g->data;
    uint64_t from = 0, to = 0; /* changed and not sent yet */
    npurt_status status = NPURT_OK;
    for (uint64_t at = 0; at < g->size && status == NPURT_OK; at += CHUNK) {
        const uint64_t n = g->size - at < CHUNK ? g->size - at : CHUNK;
        if (memcmp(shadow + at, data + at, n) == 0) continue;
        const uint64_t first = at + first_difference(shadow + at, data + at, n);
        uint64_t end = at + n; /* after the last line that differs */
        while (end > first + LINE && memcmp(shadow + end - LINE, data + end - LINE, LINE) == 0)
            end -= LINE;
        memcpy(shadow + first, data + first, end - first);
        if (to && first - to > GAP) {
            status = send_range(device, bank, g, from, to, travelled);
            to = 0;
        }
        if (!to) from = first;
        to = end;
    }
    if (status == NPURT_OK && to) status = send_range(device, bank, g, from, to, travelled);
    return status;
}

/* Keeps a copy of an image that came twice. Without host memory for it every run sends the whole image, no more. */
static void keep_shadow(struct run_bank *bank, const struct graph_image *image)
{
    if (bank->shadow_room < image->size) {
        free(bank->shadow);
        bank->shadow = malloc(image->size);
        bank->shadow_room = bank->shadow ? image->size : 0;
    }
    if (!bank->shadow) return;
    for (uint32_t s = 0; s < image->segment_count; s++)
        memcpy(bank->shadow + image->segment[s].offset, image->segment[s].data, image->segment[s].size);
    bank->shadowed = true;
}

static npurt_status upload_large(npurt_device *device, struct run_bank *bank, const struct graph_image *image,
                                 uint64_t *travelled)
{
    const bool again = memcmp(&bank->large, image->segment[0].data, sizeof bank->large) == 0;
    const bool changes = again && bank->shadowed;
    npurt_status status = NPURT_OK;
    bank->large.magic = 0;
    bank->shadowed = false;
    for (uint32_t s = 0; s < image->segment_count && status == NPURT_OK; s++) {
        const struct graph_segment *g = &image->segment[s];
        if (!g->size) continue;
        status =
            changes ? send_changes(device, bank, g, travelled) : send_range(device, bank, g, 0, g->size, travelled);
    }
    if (status != NPURT_OK) return status;
    bank->shadowed = changes;
    if (again && !changes) keep_shadow(bank, image);
    memcpy(&bank->large, image->segment[0].data, sizeof bank->large);
    return NPURT_OK;
}

npurt_status upload_run(npurt_device *device, struct run_bank *bank, const struct graph_image *image,
                        const struct run_control *control, uint64_t *travelled)
{
    *travelled = 0;
    if (image->size <= RUN_SMALL_IMAGE) return upload_small(device, bank, image, control, travelled);
    npurt_status status = upload_large(device, bank, image, travelled);
    if (status != NPURT_OK) return status;
    char *head = bank->upload + RUN_SMALL_IMAGE;
    memcpy(head, control, sizeof *control);
    return memory_write(device, bank_control(bank), head, RUN_HEAD + RUN_WORKSPACE_ZERO, "the run's control block");
}
