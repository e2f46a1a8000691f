/* test_fd_table.c - suite of agent/fd_table.c: descriptors by name. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/fd_table.h"
#include "tests/lib/suite.h"

static int new_fd(void)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    return fd;
}

static bool is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

START_TEST(the_latest_of_a_name_wins_and_the_former_is_closed)
{
    struct skd_fd_table table = { .n = 0 };
    int fds[] = { new_fd(), new_fd(), new_fd(), new_fd() };

    ck_assert(skd_fd_table_store(&table, "a", fds, 2));
    ck_assert(skd_fd_table_store(&table, "ab", fds + 2, 1));
    ck_assert(skd_fd_table_store(&table, "a", fds + 3, 1));
    ck_assert_uint_eq(table.n, 2);
    ck_assert(!is_open(fds[0]) && !is_open(fds[1]));
    ck_assert(is_open(fds[2]) && is_open(fds[3]));
    skd_fd_table_remove(&table, "a");
    ck_assert(!is_open(fds[3]));
    ck_assert_str_eq(table.rows[0].name, "ab");
    skd_fd_table_clear(&table, "");
    ck_assert_uint_eq(table.n, 0);
    ck_assert(!is_open(fds[2]));
}
END_TEST

START_TEST(all_of_one_kind_go_together)
{
    struct skd_fd_table table = { .n = 0 };
    int fds[] = { new_fd(), new_fd(), new_fd() };

    ck_assert(skd_fd_table_store(&table, "sidekey-1", fds, 1));
    ck_assert(skd_fd_table_store(&table, "socket", fds + 1, 1));
    ck_assert(skd_fd_table_store(&table, "sidekey-2", fds + 2, 1));
    skd_fd_table_clear(&table, "sidekey-");
    ck_assert_uint_eq(table.n, 1);
    ck_assert(is_open(fds[1]));
    skd_fd_table_clear(&table, "");
}
END_TEST

START_TEST(what_does_not_fit_is_closed_and_nothing_of_it_kept)
{
    struct skd_fd_table table = { .n = 0 };
    int fds[2];

    for (size_t i = 0; i < SKD_FD_TABLE_MAX - 1; i++) {
        char name[16];
        int fd = new_fd();

        (void)snprintf(name, sizeof name, "n%zu", i);
        ck_assert(skd_fd_table_store(&table, name, &fd, 1));
    }
    fds[0] = new_fd();
    fds[1] = new_fd();
    ck_assert(!skd_fd_table_store(&table, "two", fds, 2));
    ck_assert(!is_open(fds[0]) && !is_open(fds[1]));
    ck_assert_uint_eq(table.n, SKD_FD_TABLE_MAX - 1);
    fds[0] = new_fd();
    ck_assert(!skd_fd_table_store(&table, "", fds, 1));
    ck_assert(!is_open(fds[0]));
    skd_fd_table_clear(&table, "");
}
END_TEST

START_TEST(a_child_finds_them_from_3_on_in_order)
{
    struct skd_fd_table table = { .n = 0 };
    pid_t child = fork();
    int status = 0;

    ck_assert_int_ge(child, 0);
    if (child == 0) {
        char names[SKD_FD_TABLE_NAMES_LEN];
        int ends[2];
        char byte = 0;

        /* The reading end lands where the writing end is, and the other way
         * round. */
        (void)close(3);
        (void)close(4);
        if (pipe(ends) != 0 || ends[0] != 3 || ends[1] != 4 ||
            !skd_fd_table_store(&table, "w", &ends[1], 1) ||
            !skd_fd_table_store(&table, "r", &ends[0], 1) ||
            !skd_fd_table_arrange(&table, names)) {
            _exit(1);
        }
        _exit(strcmp(names, "w:r") == 0 && fcntl(3, F_GETFD) == 0 &&
                      fcntl(4, F_GETFD) == 0 && write(3, "x", 1) == 1 &&
                      read(4, &byte, 1) == 1 && byte == 'x'
                  ? 0
                  : 2);
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

SKT_SUITE("fd_table",
          the_latest_of_a_name_wins_and_the_former_is_closed,
          all_of_one_kind_go_together,
          what_does_not_fit_is_closed_and_nothing_of_it_kept,
          a_child_finds_them_from_3_on_in_order)
