/* test_systemd.c - the protocols of the service manager, driven by a parent
 * that does what systemd does: it is told of reloads and fed in time, and it
 * keeps the socket, so that clients never miss it.
 */
#include <inttypes.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "libclient/sidekey.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

#define CALL_MS     60000u
#define STOP_MS     60000u
#define WATCHDOG_US 400000u
#define SEED        "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static char notify_variable[SKT_PATH_MAX + 32];
static int manager = -1;  /* what the agent tells is read from here */
static int listener = -1; /* the manager's */
static pid_t agent;

/* ---- the manager --------------------------------------------------------- */

static int bind_socket(int type, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    ck_assert_int_eq(
        bind(fd, (const struct sockaddr *)&address, (socklen_t)sizeof address),
        0);
    return fd;
}

static void set_up(void)
{
    struct timeval patience = { .tv_sec = 60 };
    char text[1024];
    char path[SKT_PATH_MAX];

    ck_assert(skt_tempdir(folder));
    (void)snprintf(socket_path, sizeof socket_path, "%.80s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/c.json", folder);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    (void)snprintf(path, sizeof path, "%.80s/m.sock", folder);
    (void)snprintf(notify_variable, sizeof notify_variable, "NOTIFY_SOCKET=%s",
                   path);
    manager = bind_socket(SOCK_DGRAM, path);
    ck_assert_int_eq(setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience,
                                (socklen_t)sizeof patience),
                     0);
    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"mode\": \"single-key\", \"key\": \"" SEED
                   "\"}, \"sidekey\": {\"socket\": \"%s\", \"workers\": 1}}",
                   socket_path);
    ck_assert(skt_write_file(config_path, text, 0600));
}

static void tear_down(void)
{
    (void)skt_stop(&agent, SIGKILL, STOP_MS);
    (void)close(manager);
    if (listener >= 0) {
        (void)close(listener);
    }
}

/* Start the agent with the manager's socket as descriptor 3, as the protocol
 * has it: the process that it is for is named by its id. */
static pid_t spawn_activated(void)
{
    pid_t pid = fork();
    char own[32];

    ck_assert_int_ge(pid, 0);
    if (pid != 0) {
        return pid;
    }
    if (dup2(listener, 3) != 3 || putenv(notify_variable) != 0) {
        _exit(126);
    }
    (void)snprintf(own, sizeof own, "%d", (int)getpid());
    (void)setenv("LISTEN_PID", own, 1);
    (void)setenv("LISTEN_FDS", "1", 1);
    (void)setenv("LISTEN_FDNAMES", "sidekey", 1);
    (void)execl(skt_program("sidekeyd"), skt_program("sidekeyd"), "--config",
                config_path, (char *)NULL);
    _exit(127);
}

/* What the agent tells next, but for the descriptors that it has kept, which
 * test_keep.c is about. */
static void hear(char *ret, size_t cap)
{
    do {
        ssize_t n = recv(manager, ret, cap - 1, 0);

        ck_assert_int_gt(n, 0);
        ret[n] = '\0';
    } while (strncmp(ret, "FDSTORE", strlen("FDSTORE")) == 0);
}

static void hear_text(const char *expected)
{
    char heard[128];

    hear(heard, sizeof heard);
    ck_assert_str_eq(heard, expected);
}

static uint64_t now_us(void)
{
    struct timespec now;

    ck_assert_int_eq(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

/* ---- a client in a thread of its own ------------------------------------- */

struct client {
    pthread_t thread;
    enum sidekey_status status;
};

static void *ask(void *state)
{
    struct client *client = state;
    struct sidekey_public_key key;
    struct sidekey *handle = NULL;

    client->status = sidekey_open(socket_path, &handle);
    if (client->status == SIDEKEY_OK) {
        client->status = sidekey_pubkey(handle, "any", CALL_MS, &key);
    }
    sidekey_close(&handle);
    return NULL;
}

static void start_client(struct client *client)
{
    ck_assert_int_eq(pthread_create(&client->thread, NULL, ask, client), 0);
}

static void check_client(struct client *client)
{
    ck_assert_int_eq(pthread_join(client->thread, NULL), 0);
    ck_assert_int_eq(client->status, SIDEKEY_OK);
}

/* Wait until somebody has connected, without taking the connection. */
static void await_client(void)
{
    fd_set ready;
    struct timeval patience = { .tv_sec = 60 };

    FD_ZERO(&ready);
    FD_SET(listener, &ready);
    ck_assert_int_eq(select(listener + 1, &ready, NULL, NULL, &patience), 1);
}

/* ---- tests --------------------------------------------------------------- */

START_TEST(a_reload_is_announced_with_its_time_and_its_end)
{
    const char *const env[] = { notify_variable, NULL };
    char heard[128];
    uint64_t before_us;
    uint64_t said_us = 0;

    set_up();
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path, NULL },
                      env, log_path);
    hear_text("READY=1");
    before_us = now_us();
    ck_assert_int_eq(kill(agent, SIGHUP), 0);
    hear(heard, sizeof heard);
    ck_assert_int_eq(
        sscanf(heard, "RELOADING=1\nMONOTONIC_USEC=%" SCNu64, &said_us), 1);
    /* The clock of the agent counts milliseconds. */
    ck_assert_uint_ge(said_us + 1000, before_us);
    ck_assert_uint_le(said_us, now_us());
    hear_text("READY=1");
    ck_assert_int_eq(kill(agent, SIGTERM), 0);
    hear_text("STOPPING=1");
    tear_down();
}
END_TEST

START_TEST(the_watchdog_is_fed_in_time)
{
    char watchdog[64];
    const char *const env[] = { notify_variable, watchdog, NULL };
    char heard[128];
    uint64_t began_us;

    set_up();
    (void)snprintf(watchdog, sizeof watchdog, "WATCHDOG_USEC=%u", WATCHDOG_US);
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path, NULL },
                      env, log_path);
    began_us = now_us();
    for (unsigned n_fed = 0; n_fed < 6;) {
        hear(heard, sizeof heard);
        if (strcmp(heard, "WATCHDOG=1") != 0) {
            ck_assert_str_eq(heard, "READY=1");
            continue;
        }
        n_fed++;
    }
    /* Not again and again: a busy machine may be late, and hear of two at once,
     * but it hears of none early. */
    ck_assert_uint_ge(now_us() - began_us, 5 * (WATCHDOG_US / 4));
    tear_down();
}
END_TEST

START_TEST(an_agent_that_stands_still_is_not_fed)
{
    char watchdog[64];
    const char *const env[] = { notify_variable, watchdog, NULL };
    struct timeval patience = { .tv_sec = 1 };
    char heard[128];
    int status = 0;

    set_up();
    (void)snprintf(watchdog, sizeof watchdog, "WATCHDOG_USEC=%u", WATCHDOG_US);
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path, NULL },
                      env, log_path);
    do {
        hear(heard, sizeof heard);
    } while (strcmp(heard, "WATCHDOG=1") != 0);
    ck_assert_int_eq(kill(agent, SIGSTOP), 0);
    ck_assert_int_eq(waitpid(agent, &status, WUNTRACED), agent);
    ck_assert_int_eq(setsockopt(manager, SOL_SOCKET, SO_RCVTIMEO, &patience,
                                (socklen_t)sizeof patience),
                     0);
    while (recv(manager, heard, sizeof heard, MSG_DONTWAIT) > 0) {
    }
    ck_assert_int_eq(recv(manager, heard, sizeof heard, 0), -1);
    tear_down();
}
END_TEST

START_TEST(a_client_that_comes_before_the_agent_is_answered)
{
    struct client client;

    set_up();
    listener = bind_socket(SOCK_STREAM, socket_path);
    ck_assert_int_eq(listen(listener, 16), 0);
    start_client(&client);
    await_client();
    agent = spawn_activated();
    check_client(&client);
    hear_text("READY=1");
    tear_down();
}
END_TEST

START_TEST(a_given_socket_outlives_the_agent_and_leads_to_the_next)
{
    struct client client;
    struct stat before;
    struct stat after;
    int status;

    set_up();
    listener = bind_socket(SOCK_STREAM, socket_path);
    ck_assert_int_eq(listen(listener, 16), 0);
    ck_assert_int_eq(stat(socket_path, &before), 0);
    agent = spawn_activated();
    hear_text("READY=1");
    status = skt_stop(&agent, SIGTERM, STOP_MS);
    ck_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    hear_text("STOPPING=1");
    ck_assert_int_eq(stat(socket_path, &after), 0);
    ck_assert(before.st_ino == after.st_ino);
    /* Between two agents. */
    start_client(&client);
    await_client();
    agent = spawn_activated();
    hear_text("READY=1");
    check_client(&client);
    tear_down();
}
END_TEST

SKT_SUITE("systemd",
          a_reload_is_announced_with_its_time_and_its_end,
          the_watchdog_is_fed_in_time,
          an_agent_that_stands_still_is_not_fed,
          a_client_that_comes_before_the_agent_is_answered,
          a_given_socket_outlives_the_agent_and_leads_to_the_next)
