/* test_keep.c - the real agent dies and comes back with all sources away: under
 * a manager that the tests play, and under `sidekeyd --supervise`.
 *
 * Also proves: supervise.c worker_exec.c
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "agent/fd_table.h"
#include "agent/notice.h"
#include "agent/sys/memfd.h"
#include "libclient/sidekey.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u
#define HIGH_FD  100 /* above what an agent is handed */

/* Golden derivations: seed text and the key id of its key. */
#define SEED_ONE "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define SEED_TWO \
    "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"
#define KEY_ID_ONE "3e79bd828a6533d9"
#define KEY_ID_TWO "dd15cd4ae3affea5"
#define ID_A       "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define ID_B       "0b9c1d2e-0000-4000-8000-00000000beef"

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char list_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static pid_t agent; /* or the supervisor */
static bool is_without_secret;
static struct sidekey *handle;

/* The manager that the tests play. */
static int manager = -1;
static char manager_name[64];
static struct skd_fd_table store;

static uint64_t now_ms(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void nap_us(unsigned us)
{
    const struct timespec pause = { 0, (long)us * 1000L };

    (void)nanosleep(&pause, NULL);
}

static void open_manager(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = sizeof address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    manager = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    (void)close(fd);
    ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address,
                          sizeof address.sun_family),
                     0);
    ck_assert_int_eq(getsockname(manager, (struct sockaddr *)&address, &len),
                     0);
    (void)snprintf(manager_name, sizeof manager_name, "@%.5s",
                   address.sun_path + 1);
}

static void set_up(void)
{
    ck_assert(skt_tempdir(folder));
    (void)snprintf(socket_path, sizeof socket_path, "%.400s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/c.json", folder);
    (void)snprintf(list_path, sizeof list_path, "%.400s/list.json", folder);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
    open_manager();
}

static void tear_down(void)
{
    (void)skt_stop(&agent, SIGKILL, 5000);
    sidekey_close(&handle);
    skd_fd_table_clear(&store, "");
    (void)close(manager);
}

/* ---- sources ------------------------------------------------------------- */

static void replace_file(const char *path, const char *text)
{
    char next[SKT_PATH_MAX + 8];

    (void)snprintf(next, sizeof next, "%s.new", path);
    ck_assert(skt_write_file(next, text, 0600));
    ck_assert_int_eq(rename(next, path), 0);
}

/* A configuration in remote mode.  @more  for the section sidekey. */
static void write_remote(const char *url, const char *period, const char *more)
{
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"mode\": \"remote-multi-keys\","
                   " \"update_period\": \"%s\"},"
                   " \"coordinator\": {\"url\": \"%s\", \"timeout\": \"60s\"},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 2,"
                   " \"metrics\": \"\"%s}}",
                   period, url, socket_path, more);
    replace_file(config_path, text);
}

static void write_remote_file(const char *period, const char *more)
{
    char url[SKT_PATH_MAX + 16];

    (void)snprintf(url, sizeof url, "file://%s", list_path);
    write_remote(url, period, more);
}

static void write_local(const char *crypto)
{
    char text[2048];

    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {%s}, \"sidekey\": {\"socket\": \"%s\","
                   " \"workers\": 2, \"metrics\": \"\"}}",
                   crypto, socket_path);
    replace_file(config_path, text);
}

/* A list with tenant A, and B unless its seed is NULL. */
static void
write_list(unsigned revision, const char *seed_a, const char *seed_b)
{
    char text[1024];
    char b[256] = "";

    if (seed_b != NULL) {
        (void)snprintf(b, sizeof b,
                       ", {\"id\": \"" ID_B "\", \"zero_knowledge\": false,"
                       " \"key_seed\": \"%s\"}",
                       seed_b);
    }
    (void)snprintf(text, sizeof text,
                   "{\"revision\": %u, \"tenants\": [{\"id\": \"" ID_A
                   "\", \"zero_knowledge\": false, \"key_seed\": \"%s\"}%s]}",
                   revision, seed_a, b);
    replace_file(list_path, text);
}

/* A Coordinator that takes connections and never says a word: the first refresh
 * does not end before the test does. */
static int take_sources_away(const char *more)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    char url[64];

    ck_assert_int_eq(bind(fd, (const struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(fd, 128), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/list",
                   ntohs(address.sin_port));
    write_remote(url, "1h", more);
    return fd;
}

/* ---- the agent ----------------------------------------------------------- */

/* From here on memfd_secret(2) is a call that this kernel does not have. */
static void forbid_secret(void)
{
    struct sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_memfd_secret, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | 38 /* ENOSYS */),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const struct sock_fprog program = { SKP_ARRAY_LEN(filter), filter };

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        _exit(127);
    }
}

static void number_to_env(const char *name, size_t number)
{
    char text[24];

    (void)snprintf(text, sizeof text, "%zu", number);
    (void)setenv(name, text, 1);
}

/* In a new process: what systemd does before it executes a service. */
static void __attribute__((noreturn)) become(const char *option)
{
    char names[SKD_FD_TABLE_NAMES_LEN];
    int log = open(log_path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (dup2(log, 1) < 0 || dup2(log, 2) < 0 ||
        !skd_fd_table_arrange(&store, names)) {
        _exit(127);
    }
    if (is_without_secret) {
        forbid_secret();
    }
    (void)setenv("NOTIFY_SOCKET", manager_name, 1);
    (void)setenv("LISTEN_FDNAMES", names, 1);
    number_to_env("LISTEN_FDS", store.n);
    number_to_env("LISTEN_PID", (size_t)getpid());
    if (option == NULL) {
        (void)execl(skt_program("sidekeyd"), "sidekeyd", "--config",
                    config_path, NULL);
    } else {
        (void)execl(skt_program("sidekeyd"), "sidekeyd", option, "--config",
                    config_path, NULL);
    }
    _exit(127);
}

static void spawn(const char *option)
{
    agent = fork();
    ck_assert_int_ge(agent, 0);
    if (agent == 0) {
        become(option);
    }
}

static char *log_text(void)
{
    return skt_read_file(log_path, NULL);
}

static void forget_log(void)
{
    ck_assert(skt_write_file(log_path, "", 0600));
}

/* Obey the agent as systemd does; true when it said READY=1 meanwhile. */
static bool obey(void)
{
    uint8_t text[1024];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control;
    bool is_ready = false;

    for (;;) {
        struct iovec bytes = { text, sizeof text };
        struct msghdr message = { .msg_iov = &bytes,
                                  .msg_iovlen = 1,
                                  .msg_control = &control,
                                  .msg_controllen = sizeof control };
        ssize_t len =
            recvmsg(manager, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        struct skd_notice notice;
        int fds[2];

        if (len < 0) {
            return is_ready;
        }
        notice = skd_notice_parse((struct skp_view){ text, (size_t)len });
        is_ready |= notice.is_ready;
        if (notice.stores) {
            memcpy(fds, CMSG_DATA(&control.head), sizeof fds);
            for (size_t i = 0; i < 2; i++) {
                int low = fds[i];

                fds[i] = fcntl(low, F_DUPFD_CLOEXEC, HIGH_FD);
                (void)close(low);
            }
            ck_assert(skd_fd_table_store(&store, notice.name, fds, 2));
        }
        if (notice.removes) {
            skd_fd_table_remove(&store, notice.name);
        }
    }
}

static bool is_ready_now(void *state)
{
    (void)state;
    return obey();
}

static void start(void)
{
    spawn(NULL);
    if (!skt_until(is_ready_now, NULL, START_MS)) {
        ck_abort_msg("no agent: %s", log_text());
    }
}

static void kill_agent(void)
{
    ck_assert_int_ne(skt_stop(&agent, SIGKILL, 5000), -1);
    (void)obey();
}

static bool has_key_id(const char *tenant, const char *key_id)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_ID_LEN + 1];

    if (sidekey_pubkey(handle, tenant, CALL_MS, &key) != SIDEKEY_OK) {
        return false;
    }
    skp_hex(key.key_id, sizeof key.key_id, hex);
    return strcmp(hex, key_id) == 0;
}

/* Is A served now, with its key?  The library asks again while it is not, and
 * on a busy machine not even one answer may come before a deadline that ends
 * that soon. */
static bool is_served_now(void)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_ID_LEN + 1];
    enum sidekey_status status;

    do {
        status = sidekey_pubkey(handle, ID_A, 300, &key);
    } while (status == SIDEKEY_DEADLINE_EXCEEDED);
    if (status != SIDEKEY_OK) {
        ck_assert_int_eq(status, SIDEKEY_UNAVAILABLE);
        return false;
    }
    skp_hex(key.key_id, sizeof key.key_id, hex);
    ck_assert_str_eq(hex, KEY_ID_ONE);
    return true;
}

static void serves_both(void)
{
    if (!has_key_id(ID_A, KEY_ID_ONE) || !has_key_id(ID_B, KEY_ID_TWO)) {
        ck_abort_msg("not served: %s", log_text());
    }
}

static bool has_said(const char *text)
{
    return skt_file_has(log_path, text);
}

/* An agent that has loaded both tenants and was killed. */
static void load_and_kill(void)
{
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", "");
    start();
    serves_both();
    kill_agent();
    ck_assert_uint_eq(store.n, 2);
}

/* ---- a manager that keeps ------------------------------------------------ */

START_TEST(killed_again_and_again_every_tenant_is_served_without_any_source)
{
    int silent;

    set_up();
    load_and_kill();
    silent = take_sources_away("");
    for (unsigned life = 0; life < 20; life++) {
        forget_log();
        start();
        serves_both();
        ck_assert(has_said("2 tenants with 2 keys were kept over the restart"));
        ck_assert(!has_said("refresh failed"));
        ck_assert(!has_said("msg=\"refresh:"));
        kill_agent();
    }
    ck_assert_uint_eq(store.n, 2);
    (void)close(silent);
    tear_down();
}
END_TEST

START_TEST(killed_at_any_moment_of_a_change_a_whole_pair_is_left)
{
    unsigned n_lives = 0;
    uint32_t dice = 1;

    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1ms", ", \"keep_generations\": 1");
    start();
    kill_agent();
    /* Every other one lives until it is ready. */
    for (unsigned life = 0; life < 60; life++) {
        uint64_t end_ms;
        bool is_ready;

        forget_log();
        dice = dice * 1664525u + 1013904223u;
        end_ms = now_ms() + 5 + (dice >> 16) % 60;
        spawn(NULL);
        is_ready = life % 2 != 0;
        for (unsigned i = 0; !is_ready || now_ms() < end_ms; i++) {
            bool is_odd = (life + i) % 2 != 0;

            write_list(2 + i, is_odd ? SEED_TWO : SEED_ONE,
                       is_odd ? SEED_ONE : SEED_TWO);
            is_ready |= obey();
            nap_us(500);
        }
        kill_agent();
        ck_assert_msg(!has_said("not used"), "%s", log_text());
        n_lives += has_said("2 tenants with");
        ck_assert_msg(store.n == 2 || store.n == 4, "%zu", store.n);
    }
    ck_assert_uint_ge(n_lives, 20);
    /* What is left is served without a source. */
    forget_log();
    (void)close(take_sources_away(""));
    start();
    ck_assert(has_said("2 tenants with"));
    ck_assert(has_key_id(ID_A, KEY_ID_ONE) || has_key_id(ID_A, KEY_ID_TWO));
    tear_down();
}
END_TEST

START_TEST(a_stop_and_start_of_the_service_keeps_the_keys)
{
    int silent;
    int status;

    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", "");
    start();
    status = skt_stop(&agent, SIGTERM, START_MS);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_SUCCESS);
    (void)obey();
    silent = take_sources_away("");
    start();
    serves_both();
    (void)close(silent);
    tear_down();
}
END_TEST

/* ---- what is not believed ------------------------------------------------ */

/* The kept descriptor of the arena, or of the index. */
static int *kept_fd(bool is_index)
{
    for (size_t i = 0; i < store.n; i++) {
        int seals = fcntl(store.rows[i].fd, F_GET_SEALS);

        if ((seals >= 0 && (seals & F_SEAL_WRITE) != 0) == is_index) {
            return &store.rows[i].fd;
        }
    }
    ck_abort_msg("nothing is kept");
    return NULL;
}

static void flip_arena(size_t at)
{
    size_t len = 2 * (size_t)sysconf(_SC_PAGESIZE);
    uint8_t *pages =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, *kept_fd(false), 0);

    ck_assert_ptr_ne(pages, MAP_FAILED);
    pages[at] ^= 4;
    ck_assert_int_eq(munmap(pages, len), 0);
}

static void flip_index(size_t at)
{
    struct skd_memfd index = { -1, NULL, 0 };
    struct skd_memfd copy = { -1, NULL, 0 };
    struct skp_diag diag = { "" };
    int *fd = kept_fd(true);

    skt_ok(skd_memfd_open(*fd, &index, &diag));
    skt_ok(skd_memfd_new("copy", index.len, &copy));
    memcpy(copy.ptr, index.ptr, index.len);
    copy.ptr[at] ^= 4;
    skt_ok(skd_memfd_seal(&copy));
    ck_assert_int_eq(dup3(copy.fd, *fd, O_CLOEXEC), *fd);
    skd_memfd_done(&copy);
    skd_memfd_done(&index);
}

/* The next agent starts cold, says why, and throws away what was kept. */
static void starts_cold(const char *why)
{
    int silent = take_sources_away("");
    char line[256];

    forget_log();
    spawn(NULL);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", log_text());
    }
    (void)snprintf(line, sizeof line,
                   "level=warn msg=\"what was kept over the restart is not "
                   "used: %s",
                   why);
    ck_assert_msg(skt_until_file_has(log_path, line, START_MS), "%s",
                  log_text());
    ck_assert(!is_served_now());
    kill_agent();
    ck_assert_uint_eq(store.n, 0);
    (void)close(silent);
}

START_TEST(what_was_tampered_with_is_not_used)
{
    set_up();
    load_and_kill();
    flip_arena((size_t)sysconf(_SC_PAGESIZE) + 7);
    starts_cold("the checksum of the keys is wrong");
    load_and_kill();
    flip_arena(24);
    starts_cold("the checksum of the header is wrong");
    load_and_kill();
    flip_arena(8);
    starts_cold("the layout has version 6, this agent knows 2");
    load_and_kill();
    flip_index(100);
    starts_cold("the checksum of the index is wrong");
    tear_down();
}
END_TEST

START_TEST(another_mode_starts_cold)
{
    set_up();
    load_and_kill();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_TWO "\"");
    forget_log();
    start();
    ck_assert_msg(has_said("the index was made in another crypto.mode"), "%s",
                  log_text());
    ck_assert(has_key_id(ID_A, KEY_ID_TWO));
    tear_down();
}
END_TEST

static void await_ms(uint64_t when_ms)
{
    while (now_ms() < when_ms) {
        nap_us(20000);
    }
}

/* Whatever a busy machine makes of the times, a key is served before
 * @since_ms + max_stale, and not when it was asked for after @until_ms +
 * max_stale: it was confirmed between the two. */
START_TEST(a_restart_does_not_extend_max_stale)
{
    enum {
        STALE_MS = 3000
    };
    uint64_t since_ms;
    uint64_t until_ms;
    uint64_t asked_ms;
    int silent;

    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", ", \"max_stale\": \"3s\"");
    since_ms = now_ms();
    start();
    until_ms = now_ms();
    ck_assert(is_served_now() || now_ms() >= since_ms + STALE_MS);
    kill_agent();
    silent = take_sources_away(", \"max_stale\": \"3s\"");
    start();
    ck_assert(is_served_now() || now_ms() >= since_ms + STALE_MS);
    await_ms(until_ms + 2000);
    kill_agent();
    start();
    for (asked_ms = now_ms(); is_served_now(); asked_ms = now_ms()) {
        ck_assert_uint_lt(asked_ms, until_ms + STALE_MS + 100);
        nap_us(20000);
    }
    ck_assert_uint_ge(now_ms(), since_ms + STALE_MS);
    kill_agent();
    start();
    ck_assert(!is_served_now());
    (void)close(silent);
    tear_down();
}
END_TEST

static bool is_gone(void *state)
{
    struct sidekey_public_key key;

    (void)state;
    return sidekey_pubkey(handle, ID_B, CALL_MS, &key) != SIDEKEY_OK;
}

/* A crash, later after the load than @stale_ms but sooner after the last
 * confirmation: true when the next life serves, which only one that came too
 * late need not. */
static bool confirmation_counts(unsigned stale_ms)
{
    char more[64];
    uint64_t confirmed_ms;
    bool is_served;
    int silent;

    (void)snprintf(more, sizeof more, ", \"max_stale\": \"%ums\"", stale_ms);
    /* Unchanged, and confirmed each time. */
    write_remote_file("50ms", more);
    start();
    await_ms(now_ms() + stale_ms + 500);
    confirmed_ms = now_ms();
    ck_assert_int_eq(sidekey_refresh(handle, false, CALL_MS), SIDEKEY_OK);
    kill_agent();
    silent = take_sources_away(more);
    start();
    is_served = is_served_now();
    ck_assert(is_served || now_ms() >= confirmed_ms + stale_ms);
    kill_agent();
    (void)close(silent);
    return is_served;
}

START_TEST(a_confirmation_before_the_crash_counts_for_max_stale)
{
    unsigned stale_ms = 2000;

    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    while (!confirmation_counts(stale_ms)) {
        ck_assert_uint_lt(stale_ms, 60000);
        stale_ms *= 2;
    }
    tear_down();
}
END_TEST

START_TEST(a_forgotten_tenant_does_not_come_back)
{
    static const char gone[] =
        "\"gone\": {\"destroyed\": 0, \"removed\": 0, \"forgotten\": 1}";
    int silent;

    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", "");
    start();
    serves_both();
    ck_assert_int_eq(sidekey_forget(handle, ID_B, CALL_MS), SIDEKEY_OK);
    ck_assert(skt_status_has(socket_path, gone));
    kill_agent();
    silent = take_sources_away("");
    start();
    ck_assert(skt_status_has(socket_path, gone));
    ck_assert(has_key_id(ID_A, KEY_ID_ONE));
    ck_assert(is_gone(NULL));
    (void)close(silent);
    tear_down();
}
END_TEST

/* B is gone for good, and the agent says why; it does not wait for it. */
static void says_gone(const char *why)
{
    struct sidekey_public_key key;

    ck_assert_int_eq(sidekey_pubkey(handle, ID_B, CALL_MS, &key),
                     SIDEKEY_NOT_FOUND);
    ck_assert_msg(strstr(sidekey_error_text(handle), why) != NULL, "%s",
                  sidekey_error_text(handle));
}

static void has_generation(uint64_t generation)
{
    struct sidekey_public_key key;

    ck_assert_int_eq(sidekey_pubkey(handle, ID_B, CALL_MS, &key), SIDEKEY_OK);
    ck_assert_uint_eq(key.generation, generation);
}

/* Two lives with all sources away, then one in which B is listed again. */
static void stays_gone_until_it_returns(const char *why, uint64_t generation)
{
    int silent = take_sources_away("");

    for (unsigned life = 0; life < 2; life++) {
        forget_log();
        start();
        ck_assert_msg(has_said("1 tenants with 1 keys were kept"), "%s",
                      log_text());
        says_gone(why);
        kill_agent();
    }
    (void)close(silent);
    write_list(9, SEED_ONE, SEED_ONE);
    write_remote_file("1h", "");
    start();
    ck_assert_int_eq(sidekey_refresh(handle, false, CALL_MS), SIDEKEY_OK);
    has_generation(generation);
    kill_agent();
}

START_TEST(who_is_gone_is_gone_after_a_restart_and_numbers_go_on)
{
    set_up();
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", "");
    start();
    has_generation(1);
    ck_assert_int_eq(sidekey_forget(handle, ID_B, CALL_MS), SIDEKEY_OK);
    says_gone("an operator had the tenant forgotten");
    kill_agent();
    stays_gone_until_it_returns("an operator had the tenant forgotten", 2);

    start();
    has_generation(2);
    write_list(10, SEED_ONE, NULL);
    ck_assert_int_eq(sidekey_refresh(handle, false, CALL_MS), SIDEKEY_OK);
    kill_agent();
    stays_gone_until_it_returns("the tenant was removed from the tenant list",
                                3);
    tear_down();
}
END_TEST

/* ---- the supervisor ------------------------------------------------------ */

/* The one child of the supervisor; 0 when it has none now. */
static pid_t worker_of(pid_t parent)
{
    char path[64];
    char text[64] = "";
    FILE *file;

    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)parent,
                   (int)parent);
    file = fopen(path, "re");
    if (file != NULL) {
        (void)!fgets(text, sizeof text, file);
        (void)fclose(file);
    }
    return (pid_t)strtol(text, NULL, 10);
}

static bool has_another_worker(void *state)
{
    pid_t worker = worker_of(agent);

    return worker > 0 && worker != *(pid_t *)state;
}

static void start_supervised(void)
{
    spawn("--supervise");
    if (!skt_until(is_ready_now, NULL, START_MS)) {
        ck_abort_msg("no agent: %s", log_text());
    }
}

static void kill_worker(void)
{
    pid_t worker = worker_of(agent);

    ck_assert_int_gt(worker, 0);
    ck_assert_int_eq(kill(worker, SIGKILL), 0);
    ck_assert(skt_until(has_another_worker, &worker, START_MS));
    if (!skt_until(is_ready_now, NULL, START_MS)) {
        ck_abort_msg("no other agent: %s", log_text());
    }
}

/* True when process @pid has memory of keys or of their index mapped. */
static bool maps_keys(pid_t pid)
{
    char path[64];
    char *maps;
    bool found;

    (void)snprintf(path, sizeof path, "/proc/%d/maps", (int)pid);
    maps = skt_read_file(path, NULL);
    ck_assert_ptr_nonnull(maps);
    ck_assert_ptr_nonnull(strstr(maps, "sidekeyd"));
    found = strstr(maps, "secretmem") != NULL || strstr(maps, "memfd:") != NULL;
    free(maps);
    return found;
}

/* What is said between the restart, @now_s at the latest, and the first refresh
 * that ends well. */
static void says_restored(time_t now_s)
{
    char line[64];
    bool found = false;

    for (int back_s = 0; back_s < 30 && !found; back_s++) {
        (void)snprintf(line, sizeof line,
                       "\"restored\": {\"tenants\": 2, \"at\": %lld}",
                       (long long)now_s - back_s);
        found = skt_status_has(socket_path, line);
    }
    ck_assert(found);
    ck_assert(
        skt_status_has(socket_path, "2 tenants have keys of before a restart"));
}

static void survives_kills(const char *tier)
{
    char line[64];
    int silent;

    (void)snprintf(line, sizeof line, "are kept in %s memory", tier);
    write_list(1, SEED_ONE, SEED_TWO);
    write_remote_file("1h", "");
    start_supervised();
    serves_both();
    ck_assert_msg(has_said(line), "%s", log_text());
    ck_assert(skt_status_has(socket_path, "\"restored\": null"));
    silent = take_sources_away("");
    for (unsigned life = 0; life < 4; life++) {
        forget_log();
        kill_worker();
        serves_both();
        ck_assert(has_said("2 tenants with 2 keys were kept over the restart"));
        says_restored(time(NULL));
        ck_assert(maps_keys(worker_of(agent)));
        ck_assert(!maps_keys(agent));
    }
    (void)close(silent);
}

START_TEST(under_the_supervisor_keys_survive_and_it_never_maps_them)
{
    int status;

    set_up();
    survives_kills("memfd_secret");
    status = skt_stop(&agent, SIGTERM, START_MS);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EXIT_SUCCESS);
    ck_assert(has_said("msg=stopped") || has_said("msg=\"stopped\""));
    /* Nothing was asked of the manager outside. */
    ck_assert_uint_eq(store.n, 0);
    tear_down();
}
END_TEST

START_TEST(without_memfd_secret_keys_survive_where_nothing_is_swapped)
{
    char *swaps = skt_read_file("/proc/swaps", NULL);
    bool has_swap = swaps == NULL || strchr(swaps, '/') != NULL;

    free(swaps);
    if (has_swap) {
        (void)printf("SKIPPED: this machine has swap\n");
        return;
    }
    set_up();
    is_without_secret = true;
    survives_kills("mlock");
    tear_down();
}
END_TEST

START_TEST(a_dead_supervisor_takes_the_worker_with_it)
{
    pid_t worker;
    struct pollfd end;

    set_up();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_ONE "\"");
    start_supervised();
    ck_assert(has_key_id("anybody", KEY_ID_ONE));
    worker = worker_of(agent);
    end = (struct pollfd){ (int)syscall(SYS_pidfd_open, worker, 0), POLLIN, 0 };
    ck_assert_int_ge(end.fd, 0);
    ck_assert_int_eq(kill(agent, SIGKILL), 0);
    ck_assert_int_eq(poll(&end, 1, START_MS), 1);
    (void)close(end.fd);
    tear_down();
}
END_TEST

START_TEST(a_reload_reaches_the_worker_and_a_single_key_survives)
{
    set_up();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_ONE "\"");
    start_supervised();
    ck_assert_int_eq(kill(agent, SIGHUP), 0);
    ck_assert(skt_until_file_has(log_path, "the new one is in use", START_MS));
    (void)obey(); /* a reload says READY=1, too */
    kill_worker();
    ck_assert(skt_until_file_has(
        log_path, "1 tenants with 1 keys were kept over the restart",
        START_MS));
    ck_assert(has_key_id("anybody", KEY_ID_ONE));
    tear_down();
}
END_TEST

START_TEST(what_another_start_cannot_cure_ends_the_supervisor)
{
    int status;

    set_up();
    replace_file(config_path, "{\"crypto\": {\"mode\": \"nonsense\"}}");
    spawn("--supervise");
    status = skt_stop(&agent, 0, START_MS);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EX_CONFIG);
    ck_assert(!has_said("started again"));
    tear_down();
}
END_TEST

START_TEST(a_worker_that_ends_well_ends_the_supervisor)
{
    int status;

    set_up();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_ONE "\"");
    start_supervised();
    ck_assert_int_eq(kill(worker_of(agent), SIGTERM), 0);
    status = skt_stop(&agent, 0, START_MS);
    ck_assert(WIFEXITED(status));
    ck_assert_int_eq(WEXITSTATUS(status), EXIT_SUCCESS);
    tear_down();
}
END_TEST

START_TEST(a_worker_that_crashes_before_it_is_ready_loses_what_is_kept)
{
    uint64_t end_ms;
    pid_t worker;

    set_up();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_ONE "\"");
    start_supervised();
    /* So that they are slower than we are, on a busy machine, too. */
    ck_assert_int_eq(setpriority(PRIO_PROCESS, (id_t)agent, 19), 0);
    end_ms = now_ms() + START_MS;
    /* Shot as soon as they are there, by a signal that looks like a fault. */
    while (!has_said("is dropped")) {
        ck_assert_msg(now_ms() < end_ms, "%s", log_text());
        worker = worker_of(agent);
        if (worker > 0) {
            ck_assert_int_eq(kill(worker, SIGABRT), 0);
        }
        while (!has_another_worker(&worker) && now_ms() < end_ms) {
            nap_us(100);
        }
    }
    ck_assert(skt_until(is_ready_now, NULL, START_MS));
    ck_assert(has_key_id("anybody", KEY_ID_ONE));
    tear_down();
}
END_TEST

/* The process that listens at the socket, as its number is here. */
static pid_t listening_pid(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    struct ucred peer = { 0, 0, 0 };
    socklen_t len = sizeof peer;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s",
                   socket_path);
    ck_assert_int_eq(
        connect(fd, (const struct sockaddr *)&address, sizeof address), 0);
    ck_assert_int_eq(getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len), 0);
    (void)close(fd);
    ck_assert_int_gt(peer.pid, 1);
    return peer.pid;
}

START_TEST(it_runs_as_the_first_process_of_a_container)
{
    char command[2 * PATH_MAX];
    const char *const argv[] = { "sh", "-c", command, NULL };

    if (geteuid() != 0) {
        (void)printf("SKIPPED: only root makes a namespace of processes\n");
        return;
    }
    set_up();
    write_local("\"mode\": \"single-key\", \"key\": \"" SEED_ONE "\"");
    /* An orphan is handed to process 1, which has to reap it. */
    (void)snprintf(command, sizeof command,
                   "exec unshare --pid --fork --kill-child --mount-proc "
                   "sh -c '(sleep 0.2 & exec true); exec %s --supervise "
                   "--config %s'",
                   skt_program("sidekeyd"), config_path);
    agent = skt_spawn(argv, NULL, log_path);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", log_text());
    }
    ck_assert(has_key_id("anybody", KEY_ID_ONE));
    ck_assert_int_eq(kill(listening_pid(), SIGKILL), 0);
    ck_assert(skt_until_file_has(
        log_path, "1 tenants with 1 keys were kept over the restart",
        START_MS));
    ck_assert(has_key_id("anybody", KEY_ID_ONE));
    ck_assert_int_eq(kill(worker_of(agent), SIGTERM), 0);
    ck_assert(skt_until_file_has(log_path, "stopped", START_MS));
    tear_down();
}
END_TEST

SKT_SUITE("keep",
          killed_again_and_again_every_tenant_is_served_without_any_source,
          killed_at_any_moment_of_a_change_a_whole_pair_is_left,
          a_stop_and_start_of_the_service_keeps_the_keys,
          what_was_tampered_with_is_not_used,
          another_mode_starts_cold,
          a_restart_does_not_extend_max_stale,
          a_confirmation_before_the_crash_counts_for_max_stale,
          a_forgotten_tenant_does_not_come_back,
          who_is_gone_is_gone_after_a_restart_and_numbers_go_on,
          under_the_supervisor_keys_survive_and_it_never_maps_them,
          without_memfd_secret_keys_survive_where_nothing_is_swapped,
          a_dead_supervisor_takes_the_worker_with_it,
          a_reload_reaches_the_worker_and_a_single_key_survives,
          what_another_start_cannot_cure_ends_the_supervisor,
          a_worker_that_ends_well_ends_the_supervisor,
          a_worker_that_crashes_before_it_is_ready_loses_what_is_kept,
          it_runs_as_the_first_process_of_a_container)
