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

START_TEST(one_thread_is_lowered_and_the_others_are_not)
{
    int before = how_nice();
    int lowered = 0;
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, lower, &lowered), 0);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
    ck_assert_int_eq(lowered, SKD_PRIORITY_NICE);
    ck_assert_int_eq(how_nice(), before);
}
END_TEST

SKT_SUITE("priority", one_thread_is_lowered_and_the_others_are_not)
