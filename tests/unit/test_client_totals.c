/* test_client_totals.c - the public call for what the agent has done. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/sidekey.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

static struct sidekey_agent_totals totals;

START_TEST(state_and_totals_are_of_one_moment)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    static struct sidekey_agent_status status;

    totals.size = sizeof totals;
    skt_status_ok(sidekey_agent_totals(handle, 60000, &status, &totals));
    ck_assert_uint_eq(skt_agent_requests(agent), 1);
    ck_assert_uint_eq(status.pid, 4242);
    ck_assert_uint_eq(totals.size, sizeof totals);
    ck_assert_uint_eq(totals.uptime_ms, 10201000);
    ck_assert_uint_eq(totals.n_bounds, 3);
    ck_assert_uint_eq(totals.bounds_ns[2], 25000);
    ck_assert_uint_eq(totals.n_workers, 2);
    ck_assert_uint_eq(totals.workers_us[0], 500000);
    ck_assert_uint_eq(totals.n_methods, 1);
    ck_assert_str_eq(totals.methods[0].method, "unwrap");
    ck_assert_uint_eq(totals.methods[0].answered[SIDEKEY_OK], 30);
    ck_assert_uint_eq(totals.methods[0].answered[SIDEKEY_NOT_FOUND], 10);
    ck_assert_uint_eq(totals.methods[0].answered[SIDEKEY_INTERNAL], 1);
    ck_assert_uint_eq(totals.methods[0].answered[16], 0);
    ck_assert_uint_eq(totals.methods[0].lasted[0], 38);
    ck_assert_uint_eq(totals.methods[0].lasted[2], 2);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(the_state_need_not_be_wanted)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });

    totals.size = sizeof totals;
    skt_status_ok(sidekey_agent_totals(handle, 60000, NULL, &totals));
    ck_assert_uint_eq(totals.n_methods, 1);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_caller_that_knows_more_gets_zeros_there)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct {
        struct sidekey_agent_totals totals;
        uint64_t newer;
    } *later = malloc(sizeof *later);

    ck_assert_ptr_nonnull(later);
    memset(later, 0x5a, sizeof *later);
    later->totals.size = sizeof *later;
    skt_status_ok(sidekey_agent_totals(handle, 60000, NULL, &later->totals));
    ck_assert_uint_eq(later->totals.size, sizeof *later);
    ck_assert_uint_eq(later->totals.n_workers, 2);
    ck_assert_uint_eq(later->newer, 0);
    free(later);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_size_that_is_not_set_is_refused_and_nothing_written)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    static struct sidekey_agent_totals before;

    memset(&totals, 0x5a, sizeof totals);
    totals.size = offsetof(struct sidekey_agent_totals, n_workers);
    memcpy(&before, &totals, sizeof before);
    skt_status(sidekey_agent_totals(handle, 60000, NULL, &totals),
               SIDEKEY_INVALID_ARGUMENT);
    ck_assert_str_eq(sidekey_error_text(handle),
                     "the size of the totals is not set");
    ck_assert_mem_eq(&totals, &before, sizeof totals);
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("client_totals",
          state_and_totals_are_of_one_moment,
          the_state_need_not_be_wanted,
          a_caller_that_knows_more_gets_zeros_there,
          a_size_that_is_not_set_is_refused_and_nothing_written)
