/* test_keeper.c - suite of agent/keeper.c: keepers one after the other in one
 * process, and a manager that the tests play. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/fd_table.h"
#include "agent/keeper.h"
#include "agent/notice.h"
#include "agent/sys/log.h"
#include "tests/lib/clock_fake.h"
#include "tests/lib/keeping.h"
#include "tests/lib/suite.h"

/* Above everything that is put to 3, 4, ... */
#define HIGH_FD 100

static int manager;
static char address[64];
static struct skd_fd_table store;
static bool is_deaf; /* drops what it is sent */
static struct skt_clock fake;
static struct skd_keeper *keeper;

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

static void begin(void)
{
    struct sockaddr_un bound = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    size_t len;

    skd_log_configure(SKD_LOG_ERROR, false);
    skt_clock_init(&fake, 5000, 1);
    (void)snprintf(address, sizeof address, "@sidekey-keeper-%d",
                   (int)getpid());
    len = strlen(address);
    memcpy(bound.sun_path + 1, address + 1, len - 1);
    ck_assert_int_eq(
        bind(fd, (const struct sockaddr *)&bound,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    manager = fcntl(fd, F_DUPFD_CLOEXEC, HIGH_FD);
    (void)close(fd);
}

/* Obey one message of the agent; false when there is none. */
static bool obey_one(void)
{
    uint8_t text[512];
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec bytes = { text, sizeof text };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    ssize_t len = recvmsg(manager, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    struct skd_notice notice;
    int fds[2] = { -1, -1 };

    if (len < 0) {
        return false;
    }
    notice = skd_notice_parse((struct skp_view){ text, (size_t)len });
    if (notice.stores) {
        ck_assert_uint_eq(control.head.cmsg_len, CMSG_LEN(sizeof fds));
        memcpy(fds, CMSG_DATA(&control.head), sizeof fds);
        for (size_t i = 0; i < 2; i++) {
            int high = fcntl(fds[i], F_DUPFD_CLOEXEC, HIGH_FD);

            (void)close(fds[i]);
            fds[i] = high;
        }
        ck_assert(skd_fd_table_store(&store, notice.name, fds, 2));
    }
    if (notice.removes) {
        skd_fd_table_remove(&store, notice.name);
    }
    return true;
}

static void obey(void)
{
    while (!is_deaf && obey_one()) {
    }
}

/* A new agent begins: what is in the store is handed to it. */
static void begin_life(enum skd_mode mode)
{
    char names[SKD_FD_TABLE_NAMES_LEN] = "";
    char text[16];

    for (size_t i = 0; i < store.n; i++) {
        ck_assert_int_eq(dup2(store.rows[i].fd, 3 + (int)i), 3 + (int)i);
        (void)strcat(names, i == 0 ? "" : ":");
        (void)strcat(names, store.rows[i].name);
    }
    (void)snprintf(text, sizeof text, "%zu", store.n);
    set("LISTEN_FDS", text);
    (void)snprintf(text, sizeof text, "%d", (int)getpid());
    set("LISTEN_PID", text);
    set("LISTEN_FDNAMES", names);
    set("NOTIFY_SOCKET", address);
    skd_notify_init();
    skt_ok(skd_keeper_new(&fake.env, mode, SKD_TIER_MEMFD_SECRET, &keeper));
}

/* It is killed: nothing is told or wiped, and the messages it sent arrive. */
static void end_life(struct skd_snapshot **served)
{
    obey();
    /* A killed process wipes nothing; here what is kept is not wiped either. */
    skd_keeper_free(&keeper);
    skd_snapshot_unref(served);
}

static void publish(struct skd_snapshot *snapshot)
{
    skd_keeper_prepare(keeper, snapshot);
    skd_keeper_publish(keeper, snapshot);
}

static void end(void)
{
    skd_fd_table_clear(&store, "");
    (void)close(manager);
    ck_assert_uint_eq(skd_arena_held(), 0);
}

START_TEST(what_one_agent_served_the_next_one_serves)
{
    struct skd_snapshot *snapshot = skt_keeping_snapshot();
    struct skd_snapshot *expected = NULL;
    struct skd_snapshot *got;

    skd_snapshot_unref(&snapshot);
    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    ck_assert_ptr_null(skd_keeper_restore(keeper));
    ck_assert(!skd_keeper_report(keeper).is_keeping);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    ck_assert(skd_keeper_report(keeper).is_keeping);
    skt_ok(skd_snapshot_confirm(snapshot, 4500, 4, &expected));
    publish(expected);
    skd_snapshot_unref(&snapshot);
    end_life(&expected);
    for (unsigned life = 0; life < 3; life++) {
        ck_assert_uint_eq(store.n, 2);
        begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
        got = skd_keeper_restore(keeper);
        ck_assert_ptr_nonnull(got);
        ck_assert_uint_eq(skd_keeper_report(keeper).n_restored, 4);
        ck_assert_int_eq(skd_keeper_report(keeper).restored_at_s,
                         skd_env_wall_s(&fake.env));
        snapshot = skt_keeping_snapshot();
        skt_ok(skd_snapshot_confirm(snapshot, 4500, 4, &expected));
        skt_keeping_same(expected, got);
        skd_snapshot_unref(&snapshot);
        skd_snapshot_unref(&expected);
        skd_keeper_publish(keeper, got);
        end_life(&got);
    }
    end();
}
END_TEST

START_TEST(a_confirmation_alone_sends_nothing)
{
    struct skd_snapshot *snapshot;
    struct skd_snapshot *confirmed = NULL;

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    obey();
    skt_ok(skd_snapshot_confirm(snapshot, 4500, 4, &confirmed));
    publish(confirmed);
    ck_assert(!obey_one());
    skd_snapshot_unref(&snapshot);
    end_life(&confirmed);
    end();
}
END_TEST

START_TEST(a_new_snapshot_takes_the_place_of_the_old_one)
{
    struct skd_snapshot *first;
    struct skd_snapshot *second;
    struct skd_snapshot *got;

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    first = skt_keeping_snapshot();
    publish(first);
    second = skt_keeping_snapshot();
    publish(second);
    skd_snapshot_unref(&first);
    /* Stored, stored, removed: killed after any of these, the newer pair that
     * is there is taken. */
    for (unsigned n = 1; n <= 3; n++) {
        ck_assert(obey_one());
        ck_assert_uint_eq(store.n, n == 2 ? 4 : 2);
    }
    ck_assert_str_eq(store.rows[0].name, "sidekey-keys-0000000000000002");
    end_life(&second);
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    got = skd_keeper_restore(keeper);
    ck_assert_ptr_nonnull(got);
    skd_snapshot_unref(&got);
    first = skt_keeping_snapshot();
    publish(first);
    end_life(&first);
    ck_assert_str_eq(store.rows[0].name, "sidekey-keys-0000000000000003");
    end();
}
END_TEST

START_TEST(of_two_pairs_the_newer_is_taken_and_the_other_dropped)
{
    struct skd_snapshot *first;
    struct skd_snapshot *second;
    struct skd_snapshot *got;
    struct skd_fd_table both = { .n = 0 };

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    first = skt_keeping_snapshot();
    publish(first);
    obey();
    for (size_t i = 0; i < 2; i++) {
        both.rows[i] = store.rows[i];
        both.rows[i].fd = fcntl(store.rows[i].fd, F_DUPFD_CLOEXEC, HIGH_FD);
    }
    /* An agent that dies before it voids the first. */
    end_life(&first);
    store.n = 0;
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    second = skt_keeping_snapshot();
    publish(second);
    skd_snapshot_unref(&second);
    second = skt_keeping_snapshot();
    publish(second);
    end_life(&second);
    ck_assert_uint_eq(store.n, 2);
    memcpy(store.rows + 2, both.rows, 2 * sizeof both.rows[0]);
    store.n = 4;
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    got = skd_keeper_restore(keeper);
    ck_assert_ptr_nonnull(got);
    end_life(&got);
    ck_assert_uint_eq(store.n, 2);
    ck_assert_str_eq(store.rows[0].name, "sidekey-keys-0000000000000002");
    end();
}
END_TEST

START_TEST(half_a_pair_is_a_cold_start)
{
    struct skd_snapshot *snapshot;

    begin();
    for (size_t half = 0; half < 2; half++) {
        begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
        ck_assert_ptr_null(skd_keeper_restore(keeper));
        snapshot = skt_keeping_snapshot();
        publish(snapshot);
        end_life(&snapshot);
        (void)close(store.rows[1 - half].fd);
        store.rows[0] = store.rows[half];
        store.n = 1;
        begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
        ck_assert_ptr_null(skd_keeper_restore(keeper));
        end_life(&snapshot);
        ck_assert_uint_eq(store.n, 0);
    }
    end();
}
END_TEST

START_TEST(another_mode_is_a_cold_start_and_what_was_kept_is_dropped)
{
    struct skd_snapshot *snapshot;

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    end_life(&snapshot);
    begin_life(SKD_MODE_REMOTE_MULTI_KEYS);
    ck_assert_ptr_null(skd_keeper_restore(keeper));
    end_life(&snapshot);
    ck_assert_uint_eq(store.n, 0);
    end();
}
END_TEST

START_TEST(what_cannot_be_handed_over_leaves_nothing_old_behind)
{
    struct skd_snapshot *first;
    struct skd_snapshot *second;

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    first = skt_keeping_snapshot();
    publish(first);
    obey();
    second = skt_keeping_snapshot();
    /* Not prepared, as when memory was short. */
    skd_keeper_publish(keeper, second);
    ck_assert(!skd_keeper_report(keeper).is_keeping);
    is_deaf = true; /* the message that drops the first is lost */
    skd_snapshot_unref(&first);
    end_life(&second);
    is_deaf = false;
    while (recv(manager, address + 32, 0, MSG_DONTWAIT) >= 0) {
    }
    ck_assert_uint_eq(store.n, 2);
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    ck_assert_ptr_null(skd_keeper_restore(keeper));
    end_life(&second);
    end();
}
END_TEST

START_TEST(a_stop_for_good_leaves_nothing)
{
    struct skd_snapshot *snapshot;

    begin();
    set("SIDEKEY_SUPERVISED", "1");
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    obey();
    ck_assert_uint_eq(store.n, 2);
    skd_keeper_stop(keeper);
    end_life(&snapshot);
    ck_assert_uint_eq(store.n, 0);
    end();
}
END_TEST

START_TEST(a_stop_that_may_be_a_restart_leaves_what_is_kept)
{
    struct skd_snapshot *snapshot;
    struct skd_snapshot *got;

    begin();
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    skd_keeper_stop(keeper);
    end_life(&snapshot);
    begin_life(SKD_MODE_LOCAL_MULTI_KEYS);
    got = skd_keeper_restore(keeper);
    ck_assert_ptr_nonnull(got);
    end_life(&got);
    end();
}
END_TEST

START_TEST(without_a_manager_and_in_dev_mode_nothing_is_kept)
{
    struct skd_snapshot *snapshot;

    skd_log_configure(SKD_LOG_ERROR, false);
    skt_clock_init(&fake, 5000, 1);
    ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
    skd_notify_init();
    skt_ok(skd_keeper_new(&fake.env, SKD_MODE_SINGLE_KEY, SKD_TIER_MEMFD_SECRET,
                          &keeper));
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    ck_assert(!skd_keeper_report(keeper).is_keeping);
    ck_assert_uint_eq(skd_arena_held(), (size_t)sysconf(_SC_PAGESIZE));
    skd_keeper_stop(keeper);
    end_life(&snapshot);
    begin();
    begin_life(SKD_MODE_DEV);
    snapshot = skt_keeping_snapshot();
    publish(snapshot);
    ck_assert(!obey_one());
    end_life(&snapshot);
    end();
}
END_TEST

SKT_SUITE("keeper",
          what_one_agent_served_the_next_one_serves,
          a_confirmation_alone_sends_nothing,
          a_new_snapshot_takes_the_place_of_the_old_one,
          of_two_pairs_the_newer_is_taken_and_the_other_dropped,
          half_a_pair_is_a_cold_start,
          another_mode_is_a_cold_start_and_what_was_kept_is_dropped,
          what_cannot_be_handed_over_leaves_nothing_old_behind,
          a_stop_for_good_leaves_nothing,
          a_stop_that_may_be_a_restart_leaves_what_is_kept,
          without_a_manager_and_in_dev_mode_nothing_is_kept)
