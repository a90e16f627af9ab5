/* The tables of status codes, against lists written down from the vendor's headers independently of the tables. */
#include "check.h"

#include <driver/driver.h>
#include <driver/status.h>

static void check_sorted_and_complete(const struct status_table *table)
{
    for (uint32_t i = 0; i < table->count; i++) {
        const struct status_entry *entry = &table->entry[i];
        if (i > 0 && table->entry[i - 1].code >= entry->code)
            CHECK_FAIL("%d follows %d", entry->code, table->entry[i - 1].code);
        if (!entry->name || !*entry->name) CHECK_FAIL("%d has no name", entry->code);
        if (!entry->meaning || !*entry->meaning) CHECK_FAIL("%d has no meaning", entry->code);
        if (strchr(entry->meaning, '\n')) CHECK_FAIL("the meaning of %d is more than a line", entry->code);
        if (status_find(table, entry->code) != entry) CHECK_FAIL("%d is not found", entry->code);
        for (uint32_t j = 0; j < i; j++)
            if (strcmp(table->entry[j].name, entry->name) == 0) CHECK_FAIL("%s names two codes", entry->name);
    }
}

TEST(tables_are_sorted_without_doubles)
{
    check_sorted_and_complete(&status_rt);
    check_sorted_and_complete(&status_hal);
    check_sorted_and_complete(&status_hccl);
}

struct range {
    int32_t first, last;
};

static uint32_t check_named(const struct range *range, size_t count, const char *(*name)(int32_t),
                            const char *(*meaning)(int32_t))
{
    uint32_t codes = 0;
    for (size_t i = 0; i < count; i++)
        for (int32_t code = range[i].first; code <= range[i].last; code++, codes++) {
            if (strcmp(name(code), "unknown") == 0) CHECK_FAIL("%d has no name", code);
            if (meaning && strcmp(meaning(code), "unknown") == 0) CHECK_FAIL("%d has no meaning", code);
        }
    return codes;
}

/* rt_error_codes.h of hicann/runtime defines 144 codes in these ranges, without gaps. */
TEST(every_runtime_code_has_name_and_meaning)
{
    static const struct range rt[] = {{107000, 107045}, {207000, 207021}, {507000, 507057}, {507899, 507916}};
    CHECK_EQ(check_named(rt, 4, driver_status_name, driver_status_meaning), 144);
}

/* acl_base_rt.h of hicann/runtime. */
TEST(every_acl_code_has_name_and_meaning)
{
    static const struct range acl[] = {{0, 0},           {100000, 100045}, {148046, 148053},
                                       {200000, 200007}, {300000, 300000}, {500000, 500005}};
    CHECK_EQ(check_named(acl, 6, driver_status_name, driver_status_meaning), 70);
    CHECK_EQ(status_rt.count, 144 + 70);
}

/* ascend_hal_error.h of hicann/driver; hccl_types.h of hicann/hcomm. */
TEST(every_hal_and_hccl_code_has_a_name)
{
    static const struct range hal[] = {{0, 99}, {0xfffe, 0xfffe}};
    static const struct range hccl[] = {{0, 24}, {1041, 1041}};
    CHECK_EQ(check_named(hal, 2, driver_hal_name, driver_hal_meaning), 101);
    CHECK_STR(driver_hal_name(97), "DRV_ERROR_TRANS_LINK_ACK_TIMEOUT_ERR");
    CHECK_STR(driver_hal_name(98), "DRV_ERROR_CALL_NO_RETRY");
    CHECK_STR(driver_hal_name(99), "DRV_ERROR_CONNECT");
    CHECK_EQ(check_named(hccl, 2, driver_hccl_name, NULL), 26);
}

/* hccl has a name by call and its meaning in the table: nobody asks for it but npurt explain. A word of each, from what
 * the vendor's header says of the code. */
TEST(every_hccl_code_means_what_the_vendor_says)
{
    static const struct {
        int32_t code;
        const char *word;
    } wanted[] = {{0, "success"},        {1, "argument"},       {2, "pointer"},          {3, "memory"},
                  {4, "internal"},       {5, "not supported"},  {6, "not found"},        {7, "not available"},
                  {8, "system call"},    {9, "in time"},        {10, "opened"},          {11, "TCP connection"},
                  {12, "RoCE conn"},     {13, "TCP transfer"},  {14, "RoCE transfer"},   {15, "runtime"},
                  {16, "driver"},        {17, "profiling"},     {18, "cce"},             {19, "network"},
                  {20, "again"},         {21, "peer reported"}, {22, "suspended"},       {23, "retried"},
                  {24, "memory ran out"}, {1041, "in the status"}};
    CHECK_EQ(sizeof wanted / sizeof *wanted, status_hccl.count);
    for (size_t i = 0; i < sizeof wanted / sizeof *wanted; i++) {
        const struct status_entry *entry = status_find(&status_hccl, wanted[i].code);
        if (!entry) CHECK_FAIL("%d is not in the table", wanted[i].code);
        if (!strstr(entry->meaning, wanted[i].word))
            CHECK_FAIL("%s: no \"%s\" in \"%s\"", entry->name, wanted[i].word, entry->meaning);
    }
}

TEST(codes_of_no_table_are_unknown)
{
    static const int32_t code[] = {-1, 1, 99999, 100046, 107046, 207022, 507058, 507898, 507917, INT32_MAX, INT32_MIN};
    for (size_t i = 0; i < sizeof code / sizeof *code; i++) {
        CHECK_STR(driver_status_name(code[i]), "unknown");
        CHECK_STR(driver_status_meaning(code[i]), "unknown");
    }
    CHECK_STR(driver_hal_name(100), "unknown");
    CHECK_STR(driver_hal_name(0xffff), "unknown");
    CHECK_STR(driver_hccl_name(25), "unknown");
}

#define NAMED(code) CHECK_STR(driver_status_name(code), #code)

TEST(codes_that_the_code_branches_on_have_their_own_names)
{
    NAMED(ACL_SUCCESS);
    NAMED(ACL_ERROR_INVALID_PARAM);
    NAMED(ACL_ERROR_UNINITIALIZE);
    NAMED(ACL_ERROR_REPEAT_INITIALIZE);
    NAMED(ACL_ERROR_REPEAT_FINALIZE);
    NAMED(ACL_ERROR_RT_PARAM_INVALID);
    NAMED(ACL_ERROR_RT_INVALID_DEVICEID);
    NAMED(ACL_ERROR_RT_CONTEXT_NULL);
    NAMED(ACL_ERROR_RT_STREAM_CONTEXT);
    NAMED(ACL_ERROR_RT_INVALID_HANDLE);
    NAMED(ACL_ERROR_RT_DEVICE_TASK_ABORT);
    NAMED(ACL_ERROR_RT_STREAM_ABORT);
    NAMED(ACL_ERROR_RT_FEATURE_NOT_SUPPORT);
    NAMED(ACL_ERROR_RT_MEMORY_ALLOCATION);
    NAMED(ACL_ERROR_RT_NO_STREAM_RESOURCE);
    NAMED(ACL_ERROR_RT_INTERNAL_ERROR);
    NAMED(ACL_ERROR_RT_TS_ERROR);
    NAMED(ACL_ERROR_RT_STREAM_NOT_COMPLETE);
    NAMED(ACL_ERROR_RT_CONTEXT_RELEASE_ERROR);
    NAMED(ACL_ERROR_RT_AICORE_TIMEOUT);
    NAMED(ACL_ERROR_RT_AICORE_EXCEPTION);
    NAMED(ACL_ERROR_RT_AICPU_TIMEOUT);
    NAMED(ACL_ERROR_RT_AICPU_EXCEPTION);
    NAMED(ACL_ERROR_RT_DEV_SETUP_ERROR);
    NAMED(ACL_ERROR_RT_STREAM_SYNC_TIMEOUT);
    NAMED(ACL_ERROR_RT_DRV_INTERNAL_ERROR);
    NAMED(ACL_ERROR_RT_SOCKET_CLOSE);
}

TEST(names_are_the_vendors)
{
    static const struct {
        int32_t code;
        const char *name;
    } sample[] = {
        {100039, "ACL_ERROR_COMPILING_STUB_MODE"},
        {107020, "ACL_ERROR_RT_TASK_TIMEOUT"},
        {107032, "ACL_ERROR_STREAM_CAPTURE_CONFLICT"}, /* without RT: so named in the vendor's header */
        {107033, "ACL_ERROR_STREAM_TASK_GROUP_STATUS"},
        {107034, "ACL_ERROR_STREAM_TASK_GROUP_INTR"},
        {107045, "ACL_ERROR_RT_SUB_ACLGRAPH_IS_CAPTURING"},
        {148053, "ACL_ERROR_INVALID_BUNDLE_MODEL_ID"},
        {200003, "ACL_ERROR_MEMORY_ADDRESS_UNALIGNED"},
        {207018, "ACL_ERROR_RT_DEVICE_OOM"},
        {300000, "ACL_ERROR_STORAGE_OVER_LIMIT"},
        {500004, "ACL_ERROR_DRV_FAILURE"},
        {507010, "ACL_ERROR_RT_LOST_HEARTBEAT"},
        {507027, "ACL_ERROR_RT_KERNEL_LOOKUP"},
        {507032, "ACL_ERROR_RT_PROGRAM_USE_OUT"},
        {507035, "ACL_ERROR_RT_VECTOR_CORE_EXCEPTION"},
        {507054, "ACL_ERROR_RT_HBM_MULTI_BIT_ECC_ERROR"},
        {507905, "ACL_ERROR_SNAPSHOT_LOCK_TIMEOUT"},
        {507913, "ACL_ERROR_SNAPSHOT_REGISTER_CALLBACK_FAILED"},
        {507916, "ACL_ERROR_RT_CCU_EXCEPTION"},
    };
    for (size_t i = 0; i < sizeof sample / sizeof *sample; i++)
        CHECK_STR(driver_status_name(sample[i].code), sample[i].name);
    CHECK_STR(driver_hal_name(HAL_BUSY), "DRV_ERROR_BUSY");
    CHECK_STR(driver_hal_name(HAL_PROCESS_EXIT), "DRV_ERROR_PROCESS_EXIT");
    CHECK_STR(driver_hal_name(HAL_NO_PROCESS), "DRV_ERROR_NO_PROCESS");
    CHECK_STR(driver_hal_name(HAL_NOT_SUPPORT), "DRV_ERROR_NOT_SUPPORT");
    CHECK_STR(driver_hccl_name(10), "HCCL_E_OPEN_FILE_FAILURE");
    CHECK_STR(driver_hccl_name(1041), "HCCL_E_IN_STATUS");
}

/* npurt_error.driver_name has 48 bytes. */
TEST(names_fit_the_error_record)
{
    for (uint32_t i = 0; i < status_rt.count; i++)
        if (strlen(status_rt.entry[i].name) >= sizeof((npurt_error *)0)->driver_name)
            CHECK_FAIL("%s does not fit", status_rt.entry[i].name);
    for (uint32_t i = 0; i < status_hal.count; i++)
        CHECK(strlen(status_hal.entry[i].name) < sizeof((npurt_error *)0)->driver_name);
}

TEST_MAIN
