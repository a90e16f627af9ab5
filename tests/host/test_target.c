#include <stdlib.h>

#include "check.h"
#include "host/device.h"
#include "host/error.h"
#include "host/registers.h"
#include "host/target.h"
#include "host/visible.h"

TEST(targets_are_split_at_their_colon)
{
    struct target t;
    CHECK_EQ(target_parse("emu:a3:1?hbm=2GiB", &t), NPURT_OK);
    CHECK_STR(t.provider, "emu");
    CHECK_STR(t.machine, "a3:1?hbm=2GiB");
    CHECK_EQ(target_parse("cann:12", &t), NPURT_OK);
    CHECK_STR(t.provider, "cann");
    CHECK_EQ(t.device, 12);
}

TEST(texts_that_name_no_target_are_quoted)
{
    static const char *const bad[] = {
        "", "emu", "emu:", "cann", "cann:", "cann:x", "cann:-1", "cann:1x", "cann:99999", "cuda:0"};
    struct target t;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char quoted[64];
        snprintf(quoted, sizeof quoted, "\"%s\"", bad[i]);
        error_begin("test");
        CHECK_EQ(target_parse(bad[i], &t), NPURT_ERROR_NO_TARGET);
        CHECK_HAS(npurt_error_last()->message, quoted);
    }
    char longer[300];
    memset(longer, 'a', sizeof longer);
    longer[299] = '\0';
    error_begin("test");
    CHECK_EQ(target_parse(longer, &t), NPURT_ERROR_NO_TARGET);
    error_begin("test");
    CHECK_EQ(target_parse(NULL, &t), NPURT_ERROR_INVALID_ARGUMENT);
}

TEST(hal_ids_are_the_entries_of_the_visible_list)
{
    int32_t hal;
    unsetenv("ASCEND_RT_VISIBLE_DEVICES");
    CHECK_EQ(visible_hal_id(3, &hal), NPURT_OK);
    CHECK_EQ(hal, 3);
    setenv("ASCEND_RT_VISIBLE_DEVICES", "4,6,7", 1);
    CHECK_EQ(visible_hal_id(1, &hal), NPURT_OK);
    CHECK_EQ(hal, 6);
    error_begin("test");
    CHECK_EQ(visible_hal_id(3, &hal), NPURT_ERROR_NO_TARGET);
    CHECK_HAS(npurt_error_last()->message, "4,6,7");
    setenv("ASCEND_RT_VISIBLE_DEVICES", "4,x", 1);
    error_begin("test");
    CHECK_EQ(visible_hal_id(1, &hal), NPURT_ERROR_NO_TARGET);
    /* The driver reads digits and commas; what else a C library takes for a number is none to it. */
    static const char *const lists[] = {"+2", " 2", "-0", "2147483648", "99999999999999999999"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        setenv("ASCEND_RT_VISIBLE_DEVICES", lists[i], 1);
        error_begin("test");
        CHECK_EQ(visible_hal_id(0, &hal), NPURT_ERROR_NO_TARGET);
        CHECK_HAS(npurt_error_last()->message, lists[i]);
    }
    unsetenv("ASCEND_RT_VISIBLE_DEVICES");
}

TEST(generations_are_told_by_the_soc_name)
{
    struct registers r;
    CHECK_EQ(registers_generation("Ascend910B1", &r), NPURT_OK);
    CHECK_EQ(r.generation, 2);
    CHECK_EQ(r.cond, 0x4c8);
    CHECK_EQ(r.physical_cores, 75);
    CHECK_EQ(registers_generation("Ascend910_9392", &r), NPURT_OK);
    CHECK_EQ(r.generation, 3);
    CHECK_EQ(r.fast_path, 0x18);
    CHECK_EQ(registers_generation("Ascend950PR_9599", &r), NPURT_OK);
    CHECK_EQ(r.generation, 5);
    CHECK_EQ(r.dmb, 0xd0);
    CHECK_EQ(r.cond, 0x5108);
    CHECK_EQ(r.fast_path, 0);
    CHECK_EQ(r.physical_cores, 108);
    error_begin("test");
    CHECK_EQ(registers_generation("Ascend310P3", &r), NPURT_ERROR_UNSUPPORTED);
    CHECK_HAS(npurt_error_last()->message, "Ascend310P3");
}

TEST_MAIN
