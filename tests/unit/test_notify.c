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

START_TEST(an_abstract_address_is_told_from_a_path)
{
    set("NOTIFY_SOCKET", "@sidekey-test");
    skd_notify_init();
    ck_assert(skd_notify_is_abstract());
    set("NOTIFY_SOCKET", "/run/manager");
    skd_notify_init();
    ck_assert(!skd_notify_is_abstract());
    skd_notify_init(); /* it was taken out of the environment */
    ck_assert(!skd_notify_is_abstract());
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

/* Give this process descriptors 3, 4, ... under @names. */
static void inherit(const char *names, int n)
{
    char text[16];

    for (int fd = 3; fd < 3 + n; fd++) {
        int made = open("/dev/null", O_RDONLY);

        if (made != fd) {
            ck_assert_int_eq(dup2(made, fd), fd);
            (void)close(made);
        }
    }
    (void)snprintf(text, sizeof text, "%d", (int)getpid());
    set("LISTEN_PID", text);
    (void)snprintf(text, sizeof text, "%d", n);
    set("LISTEN_FDS", text);
    set("LISTEN_FDNAMES", names);
}

START_TEST(descriptors_that_were_kept_are_told_from_a_socket_by_their_names)
{
    struct skd_kept_fd *kept;
    size_t n = 0;

    inherit("sidekey-a:sidekeyd.socket:sidekey-a", 3);
    skd_notify_init();
    kept = skd_notify_kept(&n);
    ck_assert_uint_eq(n, 2);
    ck_assert_str_eq(kept[0].name, "sidekey-a");
    ck_assert_int_eq(kept[0].fd, 3);
    ck_assert_str_eq(kept[1].name, "sidekey-a");
    ck_assert_int_eq(kept[1].fd, 5);
    ck_assert_int_eq(skd_notify_listen_fd(), 4);
    for (int fd = 3; fd < 6; fd++) {
        ck_assert_int_eq(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    }
    ck_assert_ptr_null(getenv("LISTEN_FDNAMES"));
}
END_TEST

START_TEST(more_sockets_than_one_are_none)
{
    size_t n = 0;

    inherit("connection", 2);
    skd_notify_init();
    ck_assert_int_eq(skd_notify_listen_fd(), -1);
    (void)skd_notify_kept(&n);
    ck_assert_uint_eq(n, 0);
}
END_TEST

START_TEST(a_name_that_is_too_long_is_not_ours)
{
    char names[200];
    size_t n = 0;

    (void)snprintf(names, sizeof names, "sidekey-%0100d:sidekey-b", 0);
    inherit(names, 2);
    skd_notify_init();
    ck_assert_str_eq(skd_notify_kept(&n)->name, "sidekey-b");
    ck_assert_uint_eq(n, 1);
    ck_assert_int_eq(skd_notify_listen_fd(), 3);
}
END_TEST

START_TEST(more_descriptors_than_there_is_room_for_are_closed)
{
    char names[512] = "sidekey-x";
    size_t n = 0;

    for (unsigned i = 1; i < SKD_NOTIFY_KEPT_MAX + 4; i++) {
        (void)strncat(names, ":sidekey-x", sizeof names - strlen(names) - 1);
    }
    inherit(names, (int)SKD_NOTIFY_KEPT_MAX + 4);
    skd_notify_init();
    (void)skd_notify_kept(&n);
    ck_assert_uint_eq(n, SKD_NOTIFY_KEPT_MAX);
    ck_assert_int_eq(fcntl(3 + (int)SKD_NOTIFY_KEPT_MAX, F_GETFD), -1);
}
END_TEST

START_TEST(a_manager_is_asked_to_keep_and_to_drop_descriptors)
{
    int manager = listen_as_manager();
    char heard[128] = { 0 };
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(4 * sizeof(int))];
    } control;
    struct iovec bytes = { heard, sizeof heard - 1 };
    struct msghdr message = { .msg_iov = &bytes,
                              .msg_iovlen = 1,
                              .msg_control = &control,
                              .msg_controllen = sizeof control };
    int fds[2];
    char byte = 0;

    ck_assert_int_eq(pipe(fds), 0);
    skd_notify_init();
    ck_assert_int_eq(skd_notify_fd_store(), SKD_FD_STORE_RESTART);
    ck_assert(skd_notify_store("sidekey-x", fds, 2));
    ck_assert_int_gt(recvmsg(manager, &message, 0), 0);
    ck_assert_str_eq(heard, "FDSTORE=1\nFDNAME=sidekey-x\nFDPOLL=0");
    ck_assert_uint_eq(control.head.cmsg_len, CMSG_LEN(2 * sizeof(int)));
    ck_assert_int_eq(write(fds[1], "a", 1), 1);
    memcpy(fds, CMSG_DATA(&control.head), sizeof fds);
    ck_assert_int_eq(read(fds[0], &byte, 1), 1);
    ck_assert_int_eq(byte, 'a');
    skd_notify_unstore("sidekey-x");
    memset(heard, 0, sizeof heard);
    ck_assert_int_gt(recv(manager, heard, sizeof heard - 1, 0), 0);
    ck_assert_str_eq(heard, "FDSTOREREMOVE=1\nFDNAME=sidekey-x");
    (void)close(manager);
}
END_TEST

START_TEST(a_manager_that_is_gone_keeps_nothing_and_we_know)
{
    int manager = listen_as_manager();

    skd_notify_init();
    (void)close(manager);
    ck_assert(!skd_notify_store("sidekey-x", &(int){ 0 }, 1));
}
END_TEST

START_TEST(a_manager_says_whether_it_keeps_descriptors_and_how_long)
{
    int manager = listen_as_manager();
    char address[128];

    (void)snprintf(address, sizeof address, "%s", getenv("NOTIFY_SOCKET"));
    set("FDSTORE", "0");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_fd_store(), SKD_FD_STORE_NONE);
    ck_assert(!skd_notify_store("sidekey-x", &(int){ 0 }, 1));
    set("NOTIFY_SOCKET", address);
    set("FDSTORE", "4");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_fd_store(), SKD_FD_STORE_RESTART);
    set("NOTIFY_SOCKET", address);
    set("SIDEKEY_SUPERVISED", "1");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_fd_store(), SKD_FD_STORE_CRASH);
    ck_assert_ptr_null(getenv("SIDEKEY_SUPERVISED"));
    /* Nobody is there to keep anything. */
    set("FDSTORE", "4");
    skd_notify_init();
    ck_assert_int_eq(skd_notify_fd_store(), SKD_FD_STORE_NONE);
    (void)close(manager);
}
END_TEST

SKT_SUITE("notify",
          the_manager_hears_the_state_letter_for_letter,
          an_abstract_address_is_told_from_a_path,
          without_a_manager_nothing_is_sent_and_nothing_fails,
          the_watchdog_is_fed_twice_in_its_time,
          another_process_s_watchdog_is_not_ours,
          nonsense_from_the_environment_is_no_watchdog,
          one_inherited_socket_is_taken_and_not_inherited_further,
          sockets_for_another_process_are_left_alone,
          descriptors_that_were_kept_are_told_from_a_socket_by_their_names,
          more_sockets_than_one_are_none,
          a_name_that_is_too_long_is_not_ours,
          more_descriptors_than_there_is_room_for_are_closed,
          a_manager_is_asked_to_keep_and_to_drop_descriptors,
          a_manager_that_is_gone_keeps_nothing_and_we_know,
          a_manager_says_whether_it_keeps_descriptors_and_how_long)
