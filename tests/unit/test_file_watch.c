/* test_file_watch.c - the suite of agent/config/file_watch.c, over a real
 * folder. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config/file_watch.h"
#include "tests/lib/suite.h"

/* A folder as a kubelet mounts it:
 *     c.json -> ..data/c.json, ..data -> v1, v1/c.json */
struct mount {
    char folder[64];
    char config[96];
    char secret[96]; /* in a folder that is not there */
    uv_loop_t loop;
    uv_timer_t limit;
    struct skd_file_watch *watch;
    unsigned n_changes;
    bool has_ended;
};

static void path_in(const struct mount *mount, const char *name, char ret[128])
{
    (void)snprintf(ret, 128, "%s/%s", mount->folder, name);
}

static void
write_in(const struct mount *mount, const char *name, const char *text)
{
    char path[128];
    FILE *file;

    path_in(mount, name, path);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void make_folder(const struct mount *mount, const char *name)
{
    char path[128];

    path_in(mount, name, path);
    ck_assert_int_eq(mkdir(path, 0700), 0);
}

static void link_to(const struct mount *mount, const char *name, const char *to)
{
    char path[128];

    path_in(mount, name, path);
    ck_assert_int_eq(symlink(to, path), 0);
}

/* What a kubelet does when a ConfigMap has changed. */
static void swap_data(const struct mount *mount, const char *to)
{
    char from[128];
    char onto[128];

    link_to(mount, "..data_tmp", to);
    path_in(mount, "..data_tmp", from);
    path_in(mount, "..data", onto);
    ck_assert_int_eq(rename(from, onto), 0);
}

static void on_change(void *state)
{
    struct mount *mount = state;

    mount->n_changes++;
    uv_stop(&mount->loop);
}

static void on_limit(uv_timer_t *timer)
{
    struct mount *mount = timer->data;

    mount->has_ended = true;
    uv_stop(&mount->loop);
}

/* Run the loop until a change is told or @limit_ms have passed. */
static void run(struct mount *mount, unsigned limit_ms)
{
    mount->has_ended = false;
    ck_assert_int_eq(uv_timer_start(&mount->limit, on_limit, limit_ms, 0), 0);
    (void)uv_run(&mount->loop, UV_RUN_DEFAULT);
}

static void start(struct mount *mount)
{
    struct skd_config_paths paths;
    struct skp_diag diag = { "" };

    memset(mount, 0, sizeof *mount);
    (void)snprintf(mount->folder, sizeof mount->folder,
                   "/tmp/skt-watch-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(mount->folder));
    (void)snprintf(mount->config, sizeof mount->config, "%s/c.json",
                   mount->folder);
    (void)snprintf(mount->secret, sizeof mount->secret, "%s/none/s.json",
                   mount->folder);
    make_folder(mount, "v1");
    write_in(mount, "v1/c.json", "{}");
    link_to(mount, "..data", "v1");
    link_to(mount, "c.json", "..data/c.json");
    ck_assert_int_eq(uv_loop_init(&mount->loop), 0);
    ck_assert_int_eq(uv_timer_init(&mount->loop, &mount->limit), 0);
    mount->limit.data = mount;
    paths = (struct skd_config_paths){ mount->config, mount->secret };
    skt_ok(skd_file_watch_new(&mount->loop, &paths, on_change, mount,
                              &mount->watch, &diag));
}

static void stop(struct mount *mount)
{
    static const char *const names[] = { "c.json",    "..data",    "v1/c.json",
                                         "v2/c.json", "unrelated", "v1",
                                         "v2" };
    char path[128];

    skd_file_watch_free(&mount->watch);
    ck_assert_ptr_null(mount->watch);
    skd_file_watch_free(&mount->watch);
    uv_close((uv_handle_t *)&mount->limit, NULL);
    ck_assert_int_eq(uv_run(&mount->loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&mount->loop), 0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        path_in(mount, names[i], path);
        (void)remove(path);
    }
    ck_assert_int_eq(rmdir(mount->folder), 0);
}

/* Give @name the times of c.json, as a fast writer may. */
static void copy_times(const struct mount *mount, const char *name)
{
    struct stat found;
    struct timespec times[2];
    char path[128];

    ck_assert_int_eq(stat(mount->config, &found), 0);
    times[0] = found.st_atim;
    times[1] = found.st_mtim;
    path_in(mount, name, path);
    ck_assert_int_eq(utimensat(AT_FDCWD, path, times, 0), 0);
}

START_TEST(a_swapped_link_is_one_change)
{
    struct mount mount;

    start(&mount);
    make_folder(&mount, "v2");
    write_in(&mount, "v2/c.json", "{}");
    copy_times(&mount, "v2/c.json");
    swap_data(&mount, "v2");
    run(&mount, 10000);
    ck_assert_uint_eq(mount.n_changes, 1);
    ck_assert(!mount.has_ended);
    /* And it stays one. */
    run(&mount, 3 * SKD_FILE_WATCH_QUIET_MS);
    ck_assert_uint_eq(mount.n_changes, 1);
    swap_data(&mount, "v1");
    run(&mount, 10000);
    ck_assert_uint_eq(mount.n_changes, 2);
    stop(&mount);
}
END_TEST

START_TEST(other_files_of_the_folder_do_not_matter)
{
    struct mount mount;

    start(&mount);
    write_in(&mount, "unrelated", "x");
    run(&mount, 3 * SKD_FILE_WATCH_QUIET_MS);
    ck_assert(mount.has_ended);
    ck_assert_uint_eq(mount.n_changes, 0);
    stop(&mount);
}
END_TEST

START_TEST(a_file_that_goes_or_comes_is_a_change)
{
    struct mount mount;
    char path[128];

    start(&mount);
    path_in(&mount, "c.json", path);
    ck_assert_int_eq(unlink(path), 0);
    run(&mount, 10000);
    ck_assert_uint_eq(mount.n_changes, 1);
    ck_assert(!skd_file_watch_is_blind(mount.watch));
    write_in(&mount, "c.json", "{ }");
    run(&mount, 10000);
    ck_assert_uint_eq(mount.n_changes, 2);
    stop(&mount);
}
END_TEST

START_TEST(after_free_nothing_is_told)
{
    struct mount mount;

    start(&mount);
    write_in(&mount, "v1/c.json", "{   }");
    write_in(&mount, "unrelated", "x");
    skd_file_watch_free(&mount.watch);
    run(&mount, 2 * SKD_FILE_WATCH_QUIET_MS);
    ck_assert_uint_eq(mount.n_changes, 0);
    stop(&mount);
}
END_TEST

/* Search is allowed there, and so the file can be read; but not to list. */
START_TEST(a_folder_that_may_not_be_listed_is_left_out)
{
    char folder[] = "/tmp/sidekey-test-XXXXXX";
    char config[64];
    const struct skd_config_paths paths = { config, config };
    struct skp_diag diag = { "" };
    struct skd_file_watch *watch = NULL;
    uv_loop_t loop;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(config, sizeof config, "%s/c.json", folder);
    ck_assert_int_eq(chmod(folder, 0311), 0);
    ck_assert_int_eq(uv_loop_init(&loop), 0);
    ck_assert(geteuid() != 0 || seteuid(65534) == 0);
    skt_ok(skd_file_watch_new(&loop, &paths, on_change, NULL, &watch, &diag));
    ck_assert(skd_file_watch_is_blind(watch));
    skd_file_watch_free(&watch);
    ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
    ck_assert_int_eq(uv_loop_close(&loop), 0);
    ck_assert(getuid() != 0 || seteuid(0) == 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

SKT_SUITE("file_watch",
          a_swapped_link_is_one_change,
          other_files_of_the_folder_do_not_matter,
          a_file_that_goes_or_comes_is_a_change,
          after_free_nothing_is_told,
          a_folder_that_may_not_be_listed_is_left_out)
