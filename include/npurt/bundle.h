/* Bundles: a callable in a folder of its own.
 *
 * `npurt build` turns a description, an orchestration and kernels, anywhere on disk, into a bundle: a folder with
 * bundle.json and one shared object each (docs/guide/own-code.md; the format: docs/reference/bundle.md). A bundle can
 * be moved and copied; the library loads it by its path, `npurt run` runs it. */
#ifndef NPURT_BUNDLE_H
#define NPURT_BUNDLE_H

#include <npurt/callable.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Loads the bundle in folder `path` on the device. Parameters and scalars are in the order of bundle.json, and *out is
 * a callable like any other: npurt_call, then npurt_callable_unload. Nothing of the folder is in use after the load.
 * Errors: those of npurt_callable_load; MISSING_BINARY: no folder, no bundle.json, or a shared object is missing;
 * BAD_BINARY: bundle.json is no description of this format; the message names file, line and value. */
NPURT_API npurt_status npurt_callable_load_bundle(npurt_device *device, const char *path, npurt_callable **out);

/* The same with another runtime than bundle.json says. */
NPURT_API npurt_status npurt_callable_load_bundle_as(npurt_device *device, const char *path, npurt_runtime runtime,
                                                     npurt_callable **out);

#ifdef __cplusplus
}
#endif
#endif
