/* Where device memory lies in the address space of the host: reserved without access, so that a device pointer read or
 * written on the host faults as it does on silicon, and so that no device pointer is ever also a host pointer.
 */
#ifndef NPUEMU_WINDOW_H
#define NPUEMU_WINDOW_H

#include <stdint.h>

/* Left free by the layouts of plain, ASan and TSan processes (docs/reference/machine.md). */
#define WINDOW_FIRST UINT64_C(0x7e8000000000)
#define WINDOW_END   UINT64_C(0x7ef000000000)

/* Reserves the lowest free place for `size` bytes. Returns its address; 0 when there is none. Thread-safe. */
uint64_t window_reserve(uint64_t size);
void window_release(uint64_t address, uint64_t size);

#endif
