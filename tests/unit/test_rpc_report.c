/* test_rpc_report.c - lists and tables of the agent, at their extremes; what
 * they look like otherwise is in test_rpc_response.c. */
#include "protocol/rpc_report.h"
#include "tests/lib/suite.h"

static uint8_t room[4096];

/* What was packed, as members of a map. */
static struct skp_members read_back(struct skp_packer *packer)
{
    static struct skp_scratch *scratch;
    struct skp_members members = { 0 };

    if (scratch == NULL) {
        skt_ok(skp_scratch_new(&scratch));
    }
    members.scratch = scratch;
    skt_ok(skp_packer_done(packer));
    skt_ok(skp_unpack(scratch,
                      (struct skp_view){ packer->out->ptr, packer->out->len },
                      &skp_frame_answer_limits, &members.map));
    return members;
}

START_TEST(an_agent_without_tenants_reports_an_empty_list)
{
    struct skp_response rows = { 0 };
    struct skp_response got_rows = { .n_rows = 9 };
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_packer packer = skp_packer_to(&out);
    struct skp_members members;

    skp_report_pack_rows(&packer, &rows);
    members = read_back(&packer);
    skt_ok(skp_report_read_rows(&members, &got_rows));
    ck_assert_uint_eq(got_rows.n_rows, 0);
    ck_assert_uint_eq(got_rows.next.len, 0);
}
END_TEST

START_TEST(the_largest_numbers_come_back)
{
    struct skp_hello hello = { .protocol = UINT32_MAX,
                               .message_max = UINT64_MAX,
                               .payload_max = UINT64_MAX - 1,
                               .aad_max = UINT64_MAX - 2 };
    struct skp_hello got_hello = { 0 };
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_packer packer = skp_packer_to(&out);
    struct skp_members members;

    skp_report_pack_hello(&packer, &hello);
    members = read_back(&packer);
    skt_ok(skp_report_read_hello(&members, &got_hello));
    ck_assert_uint_eq(got_hello.protocol, hello.protocol);
    ck_assert_uint_eq(got_hello.message_max, hello.message_max);
    ck_assert_uint_eq(got_hello.payload_max, hello.payload_max);
    ck_assert_uint_eq(got_hello.aad_max, hello.aad_max);
}
END_TEST

START_TEST(every_state_and_origin_comes_back)
{
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT * SKP_ORIGIN_COUNT; i++) {
        struct skp_tenant_row row = {
            .id = skp_view_of("t"),
            .state = (enum skp_tenant_state)(i % SKP_TENANT_STATE_COUNT),
            .origin = (enum skp_origin)(i / SKP_TENANT_STATE_COUNT),
        };
        struct skp_response rows = { .rows = &row, .n_rows = 1 };
        struct skp_response got = { 0 };
        struct skp_buf out = skp_buf_over(room, sizeof room);
        struct skp_packer packer = skp_packer_to(&out);
        struct skp_members members;

        skp_report_pack_rows(&packer, &rows);
        members = read_back(&packer);
        skt_ok(skp_report_read_rows(&members, &got));
        ck_assert_uint_eq(got.n_rows, 1);
        ck_assert_uint_eq(got.rows[0].state, row.state);
        ck_assert_uint_eq(got.rows[0].origin, row.origin);
        ck_assert_ptr_null(got.rows[0].key_id);
    }
}
END_TEST

START_TEST(a_notification_without_rows_is_an_empty_array)
{
    struct skp_response got = { .n_rows = 9 };
    struct skp_buf out = skp_buf_over(room, sizeof room);
    struct skp_packer packer = skp_packer_to(&out);
    struct skp_members members;

    skp_report_pack_changed(&packer, NULL, 0);
    members = read_back(&packer);
    ck_assert_uint_eq(members.map.kind, SKP_KIND_ARRAY);
    skt_ok(skp_report_read_changed(&members, &members.map, &got));
    ck_assert_uint_eq(got.n_rows, 0);
}
END_TEST

SKT_SUITE("rpc_report",
          an_agent_without_tenants_reports_an_empty_list,
          the_largest_numbers_come_back,
          every_state_and_origin_comes_back,
          a_notification_without_rows_is_an_empty_array)
