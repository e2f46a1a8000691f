/* test_cli_tree.c - all regular files of folders. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_tree.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

struct seen {
    char names[4096]; /* each with a space behind it */
    unsigned n;
    unsigned stop_at;
    unsigned n_failed;
    int error;
    char failed[512];
};

static bool see(void *state, const struct skc_cli_place *place)
{
    struct seen *seen = state;
    struct stat there;
    size_t len = strlen(seen->names);

    /* The place leads to the file, by both ways. */
    ck_assert_int_eq(fstatat(place->folder_fd, place->name, &there, 0), 0);
    ck_assert_int_eq(stat(place->path, &there), 0);
    (void)snprintf(seen->names + len, sizeof seen->names - len, "%s ",
                   place->name);
    seen->n++;
    return seen->n != seen->stop_at;
}

static void fail_at(void *state, const char *path, int error)
{
    struct seen *seen = state;

    (void)snprintf(seen->failed, sizeof seen->failed, "%s", path);
    seen->error = error;
    seen->n_failed++;
}

static char root[128];

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(skt_file(name), 0700), 0);
}

static void make_tree(void)
{
    static bool is_made; /* by an earlier test of this process */

    (void)snprintf(root, sizeof root, "%s", skt_file("t"));
    if (is_made) {
        return;
    }
    is_made = true;
    make_folder("t");
    make_folder("t/x");
    make_folder("t/x/y");
    make_folder("elsewhere");
    skt_file_write(skt_file("t/one"), skp_view_of("1"));
    skt_file_write(skt_file("t/x/two"), skp_view_of("2"));
    skt_file_write(skt_file("t/x/y/three"), skp_view_of("3"));
    skt_file_write(skt_file("elsewhere/outside"), skp_view_of("4"));
    ck_assert_int_eq(symlink(skt_file("elsewhere"), skt_file("t/link")), 0);
    ck_assert_int_eq(
        symlink(skt_file("elsewhere/outside"), skt_file("t/filelink")), 0);
    ck_assert_int_eq(symlink(skt_file("t"), skt_file("t/x/loop")), 0);
    ck_assert_int_eq(mkfifo(skt_file("t/fifo"), 0600), 0);
}

START_TEST(regular_files_are_seen_once_and_links_are_not_followed)
{
    struct seen seen = { .n = 0 };
    struct skc_cli_tree tree = { .state = &seen, .file = see, .fail = fail_at };

    make_tree();
    ck_assert(skc_cli_tree_walk(&tree, root));
    ck_assert_uint_eq(seen.n, 3);
    ck_assert_ptr_nonnull(strstr(seen.names, "one "));
    ck_assert_ptr_nonnull(strstr(seen.names, "two "));
    ck_assert_ptr_nonnull(strstr(seen.names, "three "));
    ck_assert_uint_eq(seen.n_failed, 0);
    /* The folder that the user names may be a link. */
    ck_assert(skc_cli_tree_walk(&tree, skt_file("t/link")));
    ck_assert_ptr_nonnull(strstr(seen.names, "outside "));
}
END_TEST

START_TEST(the_walk_ends_when_told_to)
{
    struct seen seen = { .stop_at = 2 };
    struct skc_cli_tree tree = { .state = &seen, .file = see, .fail = fail_at };

    make_tree();
    ck_assert(!skc_cli_tree_walk(&tree, root));
    ck_assert_uint_eq(seen.n, 2);
}
END_TEST

START_TEST(what_cannot_be_read_is_told_and_passed_over)
{
    struct seen seen = { .n = 0 };
    struct skc_cli_tree tree = { .state = &seen, .file = see, .fail = fail_at };

    ck_assert(skc_cli_tree_walk(&tree, "/nonexistent"));
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.error, ENOENT);
    ck_assert_str_eq(seen.failed, "/nonexistent");
    skt_file_write(skt_file("file"), skp_view_of("1"));
    ck_assert(skc_cli_tree_walk(&tree, skt_file("file")));
    ck_assert_uint_eq(seen.n_failed, 2);
    ck_assert_int_eq(seen.error, ENOTDIR);
}
END_TEST

START_TEST(a_tree_that_is_too_deep_is_told)
{
    struct seen seen = { .n = 0 };
    struct skc_cli_tree tree = { .state = &seen, .file = see, .fail = fail_at };
    char name[1024] = "deep";

    for (unsigned i = 0; i <= SKC_TREE_DEPTH_MAX; i++) {
        make_folder(name);
        (void)snprintf(name + strlen(name), sizeof name - strlen(name), "/d");
    }
    ck_assert(skc_cli_tree_walk(&tree, skt_file("deep")));
    ck_assert_uint_eq(seen.n_failed, 1);
    ck_assert_int_eq(seen.error, ELOOP);
}
END_TEST

START_TEST(other_file_systems_are_crossed_only_if_asked)
{
    struct seen seen = { .n = 0 };
    struct skc_cli_tree tree = { .state = &seen, .file = see };
    struct stat dev;
    struct stat shm;

    /* /dev has another file system in it nearly everywhere. */
    if (stat("/dev", &dev) != 0 || stat("/dev/shm", &shm) != 0 ||
        dev.st_dev == shm.st_dev) {
        return;
    }
    skt_file_write("/dev/shm/sidekey-test-tree", skp_view_of("1"));
    (void)skc_cli_tree_walk(&tree, "/dev");
    ck_assert_ptr_null(strstr(seen.names, "sidekey-test-tree "));
    tree.all_file_systems = true;
    (void)skc_cli_tree_walk(&tree, "/dev");
    ck_assert_int_eq(unlink("/dev/shm/sidekey-test-tree"), 0);
    ck_assert_ptr_nonnull(strstr(seen.names, "sidekey-test-tree "));
}
END_TEST

SKT_SUITE("cli_tree",
          regular_files_are_seen_once_and_links_are_not_followed,
          the_walk_ends_when_told_to,
          what_cannot_be_read_is_told_and_passed_over,
          a_tree_that_is_too_deep_is_told,
          other_file_systems_are_crossed_only_if_asked)
