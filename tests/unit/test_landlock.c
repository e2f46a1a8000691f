/* test_landlock.c - suite of agent/sys/landlock.c; each check in a process of
 * its own. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/sys/landlock.h"
#include "tests/lib/daemon.h"
#include "tests/lib/in_child.h"
#include "tests/lib/suite.h"

static char folder[SKT_PATH_MAX];
static struct skd_landlock_path path;
static struct skd_landlock_rules rules;
static struct skd_landlock_state state;
static int abi;

static const char *in_folder(const char *name)
{
    static char paths[4][2 * SKT_PATH_MAX];
    static unsigned next;
    char *at = paths[next++ % 4];

    (void)snprintf(at, sizeof paths[0], "%s/%s", folder, name);
    return at;
}

/* A folder with `in`, which the rule is about, and `out`; false when there is
 * no Landlock to test. */
static bool set_up(unsigned use)
{
    static char inside[SKT_PATH_MAX + 4];

    abi = skd_landlock_abi();
    if (abi == 0) {
        (void)printf("SKIPPED: the kernel has no Landlock\n");
        return false;
    }
    ck_assert(skt_tempdir(folder));
    (void)snprintf(inside, sizeof inside, "%s/in", folder);
    ck_assert_int_eq(mkdir(inside, 0700), 0);
    ck_assert_int_eq(mkdir(in_folder("out"), 0700), 0);
    ck_assert(skt_write_file(in_folder("in/file"), "text", 0600));
    ck_assert(skt_write_file(in_folder("out/file"), "text", 0600));
    path = (struct skd_landlock_path){ inside, use };
    rules = (struct skd_landlock_rules){ .paths = &path, .n_paths = 1 };
    return true;
}

static enum skp_err restrict_to(int this_abi)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    (void)prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    err = skd_landlock_restrict(&rules, this_abi, &state, &diag);
    if (err != SKP_ERR_OK) {
        (void)fprintf(stderr, "%s\n", diag.text);
    }
    return err;
}

/* 0 or the errno. */
static int open_as(const char *name, int flags)
{
    int fd = open(in_folder(name), flags | O_CLOEXEC, 0600);

    if (fd < 0) {
        return errno;
    }
    (void)close(fd);
    return 0;
}

static int check_reading(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(open_as("in/file", O_RDONLY) == 0);
    SKT_CHILD(open_as("in", O_RDONLY | O_DIRECTORY) == 0);
    SKT_CHILD(open_as("in/file", O_WRONLY) == EACCES);
    SKT_CHILD(open_as("in/new", O_WRONLY | O_CREAT) == EACCES);
    SKT_CHILD(unlink(in_folder("in/file")) != 0 && errno == EACCES);
    SKT_CHILD(open_as("out/file", O_RDONLY) == EACCES);
    SKT_CHILD(open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 && errno == EACCES);
    SKT_CHILD(execl("/bin/true", "true", (char *)NULL) != 0 && errno == EACCES);
    return 0;
}

static int check_writing(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(open_as("in/new", O_WRONLY | O_CREAT) == 0);
    SKT_CHILD(open_as("in/new", O_WRONLY | O_TRUNC) == 0);
    SKT_CHILD(unlink(in_folder("in/new")) == 0);
    SKT_CHILD(mkdir(in_folder("in/folder"), 0700) != 0 && errno == EACCES);
    SKT_CHILD(open_as("out/new", O_WRONLY | O_CREAT) == EACCES);
    SKT_CHILD(open_as("out/file", O_WRONLY) == EACCES);
    return 0;
}

static int bind_unix(const char *name)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.90s",
                   in_folder(name));
    result = bind(fd, (const struct sockaddr *)&address, sizeof address);
    result = result == 0 ? 0 : errno;
    (void)close(fd);
    return result;
}

static int check_sockets(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(bind_unix("in/s") == 0);
    SKT_CHILD(unlink(in_folder("in/s")) == 0);
    SKT_CHILD(bind_unix("out/s") == EACCES);
    return 0;
}

/* A process that is not restricted, and replaces the file once it is told. */
static pid_t start_operator(int *ret_fd)
{
    int ends[2];
    pid_t pid;
    char byte;

    if (pipe(ends) != 0) {
        return -1;
    }
    pid = fork();
    if (pid == 0) {
        _exit(read(ends[0], &byte, 1) == 1 &&
                      rename(in_folder("in/next"), in_folder("in/file")) == 0
                  ? 0
                  : 1);
    }
    *ret_fd = ends[1];
    return pid;
}

static int check_replaced(void)
{
    int fd = -1;
    int status = 1;
    struct stat before;
    struct stat after;
    pid_t pid = start_operator(&fd);

    SKT_CHILD(pid > 0 && stat(in_folder("in/file"), &before) == 0);
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(write(fd, "x", 1) == 1);
    SKT_CHILD(waitpid(pid, &status, 0) == pid && status == 0);
    SKT_CHILD(stat(in_folder("in/file"), &after) == 0);
    SKT_CHILD(before.st_ino != after.st_ino);
    SKT_CHILD(open_as("in/file", O_RDONLY) == 0);
    return 0;
}

static int check_file_rule(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(open_as("in/file", O_WRONLY) == 0);
    SKT_CHILD(open_as("out/file", O_RDONLY) == EACCES);
    return 0;
}

static int check_each_abi(void)
{
    for (int older = 1; older <= abi; older++) {
        SKT_CHILD(restrict_to(older) == SKP_ERR_OK);
        SKT_CHILD(state.abi == older && state.files);
        SKT_CHILD(state.tcp == (older >= 4));
        SKT_CHILD(state.scoped == (older >= 6));
        SKT_CHILD(open_as("in/file", O_RDONLY) == 0);
        SKT_CHILD(open_as("out/file", O_RDONLY) == EACCES);
    }
    return 0;
}

static uint16_t open_port;
static uint16_t closed_port;

static int try_port(uint16_t port, bool connects)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const struct sockaddr *at = (const void *)&address;
    int result = connects ? connect(fd, at, sizeof address)
                          : bind(fd, at, sizeof address);

    result = result == 0 ? 0 : errno;
    (void)close(fd);
    return result;
}

static int check_ports(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    /* Nobody listens at either; the kernel's rule comes first. */
    SKT_CHILD(try_port(open_port, true) == ECONNREFUSED);
    SKT_CHILD(try_port(closed_port, true) == EACCES);
    SKT_CHILD(try_port(closed_port, false) == 0);
    SKT_CHILD(try_port(open_port, false) == EACCES);
    return 0;
}

static int abstract_listener(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
                   "sidekey-test-%d", (int)getpid());
    ck_assert_int_eq(bind(fd, (const void *)&address, sizeof address), 0);
    return fd;
}

static int send_abstract(void)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ssize_t sent;

    (void)snprintf(address.sun_path + 1, sizeof address.sun_path - 1,
                   "sidekey-test-%d", (int)getppid());
    sent = sendto(fd, "x", 1, 0, (const void *)&address, sizeof address);
    return sent == 1 ? 0 : errno;
}

static int check_abstract_kept(void)
{
    rules.keep_abstract = true;
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(send_abstract() == 0);
    return 0;
}

static int check_abstract_given_up(void)
{
    SKT_CHILD(restrict_to(abi) == SKP_ERR_OK);
    SKT_CHILD(send_abstract() == EPERM);
    return 0;
}

START_TEST(a_readable_folder_is_read_and_nothing_else_is)
{
    if (set_up(SKD_LANDLOCK_READ)) {
        skt_child_ok(check_reading);
    }
}
END_TEST

START_TEST(in_a_writable_folder_files_come_and_go)
{
    if (set_up(SKD_LANDLOCK_WRITE)) {
        skt_child_ok(check_writing);
    }
}
END_TEST

START_TEST(in_a_socket_s_folder_the_socket_comes_and_goes)
{
    if (set_up(SKD_LANDLOCK_SOCKET)) {
        skt_child_ok(check_sockets);
    }
}
END_TEST

START_TEST(a_file_that_was_replaced_by_rename_is_read)
{
    if (!set_up(SKD_LANDLOCK_READ)) {
        return;
    }
    ck_assert(skt_write_file(in_folder("in/next"), "new", 0600));
    skt_child_ok(check_replaced);
}
END_TEST

START_TEST(each_abi_of_the_kernel_gets_what_it_knows)
{
    if (set_up(SKD_LANDLOCK_READ)) {
        skt_child_ok(check_each_abi);
    }
}
END_TEST

START_TEST(a_path_that_does_not_exist_and_a_file_are_no_error)
{
    struct skd_landlock_path paths[2] = { { "/nonexistent", 7 }, { NULL, 7 } };

    if (!set_up(SKD_LANDLOCK_READ)) {
        return;
    }
    paths[1].path = in_folder("in/file");
    rules.paths = paths;
    rules.n_paths = 2;
    skt_child_ok(check_file_rule);
}
END_TEST

START_TEST(only_the_ports_of_the_rules_are_reached)
{
    if (!set_up(SKD_LANDLOCK_READ)) {
        return;
    }
    if (abi < 4) {
        (void)printf("SKIPPED: the kernel's Landlock knows no ports\n");
        return;
    }
    open_port = skt_free_port();
    closed_port = skt_free_port();
    rules.connect_ports = &open_port;
    rules.n_connect_ports = 1;
    rules.bind_ports = &closed_port;
    rules.n_bind_ports = 1;
    skt_child_ok(check_ports);
}
END_TEST

START_TEST(abstract_sockets_are_kept_only_when_they_are_needed)
{
    int fd;

    if (!set_up(SKD_LANDLOCK_READ)) {
        return;
    }
    if (abi < 6) {
        (void)printf("SKIPPED: the kernel's Landlock knows no scopes\n");
        return;
    }
    fd = abstract_listener();
    skt_child_ok(check_abstract_kept);
    skt_child_ok(check_abstract_given_up);
    (void)close(fd);
}
END_TEST

START_TEST(without_landlock_it_is_an_error_with_words)
{
    struct skp_diag diag = { "" };

    rules = (struct skd_landlock_rules){ .paths = NULL };
    skt_err(skd_landlock_restrict(&rules, 0, &state, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_eq(diag.text, "Landlock: the kernel has none");
}
END_TEST

SKT_SUITE("landlock",
          a_readable_folder_is_read_and_nothing_else_is,
          in_a_writable_folder_files_come_and_go,
          in_a_socket_s_folder_the_socket_comes_and_goes,
          a_file_that_was_replaced_by_rename_is_read,
          each_abi_of_the_kernel_gets_what_it_knows,
          a_path_that_does_not_exist_and_a_file_are_no_error,
          only_the_ports_of_the_rules_are_reached,
          abstract_sockets_are_kept_only_when_they_are_needed,
          without_landlock_it_is_an_error_with_words)
