/* test_cmd_admin.c - sidekey refresh, forget and health. */
#include <string.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

START_TEST(refresh_and_forget_say_that_they_are_done)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL },
        { SKT_ERROR, SKP_ERR_UNAVAILABLE, "coordinator: HTTP 503" },
    };
    struct skt_agent *agent = skt_agent_start(steps, 2);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "refresh", "--accept-removals");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "refreshed\n");
    skt_cli(&run, skt_agent_path(agent), "refresh");
    ck_assert_int_eq(run.code, 69);
    ck_assert_str_eq(run.err, "sidekey: UNAVAILABLE: coordinator: HTTP 503\n");
    skt_cli(&run, skt_agent_path(agent), "-q", "forget", SKT_TENANT);
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "");
    skt_cli(&run, skt_agent_path(agent), "forget", "nobody");
    ck_assert_int_eq(run.code, 1);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(health_is_0_when_keys_are_loaded_and_69_otherwise)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "health");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "ready\n");
    skt_agent_set_unready(agent);
    skt_cli(&run, skt_agent_path(agent), "health");
    ck_assert_int_eq(run.code, 69);
    ck_assert_str_eq(run.err, "sidekey: UNAVAILABLE: the agent has not loaded "
                              "keys yet\n");
    skt_cli(&run, skt_agent_path(agent), "health", "--live");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "live\n");
    skt_agent_stop(&agent);
    skt_cli(&run, "/nonexistent/socket", "health", "--timeout=10ms");
    ck_assert_int_eq(run.code, 69);
    skt_run_done(&run);
}
END_TEST

START_TEST(health_without_the_right_admin_asks_less)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL },
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" },
        { SKT_ANSWER, SKP_ERR_OK, NULL },
        { SKT_ERROR, SKP_ERR_INTERNAL, "oh" },
    };
    struct skt_agent *agent = skt_agent_start(steps, 4);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "health");
    ck_assert_int_eq(run.code, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "not shown to this user"));
    skt_cli(&run, skt_agent_path(agent), "health");
    ck_assert_int_eq(run.code, 69);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_admin",
          refresh_and_forget_say_that_they_are_done,
          health_is_0_when_keys_are_loaded_and_69_otherwise,
          health_without_the_right_admin_asks_less)
