/* daemon.c - real programs for integration tests; see daemon.h. */
#include "tests/lib/daemon.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "protocol/base.h"
#include "tests/lib/until.h"

/* How often a program that is not there yet is asked again. */
#define POLL_MS 20u

#define STATUS_MS 60000u

/* Where no connection is given its own port from, see ip_local_port_range. */
#define PORT_FIRST 12000u
#define N_PORTS    20000u
/* As many in a row are one process's, and the next one's are the next. */
#define PORTS_A_PROCESS 16u

static uint64_t now_ms(void)
{
    struct timespec now = { 0, 0 };

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

static void nap(void)
{
    struct timespec nap_time = { 0, (long)POLL_MS * 1000000L };

    (void)nanosleep(&nap_time, NULL);
}

/* ---- processes ----------------------------------------------------------- */

static void redirect(const char *path, int flags, int fd)
{
    int opened = open(path, flags | O_CLOEXEC, 0600);

    if (opened < 0 || dup2(opened, fd) < 0) {
        _exit(127);
    }
    (void)close(opened);
}

static void __attribute__((noreturn))
become(const char *const argv[], const char *const env[], const char *log)
{
    /* execvp takes its strings as not const for historical reasons. */
    const union {
        const char *const *ours;
        char *const *theirs;
    } strings = { argv };
    sigset_t none;

    (void)setpgid(0, 0);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    if (log != NULL) {
        redirect(log, O_WRONLY | O_CREAT | O_APPEND, STDOUT_FILENO);
        if (dup2(STDOUT_FILENO, STDERR_FILENO) < 0) {
            _exit(127);
        }
    }
    for (size_t i = 0; env != NULL && env[i] != NULL; i++) {
        /* The strings outlive us: putenv keeps no copy, and only takes them
         * as not const for historical reasons. */
        char *pair = strdup(env[i]);

        if (pair == NULL || putenv(pair) != 0) {
            _exit(127);
        }
    }
    (void)execvp(argv[0], strings.theirs);
    _exit(127);
}

const char *skt_program(const char *name)
{
    static char paths[4][PATH_MAX];
    static unsigned next;
    const char *build = getenv("B");
    char *path = paths[next++ % SKP_ARRAY_LEN(paths)];

    (void)snprintf(path, sizeof paths[0], "%s/%s",
                   build == NULL ? "build/release" : build, name);
    return path;
}

pid_t skt_spawn(const char *const argv[],
                const char *const env[],
                const char *log)
{
    pid_t pid;

    (void)fflush(NULL);
    pid = fork();
    if (pid == 0) {
        become(argv, env, log);
    }
    if (pid < 0) {
        (void)fprintf(stderr, "cannot fork for %s: %d\n", argv[0], errno);
        return -1;
    }
    /* Also here: whoever comes first makes the group before we return. */
    (void)setpgid(pid, pid);
    return pid;
}

/* True when @pid has ended; its status stays there for skt_stop. */
static bool has_ended(pid_t pid)
{
    siginfo_t info = { 0 };

    if (pid <= 0) {
        return false;
    }
    return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 ||
           info.si_pid == pid;
}

int skt_stop(pid_t *pid, int signal, unsigned timeout_ms)
{
    uint64_t deadline_ms = now_ms() + timeout_ms;
    pid_t leader = *pid;
    int status = -1;

    *pid = 0;
    if (leader <= 0) {
        return -1;
    }
    if (signal != 0) {
        (void)kill(leader, signal);
    }
    while (!has_ended(leader) && now_ms() < deadline_ms) {
        nap();
    }
    /* Also what the leader has left behind in its group. */
    (void)kill(-leader, SIGKILL);
    if (waitpid(leader, &status, 0) != leader) {
        return -1;
    }
    return status;
}

int skt_exec(const char *const argv[],
             const char *const env[],
             const char *log,
             unsigned timeout_ms)
{
    pid_t pid = skt_spawn(argv, env, log);
    int status = skt_stop(&pid, 0, timeout_ms);

    if (status == -1) {
        return -1;
    }
    if (WIFEXITED(status)) {
        return WEXITSTATUS(status);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : -1;
}

bool skt_status_has(const char *socket, const char *text)
{
    char out[] = "/tmp/skt-status-XXXXXX";
    const char *const argv[] = {
        skt_program("sidekey"), "--socket", socket, "status", "--json", NULL
    };
    int fd = mkstemp(out);
    bool has;

    if (fd < 0) {
        return false;
    }
    has = skt_exec(argv, NULL, out, STATUS_MS) == 0 && skt_file_has(out, text);
    (void)close(fd);
    (void)unlink(out);
    return has;
}

/* ---- sockets ------------------------------------------------------------- */

static bool can_connect(const struct sockaddr *address, socklen_t len)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected;

    if (fd < 0) {
        return false;
    }
    connected = connect(fd, address, len) == 0;
    (void)close(fd);
    return connected;
}

static bool await_address(pid_t pid,
                          const struct sockaddr *address,
                          socklen_t len,
                          unsigned timeout_ms)
{
    uint64_t deadline_ms = now_ms() + timeout_ms;

    while (!has_ended(pid)) {
        if (can_connect(address, len)) {
            return true;
        }
        if (now_ms() >= deadline_ms) {
            return false;
        }
        nap();
    }
    return false;
}

bool skt_wait_tcp(pid_t pid, uint16_t port, unsigned timeout_ms)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };

    return pid >= 0 && await_address(pid, (const struct sockaddr *)&address,
                                     sizeof address, timeout_ms);
}

bool skt_wait_unix(pid_t pid, const char *path, unsigned timeout_ms)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    if (pid < 0 || strlen(path) >= sizeof address.sun_path) {
        return false;
    }
    memcpy(address.sun_path, path, strlen(path) + 1);
    return await_address(pid, (const struct sockaddr *)&address, sizeof address,
                         timeout_ms);
}

static bool is_free(uint16_t port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool is_bound = fd >= 0 && bind(fd, (const struct sockaddr *)&address,
                                    sizeof address) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    return is_bound;
}

uint16_t skt_free_port(void)
{
    static unsigned n_given;
    unsigned first = (unsigned)getpid() * PORTS_A_PROCESS;

    for (unsigned i = 0; i < N_PORTS; i++) {
        uint16_t port = (uint16_t)(PORT_FIRST + (first + n_given++) % N_PORTS);

        if (is_free(port)) {
            return port;
        }
    }
    return 0;
}

/* ---- files --------------------------------------------------------------- */

static char kept_dirs[8][SKT_PATH_MAX];
static size_t n_kept_dirs;
static pid_t kept_by;

static int remove_one(const char *path,
                      const struct stat *status,
                      int kind,
                      struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    (void)remove(path);
    return 0;
}

static void remove_dirs(void)
{
    /* A forked test exits through here too; the folder is its parent's. */
    if (getpid() != kept_by) {
        return;
    }
    for (size_t i = 0; i < n_kept_dirs; i++) {
        (void)nftw(kept_dirs[i], remove_one, 16, FTW_DEPTH | FTW_PHYS);
    }
}

bool skt_tempdir(char ret[SKT_PATH_MAX])
{
    const char *root = getenv("TMPDIR");

    if (n_kept_dirs == sizeof kept_dirs / sizeof kept_dirs[0]) {
        return false;
    }
    (void)snprintf(ret, SKT_PATH_MAX, "%s/sidekey-test-XXXXXX",
                   root == NULL ? "/tmp" : root);
    if (mkdtemp(ret) == NULL) {
        return false;
    }
    if (n_kept_dirs == 0) {
        kept_by = getpid();
        (void)atexit(remove_dirs);
    }
    memcpy(kept_dirs[n_kept_dirs], ret, strlen(ret) + 1);
    n_kept_dirs++;
    return true;
}

bool skt_write_file(const char *path, const char *text, unsigned mode)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
    size_t len = strlen(text);
    bool written;

    if (fd < 0) {
        return false;
    }
    written = fchmod(fd, mode) == 0 && write(fd, text, len) == (ssize_t)len;
    return close(fd) == 0 && written;
}

char *skt_read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "re");
    char *text = NULL;
    size_t len = 0;
    size_t cap = 0;

    if (file == NULL) {
        return NULL;
    }
    do {
        if (len + 1 >= cap) {
            char *grown = realloc(text, cap + 65536);

            if (grown == NULL) {
                break;
            }
            text = grown;
            cap += 65536;
        }
        len += fread(text + len, 1, cap - len - 1, file);
    } while (len + 1 == cap);
    (void)fclose(file);
    if (text != NULL) {
        text[len] = '\0';
    }
    if (ret_len != NULL) {
        *ret_len = len;
    }
    return text;
}
