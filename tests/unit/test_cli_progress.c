/* test_cli_progress.c - a line of progress. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_progress.h"
#include "tests/lib/suite.h"

#define MIB (UINT64_C(1) << 20)

static const char *
line(uint64_t done, uint64_t total, uint64_t elapsed_ms, unsigned columns)
{
    static char text[256];
    const struct skc_cli_progress progress = { .name = "a.iso",
                                               .done = done,
                                               .total = total };

    skc_cli_progress_line(&progress, elapsed_ms, columns, text, sizeof text);
    return text;
}

START_TEST(share_rate_and_remaining_time_are_shown)
{
    ck_assert_str_eq(line(50 * MIB, 100 * MIB, 2000, 200),
                     "a.iso  50% [##########          ] 50.0 MiB of 100.0 MiB, "
                     "25.0 MiB/s, 3s left");
    ck_assert_str_eq(line(0, 100 * MIB, 0, 200),
                     "a.iso   0% [                    ] 0 B of 100.0 MiB, "
                     "0 B/s, ? left");
    ck_assert_str_eq(line(0, 0, 5, 200),
                     "a.iso 100% [####################] 0 B of 0 B, 0 B/s, "
                     "0s left");
    ck_assert_str_eq(line(3 * MIB, UINT64_MAX, 1500, 200),
                     "a.iso  3.0 MiB, 2.0 MiB/s");
    ck_assert_ptr_nonnull(
        strstr(line(UINT64_C(1) << 50, UINT64_C(1) << 52, 1000, 200), " 25% "));
    ck_assert_uint_eq(strlen(line(50 * MIB, 100 * MIB, 2000, 30)), 30);
}
END_TEST

START_TEST(files_are_counted_and_names_cannot_steer_the_terminal)
{
    char text[256];
    struct skc_cli_progress progress = { .unit = SKC_PROGRESS_FILES,
                                         .name = "re\033[2Jwrap",
                                         .done = 5,
                                         .total = 10 };

    skc_cli_progress_line(&progress, 1000, 200, text, sizeof text);
    ck_assert_str_eq(text, "re?[2Jwrap  50% [##########          ] 5 of 10 "
                           "files, 5/s, 2s left");
    progress.name = "/a/long/name/of/which/the/end/says/more";
    skc_cli_progress_line(&progress, 1000, 200, text, sizeof text);
    ck_assert_int_eq(strncmp(text, "/which/the/end/says/more ", 25), 0);
}
END_TEST

/* What a whole progress prints to @path. */
static size_t print_to(const char *path, bool quiet, char *ret, size_t cap)
{
    struct skc_cli cli = { .args = { .quiet = quiet } };
    struct skc_cli_progress progress;
    size_t len = 0;
    ssize_t n = 0;
    int fd = -1;

    if (path == NULL) {
        fd = posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK);
        ck_assert_int_ge(fd, 0);
        ck_assert_int_eq(grantpt(fd) | unlockpt(fd), 0);
        path = ptsname(fd);
    }
    cli.streams.err = fopen(path, "r+");
    ck_assert_ptr_nonnull(cli.streams.err);
    skc_cli_progress_begin(&progress, &cli, SKC_PROGRESS_BYTES, "f", 100);
    skc_cli_progress_add(&progress, 50);
    skc_cli_progress_hide(&progress);
    skc_cli_progress_add(&progress, 50);
    skc_cli_progress_hide(&progress);
    ck_assert_uint_eq(progress.done, 100);
    while (fd >= 0 && (n = read(fd, ret + len, cap - len)) > 0) {
        len += (size_t)n;
    }
    ck_assert_int_eq(fclose(cli.streams.err), 0);
    if (fd >= 0) {
        ck_assert_int_eq(close(fd), 0);
    }
    return len;
}

START_TEST(a_terminal_has_a_line_that_goes_away)
{
    char text[2000] = "";
    size_t len = print_to(NULL, false, text, sizeof text - 1);

    ck_assert_uint_gt(len, 0);
    ck_assert_ptr_nonnull(strstr(text, "\rf   0% ["));
    ck_assert_ptr_nonnull(strstr(text, "\rf 100% ["));
    ck_assert_int_eq(text[len - 1], '\r');
    ck_assert_int_eq(text[len - 2], ' ');
    ck_assert_ptr_null(strchr(text, '\n'));
}
END_TEST

START_TEST(nothing_is_shown_when_quiet_or_no_terminal)
{
    char text[2000] = "";

    ck_assert_uint_eq(print_to(NULL, true, text, sizeof text), 0);
    ck_assert_uint_eq(print_to("/dev/null", false, text, sizeof text), 0);
}
END_TEST

SKT_SUITE("cli_progress",
          share_rate_and_remaining_time_are_shown,
          files_are_counted_and_names_cannot_steer_the_terminal,
          a_terminal_has_a_line_that_goes_away,
          nothing_is_shown_when_quiet_or_no_terminal)
