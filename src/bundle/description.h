/* The description of a callable, as users write it and as bundles hold it (docs/reference/bundle.md).
 *
 * Two kinds of one JSON format: what `npurt build` reads names sources, what it writes into a bundle (bundle.json)
 * names shared objects. Reading checks everything that can be known without a device, and a refusal names file, line,
 * the value's path and the values that would do.
 *
 * Life: description_load (or _parse) → read the fields → description_release. Strings belong to the description.
 */
#ifndef BUNDLE_DESCRIPTION_H
#define BUNDLE_DESCRIPTION_H

#include <npurt/callable.h>

#include <jansson.h>

/* A bundle's description; its format number, in "format". */
#define DESCRIPTION_FILE "bundle.json"
enum { DESCRIPTION_FORMAT = 1, DESCRIPTION_MAX_SOURCES = 64 };

enum description_kind { DESCRIPTION_OF_SOURCES, DESCRIPTION_OF_BUNDLE };

/* One shared object: the orchestration or a kernel. */
struct description_object {
    const char *name; /* letters, digits and _; unique among the kernels */
    const char *entry;
    const char *binary;  /* DESCRIPTION_OF_BUNDLE: a file of the bundle's folder */
    const char **source; /* DESCRIPTION_OF_SOURCES: as written, relative to the description's folder */
    uint32_t source_count;
    uint32_t id;     /* kernels */
    npurt_core core; /* kernels */
    uint32_t duration_ns; /* kernels */
};

/* A declared argument with the name under which the command knows it. */
struct description_param {
    const char *name;
    npurt_param param;
    double absolute_tolerance, relative_tolerance; /* of an output, when it is compared; 0: exact */
};
struct description_scalar {
    const char *name;
    npurt_dtype dtype;
    bool has_value; /* a default */
    uint64_t bits;
};

struct description {
    const char *name;
    npurt_runtime runtime;
    struct description_object orchestration;
    struct description_object *kernel;
    uint32_t kernel_count;
    struct description_param *param;
    uint32_t param_count;
    struct description_scalar *scalar;
    uint32_t scalar_count;
    json_t *root; /* owns the strings */
    char *text;   /* the whole file */
};

/* Reads `path`. MISSING_BINARY: not there; IO: not readable; BAD_BINARY: not JSON, or not a description of this kind;
 * OUT_OF_HOST_MEMORY. On a failure *out is empty and `problem` says why, beginning with the file's name. */
npurt_status description_load(const char *path, enum description_kind kind, struct description *out, char *problem,
                              size_t problem_size);
/* The same from memory; `path` is for messages only. */
npurt_status description_parse(const char *text, size_t size, const char *path, enum description_kind kind,
                               struct description *out, char *problem, size_t problem_size);
void description_release(struct description *description);

/* Line of the value at `path` ("kernels[1].source"), for complaints of one's own. */
uint32_t description_line(const struct description *description, const char *path);

/* "host_build_graph"; and the runtime of a name. false: no runtime has it. */
const char *description_runtime_name(npurt_runtime runtime);
bool description_runtime_find(const char *name, npurt_runtime *runtime);

/* "f32"; "?" for a number that is no type. */
const char *description_dtype_name(npurt_dtype dtype);

/* A scalar's argument bits from its text ("0.5", "-3", "0x10"). false: no such value of the type. */
bool description_scalar_bits(npurt_dtype dtype, const char *text, uint64_t *bits);

#endif
