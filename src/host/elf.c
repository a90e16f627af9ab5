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

enum { PAGE_LEAST = 4096 };
/* No shared object's image is larger; sums of offsets in it do not overflow. */
#define IMAGE_MOST (UINT64_C(1) << 40)

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

static bool inside(uint64_t offset, uint64_t length, uint64_t of)
{
    return offset <= of && length <= of - offset;
}

/* What the loader follows without a check of its own: the dynamic section's entries are addresses in the image. */
static const char *dynamic_problem(const char *data, const Elf64_Phdr *dynamic, uint64_t image)
{
    bool ended = false;
    uint64_t strings = 0, strings_size = 0, found = 0;
    for (uint64_t i = 0; !ended && i < dynamic->p_filesz / sizeof(Elf64_Dyn); i++) {
        Elf64_Dyn entry;
        memcpy(&entry, data + dynamic->p_offset + i * sizeof entry, sizeof entry);
        switch (entry.d_tag) {
        case DT_NULL:
            ended = true;
            break;
        case DT_STRTAB:
            strings = entry.d_un.d_ptr;
            found |= 1;
            break;
        case DT_STRSZ:
            strings_size = entry.d_un.d_val;
            break;
        case DT_SYMTAB:
            found |= 2;
            if (entry.d_un.d_ptr >= image) return "has its symbols outside of its segments";
            break;
        case DT_HASH:
        case DT_GNU_HASH:
        case DT_RELA:
        case DT_JMPREL:
        case DT_PLTGOT:
        case DT_INIT:
        case DT_FINI:
        case DT_INIT_ARRAY:
        case DT_FINI_ARRAY:
        case DT_VERSYM:
        case DT_VERNEED:
        case DT_VERDEF:
            if (entry.d_un.d_ptr >= image) return "has a table outside of its segments";
            break;
        case DT_RELAENT:
            if (entry.d_un.d_val != sizeof(Elf64_Rela)) return "has relocations of an unknown size";
            break;
        case DT_SYMENT:
            if (entry.d_un.d_val != sizeof(Elf64_Sym)) return "has symbols of an unknown size";
            break;
        default:
            break;
        }
    }
    if (!ended) return "has a dynamic section without an end";
    if (found != 3) return "has no dynamic symbols";
    return inside(strings, strings_size, image) ? NULL : "has its names outside of its segments";
}

/* The program headers are what the loader maps by: a lie in them ends the process that loads the file. */
static const char *segments_problem(const char *data, size_t size, const Elf64_Ehdr *header)
{
    if (header->e_phentsize != sizeof(Elf64_Phdr) || header->e_phnum == 0 || header->e_phnum == PN_XNUM ||
        !inside(header->e_phoff, header->e_phnum * sizeof(Elf64_Phdr), size))
        return "has no sound program headers";
    Elf64_Phdr dynamic = {0};
    uint64_t end = 0;
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, data + header->e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type == PT_DYNAMIC) dynamic = segment;
        if (segment.p_type != PT_LOAD) continue;
        if (segment.p_filesz && !inside(segment.p_offset, segment.p_filesz, size))
            return "has a segment beyond its end";
        if (segment.p_filesz > segment.p_memsz || segment.p_align & (segment.p_align - 1) ||
            (segment.p_vaddr - segment.p_offset) % PAGE_LEAST || segment.p_vaddr < end ||
            !inside(segment.p_vaddr, segment.p_memsz, IMAGE_MOST))
            return "has an unsound segment";
        end = segment.p_vaddr + segment.p_memsz;
    }
    if (end == 0) return "has no segment to load";
    if (dynamic.p_type != PT_DYNAMIC) return "has no dynamic section";
    if (!inside(dynamic.p_offset, dynamic.p_filesz, size) || !inside(dynamic.p_vaddr, dynamic.p_memsz, end))
        return "has its dynamic section beyond its end";
    return dynamic_problem(data, &dynamic, end);
}

static const char *shared_object_problem(const void *data, size_t size, int machine)
{
    const char *problem = elf_problem(data, size);
    if (problem) return problem;
    Elf64_Ehdr header;
    memcpy(&header, data, sizeof header);
    if (header.e_type != ET_DYN) return "is an ELF file but not a shared object";
    if (header.e_machine != machine) return "is an ELF file for another machine";
    return segments_problem(data, size, &header);
}

const char *elf_shared_object_problem(const void *data, size_t size)
{
    return shared_object_problem(data, size, OWN_MACHINE);
}

const char *elf_aicpu_object_problem(const void *data, size_t size)
{
    return shared_object_problem(data, size, EM_AARCH64);
}

/* Bytes of a section inside the file, or false. */
static bool section_at(const void *data, size_t size, const Elf64_Ehdr *header, uint64_t index, Elf64_Shdr *section)
{
    if (index >= header->e_shnum) return false;
    memcpy(section, (const char *)data + header->e_shoff + index * sizeof *section, sizeof *section);
    return section->sh_type != SHT_NOBITS && section->sh_offset <= size &&
           section->sh_size <= size - section->sh_offset;
}

/* Which entries of a symbol table are asked for. */
static bool is_defined_function(const Elf64_Sym *entry)
{
    return ELF64_ST_TYPE(entry->st_info) == STT_FUNC && entry->st_shndx != SHN_UNDEF;
}

static bool is_undefined(const Elf64_Sym *entry)
{
    return entry->st_shndx == SHN_UNDEF;
}

static bool has_symbol(const void *data, size_t size, const char *symbol, bool dynamic_only,
                       bool (*is_meant)(const Elf64_Sym *entry))
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
            if (!is_meant(&entry) || ELF64_ST_BIND(entry.st_info) == STB_LOCAL) continue;
            if (entry.st_name >= names.sh_size) continue;
            if (names.sh_size - entry.st_name < length) continue;
            if (memcmp((const char *)data + names.sh_offset + entry.st_name, symbol, length) == 0) return true;
        }
    }
    return false;
}

bool elf_has_function(const void *data, size_t size, const char *symbol, bool dynamic_only)
{
    return has_symbol(data, size, symbol, dynamic_only, is_defined_function);
}

bool elf_needs_symbol(const void *data, size_t size, const char *symbol)
{
    return has_symbol(data, size, symbol, true, is_undefined);
}

static uint64_t round_up(uint64_t size, uint64_t to)
{
    return (size + to - 1) & ~(to - 1);
}

/* Of the notes in one segment. */
static uint32_t version_in_notes(const char *notes, uint64_t size, uint64_t align, uint32_t own)
{
    static const char owner[] = "npurt";
    enum { API_VERSION = 1 };
    uint32_t found = 0;
    uint64_t at = 0;
    while (size - at >= sizeof(Elf64_Nhdr)) {
        Elf64_Nhdr note;
        memcpy(&note, notes + at, sizeof note);
        const uint64_t name = at + sizeof note, value = at + round_up(sizeof note + note.n_namesz, align);
        if (!inside(value, note.n_descsz, size)) break;
        uint32_t version;
        if (note.n_namesz == sizeof owner && note.n_type == API_VERSION && note.n_descsz == sizeof version &&
            memcmp(notes + name, owner, sizeof owner) == 0) {
            memcpy(&version, notes + value, sizeof version);
            if (version != own) return version;
            found = version;
        }
        at = value + round_up(note.n_descsz, align);
        if (at > size) break;
    }
    return found;
}

uint32_t elf_api_version(const void *data, size_t size, uint32_t own)
{
    Elf64_Ehdr header;
    uint32_t found = 0;
    memcpy(&header, data, sizeof header);
    for (uint32_t i = 0; i < header.e_phnum; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, (const char *)data + header.e_phoff + i * sizeof segment, sizeof segment);
        if (segment.p_type != PT_NOTE || !inside(segment.p_offset, segment.p_filesz, size)) continue;
        const uint32_t version = version_in_notes((const char *)data + segment.p_offset, segment.p_filesz,
                                                  segment.p_align == 8 ? 8 : 4, own);
        if (version != 0 && version != own) return version;
        if (version != 0) found = version;
    }
    return found;
}
