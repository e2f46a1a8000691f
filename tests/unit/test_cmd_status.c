/* test_cmd_status.c - sidekey status.
 *
 * Also proves: cli_status.c
 */
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>

#include "libclient/cli/cli_status.h"
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
        "state        serving, but not as it should\n"
        "agent        sidekeyd/0.1.0, pid 4242, up 2h 50m\n"
        "mode         remote-multi-keys\n"
        "tenants      1 active, 1 decrypt-only, 0 stale, 2 unavailable\n"
        "unconfirmed  2 tenants by the last refresh; the oldest, " SKT_TENANT_OLD
        ", was last confirmed 2h 50m ago\n"
        "             do: mend the source that fails, see below, then: sidekey "
        "refresh\n"
        "restored     2 tenants have keys of before a restart, 1m 40s ago; no "
        "source has confirmed them\n"
        "             do: mend the sources, then: sidekey refresh\n"
        "held back    the removal of 5 tenants\n"
        "             do: see whether the Coordinator's list is whole; to let "
        "it through: sidekey refresh --accept-removals\n"
        "gone         1 destroyed, 2 removed, 0 forgotten\n"
        "refresh      next in 3m 20s\n"
        "source       coordinator: last success 3m 20s ago, last asked 1m 40s "
        "ago, failed 3 times in a row\n"
        "             last error: HTTP 503\n"
        "source       kmip: last success never, last asked never\n"
        "certificate  kms client: 11d 13h left\n"
        "             do: renew it; certificate files are read again at every "
        "refresh\n"
        "certificate  kms server: 1157d 9h left\n"
        "audit        stderr: 41 written, 2 dropped, the last is number 43\n"
        "             cannot be written\n"
        "             do: see the log, and whether the disk is full\n"
        "memory       mlock, 8192 bytes locked\n"
        "sandbox      landlock 7 (files, tcp), seccomp\n"
        "snapshots    3 since the start\n"
        "connections  7, 3 refused since the start\n"
        "requests     4 refused since the start (RESOURCE_EXHAUSTED)\n"
        "warning      memory is \"not\" locked\n");
    skt_agent_set_unready(agent);
    skt_cli(&run, skt_agent_path(agent), "status");
    ck_assert_ptr_eq(strstr(run.out, "state        not ready: no keys are "),
                     run.out);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_terminal_gets_colour_and_a_pipe_none)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "status");
    ck_assert_ptr_null(strchr(run.out, '\033'));
    run.is_coloured = true;
    skt_cli(&run, skt_agent_path(agent), "status");
    ck_assert_ptr_nonnull(
        strstr(run.out, "\033[31mfailed 3 times in a row\033[0m\n"));
    ck_assert_ptr_nonnull(strstr(run.out, "\033[33m11d 13h left\033[0m\n"));
    skt_cli(&run, skt_agent_path(agent), "status", "--json");
    ck_assert_ptr_null(strchr(run.out, '\033'));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

/* What is printed of @status, in memory for free(). */
static char *words_of(const struct sidekey_agent_status *status)
{
    char *text = NULL;
    size_t len = 0;
    struct skc_pen pen = { open_memstream(&text, &len), false };

    skc_cli_status_print(&pen, status, 1000);
    ck_assert_int_eq(fclose(pen.out), 0);
    return text;
}

START_TEST(an_agent_that_is_well_says_so_and_no_more)
{
    struct sidekey_agent_status status = { .agent = "sidekeyd/0.1.0",
                                           .mode = "single-key",
                                           .memory_tier = "mlock",
                                           .ready = true,
                                           .started_at_s = 990,
                                           .tenants_active = 1 };
    char *text = words_of(&status);

    ck_assert_str_eq(text, "state        serving\n"
                           "agent        sidekeyd/0.1.0, pid 0, up 10s\n"
                           "mode         single-key\n"
                           "tenants      1 active, 0 decrypt-only, 0 stale, 0 "
                           "unavailable\n"
                           "refresh      none is planned\n"
                           "memory       mlock, 0 bytes locked\n"
                           "snapshots    0 since the start\n"
                           "connections  0\n");
    free(text);
}
END_TEST

START_TEST(stale_keys_and_expired_certificates_are_no_mere_warnings)
{
    struct sidekey_agent_status stale = { .ready = true, .tenants_stale = 3 };
    struct sidekey_agent_status expired = {
        .ready = true,
        .certificates = { { .name = "kms client", .not_after_s = 940 } },
        .n_certificates = 1,
    };
    char *text = words_of(&stale);

    ck_assert_ptr_nonnull(strstr(text, "serving, but not as it should\n"));
    ck_assert_ptr_nonnull(strstr(text, "do: stale ones are refused"));
    free(text);
    text = words_of(&expired);
    ck_assert_ptr_nonnull(strstr(text, "serving, but not as it should\n"));
    ck_assert_ptr_nonnull(strstr(text, "kms client: expired 1m 0s ago\n"));
    free(text);
}
END_TEST

START_TEST(texts_from_elsewhere_cannot_repaint_the_terminal)
{
    struct sidekey_agent_status status = {
        .ready = true,
        .sources = { { .name = "kmip",
                       .last_error = "\033]0;owned\007",
                       .failures = 1 } },
        .n_sources = 1,
        .warnings = { "a\nb" },
        .n_warnings = 1,
    };
    char *text = words_of(&status);

    ck_assert_ptr_nonnull(strstr(text, "last error: ?]0;owned?\n"));
    ck_assert_ptr_nonnull(strstr(text, "warning      a?b\n"));
    ck_assert_ptr_nonnull(strstr(text, "serving, with warnings\n"));
    free(text);
}
END_TEST

static void check_totals(const cJSON *totals)
{
    const cJSON *method = cJSON_GetArrayItem(skt_member(totals, "requests"), 0);

    ck_assert_double_eq(skt_number(totals, "uptime_ms"), 10201000);
    ck_assert_int_eq(cJSON_GetArraySize(skt_member(totals, "workers")), 2);
    ck_assert_int_eq(cJSON_GetArraySize(skt_member(totals, "bounds")), 3);
    ck_assert_str_eq(skt_text(method, "method"), "unwrap");
    ck_assert_int_eq(cJSON_GetArraySize(skt_member(method, "answered")), 3);
    ck_assert_double_eq(skt_number(skt_member(method, "answered"), "NOT_FOUND"),
                        10);
    ck_assert_int_eq(cJSON_GetArraySize(skt_member(method, "lasted")), 4);
}

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
    ck_assert_double_eq(
        skt_number(cJSON_GetArrayItem(skt_member(status, "sources"), 0),
                   "failures"),
        3);
    ck_assert_str_eq(skt_text(status, "sandbox"),
                     "landlock 7 (files, tcp), seccomp");
    ck_assert_double_eq(skt_number(skt_member(status, "unrefreshed"), "since"),
                        1699990000);
    ck_assert_double_eq(skt_number(skt_member(status, "restored"), "tenants"),
                        2);
    ck_assert_double_eq(
        skt_number(cJSON_GetArrayItem(skt_member(status, "certificates"), 1),
                   "not_after"),
        1800000000);
    ck_assert_double_eq(skt_number(skt_member(status, "audit"), "sequence"),
                        43);
    ck_assert_double_eq(
        skt_number(skt_member(status, "quota"), "requests_refused"), 4);
    ck_assert_double_eq(skt_number(skt_member(status, "gone"), "removed"), 2);
    check_totals(skt_member(status, "totals"));
    cJSON_Delete(status);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_status",
          prints_plain_words_and_ages,
          a_terminal_gets_colour_and_a_pipe_none,
          an_agent_that_is_well_says_so_and_no_more,
          stale_keys_and_expired_certificates_are_no_mere_warnings,
          texts_from_elsewhere_cannot_repaint_the_terminal,
          prints_json)
