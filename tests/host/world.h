/* A callable made of the fixtures, and one call of it, in a few lines. */
#ifndef TESTS_HOST_WORLD_H
#define TESTS_HOST_WORLD_H

#include <npurt/npurt.h>
#include "host/fixtures/fixture.h"

extern const char world_orchestration[], world_kernels[];
/* Its chains have FIXTURE_OTHER_MORE tasks more than they are asked for. */
extern const char world_other_orchestration[];
/* Built with headers of API version 7. */
extern const char world_version_7[];
/* Folder of programs that look like device programs but are none. */
extern const char world_binaries[];

/* What world_load gives its callables: host_build_graph, unless FIXTURE_RUNTIME in the environment names the other. */
extern npurt_runtime world_runtime;

/* The kernel of this name among the fixtures. */
npurt_kernel_desc world_kernel(uint32_t id, npurt_core core, const char *name);

/* Loads the fixtures' orchestration with all their kernels; parameters x (INPUT) and y (OUTPUT_EXISTING), u32, one
 * dimension; two scalars. */
npurt_status world_load(npurt_device *device, npurt_callable **out);
/* With the orchestration of another file. */
npurt_status world_load_from(npurt_device *device, const char *orchestration, npurt_callable **out);

/* Calls it with host tensors of n elements. timing may be NULL. */
npurt_status world_call(npurt_callable *callable, uint32_t *x, uint32_t *y, uint32_t n, uint64_t mode,
                        uint64_t argument, npurt_timing *timing);
/* Launches it with device tensors. */
npurt_status world_launch(npurt_callable *callable, uint64_t x, uint64_t y, uint32_t n, uint64_t mode, uint64_t argument,
                          uint32_t flags, npurt_run **run);

#endif
