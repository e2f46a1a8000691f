/* test_deadline.c - absolute deadlines. */
#include <poll.h>
#include <unistd.h>

#include "libclient/deadline.h"
#include "libclient/sidekey.h"
#include "tests/lib/suite.h"

START_TEST(a_deadline_counts_down_and_stays_at_zero)
{
    uint64_t deadline_ms = skc_deadline_after(30);

    ck_assert_uint_le(skc_deadline_left(deadline_ms), 30);
    skc_deadline_sleep(32);
    ck_assert_uint_eq(skc_deadline_left(deadline_ms), 0);
    ck_assert_uint_eq(skc_deadline_left(0), 0);
}
END_TEST

START_TEST(never_is_never)
{
    ck_assert(skc_deadline_after(SIDEKEY_NO_DEADLINE) == SKC_NEVER);
    ck_assert(skc_deadline_left(SKC_NEVER) == SKC_NEVER);
    ck_assert_uint_eq(skc_deadline_min(SKC_NEVER, 7), 7);
    ck_assert_uint_eq(skc_deadline_min(3, 7), 3);
}
END_TEST

START_TEST(waiting_ends_with_an_event_or_with_the_deadline)
{
    uint64_t start_ms = skc_deadline_now_ms();
    int fds[2];

    ck_assert_int_eq(pipe(fds), 0);
    skt_err(skc_deadline_wait(fds[0], POLLIN, start_ms + 30),
            SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_uint_ge(skc_deadline_now_ms(), start_ms + 30);
    skt_ok(skc_deadline_wait(fds[1], POLLOUT, SKC_NEVER));
    /* A broken one is ready too: reading tells what happened. */
    ck_assert_int_eq(close(fds[1]), 0);
    skt_ok(skc_deadline_wait(fds[0], POLLIN, SKC_NEVER));
    ck_assert_int_eq(close(fds[0]), 0);
}
END_TEST

SKT_SUITE("deadline",
          a_deadline_counts_down_and_stays_at_zero,
          never_is_never,
          waiting_ends_with_an_event_or_with_the_deadline)
