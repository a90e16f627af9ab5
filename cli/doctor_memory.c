/* The doctor on memory: copies both ways, allocation up to the limit and back, streams. */
#include "doctor.h"
#include "hbm.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "driver/driver.h"

enum { COPY = (3 << 20) + 4099, EDGE = 4096, BLOCKS = 64, LEAST = 2 << 20, STREAMS = 16, SYNC_MS = 5000 };
enum { ROUNDING = 64 << 20 /* so much of the last free bytes the driver may keep */ };

/* No two words of it are alike in order, so that a copy of the wrong place is seen. */
static void pattern(uint8_t *to, size_t size, uint64_t seed)
{
    for (size_t i = 0; i < size; i++) {
        if (i % 8 == 0) seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        to[i] = (uint8_t)(seed >> (8 + 7 * (i % 8)));
    }
}

static bool same(struct doctor_check *check, const char *what, const uint8_t *got, const uint8_t *wanted, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (got[i] == wanted[i]) continue;
        doctor_fail(check, "%s: byte %zu of %zu is 0x%02x, not 0x%02x", what, i, size, got[i], wanted[i]);
        return false;
    }
    return true;
}

static bool call(struct doctor_check *check, npurt_status status, const char *doing)
{
    if (status != NPURT_OK) doctor_fail_call(check, doing);
    return status == NPURT_OK;
}

static void copies(struct doctor *d, struct doctor_check *check, uint64_t at, uint8_t *out, uint8_t *back)
{
    enum { FROM = 12345, PART = 70001 };
    npurt_device *device = d->device;
    pattern(out, COPY, 1);
    if (!call(check, npurt_memory_copy_in(device, at, out, COPY), "copying to the device")) return;
    if (!call(check, npurt_memory_copy_out(device, back, at, COPY), "copying from the device")) return;
    if (!same(check, "a whole copy, there and back", back, out, COPY)) return;
    pattern(out + FROM, PART, 2);
    if (!call(check, npurt_memory_copy_in(device, at + FROM, out + FROM, PART), "copying into the middle")) return;
    if (!call(check, npurt_memory_set(device, at + COPY - 99, 0xa5, 99), "filling the end")) return;
    memset(out + COPY - 99, 0xa5, 99);
    if (!call(check, npurt_memory_copy_out(device, back, at, COPY), "copying from the device")) return;
    if (same(check, "a copy into the middle and a fill of the end", back, out, COPY))
        doctor_ok(check, "%d bytes there and back, a part into the middle, and a fill: each byte right", COPY);
}

void doctor_memory(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "memory");
    if (!check) return;
    uint8_t *out = malloc(COPY), *back = calloc(1, COPY);
    uint64_t at = 0;
    if (!out || !back)
        doctor_fail(check, "no host memory");
    else if (call(check, npurt_memory_alloc(d->device, COPY, "doctor", &at), "allocating")) {
        copies(d, check, at, out, back);
        if (npurt_device_get_state(d->device) == NPURT_DEVICE_HEALTHY)
            (void)call(check, npurt_memory_free(d->device, at), "freeing");
    }
    free(out);
    free(back);
    (void)doctor_recover(d);
}

/* Its first and its last bytes are there. */
static bool reaches(struct doctor *d, struct doctor_check *check, uint64_t at, uint64_t size)
{
    uint8_t out[2][EDGE], back[EDGE];
    const uint64_t place[2] = {at, at + size - EDGE};
    for (int i = 0; i < 2; i++) {
        pattern(out[i], EDGE, place[i]);
        if (!call(check, npurt_memory_copy_in(d->device, place[i], out[i], EDGE), "writing to the edge of a block"))
            return false;
    }
    for (int i = 0; i < 2; i++) {
        if (!call(check, npurt_memory_copy_out(d->device, back, place[i], EDGE), "reading the edge of a block"))
            return false;
        if (!same(check, "the edge of a block near the limit", back, out[i], EDGE)) return false;
    }
    return true;
}

void doctor_limit(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "HBM limit");
    if (!check) return;
    uint64_t block[BLOCKS], before = 0, after = 0, taken = 0;
    uint32_t count = 0;
    if (!call(check, npurt_device_hbm_in_use(d->device, &before), "asking for free memory")) goto done;
    const bool shared = hbm_is_shared(d->target); /* others may need the memory: half of what is free has to do */
    const uint64_t free_bytes = d->info.hbm_total - before, wanted = shared ? free_bytes / 2 : free_bytes;
    for (uint64_t size = wanted / 8 * 7 / LEAST * LEAST; size >= LEAST && count < BLOCKS;) {
        if (size > wanted - taken) {
            size = size / 2 / LEAST * LEAST;
            continue;
        }
        const npurt_status status = npurt_memory_alloc(d->device, size, "doctor", &block[count]);
        if (status == NPURT_ERROR_OUT_OF_DEVICE_MEMORY && wanted - taken - size < ROUNDING) {
            size = size / 2 / LEAST * LEAST;
            continue;
        }
        if (!call(check, status, "allocating a part of what the driver calls free")) goto done;
        taken += size;
        if (!reaches(d, check, block[count++], size)) goto done;
    }
    if (!shared) {
        uint64_t beyond;
        if (npurt_memory_alloc(d->device, free_bytes, "doctor", &beyond) != NPURT_ERROR_OUT_OF_DEVICE_MEMORY)
            doctor_fail(check, "%" PRIu64 " bytes more than there are were not refused as out of device memory", taken);
    }
    doctor_ok(check, "%.2f of %.2f free GiB taken in %u blocks and reached at both ends%s; all came back",
              (double)taken / 0x1p30, (double)free_bytes / 0x1p30, count,
              shared ? " (half: others may use the device)" : "; one more is refused");
    while (count) {
        if (!call(check, npurt_memory_free(d->device, block[count - 1]), "freeing")) goto done;
        count--;
    }
    if (call(check, npurt_device_hbm_in_use(d->device, &after), "asking for free memory") && !shared && after != before)
        doctor_fail(check, "HBM in use was %" PRIu64 " bytes, and is %" PRIu64 " after all was freed", before, after);
done:
    while (count) /* of a device that was poisoned the reset takes them */
        (void)npurt_memory_free(d->device, block[--count]);
    (void)doctor_recover(d);
}

void doctor_streams(struct doctor *d)
{
    struct doctor_check *check = doctor_begin(d, "streams");
    if (!check) return;
    struct driver *driver = d->probe.driver;
    rtStream_t stream[STREAMS];
    int count = 0;
    if (!driver || driver->rtSetDevice(d->probe.device) != 0) {
        doctor_fail(check, "the device can not be bound for a stream of its own");
        return;
    }
    for (; count < STREAMS; count++) {
        const rtError_t code = driver->rtStreamCreate(&stream[count], 0);
        if (code == 0) continue;
        doctor_fail(check, "stream %d of %d: rtStreamCreate answers %d %s", count + 1, STREAMS, code,
                    driver_status_name(code));
        break;
    }
    for (int i = 0; i < count; i++) {
        rtError_t code = driver->rtStreamSynchronizeWithTimeout(stream[i], SYNC_MS);
        if (code == 0) code = driver->rtStreamQuery(stream[i]);
        if (code != 0)
            doctor_fail(check, "stream %d of %d, which is empty, answers %d %s", i + 1, STREAMS, code,
                        driver_status_name(code));
        for (int j = 0; j < i; j++)
            if (stream[i] == stream[j]) doctor_fail(check, "streams %d and %d are one", j + 1, i + 1);
    }
    while (count) {
        const rtError_t code = driver->rtStreamDestroy(stream[--count]);
        if (code != 0) doctor_fail(check, "rtStreamDestroy answers %d %s", code, driver_status_name(code));
    }
    (void)driver->rtDeviceReset(d->probe.device); /* the reference taken above */
    doctor_ok(check, "%d at once, each drained and given back", STREAMS);
    (void)doctor_recover(d);
}
