/* supervise.c - a parent that outlives the agent; see supervise.h. */
#include "agent/supervise.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "agent/fd_table.h"
#include "agent/notice.h"
#include "agent/sys/env.h"
#include "agent/sys/hardening.h"
#include "agent/sys/log.h"
#include "agent/worker_exec.h"

/* The first restart comes after this; then it doubles ... */
#define BACKOFF_FIRST_MS 50u
/* ... up to this ... */
#define BACKOFF_MAX_MS 5000u
/* ... and begins anew after a life as long as this. */
#define GOOD_LIFE_MS 10000u
/* So many crashes in a row, none of which came as far as READY=1, and what is
 * kept is dropped: it must not keep the agent from starting. */
#define FAULTS_MAX 3u

#define TEXT_MAX 4096u

struct supervisor {
    const struct skd_env *env;
    struct skd_worker_exec exec;
    struct skd_fd_table table;
    int signal_fd;
    int notify_fd;
    pid_t worker; /* 0: none runs */
    int status;   /* of the one that has ended, from waitpid */
    bool has_ended;
    bool is_ready; /* it said so */
    bool is_stopping;
    uint64_t started_ms;
    uint64_t restart_ms;
    unsigned n_deaths; /* in a row, after short lives */
    unsigned n_faults; /* in a row, before READY=1 */
};

/* ---- what the worker says ------------------------------------------------ */

/* A message as it came. */
struct message {
    uint8_t text[TEXT_MAX];
    size_t len;
    int fds[SKD_NOTIFY_FDS_MAX];
    size_t n_fds;
    pid_t sender; /* 0: the kernel does not say */
};

static void take_control(struct msghdr *head, struct message *ret)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(head); part != NULL;
         part = CMSG_NXTHDR(head, part)) {
        size_t len = part->cmsg_len - CMSG_LEN(0);

        if (part->cmsg_level != SOL_SOCKET) {
            continue;
        }
        if (part->cmsg_type == SCM_CREDENTIALS) {
            struct ucred sender;

            memcpy(&sender, CMSG_DATA(part), sizeof sender);
            ret->sender = sender.pid;
        } else if (part->cmsg_type == SCM_RIGHTS) {
            /* The room for it bounds it. */
            memcpy(ret->fds, CMSG_DATA(part), len);
            ret->n_fds = len / sizeof ret->fds[0];
        }
    }
}

static bool receive(int fd, struct message *ret)
{
    struct iovec bytes = { ret->text, sizeof ret->text };
    union {
        struct cmsghdr head;
        char room[CMSG_SPACE(sizeof(struct ucred)) +
                  CMSG_SPACE(sizeof ret->fds)];
    } control;
    struct msghdr head = { .msg_iov = &bytes,
                           .msg_iovlen = 1,
                           .msg_control = &control,
                           .msg_controllen = sizeof control.room };
    ssize_t len = recvmsg(fd, &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    if (len < 0) {
        return false;
    }
    ret->len = (size_t)len;
    ret->n_fds = 0;
    ret->sender = 0;
    take_control(&head, ret);
    return true;
}

static void forward(const struct message *message)
{
    char text[TEXT_MAX + 1];

    memcpy(text, message->text, message->len);
    text[message->len] = '\0';
    skd_notify_send(text);
}

static void obey(struct supervisor *supervisor, const struct message *message)
{
    struct skd_notice notice =
        skd_notice_parse((struct skp_view){ message->text, message->len });

    if (notice.stores) {
        if (!skd_fd_table_store(&supervisor->table, notice.name, message->fds,
                                message->n_fds)) {
            skd_log(SKD_LOG_WARN, "supervisor: no room for more descriptors");
        }
        return;
    }
    for (size_t i = 0; i < message->n_fds; i++) {
        (void)close(message->fds[i]);
    }
    if (notice.removes) {
        skd_fd_table_remove(&supervisor->table, notice.name);
        return;
    }
    supervisor->is_ready |= notice.is_ready;
    forward(message);
}

/* Take all that is there.  The kernel vouches for the sender: the address is
 * open to every process. */
static void listen_to_worker(struct supervisor *supervisor)
{
    struct message message;

    while (receive(supervisor->notify_fd, &message)) {
        if (message.sender == supervisor->worker && message.sender != 0) {
            obey(supervisor, &message);
            continue;
        }
        for (size_t i = 0; i < message.n_fds; i++) {
            (void)close(message.fds[i]);
        }
    }
}

/* ---- its life and death -------------------------------------------------- */

static void start_worker(struct supervisor *supervisor)
{
    pid_t pid = skd_worker_exec_start(&supervisor->exec, &supervisor->table);

    supervisor->started_ms = skd_env_now_ms(supervisor->env);
    supervisor->is_ready = false;
    if (pid > 0) {
        supervisor->worker = pid;
        return;
    }
    skd_log(SKD_LOG_ERROR, "supervisor: the agent cannot be started");
    supervisor->restart_ms = supervisor->started_ms + BACKOFF_MAX_MS;
}

/* Everything that has ended, which for process 1 is more than the worker. */
static void reap(struct supervisor *supervisor)
{
    int status = 0;
    pid_t pid;

    /* What it said before it died counts. */
    listen_to_worker(supervisor);
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == supervisor->worker) {
            supervisor->worker = 0;
            supervisor->status = status;
            supervisor->has_ended = true;
        }
    }
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* True when another start would end the same way, or nobody wants one. */
static bool is_final(const struct supervisor *supervisor)
{
    int status = exit_status(supervisor->status);

    return supervisor->is_stopping || status == EXIT_SUCCESS ||
           status == EX_USAGE || status == EX_CONFIG;
}

/* Its own doing, not somebody's kill. */
static bool is_fault(int status)
{
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status) == EX_SOFTWARE;
    }
    return WTERMSIG(status) != SIGKILL && WTERMSIG(status) != SIGTERM;
}

static void count_faults(struct supervisor *supervisor)
{
    if (supervisor->is_ready || !is_fault(supervisor->status)) {
        supervisor->n_faults = 0;
        return;
    }
    if (++supervisor->n_faults == FAULTS_MAX) {
        supervisor->n_faults = 0;
        skd_log(SKD_LOG_ERROR,
                "supervisor: the agent crashes before it is ready; what was "
                "kept for it is dropped");
        skd_fd_table_clear(&supervisor->table, SKD_NOTIFY_OURS);
    }
}

static void plan_restart(struct supervisor *supervisor)
{
    uint64_t now_ms = skd_env_now_ms(supervisor->env);
    uint64_t wait_ms = BACKOFF_FIRST_MS;

    if (now_ms - supervisor->started_ms >= GOOD_LIFE_MS) {
        supervisor->n_deaths = 0;
    }
    for (unsigned i = 0; i < supervisor->n_deaths && wait_ms < BACKOFF_MAX_MS;
         i++) {
        wait_ms *= 2;
    }
    wait_ms = wait_ms > BACKOFF_MAX_MS ? BACKOFF_MAX_MS : wait_ms;
    supervisor->n_deaths++;
    supervisor->restart_ms = now_ms + wait_ms;
    skd_log(SKD_LOG_ERROR,
            "supervisor: the agent has ended with %s %d; it is started again "
            "in %llu ms",
            WIFEXITED(supervisor->status) ? "status" : "signal",
            WIFEXITED(supervisor->status) ? WEXITSTATUS(supervisor->status)
                                          : WTERMSIG(supervisor->status),
            (unsigned long long)wait_ms);
    count_faults(supervisor);
}

/* ---- signals ------------------------------------------------------------- */

static void take_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo got;

    while (read(supervisor->signal_fd, &got, sizeof got) ==
           (ssize_t)sizeof got) {
        if (got.ssi_signo == SIGCHLD) {
            reap(supervisor);
            continue;
        }
        if (got.ssi_signo == SIGPIPE) {
            continue;
        }
        supervisor->is_stopping |= got.ssi_signo != SIGHUP;
        if (supervisor->worker > 0) {
            (void)kill(supervisor->worker, (int)got.ssi_signo);
        }
    }
}

/* How long to sleep; -1 until something happens. */
static int sleep_ms(const struct supervisor *supervisor)
{
    uint64_t now_ms = skd_env_now_ms(supervisor->env);
    uint64_t watchdog_ms = skd_notify_watchdog_ms();
    uint64_t wait_ms;

    if (supervisor->worker > 0) {
        return -1;
    }
    wait_ms =
        supervisor->restart_ms > now_ms ? supervisor->restart_ms - now_ms : 0;
    /* Nobody else feeds the watchdog meanwhile. */
    if (watchdog_ms > 0) {
        skd_notify_send("WATCHDOG=1");
        wait_ms = wait_ms > watchdog_ms ? watchdog_ms : wait_ms;
    }
    return (int)wait_ms;
}

static int run(struct supervisor *supervisor)
{
    struct pollfd fds[] = { { supervisor->signal_fd, POLLIN, 0 },
                            { supervisor->notify_fd, POLLIN, 0 } };

    for (;;) {
        if (supervisor->worker == 0 && supervisor->is_stopping) {
            return EXIT_SUCCESS;
        }
        if (supervisor->worker == 0 &&
            supervisor->restart_ms <= skd_env_now_ms(supervisor->env)) {
            start_worker(supervisor);
        }
        (void)poll(fds, SKP_ARRAY_LEN(fds), sleep_ms(supervisor));
        listen_to_worker(supervisor);
        take_signals(supervisor);
        if (supervisor->has_ended && is_final(supervisor)) {
            return exit_status(supervisor->status);
        }
        if (supervisor->has_ended) {
            supervisor->has_ended = false;
            plan_restart(supervisor);
        }
    }
}

/* ---- starting ------------------------------------------------------------ */

/* A datagram socket at an address of the kernel's choice that tells who
 * sends. */
static enum skp_err open_notify(struct supervisor *supervisor,
                                struct skp_diag *diag)
{
    const int on = 1;
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    socklen_t len = sizeof address;

    supervisor->notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (supervisor->notify_fd < 0 ||
        setsockopt(supervisor->notify_fd, SOL_SOCKET, SO_PASSCRED, &on,
                   sizeof on) != 0 ||
        bind(supervisor->notify_fd, (const struct sockaddr *)&address,
             sizeof address.sun_family) != 0 ||
        getsockname(supervisor->notify_fd, (struct sockaddr *)&address, &len) !=
            0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no socket for the agent to report to");
    }
    return skd_worker_exec_address(&supervisor->exec, &address, len);
}

static enum skp_err open_signals(struct supervisor *supervisor,
                                 struct skp_diag *diag)
{
    static const int numbers[] = { SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGPIPE };
    sigset_t set;

    (void)sigemptyset(&set);
    for (size_t i = 0; i < SKP_ARRAY_LEN(numbers); i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)sigprocmask(SIG_BLOCK, &set, &supervisor->exec.mask);
    supervisor->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (supervisor->signal_fd < 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no signals");
    }
    return SKP_ERR_OK;
}

/* A socket that was handed to us is meant for the worker. */
static void pass_socket_on(struct supervisor *supervisor)
{
    int fd = skd_notify_listen_fd();

    if (fd >= 0) {
        (void)!skd_fd_table_store(&supervisor->table, "socket", &fd, 1);
    }
}

static enum skp_err start(struct supervisor *supervisor,
                          const struct skd_options *options,
                          struct skp_diag *diag)
{
    SKP_TRY(skd_hardening_apply(diag));
    skd_notify_init();
    SKP_TRY(open_signals(supervisor, diag));
    SKP_TRY(open_notify(supervisor, diag));
    skd_worker_exec_init(&supervisor->exec, options);
    pass_socket_on(supervisor);
    return SKP_ERR_OK;
}

int skd_supervise_run(const struct skd_options *options)
{
    static struct supervisor supervisor; /* one per process */
    struct skp_diag diag = { "" };

    supervisor.env = &skd_env_system;
    if (start(&supervisor, options, &diag) != SKP_ERR_OK) {
        skd_log(SKD_LOG_ERROR, "supervisor: cannot start: %s", diag.text);
        return EX_OSERR;
    }
    return run(&supervisor);
}
