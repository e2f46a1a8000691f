/* test_cmd_audit.c - sidekey audit verify. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli.h"
#include "protocol/audit_line.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

#define KEY "0123456789abcdef0123456789abcdef"

static uint8_t text[8192];
static size_t line_ends[4];
static char last[2 * SKP_AUDIT_HASH_LEN + 1];

/* Three lines, and their key. */
static void write_log(const char *path)
{
    struct skp_buf buf = skp_buf_over(text, sizeof text);
    uint8_t hash[SKP_AUDIT_HASH_LEN] = { 0 };

    for (uint64_t seq = 1; seq <= 3; seq++) {
        const struct skp_audit_line line = { .seq = seq,
                                             .event = SKP_AUDIT_USE };

        skt_ok(
            skp_audit_line_encode(skp_view_of(KEY), &line, hash, &buf, hash));
        line_ends[seq] = buf.len;
    }
    skp_hex(hash, sizeof hash, last);
    skt_file_write(path, (struct skp_view){ buf.ptr, buf.len });
    skt_file_write(skt_file("key"), skp_view_of(KEY "\n"));
}

START_TEST(a_whole_log_is_right)
{
    struct skt_run run = { .code = -1 };
    char expected[256];

    write_log(skt_file("log"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            skt_file("log"));
    (void)snprintf(expected, sizeof expected,
                   "3 lines are right, seq 1 to 3, 0 torn by a crash\n"
                   "last 3:%s\n",
                   last);
    ck_assert_str_eq(run.out, expected);
    ck_assert_str_eq(run.err, "");
    ck_assert_int_eq(run.code, 0);
    skt_cli(&run, NULL, "audit", "verify", "-q", "--key-file", skt_file("key"),
            skt_file("log"));
    ck_assert_str_eq(run.out, "");
    ck_assert_int_eq(run.code, 0);
    skt_run_done(&run);
}
END_TEST

START_TEST(several_files_and_standard_input_are_one_log)
{
    struct skt_run run = { .code = -1 };

    write_log(skt_file("log"));
    skt_file_write(skt_file("log.1"), (struct skp_view){ text, line_ends[1] });
    run.input =
        (struct skp_view){ text + line_ends[1], line_ends[3] - line_ends[1] };
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            skt_file("log.1"), "-");
    ck_assert_int_eq(run.code, 0);
    ck_assert_ptr_nonnull(strstr(run.out, "seq 1 to 3"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"), "-",
            skt_file("log.1"));
    ck_assert_int_eq(run.code, 1);
    skt_run_done(&run);
}
END_TEST

START_TEST(the_first_wrong_line_is_named)
{
    struct skt_run run = { .code = -1 };
    char expected[512];

    write_log(skt_file("log"));
    text[line_ends[1] + 40] ^= 1;
    skt_file_write(skt_file("bad"), (struct skp_view){ text, line_ends[3] });
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            skt_file("bad"));
    (void)snprintf(expected, sizeof expected,
                   "%s:2: changed: its hash is not that of its bytes; seq 2\n"
                   "sidekey: audit: 1 of 3 lines are wrong; this is the "
                   "first\n",
                   skt_file("bad"));
    ck_assert_str_eq(run.err, expected);
    ck_assert_str_eq(run.out, "");
    ck_assert_int_eq(run.code, 1);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_tail_that_was_cut_off_is_found_by_what_was_remembered)
{
    struct skt_run run = { .code = -1 };
    char remembered[128];

    write_log(skt_file("log"));
    skt_file_write(skt_file("cut"), (struct skp_view){ text, line_ends[2] });
    (void)snprintf(remembered, sizeof remembered, "3:%s", last);
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            skt_file("cut"));
    ck_assert_int_eq(run.code, 0);
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            "--expect-last", "3", skt_file("cut"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "cut off"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            "--expect-last", remembered, skt_file("log"));
    ck_assert_int_eq(run.code, 0);
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            "--expect-last", "2", skt_file("log"));
    ck_assert_int_eq(run.code, 0);
    remembered[10] ^= 1;
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            "--expect-last", remembered, skt_file("log"));
    ck_assert_int_eq(run.code, 1);
    skt_run_done(&run);
}
END_TEST

START_TEST(wrong_use_is_said_before_anything_is_read)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, NULL, "audit", "verify");
    ck_assert_int_eq(run.code, SKC_EXIT_USAGE);
    skt_cli(&run, NULL, "audit", "check", "log", "--key-file", "key");
    ck_assert_int_eq(run.code, SKC_EXIT_USAGE);
    skt_cli(&run, NULL, "audit", "verify", "log");
    ck_assert_int_eq(run.code, SKC_EXIT_USAGE);
    ck_assert_ptr_nonnull(strstr(run.err, "--key-file"));
    skt_cli(&run, NULL, "audit", "verify", "log", "--key-file", "key",
            "--expect-last", "-3");
    ck_assert_int_eq(run.code, SKC_EXIT_USAGE);
    skt_cli(&run, NULL, "audit", "verify", "log", "--key-file", "key",
            "--expect-last", "3:abc");
    ck_assert_int_eq(run.code, SKC_EXIT_USAGE);
    skt_run_done(&run);
}
END_TEST

START_TEST(what_cannot_be_read_is_an_error)
{
    struct skt_run run = { .code = -1 };

    write_log(skt_file("log"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", "/nowhere",
            skt_file("log"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "/nowhere"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"),
            "/nowhere");
    ck_assert_int_eq(run.code, 1);
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("key"), "/");
    ck_assert_int_eq(run.code, 1);
    skt_file_write(skt_file("short"), skp_view_of("short"));
    skt_cli(&run, NULL, "audit", "verify", "--key-file", skt_file("short"),
            skt_file("log"));
    ck_assert_int_eq(run.code, 1);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_audit",
          a_whole_log_is_right,
          several_files_and_standard_input_are_one_log,
          the_first_wrong_line_is_named,
          a_tail_that_was_cut_off_is_found_by_what_was_remembered,
          wrong_use_is_said_before_anything_is_read,
          what_cannot_be_read_is_an_error)
