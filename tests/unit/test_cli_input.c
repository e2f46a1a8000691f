/* test_cli_input.c - files to read, and whether they stay the same. */
#include <fcntl.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "libclient/cli/cli_input.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

START_TEST(a_file_has_a_size_and_a_pipe_has_none)
{
    struct skc_cli_input input;
    int ends[2];

    skt_file_write(skt_file("ten"), skp_view_of("0123456789"));
    skt_ok(skc_cli_input_open(&input, skt_file("ten"), -1, NULL));
    ck_assert(input.is_regular && input.is_owned);
    ck_assert_uint_eq(input.size, 10);
    skt_ok(skc_cli_input_check(&input, 10, NULL));
    skc_cli_input_done(&input);
    ck_assert_int_eq(pipe(ends), 0);
    skt_ok(skc_cli_input_open(&input, "-", ends[0], NULL));
    ck_assert(!input.is_regular && !input.is_owned);
    ck_assert(input.size == SKC_SIZE_UNKNOWN);
    ck_assert_str_eq(input.name, "standard input");
    skt_ok(skc_cli_input_check(&input, 123, NULL));
    skc_cli_input_done(&input);
    ck_assert_int_eq(close(ends[0]) | close(ends[1]), 0);
}
END_TEST

START_TEST(reading_begins_where_somebody_left_off)
{
    struct skc_cli_input input;
    int fd;

    skt_file_write(skt_file("ten"), skp_view_of("0123456789"));
    fd = open(skt_file("ten"), O_RDONLY);
    ck_assert_int_eq(lseek(fd, 4, SEEK_SET), 4);
    skt_ok(skc_cli_input_open(&input, NULL, fd, NULL));
    ck_assert_uint_eq(input.start, 4);
    ck_assert_uint_eq(input.size, 6);
    skt_ok(skc_cli_input_check(&input, 6, NULL));
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(what_changes_meanwhile_is_found)
{
    struct skc_cli_input input;
    struct skp_diag diag = { "" };
    static const struct timeval times[2] = { { 5, 0 }, { 5, 0 } };

    skt_file_write(skt_file("f"), skp_view_of("0123456789"));
    skt_ok(skc_cli_input_open(&input, skt_file("f"), -1, NULL));
    skt_err(skc_cli_input_check(&input, 9, &diag),
            SKP_ERR_FAILED_PRECONDITION); /* shrank and grew again */
    ck_assert_ptr_nonnull(strstr(diag.text, "changed while it was read"));
    ck_assert_int_eq(truncate(skt_file("f"), 11), 0);
    skt_err(skc_cli_input_check(&input, 10, NULL), SKP_ERR_FAILED_PRECONDITION);
    skt_err(skc_cli_input_check(&input, SKC_SIZE_UNKNOWN, NULL),
            SKP_ERR_FAILED_PRECONDITION);
    skc_cli_input_done(&input);
    skt_ok(skc_cli_input_open(&input, skt_file("f"), -1, NULL));
    ck_assert_int_eq(utimes(skt_file("f"), times), 0); /* as long as before */
    skt_err(skc_cli_input_check(&input, 11, NULL), SKP_ERR_FAILED_PRECONDITION);
    skc_cli_input_done(&input);
}
END_TEST

START_TEST(folders_and_absent_files_are_told)
{
    struct skc_cli_input input;
    struct skp_diag diag = { "" };

    skt_err(skc_cli_input_open(&input, skt_file("absent"), -1, &diag),
            SKP_ERR_NOT_FOUND);
    skc_cli_input_done(&input);
    skt_err(skc_cli_input_open(&input, "/tmp", -1, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "/tmp: Is a directory");
    skc_cli_input_done(&input);
    /* These say that they are empty, and are not. */
    skt_ok(skc_cli_input_open(&input, "/proc/self/status", -1, NULL));
    skt_ok(skc_cli_input_check(&input, 1000, NULL));
    skc_cli_input_done(&input);
}
END_TEST

SKT_SUITE("cli_input",
          a_file_has_a_size_and_a_pipe_has_none,
          reading_begins_where_somebody_left_off,
          what_changes_meanwhile_is_found,
          folders_and_absent_files_are_told)
