/* test_cmd_tenants.c - sidekey tenants. */
#include <string.h>

#include <cjson/cJSON.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

START_TEST(prints_a_line_for_each_tenant)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "tenants");
    ck_assert_int_eq(run.code, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "TENANT "));
    ck_assert_ptr_nonnull(
        strstr(run.out, SKT_TENANT_OLD "  decrypt-only  kmip"));
    ck_assert_ptr_nonnull(strstr(run.out, SKT_TENANT "  active        kmip"));
    ck_assert_ptr_nonnull(strstr(run.out, "  3m 20s ago\n"));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(prints_json)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    cJSON *list;
    const cJSON *second;

    skt_cli(&run, skt_agent_path(agent), "tenants", "--json");
    list = cJSON_Parse(run.out);
    ck_assert_int_eq(cJSON_GetArraySize(list), 2);
    second = cJSON_GetArrayItem(list, 1);
    ck_assert_str_eq(skt_text(second, "id"), SKT_TENANT);
    ck_assert_str_eq(skt_text(second, "state"), "active");
    ck_assert_double_eq(skt_number(second, "confirmed_at"), 1700000000);
    ck_assert_uint_eq(strlen(skt_text(second, "key_id")), 16);
    cJSON_Delete(list);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_failure_still_leaves_whole_json)
{
    static const struct skt_step steps[] = {
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" }
    };
    struct skt_agent *agent = skt_agent_start(steps, 1);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "tenants", "--json");
    ck_assert_int_eq(run.code, 77);
    ck_assert_str_eq(run.out, "[]\n");
    ck_assert_str_eq(run.err, "sidekey: PERMISSION_DENIED: no admin\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_tenants",
          prints_a_line_for_each_tenant,
          prints_json,
          a_failure_still_leaves_whole_json)
