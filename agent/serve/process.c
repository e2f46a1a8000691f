/* process.c - which program a peer is; see process.h. */
#include "agent/serve/process.h"

#include <limits.h>
#include <linux/ioctl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/sys/peek.h"

#ifndef SO_PEERPIDFD
#define SO_PEERPIDFD 77
#endif

/* From <linux/pidfd.h> of Linux 6.13; older headers lack it. */
struct pidfd_answer {
    uint64_t mask;
    uint64_t cgroup_id;
    uint32_t numbers[12];
};
#define PIDFD_ASK_CGROUP  4u
#define PIDFD_ASK_REQUEST _IOWR(0xff, 11, struct pidfd_answer)
_Static_assert(sizeof(struct pidfd_answer) == 64,
               "the first version of the kernel's structure");

struct skp_view skd_process_cgroup_in(struct skp_view text)
{
    static const char head[] = "0::";
    const uint8_t *at = text.ptr;
    const uint8_t *end = at + text.len;

    while (at < end) {
        const uint8_t *newline = memchr(at, '\n', (size_t)(end - at));
        const uint8_t *line_end = newline == NULL ? end : newline;
        struct skp_view line = { at, (size_t)(line_end - at) };
        struct skp_view start = { at, sizeof head - 1 };

        if (line.len > start.len && skp_view_equal(start, skp_view_of(head))) {
            return (struct skp_view){ at + start.len, line.len - start.len };
        }
        at = newline == NULL ? end : newline + 1;
    }
    return (struct skp_view){ NULL, 0 };
}

/* A pidfd is readable once its process has ended. */
static bool is_alive(int pidfd)
{
    struct pollfd ended = { pidfd, POLLIN, 0 };

    return poll(&ended, 1, 0) == 0;
}

/* False when the kernel says that the process is in another cgroup than @path:
 * it was moved meanwhile.  Where the kernel says nothing (before 6.13), or the
 * file system is not mounted, the path stands. */
static bool is_in_cgroup(int pidfd, struct skp_view path)
{
    struct pidfd_answer answer = { .mask = PIDFD_ASK_CGROUP };
    char folder[PATH_MAX + 32];
    struct stat there;

    if (ioctl(pidfd, PIDFD_ASK_REQUEST, &answer) != 0 ||
        (answer.mask & PIDFD_ASK_CGROUP) == 0) {
        return true;
    }
    (void)snprintf(folder, sizeof folder, "/sys/fs/cgroup%.*s", (int)path.len,
                   (const char *)path.ptr);
    return stat(folder, &there) != 0 || there.st_ino == answer.cgroup_id;
}

static struct skd_process *make_process(const struct skd_peek_answer *answer,
                                        struct skp_view cgroup)
{
    struct skd_process *process =
        malloc(sizeof *process + answer->exe_len + cgroup.len);

    if (process == NULL) {
        return NULL;
    }
    atomic_init(&process->refs, 1);
    memcpy(process->text, answer->exe, answer->exe_len);
    if (cgroup.len > 0) {
        memcpy(process->text + answer->exe_len, cgroup.ptr, cgroup.len);
    }
    process->exe = (struct skp_view){ process->text, answer->exe_len };
    process->cgroup =
        (struct skp_view){ process->text + answer->exe_len, cgroup.len };
    return process;
}

struct skd_process *skd_process_read(int fd, pid_t pid)
{
    struct skd_peek_answer answer;
    struct skp_view cgroup;
    int pidfd = -1;
    socklen_t len = sizeof pidfd;
    bool is_known;

    if (pid <= 0 ||
        getsockopt(fd, SOL_SOCKET, SO_PEERPIDFD, &pidfd, &len) != 0) {
        return NULL;
    }
    if (!skd_peek_ask(pid, &answer)) {
        (void)close(pidfd);
        return NULL;
    }
    cgroup = skd_process_cgroup_in(
        (struct skp_view){ (const uint8_t *)answer.cgroup, answer.cgroup_len });
    if (cgroup.len > 0 && !is_in_cgroup(pidfd, cgroup)) {
        cgroup.len = 0;
    }
    is_known = is_alive(pidfd) && answer.exe_len + cgroup.len > 0;
    (void)close(pidfd);
    return is_known ? make_process(&answer, cgroup) : NULL;
}

struct skd_process *skd_process_ref(struct skd_process *process)
{
    if (process != NULL) {
        (void)atomic_fetch_add(&process->refs, 1);
    }
    return process;
}

void skd_process_unref(struct skd_process **process)
{
    struct skd_process *old = SKP_TAKE(*process);

    if (old != NULL && atomic_fetch_sub(&old->refs, 1) == 1) {
        free(old);
    }
}
