/* What driver_open finds, and what it says when it does not find it. Each case runs the probe in a process whose search
 * path has one folder of stand-in libraries. */
#include "check.h"

#include <driver/driver.h>

static char said[4096];

static const char *probe(const char *program, const char *folder, const char *provider)
{
    char command[2048];
    snprintf(command, sizeof command, "LD_LIBRARY_PATH='%s/%s' '%s/%s' %s 2>&1", STUBS, folder, STUBS, program,
             provider);
    FILE *pipe = popen(command, "r");
    if (!pipe) CHECK_FAIL("cannot run %s", command);
    size_t n = fread(said, 1, sizeof said - 1, pipe);
    said[n] = 0;
    CHECK_EQ(pclose(pipe), 0);
    return said;
}

TEST(cann_resolves_every_entry_in_the_library_of_its_family)
{
    probe("driver_probe", "complete", "cann");
    CHECK_STR(said, "status=0 provider=cann platform=silicon rt=1 acl=2 hal=3 resmap=3 extension=no\n");
}

TEST(cann_falls_back_to_libascendcl)
{
    probe("driver_probe", "old_acl", "cann");
    CHECK_HAS(said, "status=0");
    CHECK_HAS(said, "acl=4");
}

TEST(cann_finds_an_entry_that_moved_to_another_of_its_libraries)
{
    probe("driver_probe", "moved", "cann");
    CHECK_HAS(said, "hal=3 resmap=1");
}

TEST(missing_runtime_library_is_named_with_the_linkers_reason)
{
    probe("driver_probe", "nowhere", "cann");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "libruntime.so");
    CHECK_HAS(said, "cannot open shared object file");
}

TEST(missing_acl_library_is_named_with_both_names_tried)
{
    /* libruntime is there, neither acl name is */
    probe("driver_probe", "only_runtime", "cann");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "libacl_rt.so");
    CHECK_HAS(said, "nor libascendcl.so");
}

TEST(missing_hal_library_is_named)
{
    probe("driver_probe", "no_hal", "cann");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "libascend_hal.so");
}

TEST(missing_entry_is_named_with_the_library_expected_to_have_it)
{
    probe("driver_probe", "no_entry", "cann");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "rtsLaunchCpuKernel is missing: expected in libruntime.so");
}

TEST(broken_library_is_reported_as_broken_not_as_absent)
{
    probe("driver_probe", "broken", "cann");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "libruntime.so");
    CHECK(!strstr(said, "cannot open shared object file"));
}

TEST(emu_is_found_beside_the_program)
{
    probe("beside_emu/driver_probe_beside", "nowhere", "emu");
    CHECK_STR(said, "status=0 provider=emu platform=emu rt=5 acl=5 hal=5 resmap=5 extension=yes\n");
}

TEST(emu_is_found_by_name_when_it_is_not_beside_the_program)
{
    probe("driver_probe", "beside_emu", "emu");
    CHECK_HAS(said, "status=0 provider=emu");
}

TEST(missing_emu_names_the_places_searched)
{
    probe("driver_probe", "nowhere", "emu");
    CHECK_HAS(said, "status=3 table=NULL");
    CHECK_HAS(said, "tests/driver/libnpuemu.so");
    CHECK_HAS(said, "tests/driver/../lib/libnpuemu.so");
}

TEST(unknown_provider_is_named)
{
    probe("driver_probe", "complete", "cuda");
    CHECK_HAS(said, "status=1 table=NULL");
    CHECK_HAS(said, "\"cuda\"");
}

TEST(no_provider_is_refused)
{
    probe("driver_probe", "complete", "");
    CHECK_HAS(said, "status=1 table=NULL");
}

TEST_MAIN
