/* test_rpc_totals.c - what the agent has done, there and back; spoilt answers
 * are in test_rpc_response.c. */
#include <string.h>

#include "protocol/rpc_totals.h"
#include "tests/lib/suite.h"

static uint8_t room[4096];

/* @totals as a member of a map, read back. */
static enum skp_err there_and_back(const struct skp_totals *totals,
                                   bool *ret_is_there,
                                   struct skp_totals *ret)
{
    static struct skp_scratch *scratch;
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_packer packer = skp_packer_to(&out);
    struct skp_members members = { .scratch = NULL };

    if (scratch == NULL) {
        skt_ok(skp_scratch_new(&scratch));
    }
    members.scratch = scratch;
    skp_pack_map(&packer, 1);
    skp_totals_pack(&packer, totals);
    skt_ok(skp_packer_done(&packer));
    skt_ok(skp_unpack(scratch, (struct skp_view){ out.ptr, out.len },
                      &skp_frame_answer_limits, &members.map));
    return skp_totals_read(&members, ret_is_there, ret);
}

START_TEST(the_largest_numbers_come_back_in_their_order)
{
    static const uint64_t list[] = { UINT64_MAX, 0, UINT64_MAX - 1 };
    const struct skp_requests_row row = { skp_view_of("decrypt"),
                                          { list, 3 },
                                          { list, 2 } };
    const struct skp_totals totals = { .uptime_ms = UINT64_MAX - 2,
                                       .workers_us = { list, 3 },
                                       .bounds_ns = { list, 1 },
                                       .requests = &row,
                                       .n_requests = 1 };
    struct skp_totals got;
    bool is_there = false;

    skt_ok(there_and_back(&totals, &is_there, &got));
    ck_assert(is_there);
    ck_assert_uint_eq(got.uptime_ms, UINT64_MAX - 2);
    ck_assert_uint_eq(got.workers_us.n, 3);
    ck_assert_mem_eq(got.workers_us.list, list, sizeof list);
    ck_assert_uint_eq(got.bounds_ns.n, 1);
    ck_assert_uint_eq(got.bounds_ns.list[0], UINT64_MAX);
    ck_assert_uint_eq(got.n_requests, 1);
    ck_assert(skp_view_equal(got.requests[0].method, row.method));
    ck_assert_uint_eq(got.requests[0].answered.n, 3);
    ck_assert_mem_eq(got.requests[0].answered.list, list, sizeof list);
    ck_assert_uint_eq(got.requests[0].lasted.n, 2);
}
END_TEST

START_TEST(an_agent_that_did_nothing_yet_has_empty_lists)
{
    const struct skp_totals totals = { .uptime_ms = 1 };
    struct skp_totals got;
    bool is_there = false;

    skt_ok(there_and_back(&totals, &is_there, &got));
    ck_assert(is_there);
    ck_assert_uint_eq(got.n_requests + got.workers_us.n + got.bounds_ns.n, 0);
}
END_TEST

START_TEST(what_is_not_known_is_zero)
{
    struct skp_totals got;
    bool is_there = true;

    memset(&got, 0x5a, sizeof got);
    skt_ok(there_and_back(NULL, &is_there, &got));
    ck_assert(!is_there);
    ck_assert_uint_eq(got.uptime_ms, 0);
    ck_assert_ptr_null(got.requests);
}
END_TEST

SKT_SUITE("rpc_totals",
          the_largest_numbers_come_back_in_their_order,
          an_agent_that_did_nothing_yet_has_empty_lists,
          what_is_not_known_is_zero)
