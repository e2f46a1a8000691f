/* test_priority.c - suite of agent/sys/priority.c. */
#include <errno.h>
#include <pthread.h>
#include <sys/resource.h>

#include "agent/sys/priority.h"
#include "tests/lib/suite.h"

/* How nice the calling thread is; -99 when that cannot be said. */
static int how_nice(void)
{
    int nice;

    errno = 0;
    nice = getpriority(PRIO_PROCESS, 0);
    return errno == 0 ? nice : -99;
}

static void *lower(void *arg)
{
    int *ret = arg;

    skd_priority_lower();
    *ret = how_nice();
    return NULL;
}

static int lower_in_a_thread(void)
{
    int lowered = -99;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, lower, &lowered), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    return lowered;
}

START_TEST(one_thread_is_lowered_and_the_others_are_not)
{
    int before = how_nice();
    int expected = before > SKD_PRIORITY_NICE ? before : SKD_PRIORITY_NICE;

    ck_assert_int_eq(lower_in_a_thread(), expected);
    ck_assert_int_eq(how_nice(), before);
}
END_TEST

/* Root could. */
START_TEST(none_is_raised)
{
    ck_assert_int_eq(setpriority(PRIO_PROCESS, 0, SKD_PRIORITY_NICE + 6), 0);
    ck_assert_int_eq(lower_in_a_thread(), SKD_PRIORITY_NICE + 6);
}
END_TEST

SKT_SUITE("priority",
          one_thread_is_lowered_and_the_others_are_not,
          none_is_raised)
