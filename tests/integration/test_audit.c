/* test_audit.c - the audit log of a real agent: what is in it, that it goes on
 * over rotations, crashes and restarts, that whatever is done to it is found,
 * and what a full disk does.
 *
 * Also proves: auditing.c
 */
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
#define SEED     "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define KEY_ID   "3e79bd828a6533d9"

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static char audit_path[SKT_PATH_MAX];
static char key_path[SKT_PATH_MAX];
static char out_path[SKT_PATH_MAX];
static pid_t agent;
static struct sidekey *handle;

static void path_in(char ret[SKT_PATH_MAX], const char *name)
{
    (void)snprintf(ret, SKT_PATH_MAX, "%.400s/%s", folder, name);
}

static void write_config(const char *more)
{
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"key\": \"" SEED "\"},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 2,"
                   " \"metrics\": \"\", \"audit\": \"%s\"%s}}",
                   socket_path, audit_path, more);
    ck_assert(skt_write_file(config_path, text, 0600));
}

static void start(void)
{
    const char *const argv[] = { skt_program("sidekeyd"), "--config",
                                 config_path, NULL };

    agent = skt_spawn(argv, NULL, log_path);
    ck_assert_int_gt(agent, 0);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", skt_read_file(log_path, NULL));
    }
}

static void set_up(const char *more)
{
    ck_assert(skt_tempdir(folder));
    path_in(socket_path, "s");
    path_in(config_path, "c.json");
    path_in(log_path, "log");
    path_in(out_path, "out");
    path_in(audit_path, "audit");
    path_in(key_path, "audit.key");
    write_config(more);
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    start();
}

static void stop(int number)
{
    (void)skt_stop(&agent, number, START_MS);
}

static void tear_down(void)
{
    stop(SIGKILL);
    sidekey_close(&handle);
}

static uint8_t header[SIDEKEY_HEADER_MAX];

/* An envelope's header, to be unwrapped. */
static void make_header(void)
{
    static const uint8_t plaintext[] = "plaintext";
    struct sidekey_bytes envelope = { NULL, 0, 0 };

    ck_assert_int_eq(
        sidekey_encrypt(handle, "t", plaintext, 9, NULL, CALL_MS, &envelope),
        SIDEKEY_OK);
    memcpy(header, envelope.ptr, sizeof header);
    sidekey_bytes_free(&envelope);
}

static enum sidekey_status unwrap_within(uint32_t deadline_ms)
{
    struct sidekey_data_key key;

    return sidekey_unwrap(handle, "t", header, sizeof header, NULL, deadline_ms,
                          &key);
}

static enum sidekey_status unwrap(void)
{
    return unwrap_within(CALL_MS);
}

static void unwrap_often(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        ck_assert_int_eq(unwrap(), SIDEKEY_OK);
    }
}

/* The exit status of `sidekey audit verify`; what it said is in out_path. */
static int verify(const char *first, const char *second, const char *last)
{
    const char *argv[10] = { skt_program("sidekey"), "audit", "verify",
                             "--key-file", key_path };
    size_t n = 5;

    if (last != NULL) {
        argv[n++] = "--expect-last";
        argv[n++] = last;
    }
    argv[n++] = first;
    argv[n] = second;
    (void)unlink(out_path);
    return skt_exec(argv, NULL, out_path, 30000);
}

static void assert_verified(const char *first, const char *second)
{
    if (verify(first, second, NULL) != 0) {
        ck_abort_msg("%s", skt_read_file(out_path, NULL));
    }
}

static unsigned count_in(const char *path, const char *text)
{
    char *content = skt_read_file(path, NULL);
    unsigned n = 0;

    ck_assert_ptr_nonnull(content);
    for (const char *at = content; (at = strstr(at, text)) != NULL; at++) {
        n++;
    }
    free(content);
    return n;
}

static bool has_two_refreshes(void *state)
{
    (void)state;
    return count_in(audit_path, "\"event\":\"refresh\",\"outcome\":\"OK\"") >=
           2;
}

/* ---- what is in it --------------------------------------------------------
 */

START_TEST(every_use_of_a_private_key_is_a_line_and_nothing_else_is)
{
    static const uint8_t plaintext[] = "plaintext";
    struct sidekey_public_key key;
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    uint8_t rewrapped[SIDEKEY_HEADER_MAX];
    char peer[128];

    set_up("");
    make_header();
    ck_assert_int_eq(sidekey_pubkey(handle, "t", CALL_MS, &key), SIDEKEY_OK);
    ck_assert_int_eq(
        sidekey_encrypt(handle, "t", plaintext, 9, NULL, CALL_MS, &envelope),
        SIDEKEY_OK);
    ck_assert_int_eq(sidekey_decrypt(handle, "t", envelope.ptr, envelope.len,
                                     NULL, CALL_MS, &opened, NULL),
                     SIDEKEY_OK);
    ck_assert_int_eq(unwrap(), SIDEKEY_OK);
    ck_assert_int_eq(
        sidekey_rewrap(handle, "t", header, sizeof header, CALL_MS, rewrapped),
        SIDEKEY_OK);
    header[95] ^= 1;
    ck_assert_int_eq(unwrap(), SIDEKEY_DATA_LOSS);
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"use\""), 4);
    ck_assert_uint_eq(count_in(audit_path, "\"method\":\"decrypt\""), 1);
    ck_assert_uint_eq(count_in(audit_path, "\"method\":\"unwrap\""), 2);
    ck_assert_uint_eq(count_in(audit_path, "\"method\":\"rewrap\""), 1);
    ck_assert_uint_eq(count_in(audit_path,
                               "\"tenant\":\"t\",\"key_id\":\"" KEY_ID
                               "\",\"outcome\":\"OK\""),
                      3);
    ck_assert_uint_eq(count_in(audit_path, "\"key_id\":\"" KEY_ID
                                           "\",\"outcome\":\"DATA_LOSS\""),
                      1);
    (void)snprintf(peer, sizeof peer,
                   "\"peer\":{\"uid\":%u,\"gid\":%u,\"pid\":%d,",
                   (unsigned)getuid(), (unsigned)getgid(), (int)getpid());
    ck_assert_uint_eq(count_in(audit_path, peer), 4);
    ck_assert_uint_eq(count_in(audit_path, SEED), 0);
    sidekey_bytes_free(&envelope);
    sidekey_bytes_free(&opened);
    tear_down();
}
END_TEST

START_TEST(refreshes_and_configurations_are_lines)
{
    struct stat there;

    set_up("");
    ck_assert_int_eq(sidekey_refresh(handle, false, CALL_MS), SIDEKEY_OK);
    write_config(", \"log_level\": \"debug\"");
    ck_assert(skt_until_file_has(audit_path,
                                 "\"event\":\"config\","
                                 "\"outcome\":\"OK\"",
                                 START_MS));
    ck_assert(skt_write_file(config_path, "{\"crypto\": 1}", 0600));
    ck_assert(skt_until_file_has(audit_path,
                                 "\"event\":\"config\","
                                 "\"outcome\":\"INVALID_ARGUMENT\"",
                                 START_MS));
    /* The first one, and that of the new configuration. */
    ck_assert(skt_until(has_two_refreshes, NULL, START_MS));
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"refresh\",\"method\":"
                                           "\"refresh\",\"peer\":{\"uid\":"),
                      1);
    ck_assert_int_eq(stat(audit_path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 07777, 0600);
    ck_assert_int_eq(stat(key_path, &there), 0);
    ck_assert_uint_eq(there.st_mode & 07777, 0600);
    tear_down();
}
END_TEST

/* ---- who it was -----------------------------------------------------------
 */

static void set_up_sandboxed(void)
{
    char more[64];

    (void)snprintf(more, sizeof more, ", \"sandbox\": \"%s\"",
                   skt_sandbox_mode());
    set_up(more);
}

/* Have another program use the key. */
static void decrypt_elsewhere(void)
{
    static const uint8_t plaintext[] = "plaintext";
    char file[SKT_PATH_MAX];
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    int fd;

    path_in(file, "envelope");
    ck_assert_int_eq(
        sidekey_encrypt(handle, "t", plaintext, 9, NULL, CALL_MS, &envelope),
        SIDEKEY_OK);
    fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    ck_assert_int_eq(write(fd, envelope.ptr, envelope.len),
                     (ssize_t)envelope.len);
    (void)close(fd);
    sidekey_bytes_free(&envelope);
    ck_assert_int_eq(
        skt_exec((const char *const[]){ skt_program("sidekey"), "--socket",
                                        socket_path, "decrypt", "t", "-i", file,
                                        NULL },
                 NULL, out_path, START_MS),
        0);
}

START_TEST(in_the_sandbox_the_program_of_another_process_is_told)
{
    char real[PATH_MAX];
    char text[PATH_MAX + 32];

    if (!skt_has_pidfd()) {
        return;
    }
    set_up_sandboxed();
    decrypt_elsewhere();
    ck_assert_ptr_nonnull(realpath(skt_program("sidekey"), real));
    (void)snprintf(text, sizeof text, "\"exe\":\"%s\",\"cgroup\":\"/", real);
    ck_assert(skt_until_file_has(audit_path, text, START_MS));
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(audit_path, "\"exe\":null"), 0);
    tear_down();
}
END_TEST

/* The child of the agent that looks at peers. */
static pid_t peeker(void)
{
    char path[64];
    char *text;
    pid_t pid;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)agent,
                   (int)agent);
    text = skt_read_file(path, NULL);
    pid = text == NULL ? 0 : (pid_t)strtol(text, NULL, 10);
    free(text);
    return pid;
}

static bool has_gone(void *state)
{
    const pid_t *pid = state;

    return kill(*pid, 0) != 0;
}

START_TEST(without_the_child_that_looks_nothing_is_known_and_all_goes_on)
{
    pid_t child;

    set_up_sandboxed();
    child = peeker();
    ck_assert_int_gt(child, 0);
    ck_assert_int_eq(kill(child, SIGKILL), 0);
    ck_assert(skt_until(has_gone, &child, START_MS));
    decrypt_elsewhere();
    decrypt_elsewhere();
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(audit_path, "\"exe\":null,\"cgroup\":null}"), 2);
    ck_assert_uint_eq(count_in(log_path, "that looks at peers has ended"), 1);
    tear_down();
}
END_TEST

START_TEST(the_child_that_looks_ends_with_the_agent)
{
    pid_t child;

    set_up_sandboxed();
    child = peeker();
    ck_assert_int_gt(child, 0);
    stop(SIGKILL);
    ck_assert(skt_until(has_gone, &child, START_MS));
    tear_down();
}
END_TEST

static bool status_says(void *state)
{
    return skt_status_has(socket_path, state);
}

START_TEST(status_counts_the_lines)
{
    char text[PATH_MAX];

    set_up_sandboxed();
    make_header();
    unwrap_often(7);
    /* "start", the first refresh, and the uses.  They are in the file a moment
     * before they are counted. */
    (void)snprintf(text, sizeof text,
                   "\"audit\": {\"target\": \"%s\", \"written\": 9, "
                   "\"dropped\": 0, \"sequence\": 9, \"failing\": false}",
                   audit_path);
    if (!skt_until(status_says, text, START_MS)) {
        ck_abort_msg("not in status: %s", text);
    }
    tear_down();
}
END_TEST

/* ---- rotation, crash, restart ---------------------------------------------
 */

static bool has_new_log(void *state)
{
    struct stat there;

    (void)state;
    return stat(audit_path, &there) == 0 && there.st_size > 0;
}

START_TEST(a_rotated_log_is_one_chain)
{
    char old[SKT_PATH_MAX];

    set_up("");
    path_in(old, "audit.1");
    make_header();
    unwrap_often(50);
    ck_assert_int_eq(rename(audit_path, old), 0);
    unwrap_often(50); /* still to the old file */
    ck_assert_int_eq(kill(agent, SIGHUP), 0);
    ck_assert(skt_until(has_new_log, NULL, START_MS));
    unwrap_often(50);
    stop(SIGTERM);
    assert_verified(old, audit_path);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(old, "\"event\":\"use\"") +
                          count_in(audit_path, "\"event\":\"use\""),
                      150);
    ck_assert_uint_ge(count_in(audit_path, "\"event\":\"use\""), 50);
    ck_assert_int_eq(verify(audit_path, old, NULL), 1);
    tear_down();
}
END_TEST

START_TEST(a_killed_agent_goes_on_with_the_chain)
{
    char torn[64];
    int fd;

    set_up("");
    make_header();
    for (int i = 0; i < 3; i++) {
        unwrap_often(200);
        stop(SIGKILL);
        start();
    }
    stop(SIGKILL);
    /* As a crash of the machine leaves it. */
    fd = open(audit_path, O_WRONLY | O_APPEND);
    ck_assert_int_eq(write(fd, "{\"seq\":1000,\"ti", 15), 15);
    (void)close(fd);
    start();
    unwrap_often(1);
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"start\""), 5);
    ck_assert_uint_eq(count_in(audit_path, "\"torn\":15,"), 1);
    /* SIGKILL may have come in the middle of a write, too. */
    (void)snprintf(torn, sizeof torn, "%u torn by a crash",
                   count_in(audit_path, "\"torn\":"));
    ck_assert(skt_file_has(out_path, torn));
    tear_down();
}
END_TEST

START_TEST(two_agents_do_not_write_to_one_log)
{
    char other[SKT_PATH_MAX];

    set_up("");
    path_in(other, "other");
    ck_assert_int_eq(
        skt_exec((const char *const[]){ skt_program("sidekeyd"), "--config",
                                        config_path, NULL },
                 NULL, other, START_MS),
        EX_UNAVAILABLE);
    ck_assert(skt_file_has(other, "another process writes to it"));
    tear_down();
}
END_TEST

/* ---- whatever is done to it -----------------------------------------------
 */

/* The log of @n uses, as a text; the agent has stopped. */
static char *make_log(unsigned n)
{
    char *text;

    set_up("");
    make_header();
    unwrap_often(n);
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    text = skt_read_file(audit_path, NULL);
    ck_assert_ptr_nonnull(text);
    return text;
}

static char *line_of(char *text, unsigned n)
{
    while (n-- > 0) {
        text = strchr(text, '\n') + 1;
    }
    return text;
}

static void assert_found(const char *text, const char *fault)
{
    ck_assert(skt_write_file(audit_path, text, 0600));
    ck_assert_int_eq(verify(audit_path, NULL, NULL), 1);
    if (!skt_file_has(out_path, fault)) {
        ck_abort_msg("wanted %s: %s", fault, skt_read_file(out_path, NULL));
    }
}

START_TEST(whatever_is_done_to_it_is_found)
{
    char *text = make_log(10);
    char *changed = strdup(text);
    char *fifth = line_of(text, 4);
    char *sixth = line_of(text, 5);
    char *seventh = line_of(text, 6);
    size_t before = (size_t)(fifth - text);

    /* uid 0 becomes 9, say. */
    *(strstr(line_of(changed, 4), "\"uid\":") + 6) ^= 1;
    assert_found(changed, "audit:5: changed");
    (void)strcpy(changed + before, sixth);
    assert_found(changed, "audit:5: removed: lines before it are missing (1)");
    memcpy(changed + before, sixth, (size_t)(seventh - sixth));
    memcpy(changed + before + (seventh - sixth), fifth,
           (size_t)(sixth - fifth));
    (void)strcpy(changed + before + (seventh - fifth), seventh);
    assert_found(changed, "audit:5: reordered");
    changed[before + 100] = '\0';
    assert_found(changed, "audit:5: torn");
    free(changed);
    free(text);
    tear_down();
}
END_TEST

START_TEST(a_cut_tail_is_found_by_what_the_agent_s_own_log_says)
{
    char *text = make_log(10);
    char *log = skt_read_file(log_path, NULL);
    char *said = NULL;
    unsigned long long seq = 0;
    char hash[65] = "";
    char last[128];

    for (char *at = log; (at = strstr(at, "audit: last line seq=")) != NULL;
         at++) {
        said = at;
    }
    ck_assert_ptr_nonnull(said);
    ck_assert_int_eq(
        sscanf(said, "audit: last line seq=%llu hash=%64[0-9a-f]", &seq, hash),
        2);
    (void)snprintf(last, sizeof last, "%llu:%s", seq, hash);
    ck_assert_int_eq(verify(audit_path, NULL, last), 0);
    *line_of(text, 10) = '\0';
    ck_assert(skt_write_file(audit_path, text, 0600));
    ck_assert_int_eq(verify(audit_path, NULL, NULL), 0);
    ck_assert_int_eq(verify(audit_path, NULL, last), 1);
    ck_assert(skt_file_has(out_path, "cut off"));
    free(log);
    free(text);
    tear_down();
}
END_TEST

/* ---- a full disk ----------------------------------------------------------
 */

static char disk[SKT_PATH_MAX];

/* A disk of 64 KiB for the log alone, in a mount namespace of this test's own;
 * false, said, where that is not allowed. */
static bool set_up_disk(const char *mode)
{
    char more[SKT_PATH_MAX + 128];

    ck_assert(skt_tempdir(folder));
    path_in(disk, "disk");
    ck_assert_int_eq(mkdir(disk, 0700), 0);
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", disk, "tmpfs", 0, "size=64k,mode=700") != 0) {
        (void)fputs("skipped: no disk of its own can be mounted\n", stderr);
        return false;
    }
    path_in(socket_path, "s");
    path_in(config_path, "c.json");
    path_in(log_path, "log");
    path_in(out_path, "out");
    path_in(audit_path, "disk/audit");
    path_in(key_path, "key");
    ck_assert(skt_write_file(key_path, "a key of more than 32 bytes, for tests",
                             0600));
    (void)snprintf(more, sizeof more,
                   ", \"audit_key_file\": \"%s\", \"audit_on_full\": \"%s\"",
                   key_path, mode);
    write_config(more);
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    start();
    make_header();
    return true;
}

static void fill_disk(void)
{
    static const char bytes[4096];
    char path[SKT_PATH_MAX];
    int fd;

    path_in(path, "disk/filler");
    fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    ck_assert_int_ge(fd, 0);
    while (write(fd, bytes, sizeof bytes) > 0) {
    }
    (void)close(fd);
}

static void empty_disk(void)
{
    char path[SKT_PATH_MAX];

    path_in(path, "disk/filler");
    ck_assert_int_eq(unlink(path), 0);
}

static bool is_served(void *state)
{
    unsigned *n_served = state;

    if (unwrap() != SIDEKEY_OK) {
        return false;
    }
    (*n_served)++;
    return true;
}

START_TEST(in_fail_mode_a_full_disk_stops_uses_and_loses_none)
{
    struct sidekey_public_key key;
    unsigned n_served = 0;
    unsigned n_late = 0;
    unsigned n_uses;

    if (!set_up_disk("fail")) {
        return;
    }
    fill_disk();
    /* A page of the file has room for some lines. */
    for (unsigned n_refused = 0; n_refused < 2;) {
        /* The library asks again until the deadline. */
        enum sidekey_status status = unwrap_within(500);

        ck_assert_uint_lt(n_served + n_late, 20000);
        n_served += status == SIDEKEY_OK;
        if (status == SIDEKEY_DEADLINE_EXCEEDED) {
            n_late++; /* a busy machine: asked, and perhaps served */
        } else if (status != SIDEKEY_OK) {
            ck_assert_int_eq(status, SIDEKEY_UNAVAILABLE);
            ck_assert_ptr_nonnull(
                strstr(sidekey_error_text(handle), "audit log"));
            n_refused++;
        }
    }
    /* What uses no private key goes on. */
    ck_assert_int_eq(sidekey_pubkey(handle, "t", CALL_MS, &key), SIDEKEY_OK);
    make_header();
    empty_disk();
    ck_assert(skt_until(is_served, &n_served, START_MS));
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    n_uses = count_in(audit_path, "\"event\":\"use\"");
    ck_assert_uint_ge(n_uses, n_served);
    ck_assert_uint_le(n_uses, n_served + n_late + 2);
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"dropped\""), 0);
    tear_down();
}
END_TEST

static unsigned long long dropped_in(const char *path)
{
    char *text = skt_read_file(path, NULL);
    unsigned long long n = 0;

    for (char *at = text; (at = strstr(at, "\"event\":\"dropped\"")) != NULL;
         at++) {
        unsigned long long count = 1;

        (void)sscanf(at, "\"event\":\"dropped\",\"count\":%llu", &count);
        n += count;
    }
    free(text);
    return n;
}

/* The file must have room for what waits in memory: about 5,000 lines. */
START_TEST(in_drop_mode_a_full_disk_stops_nothing_and_what_is_lost_is_counted)
{
    enum {
        N_UNWRAPS = 6000
    };

    if (!set_up_disk("drop")) {
        return;
    }
    fill_disk();
    unwrap_often(N_UNWRAPS);
    ck_assert(skt_until_file_has(log_path, "is dropped", START_MS));
    empty_disk();
    ck_assert_int_eq(mount("none", disk, NULL, MS_REMOUNT, "size=16m"), 0);
    ck_assert(
        skt_until_file_has(audit_path, "\"event\":\"dropped\"", START_MS));
    stop(SIGTERM);
    assert_verified(audit_path, NULL);
    ck_assert_uint_gt(dropped_in(audit_path), 0);
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"use\"") +
                          dropped_in(audit_path),
                      N_UNWRAPS);
    tear_down();
}
END_TEST

START_TEST(the_log_can_go_to_standard_error)
{
    ck_assert(skt_tempdir(folder));
    path_in(socket_path, "s");
    path_in(config_path, "c.json");
    path_in(log_path, "log");
    (void)strcpy(audit_path, "stderr");
    write_config("");
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    start();
    make_header();
    unwrap_often(1);
    ck_assert(skt_until_file_has(log_path, "\"event\":\"use\"", START_MS));
    ck_assert(skt_until_file_has(log_path, "nobody can verify", START_MS));
    tear_down();
}
END_TEST

SKT_SUITE("audit with a real agent",
          every_use_of_a_private_key_is_a_line_and_nothing_else_is,
          refreshes_and_configurations_are_lines,
          in_the_sandbox_the_program_of_another_process_is_told,
          without_the_child_that_looks_nothing_is_known_and_all_goes_on,
          the_child_that_looks_ends_with_the_agent,
          status_counts_the_lines,
          a_rotated_log_is_one_chain,
          a_killed_agent_goes_on_with_the_chain,
          two_agents_do_not_write_to_one_log,
          whatever_is_done_to_it_is_found,
          a_cut_tail_is_found_by_what_the_agent_s_own_log_says,
          in_fail_mode_a_full_disk_stops_uses_and_loses_none,
          in_drop_mode_a_full_disk_stops_nothing_and_what_is_lost_is_counted,
          the_log_can_go_to_standard_error)
