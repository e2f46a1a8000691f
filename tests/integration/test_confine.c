/* test_confine.c - sidekeyd in its sandbox: what every thread is held to, what
 * a reload may change, and how a forbidden system call ends. */
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "libclient/sidekey.h"
#include "tests/lib/daemon.h"
#include "tests/lib/sandboxed.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u

#define SEED_ONE "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define SEED_TWO \
    "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"
#define KEY_ID_ONE "3e79bd828a6533d9"
#define KEY_ID_TWO "dd15cd4ae3affea5"

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static pid_t agent;
static struct sidekey *handle;

/* False, with a line, when this machine has no whole sandbox to test. */
static bool set_up(void)
{
    if (!skt_sandbox_is_whole()) {
        (void)printf("SKIPPED: not every layer of the sandbox is to be had\n");
        return false;
    }
    ck_assert(skt_tempdir(folder));
    (void)snprintf(socket_path, sizeof socket_path, "%.400s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/conf/c.json",
                   folder);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    return true;
}

/* A configuration of one tenant; @more are keys of the section sidekey. */
static void write_config(const char *seed, const char *mode, const char *more)
{
    char text[2048];
    char conf[SKT_PATH_MAX];
    char next[SKT_PATH_MAX + 8];

    (void)snprintf(conf, sizeof conf, "%.400s/conf", folder);
    ck_assert(mkdir(conf, 0700) == 0 || errno == EEXIST);
    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"mode\": \"local-multi-keys\","
                   " \"update_period\": \"1h\","
                   " \"tenant_keys\": {\"t\": \"%s\"}},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 3,"
                   " \"sandbox\": \"%s\", %s}}",
                   seed, socket_path, mode, more);
    (void)snprintf(next, sizeof next, "%s.new", config_path);
    ck_assert(skt_write_file(next, text, 0600));
    ck_assert_int_eq(rename(next, config_path), 0);
}

static void start(const char *name)
{
    agent = skt_spawn((const char *const[]){ skt_program(name), "--config",
                                             config_path, NULL },
                      NULL, log_path);
    ck_assert_int_gt(agent, 0);
}

static void start_and_wait(void)
{
    start("sidekeyd");
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", skt_read_file(log_path, NULL));
    }
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
}

static void tear_down(void)
{
    sidekey_close(&handle);
    ck_assert_int_eq(skt_stop(&agent, SIGTERM, START_MS), 0);
    ck_assert_int_ne(access(socket_path, F_OK), 0);
}

static bool has_key_id(const char *key_id)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_ID_LEN + 1];

    if (sidekey_pubkey(handle, "t", CALL_MS, &key) != SIDEKEY_OK) {
        return false;
    }
    skp_hex(key.key_id, sizeof key.key_id, hex);
    return strcmp(hex, key_id) == 0;
}

static bool has_second_key(void *state)
{
    (void)state;
    return has_key_id(KEY_ID_TWO);
}

/* Threads of the agent; *ret_filtered of them have a system call filter. */
static unsigned count_threads(unsigned *ret_filtered)
{
    char path[64];
    const struct dirent *entry;
    unsigned n = 0;
    DIR *tasks;

    (void)snprintf(path, sizeof path, "/proc/%d/task", (int)agent);
    tasks = opendir(path);
    ck_assert_ptr_nonnull(tasks);
    *ret_filtered = 0;
    for (entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        char status[PATH_MAX];

        if (entry->d_name[0] != '.') {
            (void)snprintf(status, sizeof status, "%s/%s/status", path,
                           entry->d_name);
            n++;
            *ret_filtered += skt_file_has(status, "\nSeccomp:\t2\n");
        }
    }
    (void)closedir(tasks);
    return n;
}

START_TEST(every_thread_is_confined)
{
    unsigned n_filtered = 0;

    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start_and_wait();
    ck_assert(has_key_id(KEY_ID_ONE));
    /* The main loop, three workers, the pool's. */
    ck_assert_uint_ge(count_threads(&n_filtered), 5);
    ck_assert_uint_eq(count_threads(&n_filtered), n_filtered);
    ck_assert(skt_file_has(log_path, "sandbox: landlock "));
    ck_assert(skt_file_has(log_path, "seccomp, mdwe"));
    tear_down();
}
END_TEST

START_TEST(off_is_off)
{
    unsigned n_filtered = 1;

    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "off", "\"metrics\": \"\"");
    start_and_wait();
    ck_assert(has_key_id(KEY_ID_ONE));
    (void)count_threads(&n_filtered);
    /* Of a filter that this test itself runs under nothing is said. */
    ck_assert(skt_file_has(log_path, "sandbox: off"));
    ck_assert(!skt_file_has(log_path, "seccomp"));
    tear_down();
}
END_TEST

START_TEST(status_says_what_the_sandbox_is)
{
    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start_and_wait();
    ck_assert(skt_status_has(socket_path, "\"sandbox\": \"landlock "));
    ck_assert(skt_status_has(socket_path, "(files, tcp"));
    ck_assert(skt_status_has(socket_path, "), seccomp, mdwe\""));
    ck_assert(!skt_status_has(socket_path, "the sandbox is not whole"));
    tear_down();
}
END_TEST

START_TEST(files_replaced_by_rename_are_read)
{
    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start_and_wait();
    ck_assert(has_key_id(KEY_ID_ONE));
    write_config(SEED_TWO, "require", "\"metrics\": \"\"");
    ck_assert(skt_until(has_second_key, NULL, START_MS));
    tear_down();
}
END_TEST

#define ACCESS_OF(who)                                                \
    "\"metrics\": \"\", \"access\": [{" who ", \"tenants\": [\"*\"]," \
    " \"allow\": [\"pubkey\"]}]"

/* The names of users are read again when there were some at the start: passwd
 * is replaced by rename, too. */
START_TEST(users_are_looked_up_at_a_reload)
{
    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", ACCESS_OF("\"user\": \"root\""));
    start_and_wait();
    /* From the first answer on the files are watched. */
    ck_assert(has_key_id(KEY_ID_ONE));
    write_config(SEED_TWO, "require", ACCESS_OF("\"group\": \"root\""));
    ck_assert(skt_until_file_has(log_path, "the new one is in use", START_MS));
    ck_assert(skt_until(has_second_key, NULL, START_MS));
    tear_down();
}
END_TEST

/* Who names none at the start has no reach to them later. */
START_TEST(a_first_user_at_a_reload_needs_a_restart)
{
    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start_and_wait();
    ck_assert(has_key_id(KEY_ID_ONE));
    write_config(SEED_TWO, "require", ACCESS_OF("\"user\": \"root\""));
    ck_assert(skt_until_file_has(log_path, "the old one stays", START_MS));
    ck_assert(skt_file_has(log_path, "sidekey.access[0].user: the names of "
                                     "users are outside of the sandbox"));
    ck_assert(has_key_id(KEY_ID_ONE));
    tear_down();
}
END_TEST

START_TEST(a_reload_out_of_reach_is_refused_whole)
{
    static const struct {
        const char *mode;
        const char *more;
        const char *why;
    } rows[] = {
        { "require", "\"metrics\": \"127.0.0.1:9999\"",
          "sidekey.metrics: TCP port 9999" },
        { "off", "\"metrics\": \"\"",
          "sidekey.sandbox cannot change without a restart" },
    };

    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start_and_wait();
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        write_config(SEED_TWO, rows[i].mode, rows[i].more);
        ck_assert_int_eq(kill(agent, SIGHUP), 0);
        ck_assert(skt_until_file_has(log_path, rows[i].why, START_MS));
        ck_assert(skt_file_has(log_path, "the old one stays"));
        ck_assert(has_key_id(KEY_ID_ONE));
    }
    tear_down();
}
END_TEST

/* Run as on a kernel without Landlock. */
static pid_t start_without_landlock(void)
{
    char daemon[PATH_MAX];

    (void)snprintf(daemon, sizeof daemon, "%s", skt_program("sidekeyd"));
    return skt_spawn((const char *const[]){ skt_program("tests/faults/"
                                                        "without_call"),
                                            "landlock_create_ruleset", daemon,
                                            "--config", config_path, NULL },
                     NULL, log_path);
}

START_TEST(without_landlock_require_refuses_and_best_effort_goes_on)
{
    int status;

    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    agent = start_without_landlock();
    status = skt_stop(&agent, 0, START_MS);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EX_CONFIG);
    ck_assert(skt_file_has(log_path, "sidekey.sandbox is \\\"require\\\": "
                                     "Landlock: the kernel has none"));
    write_config(SEED_ONE, "best-effort", "\"metrics\": \"\"");
    agent = start_without_landlock();
    ck_assert(skt_wait_unix(agent, socket_path, START_MS));
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    ck_assert(has_key_id(KEY_ID_ONE));
    ck_assert(skt_file_has(log_path, "sandbox: done without: Landlock: the "
                                     "kernel has none"));
    ck_assert(skt_file_has(log_path, "sandbox: seccomp, mdwe"));
    ck_assert(skt_status_has(socket_path, "\"sandbox\": \"seccomp, mdwe\""));
    ck_assert(skt_status_has(socket_path,
                             "the sandbox is not whole: Landlock: the kernel"));
    tear_down();
}
END_TEST

/* The whole program, built with a list that lacks one entry. */
START_TEST(a_forbidden_call_dies_with_its_number_in_the_log)
{
    char line[128];
    int status;

    if (!set_up()) {
        return;
    }
    write_config(SEED_ONE, "require", "\"metrics\": \"\"");
    start("tests/faults/sidekeyd-drop");
    (void)skt_wait_unix(agent, socket_path, START_MS);
    status = skt_stop(&agent, 0, START_MS);
    (void)snprintf(line, sizeof line,
                   "system call %ld (accept4) is not allowed",
                   (long)SYS_accept4);
    ck_assert(WIFSIGNALED(status));
    ck_assert_int_eq(WTERMSIG(status), SIGSYS);
    ck_assert(skt_file_has(log_path, line));
}
END_TEST

SKT_SUITE("confine",
          every_thread_is_confined,
          off_is_off,
          status_says_what_the_sandbox_is,
          files_replaced_by_rename_are_read,
          users_are_looked_up_at_a_reload,
          a_first_user_at_a_reload_needs_a_restart,
          a_reload_out_of_reach_is_refused_whole,
          without_landlock_require_refuses_and_best_effort_goes_on,
          a_forbidden_call_dies_with_its_number_in_the_log)
