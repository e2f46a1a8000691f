/* test_rpc_status.c - the result of status at its extremes, and from older
 * agents; what it looks like otherwise is in test_rpc_response.c. */
#include <string.h>

#include "protocol/rpc_status.h"
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

static struct skp_members pack(const struct skp_status *status)
{
    static struct skp_buf out;
    static struct skp_packer packer;

    out = skp_buf_over(room, sizeof room);
    packer = skp_packer_to(&out);
    skp_status_pack(&packer, status);
    return read_back(&packer);
}

START_TEST(an_agent_without_anything_reports_empty_lists)
{
    struct skp_status status = { 0 };
    struct skp_members members = pack(&status);
    struct skp_status got;

    memset(&got, 0x5a, sizeof got);
    skt_ok(skp_status_read(&members, &got));
    ck_assert_uint_eq(got.n_sources, 0);
    ck_assert_ptr_null(got.sources);
    ck_assert_uint_eq(got.n_warnings, 0);
    ck_assert_ptr_null(got.warnings);
    ck_assert(!got.ready && !got.refreshing);
    ck_assert_uint_eq(got.sandbox.len, 0);
    ck_assert_uint_eq(got.unrefreshed.tenants, 0);
    ck_assert(!got.is_restored && !got.has_audit);
    ck_assert_uint_eq(got.n_certificates, 0);
    ck_assert_uint_eq(got.connections_refused + got.requests_refused, 0);
    ck_assert(!got.has_totals);
}
END_TEST

START_TEST(the_largest_numbers_come_back)
{
    const struct skp_certificate_row certificate = { skp_view_of("c"),
                                                     INT64_MAX };
    const struct skp_source_row source = { .failures = UINT64_MAX };
    struct skp_status status = {
        .pid = UINT64_MAX,
        .started_at_s = INT64_MAX,
        .locked_bytes = UINT64_MAX,
        .snapshot = UINT64_MAX - 1,
        .next_refresh_s = INT64_MAX - 1,
        .tenants = { UINT64_MAX, UINT64_MAX - 1, UINT64_MAX - 2, 7 },
        .brake_missing = UINT64_MAX - 3,
        .connections = UINT64_MAX - 4,
        .refreshing = true,
        .sources = &source,
        .n_sources = 1,
        .unrefreshed = { UINT64_MAX - 5, skp_view_of("t"), INT64_MAX - 2 },
        .is_restored = true,
        .restored_tenants = UINT64_MAX - 6,
        .restored_at_s = INT64_MAX - 3,
        .certificates = &certificate,
        .n_certificates = 1,
        .has_audit = true,
        .audit = { skp_view_of("a"), UINT64_MAX - 7, UINT64_MAX - 8,
                   UINT64_MAX - 9, true },
        .connections_refused = UINT64_MAX - 10,
        .requests_refused = UINT64_MAX - 11,
        .gone = { UINT64_MAX - 12, UINT64_MAX - 13, UINT64_MAX - 14 },
    };
    struct skp_members members = pack(&status);
    struct skp_status got = { 0 };

    skt_ok(skp_status_read(&members, &got));
    ck_assert_uint_eq(got.pid, status.pid);
    ck_assert_int_eq(got.started_at_s, status.started_at_s);
    ck_assert_uint_eq(got.locked_bytes, status.locked_bytes);
    ck_assert_uint_eq(got.snapshot, status.snapshot);
    ck_assert_int_eq(got.next_refresh_s, status.next_refresh_s);
    ck_assert_mem_eq(got.tenants, status.tenants, sizeof got.tenants);
    ck_assert_uint_eq(got.brake_missing, status.brake_missing);
    ck_assert_uint_eq(got.connections, status.connections);
    ck_assert(got.refreshing);
    ck_assert_uint_eq(got.sources[0].failures, UINT64_MAX);
    ck_assert_uint_eq(got.unrefreshed.tenants, status.unrefreshed.tenants);
    ck_assert_int_eq(got.unrefreshed.since_s, status.unrefreshed.since_s);
    ck_assert_uint_eq(got.restored_tenants, status.restored_tenants);
    ck_assert_int_eq(got.restored_at_s, status.restored_at_s);
    ck_assert_int_eq(got.certificates[0].not_after_s, INT64_MAX);
    ck_assert_uint_eq(got.audit.written, status.audit.written);
    ck_assert_uint_eq(got.audit.dropped, status.audit.dropped);
    ck_assert_uint_eq(got.audit.sequence, status.audit.sequence);
    ck_assert(got.audit.failing);
    ck_assert_uint_eq(got.connections_refused, status.connections_refused);
    ck_assert_uint_eq(got.requests_refused, status.requests_refused);
    ck_assert_mem_eq(got.gone, status.gone, sizeof got.gone);
}
END_TEST

/* As agents sent it before the members from `sandbox` on. */
static struct skp_members pack_as_older_agent(void)
{
    static struct skp_buf out;
    static struct skp_packer packer;

    out = skp_buf_over(room, sizeof room);
    packer = skp_packer_to(&out);
    skp_pack_map(&packer, 15);
    skp_member_pack_text(&packer, "agent", skp_view_of("sidekeyd/0.0.9"));
    skp_member_pack_text(&packer, "mode", skp_view_of("single-key"));
    skp_member_pack_number(&packer, "pid", 1);
    skp_member_pack_time(&packer, "started_at", 2);
    skp_member_pack_text(&packer, "memory_tier", skp_view_of("mlock"));
    skp_member_pack_number(&packer, "locked_bytes", 3);
    skp_member_pack_number(&packer, "snapshot", 4);
    skp_member_pack_flag(&packer, "ready", true);
    skp_member_pack_flag(&packer, "refreshing", false);
    skp_member_pack_time(&packer, "next_refresh", 0);
    skp_pack_text(&packer, "tenants");
    skp_pack_map(&packer, 4);
    skp_member_pack_number(&packer, "active", 1);
    skp_member_pack_number(&packer, "decrypt-only", 0);
    skp_member_pack_number(&packer, "stale", 0);
    skp_member_pack_number(&packer, "unavailable", 0);
    skp_member_pack_number(&packer, "brake_missing", 0);
    skp_member_pack_number(&packer, "connections", 1);
    skp_pack_text(&packer, "sources");
    skp_pack_array(&packer, 1);
    skp_pack_map(&packer, 4);
    skp_member_pack_text(&packer, "name", skp_view_of("file"));
    skp_member_pack_time(&packer, "last_attempt", 5);
    skp_member_pack_time(&packer, "last_success", 6);
    skp_member_pack_optional(&packer, "last_error", skp_view_of(""));
    skp_pack_text(&packer, "warnings");
    skp_pack_array(&packer, 0);
    return read_back(&packer);
}

START_TEST(an_older_agent_is_understood)
{
    struct skp_members members = pack_as_older_agent();
    struct skp_status got;

    memset(&got, 0x5a, sizeof got);
    skt_ok(skp_status_read(&members, &got));
    ck_assert_uint_eq(got.n_sources, 1);
    ck_assert_int_eq(got.sources[0].last_success_s, 6);
    ck_assert_uint_eq(got.sources[0].failures, 0);
    ck_assert_uint_eq(got.sandbox.len, 0);
    ck_assert_uint_eq(got.unrefreshed.tenants, 0);
    ck_assert(!got.is_restored && !got.has_audit);
    ck_assert_uint_eq(got.n_certificates, 0);
    ck_assert_uint_eq(got.connections_refused, 0);
    ck_assert_uint_eq(got.requests_refused, 0);
    ck_assert_uint_eq(got.gone[SKP_GONE_DESTROYED], 0);
    ck_assert(!got.has_totals);
}
END_TEST

SKT_SUITE("rpc_status",
          an_agent_without_anything_reports_empty_lists,
          the_largest_numbers_come_back,
          an_older_agent_is_understood)
