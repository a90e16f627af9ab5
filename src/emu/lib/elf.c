#include "elf.h"

#include <elf.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct reader {
    const unsigned char *image;
    uint64_t size;
    char *problem;
    size_t problem_size;
};

__attribute__((format(printf, 2, 3))) static int fail(const struct reader *reader, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(reader->problem, reader->problem_size, format, args);
    va_end(args);
    return -1;
}

/* Copies out, since nothing in a caller's image needs to be aligned. */
static bool read_at(const struct reader *reader, uint64_t offset, void *to, size_t size)
{
    if (offset > reader->size || size > reader->size - offset) return false;
    memcpy(to, reader->image + offset, size);
    return true;
}

static bool header_is_good(const struct reader *reader, Elf64_Ehdr *header)
{
    return read_at(reader, 0, header, sizeof *header) && memcmp(header->e_ident, ELFMAG, SELFMAG) == 0 &&
           header->e_ident[EI_CLASS] == ELFCLASS64 && header->e_ident[EI_DATA] == ELFDATA2LSB;
}

/* The string at `offset` of the section, NULL when it does not end within it. */
static const char *string_at(const struct reader *reader, const Elf64_Shdr *strings, uint64_t offset)
{
    const char *text;

    if (strings->sh_offset > reader->size || strings->sh_size > reader->size - strings->sh_offset) return NULL;
    if (offset >= strings->sh_size) return NULL;
    text = (const char *)reader->image + strings->sh_offset + offset;
    return memchr(text, 0, strings->sh_size - offset) ? text : NULL;
}

static bool is_kernel(const Elf64_Sym *symbol)
{
    const unsigned visibility = ELF64_ST_VISIBILITY(symbol->st_other);

    return ELF64_ST_TYPE(symbol->st_info) == STT_FUNC && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL &&
           symbol->st_shndx != SHN_UNDEF && visibility != STV_HIDDEN && visibility != STV_INTERNAL;
}

static bool strip(char *name, const char *suffix)
{
    const size_t n = strlen(name), s = strlen(suffix);

    if (n <= s || strcmp(name + n - s, suffix) != 0) return false;
    name[n - s] = 0;
    return true;
}

static uint64_t key_of(const char *name)
{
    const char *at = strrchr(name, '_');

    if (!at || !at[1] || strspn(at + 1, "0123456789") != strlen(at + 1)) return ELF_NO_KEY;
    return strtoull(at + 1, NULL, 10);
}

/* Both halves of a mixed kernel meet under the name without suffix. */
static int add(const struct reader *reader, struct elf_kernel *kernels, int count, const char *symbol, bool vector)
{
    struct elf_kernel *kernel = kernels;
    char name[sizeof kernel->name];

    if (strlen(symbol) >= sizeof name)
        return fail(reader, "the kernel name \"%s\" is longer than %zu", symbol, sizeof name - 1);
    strcpy(name, symbol);
    if (strip(name, "_mix_aiv"))
        vector = true;
    else if (strip(name, "_mix_aic"))
        vector = false;
    while (kernel < kernels + count && strcmp(kernel->name, name) != 0)
        kernel++;
    if (kernel == kernels + count) {
        if (count == ELF_MAX_KERNELS) return fail(reader, "more than %d kernels", ELF_MAX_KERNELS);
        *kernel = (struct elf_kernel){.tiling_key = key_of(name)};
        strcpy(kernel->name, name);
        count++;
    }
    strcpy(vector ? kernel->aiv : kernel->aic, symbol);
    return count;
}

static int read_symbols(const struct reader *reader, const Elf64_Shdr *table, const Elf64_Shdr *strings, bool vector,
                        struct elf_kernel *kernels)
{
    int count = 0;

    if (table->sh_entsize != sizeof(Elf64_Sym)) return fail(reader, "symbols of %" PRIu64 " bytes", table->sh_entsize);
    for (uint64_t at = 0; at + sizeof(Elf64_Sym) <= table->sh_size && count >= 0; at += sizeof(Elf64_Sym)) {
        const char *name;
        Elf64_Sym symbol;
        if (table->sh_offset > reader->size || !read_at(reader, table->sh_offset + at, &symbol, sizeof symbol))
            return fail(reader, "the symbol table passes the end of the file");
        if (!is_kernel(&symbol)) continue;
        name = string_at(reader, strings, symbol.st_name);
        if (!name || !*name) return fail(reader, "a symbol's name passes the end of the string table");
        count = add(reader, kernels, count, name, vector);
    }
    return count;
}

int elf_kernels(const void *image, uint64_t size, int vector, struct elf_kernel kernels[ELF_MAX_KERNELS], char *problem,
                size_t problem_size)
{
    const struct reader reader = {image, size, problem, problem_size};
    Elf64_Ehdr header;
    Elf64_Shdr section, strings;

    if (!header_is_good(&reader, &header)) return fail(&reader, "%" PRIu64 " bytes that are no 64-bit ELF file", size);
    for (unsigned i = 0; i < header.e_shnum; i++) {
        const uint64_t link_of = header.e_shoff;
        if (header.e_shoff > size || header.e_shentsize != sizeof section ||
            !read_at(&reader, header.e_shoff + (uint64_t)i * sizeof section, &section, sizeof section))
            return fail(&reader, "the section table passes the end of the file");
        if (section.sh_type != SHT_SYMTAB) continue;
        if (section.sh_link >= header.e_shnum ||
            !read_at(&reader, link_of + (uint64_t)section.sh_link * sizeof strings, &strings, sizeof strings))
            return fail(&reader, "the symbol table names no string table");
        return read_symbols(&reader, &section, &strings, vector != 0, kernels);
    }
    return fail(&reader, "an ELF file without .symtab, so without kernels");
}
