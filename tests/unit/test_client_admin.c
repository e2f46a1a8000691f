/* test_client_admin.c - the public calls about the agent itself. */
#include <stdio.h>
#include <string.h>

#include "libclient/sidekey.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

struct seen {
    unsigned n;
    unsigned most;
    char ids[4][192];
};

static bool note_tenant(void *state, const struct sidekey_tenant *tenant)
{
    struct seen *seen = state;

    (void)snprintf(seen->ids[seen->n], sizeof seen->ids[0], "%s %s %s",
                   tenant->id, tenant->state, tenant->source);
    seen->n++;
    return seen->n < seen->most;
}

START_TEST(walks_all_pages_of_tenants)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct seen all = { .most = 4 };
    struct seen one = { .most = 1 };

    skt_status_ok(sidekey_tenants(handle, 60000, note_tenant, &all));
    ck_assert_uint_eq(all.n, 2);
    ck_assert_str_eq(all.ids[0], SKT_TENANT_OLD " decrypt-only kmip");
    ck_assert_str_eq(all.ids[1], SKT_TENANT " active kmip");
    skt_status_ok(sidekey_tenants(handle, 60000, note_tenant, &one));
    ck_assert_uint_eq(one.n, 1);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(reads_the_state_of_the_agent)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_agent_status status;

    skt_status_ok(sidekey_agent_status(handle, 60000, &status));
    ck_assert_str_eq(status.mode, "remote-multi-keys");
    ck_assert_str_eq(status.memory_tier, "mlock");
    ck_assert_uint_eq(status.tenants_active, 1);
    ck_assert_uint_eq(status.tenants_unavailable, 2);
    ck_assert_uint_eq(status.brake_missing, 5);
    ck_assert_uint_eq(status.n_sources, 2);
    ck_assert_str_eq(status.sources[0].last_error, "HTTP 503");
    ck_assert_str_eq(status.sources[1].name, "kmip");
    ck_assert_uint_eq(status.n_warnings, 1);
    ck_assert_str_eq(status.warnings[0], "memory is \"not\" locked");
    ck_assert(status.ready);
    ck_assert_uint_eq(status.sources[0].failures, 3);
    ck_assert_str_eq(status.sandbox, "landlock 7 (files, tcp), seccomp");
    ck_assert_uint_eq(status.tenants_unrefreshed, 2);
    ck_assert_str_eq(status.unrefreshed_oldest, SKT_TENANT_OLD);
    ck_assert_int_eq(status.unrefreshed_since_s, 1699990000);
    ck_assert(status.is_restored);
    ck_assert_uint_eq(status.restored_tenants, 2);
    ck_assert_int_eq(status.restored_at_s, 1700000100);
    ck_assert_uint_eq(status.n_certificates, 2);
    ck_assert_str_eq(status.certificates[1].name, "kms server");
    ck_assert_int_eq(status.certificates[1].not_after_s, 1800000000);
    ck_assert(status.has_audit && status.audit_failing);
    ck_assert_str_eq(status.audit_target, "stderr");
    ck_assert_uint_eq(status.audit_written, 41);
    ck_assert_uint_eq(status.audit_dropped, 2);
    ck_assert_uint_eq(status.audit_sequence, 43);
    ck_assert_uint_eq(status.connections_refused, 3);
    ck_assert_uint_eq(status.requests_refused, 4);
    ck_assert_uint_eq(status.gone_destroyed, 1);
    ck_assert_uint_eq(status.gone_removed, 2);
    ck_assert_uint_eq(status.gone_forgotten, 0);
    skt_status_ok(sidekey_forget(handle, SKT_TENANT, 60000));
    skt_status(sidekey_forget(handle, "nobody", 60000), SIDEKEY_NOT_FOUND);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(says_hello)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_hello hello;

    skt_status_ok(sidekey_hello(handle, 60000, &hello));
    ck_assert_str_eq(hello.agent, "sidekeyd/0.1.0");
    ck_assert_uint_eq(hello.protocol, 1);
    ck_assert_uint_eq(hello.message_max, SKP_MESSAGE_MAX);
    ck_assert_uint_eq(hello.payload_max, SKP_PAYLOAD_DEFAULT);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(refresh_takes_its_answer_from_the_agent)
{
    SKT_STEPS({ SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" });

    skt_status(sidekey_refresh(handle, true, 60000), SIDEKEY_PERMISSION_DENIED);
    ck_assert_str_eq(sidekey_error_text(handle), "no admin");
    skt_status_ok(sidekey_refresh(handle, true, 60000));
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("client_admin",
          walks_all_pages_of_tenants,
          reads_the_state_of_the_agent,
          says_hello,
          refresh_takes_its_answer_from_the_agent)
