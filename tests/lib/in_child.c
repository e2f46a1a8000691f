/* in_child.c - forks, and collects what the child says; see in_child.h. */
#include "tests/lib/in_child.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include <check.h>

static void read_output(int fd, struct skt_child *child)
{
    size_t len = 0;

    while (len < sizeof child->output - 1) {
        ssize_t got =
            read(fd, child->output + len, sizeof child->output - 1 - len);

        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            break;
        }
        len += (size_t)got;
    }
    child->output[len] = '\0';
}

struct skt_child skt_in_child(int (*check)(void))
{
    struct skt_child child = { .status = -1 };
    int ends[2];
    pid_t pid;

    ck_assert_int_eq(pipe(ends), 0);
    pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        if (dup2(ends[1], STDERR_FILENO) < 0) {
            _exit(254);
        }
        (void)close(ends[0]);
        (void)close(ends[1]);
        _exit(check());
    }
    (void)close(ends[1]);
    read_output(ends[0], &child);
    (void)close(ends[0]);
    ck_assert_int_eq(waitpid(pid, &child.status, 0), pid);
    return child;
}

void skt_child_ok(int (*check)(void))
{
    struct skt_child child = skt_in_child(check);

    ck_assert_msg(
        WIFEXITED(child.status) && WEXITSTATUS(child.status) == 0,
        "the child failed with status %#x (a check at line %d, modulo "
        "255) and said: %s",
        (unsigned)child.status, WEXITSTATUS(child.status) - 1, child.output);
}
