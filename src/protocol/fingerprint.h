/* The fingerprint of a program image: what tells one build of the AICPU program from another.
 *
 * Host and dispatcher compute it from the same bytes and must agree, because it is part of the name of the installed
 * file and of the entries' names in the loader's JSON. It is the first 8 bytes of the GNU build-id note read as a
 * little-endian number; an image without one (no ELF, no note, an id below 8 bytes, a note outside the file) has the
 * FNV-1a-64 hash of all its bytes instead. Every offset and size of the image is checked: any bytes at all are legal
 * input.
 */
#ifndef NPURT_FINGERPRINT_H
#define NPURT_FINGERPRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Where the installed AICPU program lies on the AICPU's file system. printf arguments: the fingerprint as unsigned long
 * long, the device id as unsigned int. The id is there because the two dies of an a3 package share the folder. */
#define FINGERPRINT_INSTALL_FOLDER "/usr/lib64/aicpu_kernels/0/aicpu_kernels_device/"
#define FINGERPRINT_INSTALL_NAME   "npurt_inner_%016llx_%u.so"

/* FNV-1a, 64 bits. */
static inline uint64_t fingerprint_fnv1a(const void *bytes, size_t size)
{
    const uint8_t *p = bytes;
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ p[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Little-endian number of `size` ≤ 8 bytes. */
static inline uint64_t fingerprint_read(const uint8_t *p, size_t size)
{
    uint64_t value = 0;
    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)p[i] << (8 * i);
    return value;
}

/* Looks for a note (type 3, name "GNU") in notes[0, size). Entries are padded to `align`, 4 or 8. */
static inline bool fingerprint_find_note(const uint8_t *notes, uint64_t size, uint64_t align, uint64_t *id)
{
    uint64_t at = 0;
    while (size - at >= 12) {
        uint64_t name_size = fingerprint_read(notes + at, 4), data_size = fingerprint_read(notes + at + 4, 4);
        uint64_t name = at + 12;
        uint64_t data = (name + name_size + align - 1) & ~(align - 1);
        uint64_t next = (data + data_size + align - 1) & ~(align - 1);
        if (data > size || data_size > size - data) return false;
        if (fingerprint_read(notes + at + 8, 4) == 3 && name_size == 4 && memcmp(notes + name, "GNU", 4) == 0 &&
            data_size >= 8) {
            *id = fingerprint_read(notes + data, 8);
            return true;
        }
        if (next >= size) return false;
        at = next;
    }
    return false;
}

/* True and *id when the image is a 64-bit little-endian ELF with a build-id note in one of its note segments. */
static inline bool fingerprint_build_id(const void *image, size_t size, uint64_t *id)
{
    enum { HEADER_SIZE = 64, SEGMENT_SIZE = 56, SEGMENT_NOTE = 4 };
    const uint8_t *p = image;
    if (size < HEADER_SIZE || memcmp(p, "\177ELF\2\1", 6) != 0) return false;
    uint64_t table = fingerprint_read(p + 32, 8);
    uint64_t entry_size = fingerprint_read(p + 54, 2), count = fingerprint_read(p + 56, 2);
    if (entry_size < SEGMENT_SIZE || table > size || count * entry_size > size - table) return false;
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *segment = p + table + i * entry_size;
        if (fingerprint_read(segment, 4) != SEGMENT_NOTE) continue;
        uint64_t offset = fingerprint_read(segment + 8, 8), file_size = fingerprint_read(segment + 32, 8);
        uint64_t align = fingerprint_read(segment + 48, 8) == 8 ? 8 : 4;
        if (offset > size || file_size > size - offset) continue;
        if (fingerprint_find_note(p + offset, file_size, align, id)) return true;
    }
    return false;
}

static inline uint64_t fingerprint_of(const void *image, size_t size)
{
    uint64_t id;
    return fingerprint_build_id(image, size, &id) ? id : fingerprint_fnv1a(image, size);
}

#endif
