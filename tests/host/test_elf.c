#include <elf.h>

#include "check.h"
#include "host/elf.h"
#include "host/file.h"
#include "host/world.h"

static struct bytes kernels;
static void set_up(void)
{
    CHECK_EQ(file_read(world_kernels, "test", &kernels), NPURT_OK);
}

TEST(a_shared_object_of_this_machine_is_one)
{
    set_up();
    CHECK(elf_problem(kernels.data, kernels.size) == NULL);
    CHECK(elf_shared_object_problem(kernels.data, kernels.size) == NULL);
    file_release(&kernels);
}

TEST(what_is_no_elf_is_told)
{
    CHECK_STR(elf_problem("", 0), "is empty");
    CHECK_STR(elf_problem("#!/bin/sh", 9), "is not an ELF file");
    CHECK_STR(elf_problem("\177ELF", 4), "is an ELF file cut short");
    set_up();
    Elf64_Ehdr header;
    memcpy(&header, kernels.data, sizeof header);
    header.e_ident[EI_CLASS] = ELFCLASS32;
    CHECK_STR(elf_problem(&header, sizeof header), "is not a 64-bit ELF file");
    header.e_ident[EI_CLASS] = ELFCLASS64;
    CHECK_STR(elf_problem(&header, sizeof header), "is an ELF file cut short"); /* its sections are beyond the end */
    header.e_shoff = 0;
    header.e_machine = EM_RISCV;
    CHECK_STR(elf_shared_object_problem(&header, sizeof header), "is an ELF file for another machine");
    header.e_type = ET_REL;
    CHECK_STR(elf_shared_object_problem(&header, sizeof header), "is an ELF file but not a shared object");
    file_release(&kernels);
}

static uint8_t *damaged;
static Elf64_Phdr *segment_of(uint32_t type)
{
    Elf64_Ehdr *header = (Elf64_Ehdr *)damaged;
    for (uint32_t i = 0; i < header->e_phnum; i++) {
        Elf64_Phdr *segment = (Elf64_Phdr *)(damaged + header->e_phoff) + i;
        if (segment->p_type == type) return segment;
    }
    CHECK_FAIL("the fixture has no segment of type %u", type);
    return NULL;
}

static Elf64_Dyn *dynamic_of(int64_t tag)
{
    Elf64_Dyn *entry = (Elf64_Dyn *)(damaged + segment_of(PT_DYNAMIC)->p_offset);
    for (; entry->d_tag != DT_NULL; entry++)
        if (entry->d_tag == tag) return entry;
    CHECK_FAIL("the fixture has no dynamic entry %d", (int)tag);
    return NULL;
}

static void damage(void)
{
    memcpy(damaged, kernels.data, kernels.size);
}

static void told(const char *problem)
{
    CHECK_STR(elf_shared_object_problem(damaged, kernels.size), problem);
    damage();
}

TEST(what_the_loader_would_follow_out_of_the_file_is_told)
{
    set_up();
    damaged = malloc(kernels.size);
    CHECK(damaged != NULL);
    damage();
    Elf64_Ehdr *header = (Elf64_Ehdr *)damaged;
    header->e_phentsize = 1;
    told("has no sound program headers");
    header->e_phnum = 0;
    told("has no sound program headers");
    header->e_phoff = kernels.size - 8;
    told("has no sound program headers");
    header->e_phoff = UINT64_MAX - 8;
    told("has no sound program headers");
    segment_of(PT_LOAD)->p_filesz = kernels.size + 1;
    told("has a segment beyond its end");
    segment_of(PT_LOAD)->p_offset = UINT64_MAX;
    told("has a segment beyond its end");
    segment_of(PT_LOAD)->p_memsz = 0;
    told("has an unsound segment");
    segment_of(PT_LOAD)->p_memsz = UINT64_MAX - 1;
    told("has an unsound segment");
    segment_of(PT_LOAD)->p_vaddr += 1;
    told("has an unsound segment");
    segment_of(PT_LOAD)->p_align = 3;
    told("has an unsound segment");
    segment_of(PT_DYNAMIC)->p_offset = kernels.size;
    told("has its dynamic section beyond its end");
    segment_of(PT_DYNAMIC)->p_vaddr = UINT64_C(1) << 50;
    told("has its dynamic section beyond its end");
    segment_of(PT_DYNAMIC)->p_filesz = sizeof(Elf64_Dyn);
    told("has a dynamic section without an end");
    segment_of(PT_DYNAMIC)->p_type = PT_NULL;
    told("has no dynamic section");
    dynamic_of(DT_SYMTAB)->d_un.d_ptr = UINT64_C(1) << 40;
    told("has its symbols outside of its segments");
    dynamic_of(DT_STRSZ)->d_un.d_val = UINT64_MAX;
    told("has its names outside of its segments");
    dynamic_of(DT_RELA)->d_un.d_ptr = UINT64_MAX;
    told("has a table outside of its segments");
    dynamic_of(DT_RELAENT)->d_un.d_val = 7;
    told("has relocations of an unknown size");
    CHECK(elf_shared_object_problem(damaged, kernels.size) == NULL);
    free(damaged);
    file_release(&kernels);
}

static uint32_t version_in(const char *path, uint32_t own)
{
    struct bytes file;
    CHECK_EQ(file_read(path, "test", &file), NPURT_OK);
    const uint32_t version = elf_api_version(file.data, file.size, own);
    file_release(&file);
    return version;
}

TEST(the_api_version_is_in_what_was_built_with_the_headers)
{
    CHECK_EQ(version_in(world_orchestration, NPURT_API_VERSION), NPURT_API_VERSION);
    CHECK_EQ(version_in(world_version_7, NPURT_API_VERSION), 7);
    CHECK_EQ(version_in(world_kernels, NPURT_API_VERSION), 0);
}

/* Notes as the linker lays them out: several in one segment, names and values padded to the alignment. */
TEST(of_notes_of_different_versions_the_foreign_one_is_told)
{
    struct {
        Elf64_Ehdr header;
        Elf64_Phdr segment;
        struct {
            uint32_t name_size, size, type;
            char name[8];
            uint32_t value;
        } note[3];
    } file = {.header = {.e_phnum = 1, .e_phoff = offsetof(__typeof__(file), segment)},
              .segment = {.p_type = PT_NOTE,
                          .p_offset = offsetof(__typeof__(file), note),
                          .p_filesz = sizeof file.note,
                          .p_align = 4},
              .note = {{6, 4, 1, "npurt", 3}, {6, 4, 2, "npurt", 9}, {6, 4, 1, "npurt", 5}}};
    CHECK_EQ(elf_api_version(&file, sizeof file, 3), 5);
    CHECK_EQ(elf_api_version(&file, sizeof file, 5), 3);
    file.note[2].name[0] = 'N';
    CHECK_EQ(elf_api_version(&file, sizeof file, 3), 3);
    file.note[0].size = UINT32_MAX; /* leads out of the segment */
    CHECK_EQ(elf_api_version(&file, sizeof file, 3), 0);
    file.note[0].size = 4;
    file.segment.p_filesz = sizeof file;
    CHECK_EQ(elf_api_version(&file, sizeof file, 3), 0);
}

TEST(functions_are_found_by_whole_name_when_they_are_global)
{
    set_up();
    CHECK(elf_has_function(kernels.data, kernels.size, "add_one", true));
    CHECK(elf_has_function(kernels.data, kernels.size, "add_slice", true));
    CHECK(!elf_has_function(kernels.data, kernels.size, "add", true)); /* static */
    CHECK(!elf_has_function(kernels.data, kernels.size, "add_on", true));
    CHECK(!elf_has_function(kernels.data, kernels.size, "", true));
    file_release(&kernels);
}

/* Flips bytes all over the headers and the section table: any answer is legal, reading outside is not (run with ASan).
 */
TEST(damaged_files_are_read_inside_their_bounds)
{
    set_up();
    uint8_t *copy = malloc(kernels.size);
    CHECK(copy != NULL);
    uint64_t seed = 1, found = 0;
    Elf64_Ehdr header;
    memcpy(&header, kernels.data, sizeof header);
    for (int i = 0; i < 20000; i++) {
        memcpy(copy, kernels.data, kernels.size);
        for (int flips = 0; flips < 3; flips++) {
            seed = seed * 6364136223846793005u + 1442695040888963407u;
            const uint64_t table = header.e_shnum * sizeof(Elf64_Shdr), at = (seed >> 33) % (64 + table);
            copy[at < 64 ? at : header.e_shoff + at - 64] = (uint8_t)(seed >> 20);
        }
        size_t size = i % 3 ? kernels.size : (seed >> 30) % kernels.size;
        if (elf_shared_object_problem(copy, size) == NULL) found += elf_has_function(copy, size, "add_one", false);
    }
    printf("  %" PRIu64 " of 20000 still had the function\n", found);
    CHECK(found > 0 && found < 20000);
    free(copy);
    file_release(&kernels);
}

TEST_MAIN
