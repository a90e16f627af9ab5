/* Counting of references to one loaded provider. Runs with a complete set of stand-in libraries on the search path. */
#include "check.h"

#include <driver/driver.h>
#include <pthread.h>

TEST(second_open_gives_the_same_table)
{
    struct driver *a, *b;
    CHECK_EQ(driver_open("cann", &a), NPURT_OK);
    CHECK_EQ(driver_open("cann", &b), NPURT_OK);
    CHECK(a == b);
    CHECK_EQ(a->references, 2);
    driver_close(b);
    CHECK_EQ(a->references, 1);
    CHECK_EQ(a->rtSetDevice(0), 1);
    driver_close(a);
}

TEST(last_close_forgets_the_table_and_open_fills_it_again)
{
    struct driver *a, *b;
    CHECK_EQ(driver_open("cann", &a), NPURT_OK);
    driver_close(a);
    CHECK_EQ(a->references, 0);
    CHECK(!a->rtSetDevice && !a->halResMap);
    CHECK_EQ(driver_open("cann", &b), NPURT_OK);
    CHECK_EQ(b->references, 1);
    CHECK_EQ(b->rtSetDevice(0), 1);
    driver_close(b);
}

TEST(closing_null_is_legal)
{
    driver_close(NULL);
}

TEST(failed_open_leaves_other_references_alone)
{
    struct driver *a, *b;
    CHECK_EQ(driver_open("cann", &a), NPURT_OK);
    CHECK_EQ(driver_open("nonsense", &b), NPURT_ERROR_INVALID_ARGUMENT);
    CHECK(!b);
    CHECK_HAS(driver_problem(), "nonsense");
    CHECK_EQ(a->references, 1);
    driver_close(a);
}

enum { THREADS = 8, ROUNDS = 500 };

static void *open_and_close(void *bad)
{
    for (int i = 0; i < ROUNDS; i++) {
        struct driver *driver;
        if (driver_open("cann", &driver) != NPURT_OK || driver->rtSetDevice(0) != 1) {
            *(bool *)bad = true;
            return NULL;
        }
        driver_close(driver);
    }
    return NULL;
}

TEST(threads_open_and_close_at_once)
{
    pthread_t thread[THREADS];
    bool bad[THREADS] = {false};
    struct driver *driver;
    for (int i = 0; i < THREADS; i++)
        CHECK_EQ(pthread_create(&thread[i], NULL, open_and_close, &bad[i]), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (int i = 0; i < THREADS; i++)
        CHECK(!bad[i]);
    CHECK_EQ(driver_open("cann", &driver), NPURT_OK);
    CHECK_EQ(driver->references, 1);
    driver_close(driver);
}

TEST(problem_text_belongs_to_its_thread)
{
    struct driver *driver;
    CHECK_EQ(driver_open("mine", &driver), NPURT_ERROR_INVALID_ARGUMENT);
    pthread_t thread;
    bool bad = false;
    CHECK_EQ(pthread_create(&thread, NULL, open_and_close, &bad), 0);
    pthread_join(thread, NULL);
    CHECK(!bad);
    CHECK_HAS(driver_problem(), "mine");
}

TEST_MAIN
