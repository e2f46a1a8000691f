/* test_notify.c - suite of agent/sys/notify.c against a manager's socket. */
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "agent/sys/notify.h"
#include "tests/lib/suite.h"

static void set(const char *name, const char *value)
{
    ck_assert_int_eq(setenv(name, value, 1), 0);
}

/* A manager that listens on an abstract address. */
static int listen_as_manager(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    char name[64];
    size_t len;

    (void)snprintf(name, sizeof name, "@sidekey-test-%d", (int)getpid());
    len = strlen(name);
    memcpy(address.sun_path, name, len);
    address.sun_path[0] = '\0';
    ck_assert_int_eq(
        bind(fd, (const struct sockaddr *)&address,
             (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
        0);
    set("NOTIFY_SOCKET", name);
    return fd;
}

START_TEST(the_manager_hears_the_state_letter_for_letter)
{
    int manager = listen_as_manager();
    char heard[64] = { 0 };

    skd_notify_init();
    skd_notify_send("READY=1");
    ck_assert_int_eq(recv(manager, heard, sizeof heard, 0), 7);
    ck_assert_str_eq(heard, "READY=1");
    (void)close(manager);
}
END_TEST

START_TEST(without_a_manager_nothing_is_sent_and_nothing_fails)
{
    int manager = listen_as_manager();
    char heard[8];

    ck_assert_int_eq(unsetenv("NOTIFY_SOCKET"), 0);
    skd_notify_init();
    skd_notify_send("READY=1");
    ck_assert_int_eq(recv(manager, heard, sizeof heard, MSG_DONTWAIT), -1);
    (void)close(manager);
}
END_TEST

START_TEST(the_watchdog_is_fed_twice_in_its_time)
{
    char pid[16];

    set("WATCHDOG_USEC", "10000000");
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    set("WATCHDOG_PID", pid);
    skd_notify_init();
    ck_assert_uint_eq(skd_notify_watchdog_ms(), 5000);
}
END_TEST

START_TEST(another_process_s_watchdog_is_not_ours)
{
    set("WATCHDOG_USEC", "10000000");
    set("WATCHDOG_PID", "1");
    skd_notify_init();
    ck_assert_uint_eq(skd_notify_watchdog_ms(), 0);
}
END_TEST

START_TEST(nonsense_from_the_environment_is_no_watchdog)
{
    static const char *const nonsense[] = { "", "-1", "x", "1x",
                                            "99999999999999999999999" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(nonsense); i++) {
        set("WATCHDOG_USEC", nonsense[i]);
        skd_notify_init();
        ck_assert_uint_eq(skd_notify_watchdog_ms(), 0);
    }
}
END_TEST

START_TEST(one_inherited_socket_is_taken_and_not_inherited_further)
{
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    char pid[16];

    if (fd != 3) {
        ck_assert_int_eq(dup2(fd, 3), 3);
    }
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    set("LISTEN_PID", pid);
    set("LISTEN_FDS", "1");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_listen_fd(), 3);
    ck_assert_int_eq(fcntl(3, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    ck_assert_ptr_null(getenv("LISTEN_FDS"));
}
END_TEST

START_TEST(sockets_for_another_process_are_left_alone)
{
    set("LISTEN_PID", "1");
    set("LISTEN_FDS", "1");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_listen_fd(), -1);
}
END_TEST

SKT_SUITE("notify",
          the_manager_hears_the_state_letter_for_letter,
          without_a_manager_nothing_is_sent_and_nothing_fails,
          the_watchdog_is_fed_twice_in_its_time,
          another_process_s_watchdog_is_not_ours,
          nonsense_from_the_environment_is_no_watchdog,
          one_inherited_socket_is_taken_and_not_inherited_further,
          sockets_for_another_process_are_left_alone)
