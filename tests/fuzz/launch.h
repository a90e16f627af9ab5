/* The two halves of the launch fuzzer. Host and device side of the emulated card have headers of the same names, so that
 * each is a file of its own, as each is a program of its own in the product. */
#ifndef TESTS_FUZZ_LAUNCH_H
#define TESTS_FUZZ_LAUNCH_H

#include <stdint.h>

/* The device memory there is: fuzz_hbm, between pages that nothing may touch. */
enum { FUZZ_HBM = 65536 };
extern uint8_t *fuzz_hbm;

/* A KFC launch as the device process has it after the ring; 0, or 1 with the reason. */
uint32_t fuzz_device_kfc(uint8_t *args, uint32_t args_size, uint32_t so_offset, uint32_t name_offset, char reason[280]);

#endif
