/* test_cmd_status.c - sidekey status. */
#include <string.h>

#include <cjson/cJSON.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"
#include "tests/lib/vectors.h"

START_TEST(prints_plain_words_and_ages)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "status");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(
        run.out,
        "agent        sidekeyd/0.1.0, pid 4242, up 2h 50m\n"
        "mode         remote-multi-keys\n"
        "ready        yes\n"
        "tenants      1 active, 1 decrypt-only, 0 stale, 2 unavailable\n"
        "held back    the removal of 5 tenants; let it through with: sidekey "
        "refresh --accept-removals\n"
        "refresh      next in 3m 20s\n"
        "source       coordinator: last success 3m 20s ago, last asked 1m 40s "
        "ago\n"
        "             last error: HTTP 503\n"
        "source       kmip: last success never, last asked never\n"
        "memory       mlock, 8192 bytes locked\n"
        "snapshots    3 since the start\n"
        "connections  7\n"
        "warning      memory is \"not\" locked\n");
    skt_agent_set_unready(agent);
    skt_cli(&run, skt_agent_path(agent), "status");
    ck_assert_ptr_nonnull(
        strstr(run.out, "ready        no, the first refresh has not ended"));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(prints_json)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    cJSON *status;
    const cJSON *warnings;

    skt_cli(&run, skt_agent_path(agent), "status", "--json");
    status = cJSON_Parse(run.out);
    ck_assert_msg(status != NULL, "no JSON: %s", run.out);
    ck_assert_str_eq(skt_text(status, "mode"), "remote-multi-keys");
    ck_assert_double_eq(skt_number(status, "pid"), 4242);
    ck_assert_double_eq(
        skt_number(skt_member(status, "tenants"), "unavailable"), 2);
    ck_assert_str_eq(
        skt_text(cJSON_GetArrayItem(skt_member(status, "sources"), 0),
                 "last_error"),
        "HTTP 503");
    warnings = skt_member(status, "warnings");
    ck_assert_str_eq(cJSON_GetArrayItem(warnings, 0)->valuestring,
                     "memory is \"not\" locked");
    cJSON_Delete(status);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_status", prints_plain_words_and_ages, prints_json)
