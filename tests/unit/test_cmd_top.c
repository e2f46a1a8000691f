/* test_cmd_top.c - sidekey top, of an agent in a thread, to a file; at a
 * terminal it is looked at in tests/integration/test_top.sh. */
#include <string.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

/* How often @words stand in @text. */
static unsigned count(const char *text, const char *words)
{
    unsigned n = 0;

    while ((text = strstr(text, words)) != NULL) {
        text += strlen(words);
        n++;
    }
    return n;
}

START_TEST(texts_follow_one_another_with_rates_from_the_second_on)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "top", "--count", "3", "--interval",
            "100ms");
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.err, "");
    ck_assert_uint_eq(skt_agent_requests(agent), 3);
    ck_assert_uint_eq(count(run.out, "state        "), 3);
    ck_assert_uint_eq(count(run.out, "\n\nstate        "), 2);
    ck_assert_uint_eq(
        count(run.out, "  unwrap              -          -        -        -"),
        1);
    ck_assert_uint_eq(
        count(run.out, "  unwrap           41.0       11.0      5us    >25us"),
        2);
    ck_assert_uint_eq(count(run.out, "busy 25%, the busiest 50%\n"), 2);
    ck_assert_ptr_null(strchr(run.out, '\033'));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(an_agent_that_never_answers_is_an_error)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_file("none"), "top", "--timeout", "100ms");
    ck_assert_int_eq(run.code, 69);
    ck_assert_str_eq(run.out, "");
    ck_assert_ptr_nonnull(strstr(run.err, "sidekey: UNAVAILABLE: "));
    skt_run_done(&run);
}
END_TEST

START_TEST(an_agent_that_falls_silent_is_waited_for)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL }, { SKT_SILENCE, SKP_ERR_OK, NULL }
    };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "top", "--count", "3", "--interval",
            "100ms", "--timeout", "200ms");
    ck_assert_int_eq(run.code, 0);
    ck_assert_uint_eq(count(run.out, "state        no answer for 0s: "), 1);
    ck_assert_uint_eq(count(run.out, "  unwrap           41.0"), 1);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(silence_at_the_end_is_told_by_the_exit_code)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL }, { SKT_SILENCE, SKP_ERR_OK, NULL }
    };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "top", "--count", "2", "--interval",
            "100ms", "--timeout", "200ms");
    ck_assert_int_eq(run.code, 69);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_right_that_is_taken_away_ends_it)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL },
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no admin" }
    };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "top", "--interval", "100ms");
    ck_assert_int_eq(run.code, 77);
    ck_assert_str_eq(run.err, "sidekey: PERMISSION_DENIED: no admin\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(options_that_mean_nothing_are_refused)
{
    static const char *const rows[][2] = {
        { "--count", "0" },       { "--count", "-1" },
        { "--count", "3x" },      { "--count", "" },
        { "--count", " 3" },      { "--count", "99999999999999999999" },
        { "--interval", "0" },    { "--interval", "99ms" },
        { "--interval", "soon" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skt_run run = { .code = -1 };

        skt_cli(&run, skt_file("none"), "top", rows[i][0], rows[i][1]);
        ck_assert_msg(run.code == 64, "%s %s", rows[i][0], rows[i][1]);
        ck_assert_ptr_nonnull(strstr(run.err, rows[i][0]));
        skt_run_done(&run);
    }
}
END_TEST

SKT_SUITE("cmd_top",
          texts_follow_one_another_with_rates_from_the_second_on,
          an_agent_that_never_answers_is_an_error,
          an_agent_that_falls_silent_is_waited_for,
          silence_at_the_end_is_told_by_the_exit_code,
          a_right_that_is_taken_away_ends_it,
          options_that_mean_nothing_are_refused)
