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
