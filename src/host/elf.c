#include "elf.h"

#include <elf.h>
#include <string.h>

#if defined(__x86_64__)
enum { OWN_MACHINE = EM_X86_64 };
#elif defined(__aarch64__)
enum { OWN_MACHINE = EM_AARCH64 };
#else
#error "which ELF machine is this?"
#endif

const char *elf_problem(const void *data, size_t size)
{
    Elf64_Ehdr header;
    if (size == 0) return "is empty";
    if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0) return "is not an ELF file";
    if (size < sizeof header) return "is an ELF file cut short";
    memcpy(&header, data, sizeof header);
    if (header.e_ident[EI_CLASS] != ELFCLASS64) return "is not a 64-bit ELF file";
    if (header.e_ident[EI_DATA] != ELFDATA2LSB) return "is not a little-endian ELF file";
    if (header.e_shoff && (header.e_shentsize != sizeof(Elf64_Shdr) || header.e_shoff > size ||
                           (size - header.e_shoff) / sizeof(Elf64_Shdr) < header.e_shnum))
        return "is an ELF file cut short";
    return NULL;
}

const char *elf_shared_object_problem(const void *data, size_t size)
{
    const char *problem = elf_problem(data, size);
    if (problem) return problem;
    Elf64_Ehdr header;
    memcpy(&header, data, sizeof header);
    if (header.e_type != ET_DYN) return "is an ELF file but not a shared object";
    if (header.e_machine != OWN_MACHINE) return "is an ELF file for another machine";
    return NULL;
}

/* Bytes of a section inside the file, or false. */
static bool section_at(const void *data, size_t size, const Elf64_Ehdr *header, uint64_t index, Elf64_Shdr *section)
{
    if (index >= header->e_shnum) return false;
    memcpy(section, (const char *)data + header->e_shoff + index * sizeof *section, sizeof *section);
    return section->sh_type != SHT_NOBITS && section->sh_offset <= size &&
           section->sh_size <= size - section->sh_offset;
}

bool elf_has_function(const void *data, size_t size, const char *symbol, bool dynamic_only)
{
    Elf64_Ehdr header;
    memcpy(&header, data, sizeof header);
    const size_t length = strlen(symbol) + 1;
    for (uint32_t i = 0; header.e_shoff && i < header.e_shnum; i++) {
        Elf64_Shdr table, names;
        if (!section_at(data, size, &header, i, &table)) continue;
        if (table.sh_type != SHT_DYNSYM && (dynamic_only || table.sh_type != SHT_SYMTAB)) continue;
        if (!section_at(data, size, &header, table.sh_link, &names)) continue;
        for (uint64_t s = 0; s < table.sh_size / sizeof(Elf64_Sym); s++) {
            Elf64_Sym entry;
            memcpy(&entry, (const char *)data + table.sh_offset + s * sizeof entry, sizeof entry);
            if (ELF64_ST_TYPE(entry.st_info) != STT_FUNC || ELF64_ST_BIND(entry.st_info) == STB_LOCAL) continue;
            if (entry.st_shndx == SHN_UNDEF || entry.st_name >= names.sh_size) continue;
            if (names.sh_size - entry.st_name < length) continue;
            if (memcmp((const char *)data + names.sh_offset + entry.st_name, symbol, length) == 0) return true;
        }
    }
    return false;
}
