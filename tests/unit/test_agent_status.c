/* test_agent_status.c - suite of agent/ops/agent_status.c. */
#include <string.h>

#include "agent/ops/agent_status.h"
#include "tests/lib/suite.h"

#define NOW_MS 100000u

static const struct skd_config remote = {
    .mode = SKD_MODE_REMOTE_MULTI_KEYS,
    .max_stale_ms = 1000,
};

static struct skd_snapshot *snapshot_of(const struct skd_tenant *tenants,
                                        size_t n)
{
    static const uint8_t private_key[SKP_KEY_LEN] = { 1 };
    static const uint8_t public_key[SKP_KEY_LEN] = { 2 };
    static const uint8_t key_id[SKP_KEY_ID_LEN] = { 3 };
    const struct skd_key key = { private_key, public_key, key_id, 1 };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;

    skt_ok(skd_builder_new(n, n, false, &builder, NULL));
    for (size_t i = 0; i < n; i++) {
        skt_ok(skd_builder_add_tenant(builder, &tenants[i]));
        if (tenants[i].use != SKD_USE_NONE) {
            skt_ok(skd_builder_add_key(builder, &key));
        }
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

static bool warns_of(const struct skp_status *status, const char *word)
{
    for (size_t i = 0; i < status->n_warnings; i++) {
        if (strstr((const char *)status->warnings[i].ptr, word) != NULL) {
            return true;
        }
    }
    return false;
}

START_TEST(tenants_are_counted_by_state)
{
    const struct skd_tenant tenants[] = {
        { .id = "a", .id_len = 1, .use = SKD_USE_ALL, .confirmed_ms = NOW_MS },
        { .id = "b", .id_len = 1, .use = SKD_USE_ALL, .confirmed_ms = 1 },
        { .id = "c",
          .id_len = 1,
          .use = SKD_USE_DECRYPT_ONLY,
          .confirmed_ms = NOW_MS },
        { .id = "d", .id_len = 1, .use = SKD_USE_NONE, .reason = "no object" },
    };
    struct skd_snapshot *snapshot = snapshot_of(tenants, 4);
    const struct skd_agent_status_parts parts = {
        .config = &remote,
        .snapshot = snapshot,
        .tier = SKD_TIER_MLOCK,
        .now_ms = NOW_MS,
    };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.tenants[SKP_TENANT_STATE_ACTIVE], 1);
    ck_assert_uint_eq(status.tenants[SKP_TENANT_STATE_STALE], 1);
    ck_assert_uint_eq(status.tenants[SKP_TENANT_STATE_DECRYPT_ONLY], 1);
    ck_assert_uint_eq(status.tenants[SKP_TENANT_STATE_UNAVAILABLE], 1);
    ck_assert(warns_of(&status, "the first is d: no object"));
    ck_assert_uint_eq(status.n_warnings, 1);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(before_the_first_snapshot_there_is_nothing_to_count)
{
    const struct skd_agent_status_parts parts = { .config = &remote,
                                                  .tier = SKD_TIER_MLOCK };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert(!status.ready);
    ck_assert_uint_eq(status.n_warnings, 0);
    ck_assert(skp_view_equal(status.mode, skp_view_of("remote-multi-keys")));
    ck_assert(skp_view_equal(status.memory_tier, skp_view_of("mlock")));
}
END_TEST

START_TEST(what_an_operator_must_know_is_said)
{
    const struct skd_config careless = {
        .mode = SKD_MODE_DEV,
        .coordinator = { .present = true,
                         .tls = { .insecure_skip_verify = true } },
        .kmip = { .present = true, .tls = { .insecure_skip_verify = true } },
    };
    const struct skd_agent_status_parts parts = {
        .config = &careless,
        .tier = SKD_TIER_NONE,
        .brake_missing = 7,
    };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.n_warnings, 5);
    ck_assert(warns_of(&status, "die with this agent"));
    ck_assert(warns_of(&status, "not locked"));
    ck_assert(warns_of(&status, "lacks 7 tenants"));
    ck_assert(warns_of(&status, "certificate of the Coordinator"));
    ck_assert(warns_of(&status, "certificate of the key server"));
}
END_TEST

START_TEST(what_was_not_refreshed_is_told_with_its_oldest)
{
    const struct skd_tenant tenants[] = {
        { .id = "a", .id_len = 1, .use = SKD_USE_ALL, .confirmed_at_s = 10 },
        { .id = "b",
          .id_len = 1,
          .use = SKD_USE_ALL,
          .confirmed_at_s = 30,
          .reason = "timed out" },
        { .id = "c",
          .id_len = 1,
          .use = SKD_USE_ALL,
          .confirmed_at_s = 20,
          .reason = "timed out" },
    };
    struct skd_snapshot *snapshot = snapshot_of(tenants, 3);
    const struct skd_agent_status_parts parts = { .config = &remote,
                                                  .snapshot = snapshot,
                                                  .tier = SKD_TIER_MLOCK };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.unrefreshed.tenants, 2);
    skt_bytes_eq(status.unrefreshed.oldest, skp_view_of("c"));
    ck_assert_int_eq(status.unrefreshed.since_s, 20);
    ck_assert(warns_of(&status, "2 tenants could not be refreshed; the first "
                                "is b: timed out"));
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(a_list_that_cannot_be_read_confirms_nobody)
{
    const struct skd_tenant tenants[] = {
        { .id = "a", .id_len = 1, .use = SKD_USE_ALL, .confirmed_at_s = 10 },
        { .id = "b", .id_len = 1, .use = SKD_USE_ALL, .confirmed_at_s = 9 },
    };
    struct skp_source_row sources[] = {
        { .name = skp_view_of("coordinator") },
        { .name = skp_view_of("kmip"), .failures = 5 },
    };
    struct skd_snapshot *snapshot = snapshot_of(tenants, 2);
    const struct skd_agent_status_parts parts = { .config = &remote,
                                                  .snapshot = snapshot,
                                                  .tier = SKD_TIER_MLOCK,
                                                  .sources = sources,
                                                  .n_sources = 2 };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.unrefreshed.tenants, 0);
    sources[0].failures = 1;
    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.unrefreshed.tenants, 2);
    skt_bytes_eq(status.unrefreshed.oldest, skp_view_of("b"));
    ck_assert_int_eq(status.unrefreshed.since_s, 9);
    ck_assert_uint_eq(status.n_warnings, 0);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(what_other_parts_know_is_passed_on)
{
    const struct skp_certificate_row certificate = { skp_view_of("kms client"),
                                                     5000000000 };
    const struct skp_audit_row audit = { skp_view_of("stderr"), 4, 3, 7, true };
    const struct skd_agent_status_parts parts = {
        .config = &remote,
        .tier = SKD_TIER_MLOCK,
        .now_s = 1000,
        .sandbox = "landlock 7",
        .sandbox_missing = "mdwe: none",
        .metrics_failure = "127.0.0.1:9464: in use",
        .is_restored = true,
        .restored_tenants = 5,
        .restored_at_s = 900,
        .certificates = &certificate,
        .n_certificates = 1,
        .audit = &audit,
        .connections_refused = 8,
        .requests_refused = 9,
        .gone = { 1, 2, 3 },
    };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    skt_bytes_eq(status.sandbox, skp_view_of("landlock 7"));
    ck_assert(status.is_restored);
    ck_assert_uint_eq(status.restored_tenants, 5);
    ck_assert_int_eq(status.restored_at_s, 900);
    ck_assert_uint_eq(status.n_certificates, 1);
    ck_assert_ptr_eq(status.certificates, &certificate);
    ck_assert(status.has_audit);
    ck_assert_uint_eq(status.audit.sequence, 7);
    ck_assert_uint_eq(status.connections_refused, 8);
    ck_assert_uint_eq(status.requests_refused, 9);
    ck_assert_uint_eq(status.gone[SKP_GONE_FORGOTTEN], 3);
    ck_assert(warns_of(&status, "the sandbox is not whole: mdwe: none"));
    ck_assert(warns_of(&status, "no metrics: 127.0.0.1:9464: in use"));
    ck_assert(warns_of(&status, "audit log cannot be written"));
    ck_assert(warns_of(&status, "5 tenants have keys of before a restart"));
    ck_assert_uint_eq(status.n_warnings, 4);
}
END_TEST

START_TEST(zeroed_parts_are_absent)
{
    const struct skd_agent_status_parts parts = { .config = &remote,
                                                  .tier = SKD_TIER_MLOCK,
                                                  .sandbox_missing = "" };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.sandbox.len, 0);
    ck_assert(!status.is_restored && !status.has_audit);
    ck_assert_uint_eq(status.n_certificates, 0);
    ck_assert_uint_eq(status.unrefreshed.tenants, 0);
    ck_assert_uint_eq(status.n_warnings, 0);
}
END_TEST

START_TEST(certificates_that_end_soon_are_warned_of)
{
    const int64_t now_s = 1700000000;
    const struct skp_certificate_row rows[] = {
        { skp_view_of("kms client"), now_s + 3 * 86400 + 10 },
        { skp_view_of("kms server"), now_s + SKD_AGENT_STATUS_EXPIRY_S },
        { skp_view_of("coordinator client"), now_s },
    };
    struct skd_agent_status_parts parts = { .config = &remote,
                                            .tier = SKD_TIER_MLOCK,
                                            .now_s = now_s,
                                            .certificates = rows,
                                            .n_certificates = 3 };
    struct skd_agent_status_text text;
    struct skp_status status;

    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.n_warnings, 2);
    ck_assert(warns_of(&status, "\"kms client\" expires in 3 days"));
    ck_assert(warns_of(&status, "\"coordinator client\" has expired"));
    parts.now_s = 0;
    skd_agent_status_compose(&parts, &text, &status);
    ck_assert_uint_eq(status.n_warnings, 0);
}
END_TEST

SKT_SUITE("agent_status",
          tenants_are_counted_by_state,
          what_was_not_refreshed_is_told_with_its_oldest,
          a_list_that_cannot_be_read_confirms_nobody,
          what_other_parts_know_is_passed_on,
          zeroed_parts_are_absent,
          certificates_that_end_soon_are_warned_of,
          before_the_first_snapshot_there_is_nothing_to_count,
          what_an_operator_must_know_is_said)
