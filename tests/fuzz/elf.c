/* What is read of ELF files: by the host before it hands them on, by the driver when a program is registered, and the
 * fingerprint. The file's last byte chooses the symbol that is looked for. */
#include "fuzz.h"

#include <elf.h>

#include "emu/lib/elf.h"
#include "host/elf.h"
#include "protocol/fingerprint.h"

static bool holds(const void *image, size_t size, const char *name)
{
    return memmem(image, size, name, strlen(name) + 1) != NULL;
}

/* Of an accepted shared object: what the loader maps lies in the file, and in order. */
static void check_segments(const uint8_t *image, size_t size)
{
    Elf64_Ehdr header;
    uint64_t end = 0;
    uint32_t loads = 0;

    FUZZ_CHECK(size >= sizeof header, "%zu bytes", size);
    memcpy(&header, image, sizeof header);
    FUZZ_CHECK(header.e_phoff + (uint64_t)header.e_phnum * sizeof(Elf64_Phdr) <= size, "%u program headers",
               header.e_phnum);
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr p;
        memcpy(&p, image + header.e_phoff + i * sizeof p, sizeof p);
        if (p.p_type != PT_LOAD) continue;
        FUZZ_CHECK(p.p_filesz == 0 || (p.p_offset < size && p.p_filesz <= size - p.p_offset), "segment %u", i);
        FUZZ_CHECK(p.p_filesz <= p.p_memsz && p.p_vaddr >= end && p.p_vaddr + p.p_memsz >= p.p_vaddr, "segment %u", i);
        end = p.p_vaddr + p.p_memsz;
        loads++;
    }
    FUZZ_CHECK(loads > 0, "no segment");
}

static void try_host(const uint8_t *image, size_t size)
{
    static const char *const symbols[] = {"kernel_entry", "add_one", "", "orchestration_entry"};
    const char *problem = elf_problem(image, size), *deep = elf_shared_object_problem(image, size);
    const char *symbol = symbols[size ? image[size - 1] % 4 : 0];

    fuzz_verdict(deep == NULL);
    FUZZ_CHECK(!problem || deep == problem, "%s, yet %s", problem, deep ? deep : "a shared object");
    if (problem) return;
    if (!deep) {
        check_segments(image, size);
        const uint32_t version = elf_api_version(image, size, 1);
        FUZZ_CHECK(version == 0 || holds(image, size, "npurt"), "API version %u of a file that never says npurt",
                   version);
    }
    const bool dynamic = elf_has_function(image, size, symbol, true),
               any = elf_has_function(image, size, symbol, false);
    FUZZ_CHECK(!dynamic || any, "%s is a dynamic function and no function", symbol);
    FUZZ_CHECK(!any || holds(image, size, symbol), "%s is not in the file at all", symbol);
}

static uint64_t number_behind(const char *name)
{
    const char *at = strrchr(name, '_');
    uint64_t value = 0;

    if (!at || !at[1]) return ELF_NO_KEY;
    for (at++; *at; at++) {
        if (*at < '0' || *at > '9') return ELF_NO_KEY;
        if (__builtin_mul_overflow(value, 10, &value) || __builtin_add_overflow(value, (uint64_t)(*at - '0'), &value))
            return UINT64_MAX;
    }
    return value;
}

static void try_driver(const uint8_t *image, size_t size)
{
    struct elf_kernel *kernel = malloc(ELF_MAX_KERNELS * sizeof *kernel);
    char problem[200] = "";
    int count;

    if (!kernel) abort();
    count = elf_kernels(image, size, size & 1, kernel, problem, sizeof problem);
    FUZZ_CHECK(count >= -1 && count <= ELF_MAX_KERNELS, "%d kernels", count);
    if (count < 0) fuzz_sentence(problem, sizeof problem);
    for (int i = 0; i < count; i++) {
        const struct elf_kernel *k = &kernel[i];
        FUZZ_CHECK(k->name[0] && (k->aic[0] || k->aiv[0]), "kernel %d has no name or no half", i);
        FUZZ_CHECK(!k->aic[0] || holds(image, size, k->aic), "%s is not in the file", k->aic);
        FUZZ_CHECK(!k->aiv[0] || holds(image, size, k->aiv), "%s is not in the file", k->aiv);
        FUZZ_CHECK(k->tiling_key == number_behind(k->name), "%s has key %llu", k->name,
                   (unsigned long long)k->tiling_key);
        for (int j = 0; j < i; j++)
            FUZZ_CHECK(strcmp(kernel[j].name, k->name) != 0, "%s is there twice", k->name);
    }
    free(kernel);
}

static void try_fingerprint(const uint8_t *image, size_t size)
{
    uint64_t id = 0, hash = UINT64_C(14695981039346656037);
    const bool built = fingerprint_build_id(image, size, &id);
    uint8_t words[8];

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ image[i]) * UINT64_C(1099511628211);
    FUZZ_CHECK(fingerprint_of(image, size) == (built ? id : hash), "%d %016llx", built, (unsigned long long)id);
    memcpy(words, &id, sizeof words);
    if (built)
        FUZZ_CHECK(memmem(image, size, words, sizeof words), "%016llx is not in the file", (unsigned long long)id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = {data, size};
    size_t length;
    uint8_t *image = fuzz_block(&in, size, &length);

    try_host(image, length);
    try_driver(image, length);
    try_fingerprint(image, length);
    free(image);
    return 0;
}
