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

SKT_SUITE("agent_status",
          tenants_are_counted_by_state,
          before_the_first_snapshot_there_is_nothing_to_count,
          what_an_operator_must_know_is_said)
