/* test_callers.c - other users of a real agent: what they may not do, how much
 * of it, and that one who floods it does not take it from others.
 *
 * Needs root to become other users, and is skipped without.
 */
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libclient/sidekey.h"
#include "protocol/rpc.h"
#include "tests/lib/daemon.h"
#include "tests/lib/sandboxed.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u
#define SEED     "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define WRITER   65533 /* may encrypt */
#define STRANGER 65532 /* may nothing */

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static char audit_path[SKT_PATH_MAX];
static pid_t agent;
static struct sidekey *handle;

static void path_in(char ret[SKT_PATH_MAX], const char *name)
{
    (void)snprintf(ret, SKT_PATH_MAX, "%.400s/%s", folder, name);
}

static bool is_root(void)
{
    if (geteuid() != 0) {
        (void)fputs("skipped: only root can become another user\n", stderr);
        return false;
    }
    return true;
}

/* Rules and other members of the section. */
static void prepare(const char *rules, const char *more)
{
    char text[4096];

    ck_assert(skt_tempdir(folder));
    ck_assert_int_eq(chmod(folder, 0755), 0);
    path_in(socket_path, "s");
    path_in(config_path, "c.json");
    path_in(log_path, "log");
    path_in(audit_path, "audit");
    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"key\": \"" SEED "\"},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 1,"
                   " \"metrics\": \"\", \"audit\": \"%s\","
                   " \"access\": [%s]%s}}",
                   socket_path, audit_path, rules, more);
    ck_assert(skt_write_file(config_path, text, 0600));
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
}

static void start(const char *const argv[])
{
    agent = skt_spawn(argv, NULL, log_path);
    ck_assert_int_gt(agent, 0);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", skt_read_file(log_path, NULL));
    }
    ck_assert_int_eq(chmod(socket_path, 0666), 0);
}

static void set_up(const char *rules, const char *more)
{
    prepare(rules, more);
    start((const char *const[]){ skt_program("sidekeyd"), "--config",
                                 config_path, NULL });
}

static void stop(void)
{
    (void)skt_stop(&agent, SIGTERM, START_MS);
}

static void tear_down(void)
{
    stop();
    sidekey_close(&handle);
}

/* Run @work as @uid in a child; what it returned. */
static int run_as(uid_t uid, int (*work)(void))
{
    int status = -1;
    pid_t child = fork();

    if (child == 0) {
        if (setresgid(uid, uid, uid) != 0 || setresuid(uid, uid, uid) != 0) {
            _exit(100);
        }
        _exit(work());
    }
    ck_assert_int_eq(waitpid(child, &status, 0), child);
    ck_assert(WIFEXITED(status));
    return WEXITSTATUS(status);
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

/* ---- rights ---------------------------------------------------------------
 */

static bool visit(void *state, const struct sidekey_tenant *tenant)
{
    (void)state;
    (void)tenant;
    return true;
}

/* In the child: 0, or the number of the first step that went wrong. */
static int work_of_a_writer(void)
{
    static const uint8_t plaintext[] = "plaintext";
    struct sidekey_public_key public_key;
    struct sidekey_data_key data_key;
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    uint8_t header[SIDEKEY_HEADER_MAX];
    struct sidekey *own;

    if (sidekey_open(socket_path, &own) != SIDEKEY_OK ||
        sidekey_pubkey(own, "t", CALL_MS, &public_key) != SIDEKEY_OK) {
        return 1;
    }
    if (sidekey_encrypt(own, "t", plaintext, 9, NULL, CALL_MS, &envelope) !=
        SIDEKEY_OK) {
        return 2;
    }
    if (sidekey_decrypt(own, "t", envelope.ptr, envelope.len, NULL, CALL_MS,
                        &opened, NULL) != SIDEKEY_PERMISSION_DENIED) {
        return 3;
    }
    if (sidekey_unwrap(own, "t", envelope.ptr, SIDEKEY_HEADER_MAX, NULL,
                       CALL_MS, &data_key) != SIDEKEY_PERMISSION_DENIED) {
        return 4;
    }
    if (sidekey_rewrap(own, "t", envelope.ptr, SIDEKEY_HEADER_MAX, CALL_MS,
                       header) != SIDEKEY_PERMISSION_DENIED) {
        return 5;
    }
    if (sidekey_tenants(own, CALL_MS, visit, NULL) !=
            SIDEKEY_PERMISSION_DENIED ||
        sidekey_refresh(own, false, CALL_MS) != SIDEKEY_PERMISSION_DENIED ||
        sidekey_forget(own, "t", CALL_MS) != SIDEKEY_PERMISSION_DENIED) {
        return 6;
    }
    return 0;
}

START_TEST(a_caller_that_may_only_encrypt_can_do_that_and_nothing_else)
{
    if (!is_root()) {
        return;
    }
    set_up("{\"uid\": 65533, \"tenants\": [\"*\"],"
           " \"allow\": [\"pubkey\", \"encrypt\"]}",
           "");
    ck_assert_int_eq(run_as(WRITER, work_of_a_writer), 0);
    ck_assert_int_eq(run_as(STRANGER, work_of_a_writer), 1);
    stop();
    ck_assert_uint_eq(count_in(audit_path, "\"event\":\"use\""), 0);
    ck_assert_uint_eq(count_in(audit_path,
                               "\"event\":\"denied\",\"method\":\"decrypt\","
                               "\"peer\":{\"uid\":65533,\"gid\":65533,"),
                      1);
    ck_assert_uint_eq(
        count_in(audit_path, "\"event\":\"denied\",\"method\":\"unwrap\""), 1);
    ck_assert_uint_eq(
        count_in(audit_path, "\"event\":\"denied\",\"method\":\"rewrap\""), 1);
    ck_assert_uint_eq(count_in(audit_path,
                               "\"event\":\"denied\",\"method\":\"pubkey\","
                               "\"peer\":{\"uid\":65532,\"gid\":65532,"),
                      1);
    ck_assert_uint_eq(count_in(audit_path, "\"outcome\":\"PERMISSION_DENIED\""),
                      7);
    tear_down();
}
END_TEST

/* ---- cgroups --------------------------------------------------------------
 */

START_TEST(a_rule_with_a_cgroup_lets_in_who_is_in_it)
{
    struct sidekey_public_key key;
    char rule[1024];
    char more[64];
    char *own = skt_read_file("/proc/self/cgroup", NULL);
    char *start_of = own == NULL ? NULL : strstr(own, "0::");

    if (!skt_has_pidfd() || start_of == NULL) {
        return;
    }
    start_of[strcspn(start_of, "\n")] = '\0';
    (void)snprintf(rule, sizeof rule,
                   "{\"cgroup\": \"%.500s\", \"tenants\": [\"t\"],"
                   " \"allow\": [\"pubkey\"]},"
                   "{\"cgroup\": \"/no-such-slice/**\", \"tenants\": [\"*\"],"
                   " \"allow\": [\"pubkey\"]}",
                   start_of + 3);
    (void)snprintf(more, sizeof more, ", \"sandbox\": \"%s\"",
                   skt_sandbox_mode());
    set_up(rule, more);
    ck_assert_int_eq(sidekey_pubkey(handle, "t", CALL_MS, &key), SIDEKEY_OK);
    ck_assert_int_eq(sidekey_pubkey(handle, "other", CALL_MS, &key),
                     SIDEKEY_PERMISSION_DENIED);
    free(own);
    tear_down();
}
END_TEST

/* An agent in a PID namespace of its own cannot name who is outside of it. */
START_TEST(a_caller_of_another_pid_namespace_is_in_no_cgroup)
{
    static const char *const unshare[] = { "unshare", "--pid", "--fork", "true",
                                           NULL };
    struct sidekey_public_key key;

    if (skt_exec(unshare, NULL, "/dev/null", START_MS) != 0) {
        (void)fputs("skipped: no PID namespace can be made\n", stderr);
        return;
    }
    prepare("{\"cgroup\": \"/**\", \"tenants\": [\"*\"],"
            " \"allow\": [\"pubkey\"]},"
            "{\"cgroup\": \"/\", \"tenants\": [\"*\"],"
            " \"allow\": [\"pubkey\"]}",
            "");
    start((const char *const[]){ "unshare", "--pid", "--fork", "--kill-child",
                                 skt_program("sidekeyd"), "--config",
                                 config_path, NULL });
    ck_assert_int_eq(sidekey_pubkey(handle, "t", CALL_MS, &key),
                     SIDEKEY_PERMISSION_DENIED);
    ck_assert(skt_until_file_has(
        audit_path, ",\"pid\":0,\"exe\":null,\"cgroup\":null}", START_MS));
    /* unshare itself ignores SIGTERM. */
    (void)skt_stop(&agent, SIGKILL, START_MS);
    tear_down();
}
END_TEST

/* ---- quotas ---------------------------------------------------------------
 */

static int connect_raw(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.100s",
                   socket_path);
    if (fd < 0 ||
        connect(fd, (const struct sockaddr *)&address, sizeof address) != 0) {
        _exit(101);
    }
    return fd;
}

/* @n requests, encoded one behind the other. */
static size_t
encode(enum skp_method method, unsigned n, uint8_t *ret, size_t cap)
{
    static const uint8_t plaintext[10];
    struct skp_buf buf = skp_buf_over(ret, cap);

    for (uint32_t i = 0; i < n; i++) {
        const struct skp_request request = {
            .msgid = i,
            .method = method,
            .tenant = skp_view_of("t"),
            .data = { plaintext,
                      method == SKP_METHOD_ENCRYPT ? sizeof plaintext : 0 },
        };

        if (skp_request_encode(&request, &buf) != SKP_ERR_OK) {
            _exit(102);
        }
    }
    return buf.len;
}

#define N_BURST 500u
#define PER_S   50u

/* How many of the hasty one's were refused: more than an exit status holds. */
static unsigned *n_hasty_refused;

/* 500 at once, of which 50 are let through, and every 20 ms one more. */
static int work_of_a_hasty_one(void)
{
    static uint8_t bytes[65536];
    static char answers[262144];
    size_t len = encode(SKP_METHOD_PUBKEY, N_BURST, bytes, sizeof bytes);
    size_t n = 0;
    int fd = connect_raw();

    if (write(fd, bytes, len) != (ssize_t)len || shutdown(fd, SHUT_WR) != 0) {
        return 103;
    }
    while (n < sizeof answers) {
        ssize_t got = read(fd, answers + n, sizeof answers - n);

        if (got <= 0) {
            break;
        }
        n += (size_t)got;
    }
    for (const char *at = answers; at != NULL;) {
        at = memmem(at, (size_t)(answers + n - at), "too many requests", 17);
        if (at != NULL) {
            (*n_hasty_refused)++;
            at++;
        }
    }
    return 0;
}

static uint64_t now_us(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

START_TEST(a_user_may_not_ask_more_than_its_quota_and_others_do_not_pay)
{
    struct sidekey_public_key key;
    char text[128];
    uint64_t began_us;
    uint64_t seconds;

    if (!is_root()) {
        return;
    }
    n_hasty_refused =
        mmap(NULL, sizeof *n_hasty_refused, PROT_READ | PROT_WRITE,
             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    ck_assert_ptr_ne(n_hasty_refused, MAP_FAILED);
    /* The first rule that matches counts. */
    set_up("{\"uid\": 0, \"tenants\": [\"*\"],"
           " \"allow\": [\"pubkey\", \"admin\"]},"
           "{\"tenants\": [\"*\"], \"allow\": [\"pubkey\", \"unwrap\"]}",
           ", \"max_requests_per_uid\": 50");
    began_us = now_us();
    ck_assert_int_eq(run_as(WRITER, work_of_a_hasty_one), 0);
    /* On a busy machine it takes longer, and so more are let through. */
    seconds = (now_us() - began_us) / 1000000 + 1;
    ck_assert_uint_le(*n_hasty_refused, N_BURST - PER_S);
    ck_assert_uint_ge(*n_hasty_refused + PER_S * (seconds + 1), N_BURST);
    (void)snprintf(text, sizeof text,
                   "\"quota\": {\"connections_refused\": 0, "
                   "\"requests_refused\": %u}",
                   *n_hasty_refused);
    ck_assert(skt_status_has(socket_path, text));
    for (int i = 0; i < 20; i++) {
        ck_assert_int_eq(sidekey_pubkey(handle, "t", CALL_MS, &key),
                         SIDEKEY_OK);
    }
    stop();
    /* Some are told each, the others together. */
    ck_assert_uint_ge(
        count_in(audit_path, "\"outcome\":\"RESOURCE_EXHAUSTED\""), 16);
    ck_assert_uint_lt(count_in(audit_path, "\"event\":\"denied\""),
                      20 * (seconds + 1));
    ck_assert_uint_ge(count_in(audit_path, "\"count\":"), 1);
    tear_down();
}
END_TEST

#define N_FLOODS 16u

/* Send without reading an answer to the end, until somebody ends it. */
static int work_of_a_flood(void)
{
    static uint8_t bytes[262144];
    static uint8_t answers[65536];
    size_t len = encode(SKP_METHOD_ENCRYPT, 4000, bytes, sizeof bytes);
    struct pollfd fds[N_FLOODS];

    for (size_t i = 0; i < N_FLOODS; i++) {
        fds[i] = (struct pollfd){ connect_raw(), POLLIN | POLLOUT, 0 };
    }
    for (;;) {
        if (poll(fds, N_FLOODS, -1) < 0) {
            return 0;
        }
        for (size_t i = 0; i < N_FLOODS; i++) {
            if ((fds[i].revents & POLLIN) != 0 &&
                recv(fds[i].fd, answers, sizeof answers, MSG_DONTWAIT) <= 0) {
                return 0;
            }
            if ((fds[i].revents & POLLOUT) != 0) {
                static size_t sent[N_FLOODS];
                ssize_t n = send(fds[i].fd, bytes + sent[i], len - sent[i],
                                 MSG_DONTWAIT | MSG_NOSIGNAL);

                sent[i] = n > 0 ? (sent[i] + (size_t)n) % len : sent[i];
            }
        }
    }
}

static int order(const void *a, const void *b)
{
    const uint64_t *left = a;
    const uint64_t *right = b;

    return (*left > *right) - (*left < *right);
}

#define N_CALLS 101u

/* The median time of an encrypt. */
static uint64_t median_us(void)
{
    static const uint8_t plaintext[] = "plaintext";
    uint64_t took_us[N_CALLS];

    for (size_t i = 0; i < N_CALLS; i++) {
        struct sidekey_bytes envelope = { NULL, 0, 0 };
        uint64_t began_us = now_us();

        ck_assert_int_eq(sidekey_encrypt(handle, "t", plaintext, 9, NULL,
                                         CALL_MS, &envelope),
                         SIDEKEY_OK);
        took_us[i] = now_us() - began_us;
        sidekey_bytes_free(&envelope);
    }
    qsort(took_us, N_CALLS, sizeof took_us[0], order);
    return took_us[N_CALLS / 2];
}

/* 16 connections with 4,000 requests each before the quiet one's: in the order
 * of their coming that is seconds; with turns it is two requests. */
START_TEST(beside_a_user_who_floods_another_is_answered_soon)
{
    uint64_t alone_us;
    uint64_t beside_us;
    pid_t flood;
    int status;

    if (!is_root()) {
        return;
    }
    set_up("{\"tenants\": [\"*\"], \"allow\": [\"pubkey\", \"encrypt\"]}", "");
    alone_us = median_us();
    flood = fork();
    if (flood == 0) {
        if (setresuid(WRITER, WRITER, WRITER) != 0) {
            _exit(100);
        }
        _exit(work_of_a_flood());
    }
    (void)median_us(); /* until it has begun */
    beside_us = median_us();
    ck_assert_int_eq(waitpid(flood, &status, WNOHANG), 0);
    ck_assert_int_eq(kill(flood, SIGKILL), 0);
    ck_assert_int_eq(waitpid(flood, &status, 0), flood);
    (void)fprintf(stderr,
                  "median of a quiet user: %llu us, beside a flood %llu us\n",
                  (unsigned long long)alone_us, (unsigned long long)beside_us);
    ck_assert_uint_lt(beside_us, 100 * 1000 + 10 * alone_us);
    tear_down();
}
END_TEST

SKT_SUITE("callers of a real agent",
          a_caller_that_may_only_encrypt_can_do_that_and_nothing_else,
          a_rule_with_a_cgroup_lets_in_who_is_in_it,
          a_caller_of_another_pid_namespace_is_in_no_cgroup,
          a_user_may_not_ask_more_than_its_quota_and_others_do_not_pay,
          beside_a_user_who_floods_another_is_answered_soon)
