/* test_swap.c - suite of agent/sys/swap.c over files of its own. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/sys/swap.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

#define HEADING "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n"

static char root[SKT_PATH_MAX];

static void make_folders(const char *path)
{
    char part[2 * SKT_PATH_MAX];

    for (size_t len = strlen(root); len < strlen(path); len++) {
        if (path[len] == '/') {
            (void)snprintf(part, sizeof part, "%.*s", (int)len, path);
            (void)mkdir(part, 0700);
        }
    }
}

static void put(const char *name, const char *text)
{
    char path[2 * SKT_PATH_MAX];

    (void)snprintf(path, sizeof path, "%s%s", root, name);
    make_folders(path);
    ck_assert(skt_write_file(path, text, 0600));
}

static void begin(const char *swaps, const char *group, const char *most)
{
    ck_assert(skt_tempdir(root));
    put("/proc/swaps", swaps);
    put("/proc/self/cgroup", group);
    put("/sys/fs/cgroup/a/b/memory.swap.max", most);
}

START_TEST(a_machine_without_swap_swaps_nothing)
{
    begin(HEADING, "0::/a/b\n", "max\n");
    ck_assert(skd_swap_is_off(root));
}
END_TEST

START_TEST(a_group_that_may_use_none_swaps_nothing)
{
    begin(HEADING "/dev/sda2 partition 1 0 -2\n", "1:cpu:/x\n0::/a/b\n", "0\n");
    ck_assert(skd_swap_is_off(root));
}
END_TEST

START_TEST(otherwise_there_is_swap)
{
    begin(HEADING "/dev/sda2 partition 1 0 -2\n", "0::/a/b\n", "max\n");
    ck_assert(!skd_swap_is_off(root));
    begin(HEADING "/dev/sda2 partition 1 0 -2\n", "0::/a/b\n", "4096\n");
    ck_assert(!skd_swap_is_off(root));
    begin(HEADING "/dev/sda2 partition 1 0 -2\n", "0::/a\n", "0\n");
    ck_assert(!skd_swap_is_off(root));
    begin(HEADING "/dev/sda2 partition 1 0 -2\n", "5:memory:/a/b\n", "0\n");
    ck_assert(!skd_swap_is_off(root));
}
END_TEST

START_TEST(what_cannot_be_read_counts_against_it)
{
    ck_assert(skt_tempdir(root));
    ck_assert(!skd_swap_is_off(root));
    put("/proc/swaps", "");
    ck_assert(!skd_swap_is_off(root));
    put("/proc/swaps", "nonsense\n");
    ck_assert(!skd_swap_is_off(root));
}
END_TEST

SKT_SUITE("swap",
          a_machine_without_swap_swaps_nothing,
          a_group_that_may_use_none_swaps_nothing,
          otherwise_there_is_swap,
          what_cannot_be_read_counts_against_it)
