/* seccomp_calls.c - the allowlist of system calls; see seccomp_calls.h.
 *
 * To see the effect of a missing entry, build with
 *     make B=build/drop CFLAGS='-g -DSKD_SECCOMP_DROP=\\"recvmsg\\"'
 * for a list without that call.
 */
#include "agent/sys/seccomp_calls.h"

#include <linux/ioctl.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <termios.h>

#include "agent/sys/priority.h"

#ifndef PR_SET_VMA
#define PR_SET_VMA 0x53564d41
#endif

/* The stack pointer and the flags of clone stand the other way round there. */
#ifdef __s390__
#define CLONE_FLAGS_AT 1u
#else
#define CLONE_FLAGS_AT 0u
#endif

/* PIDFD_GET_INFO of Linux 6.13 in its first version, as process.c asks it. */
#define PIDFD_ASK _IOC(_IOC_READ | _IOC_WRITE, 0xffu, 11u, 64u)

#define EXECUTABLE ((uint64_t)PROT_EXEC)
#define WRITE_EXEC ((uint64_t)(PROT_EXEC | PROT_WRITE))
#define LOW_BITS   UINT64_C(0xffffffff) /* of an int; the others are noise */

/* Whatever the arguments are. */
#define ANY(call)                          \
    {                                      \
        (call), SKD_SECCOMP_ALLOW, 0, 0, 0 \
    }
static const struct skd_seccomp_call calls[] = {
    /* memory */
    ANY("brk"),
    ANY("madvise"),
    ANY("map_shadow_stack"),
    ANY("membarrier"),
    ANY("memfd_create"),
    ANY("memfd_secret"),
    ANY("mlock"),
    ANY("mlock2"),
    ANY("mremap"),
    ANY("munlock"),
    ANY("munmap"),
    /* threads, time, signals */
    ANY("clock_getres"),
    ANY("clock_gettime"),
    ANY("clock_gettime64"),
    ANY("clock_nanosleep"),
    ANY("clock_nanosleep_time64"),
    ANY("exit"),
    ANY("exit_group"),
    ANY("futex"),
    ANY("futex_time64"),
    ANY("futex_waitv"),
    ANY("get_robust_list"),
    ANY("getcpu"),
    ANY("gettid"),
    ANY("gettimeofday"),
    ANY("nanosleep"),
    ANY("restart_syscall"),
    ANY("rseq"),
    ANY("rt_sigaction"),
    ANY("rt_sigprocmask"),
    ANY("rt_sigreturn"),
    ANY("rt_sigtimedwait"),
    ANY("sched_getaffinity"),
    ANY("sched_yield"),
    ANY("set_robust_list"),
    ANY("sigaltstack"),
    ANY("sigreturn"),
    ANY("time"),
    ANY("timerfd_create"),
    ANY("timerfd_settime"),
    ANY("timerfd_settime64"),
    /* who and where we are */
    ANY("arch_prctl"),
    ANY("getegid"),
    ANY("geteuid"),
    ANY("getgid"),
    ANY("getgroups"),
    ANY("getpgrp"),
    ANY("getpid"),
    ANY("getppid"),
    ANY("getpriority"),
    ANY("getrandom"),
    ANY("getresgid"),
    ANY("getresuid"),
    ANY("getrlimit"),
    ANY("getrusage"),
    ANY("getuid"),
    ANY("sysinfo"),
    ANY("ugetrlimit"),
    ANY("uname"),
    /* files: which of them is Landlock's and the permissions' matter */
    ANY("access"),
    ANY("chmod"),
    ANY("close"),
    ANY("close_range"),
    ANY("dup"),
    ANY("dup2"),
    ANY("dup3"),
    ANY("faccessat"),
    ANY("faccessat2"),
    ANY("fadvise64"),
    ANY("fallocate"),
    ANY("fchmod"),
    ANY("fchmodat"),
    ANY("fcntl"),
    ANY("fcntl64"),
    ANY("fdatasync"),
    ANY("flock"),
    ANY("fstat"),
    ANY("fstat64"),
    ANY("fstatat64"),
    ANY("fstatfs"),
    ANY("fsync"),
    ANY("ftruncate"),
    ANY("ftruncate64"),
    ANY("getcwd"),
    ANY("getdents"),
    ANY("getdents64"),
    ANY("_llseek"),
    ANY("lseek"),
    ANY("lstat"),
    ANY("lstat64"),
    ANY("newfstatat"),
    ANY("open"),
    ANY("openat"),
    ANY("openat2"),
    ANY("pread64"),
    ANY("preadv"),
    ANY("pwrite64"),
    ANY("pwritev"),
    ANY("read"),
    ANY("readlink"),
    ANY("readlinkat"),
    ANY("readv"),
    ANY("rename"),
    ANY("renameat"),
    ANY("renameat2"),
    ANY("stat"),
    ANY("stat64"),
    ANY("statfs"),
    ANY("statx"),
    ANY("umask"),
    ANY("unlink"),
    ANY("unlinkat"),
    ANY("write"),
    ANY("writev"),
    /* events */
    ANY("epoll_create"),
    ANY("epoll_create1"),
    ANY("epoll_ctl"),
    ANY("epoll_pwait"),
    ANY("epoll_pwait2"),
    ANY("epoll_wait"),
    ANY("eventfd"),
    ANY("eventfd2"),
    ANY("inotify_add_watch"),
    ANY("inotify_init"),
    ANY("inotify_init1"),
    ANY("inotify_rm_watch"),
    ANY("_newselect"),
    ANY("pipe"),
    ANY("pipe2"),
    ANY("poll"),
    ANY("ppoll"),
    ANY("ppoll_time64"),
    ANY("pselect6"),
    ANY("pselect6_time64"),
    ANY("select"),
    /* sockets; which kinds is said below */
    ANY("accept"),
    ANY("accept4"),
    ANY("bind"),
    ANY("connect"),
    ANY("getpeername"),
    ANY("getsockname"),
    ANY("getsockopt"),
    ANY("listen"),
    ANY("recvfrom"),
    ANY("recvmmsg"),
    ANY("recvmmsg_time64"),
    ANY("recvmsg"),
    ANY("sendfile"),
    ANY("sendmmsg"),
    ANY("sendmsg"),
    ANY("sendto"),
    ANY("setsockopt"),
    ANY("shutdown"),
    ANY("socketpair"),
    /* A library that looks for it finds none, and goes on without. */
    { "io_uring_setup", SKD_SECCOMP_HIDE, 0, 0, 0 },
    /* Memory is never writable and executable; code comes from files.  Refused
     * as the kernel's own rule (PR_SET_MDWE) refuses it: a module of the name
     * service that wants it is left out, and nothing dies. */
    { "mmap", SKD_SECCOMP_ALLOW, 2, EXECUTABLE, 0 },
    { "mmap", SKD_SECCOMP_ALLOW, 2, WRITE_EXEC, EXECUTABLE },
    { "mmap", SKD_SECCOMP_REFUSE, 2, WRITE_EXEC, WRITE_EXEC },
    { "mmap2", SKD_SECCOMP_ALLOW, 2, EXECUTABLE, 0 },
    { "mmap2", SKD_SECCOMP_ALLOW, 2, WRITE_EXEC, EXECUTABLE },
    { "mmap2", SKD_SECCOMP_REFUSE, 2, WRITE_EXEC, WRITE_EXEC },
    { "mprotect", SKD_SECCOMP_ALLOW, 2, EXECUTABLE, 0 },
    { "mprotect", SKD_SECCOMP_REFUSE, 2, EXECUTABLE, EXECUTABLE },
    /* Threads, no processes.  The flags of clone3 are in memory, where a filter
     * cannot see them; the C library then takes clone. */
    { "clone3", SKD_SECCOMP_HIDE, 0, 0, 0 },
    { "clone", SKD_SECCOMP_ALLOW, CLONE_FLAGS_AT, CLONE_THREAD, CLONE_THREAD },
    { "socket", SKD_SECCOMP_ALLOW, 0, LOW_BITS, AF_UNIX },
    { "socket", SKD_SECCOMP_ALLOW, 0, LOW_BITS, AF_INET },
    { "socket", SKD_SECCOMP_ALLOW, 0, LOW_BITS, AF_INET6 },
    /* getaddrinfo asks which addresses this machine has. */
    { "socket", SKD_SECCOMP_ALLOW, 0, LOW_BITS, AF_NETLINK },
    { "prlimit64", SKD_SECCOMP_ALLOW, 0, LOW_BITS, 0 }, /* our own */
    /* Nobody raises one. */
    { "setpriority", SKD_SECCOMP_ALLOW, 2, LOW_BITS, SKD_PRIORITY_NICE },
    { "prctl", SKD_SECCOMP_ALLOW, 0, LOW_BITS, PR_SET_NAME },
    { "prctl", SKD_SECCOMP_ALLOW, 0, LOW_BITS, PR_GET_NAME },
    { "prctl", SKD_SECCOMP_ALLOW, 0, LOW_BITS, PR_GET_DUMPABLE },
    { "prctl", SKD_SECCOMP_ALLOW, 0, LOW_BITS, (uint64_t)PR_SET_VMA },
    { "ioctl", SKD_SECCOMP_ALLOW, 1, LOW_BITS, FIONBIO },
    { "ioctl", SKD_SECCOMP_ALLOW, 1, LOW_BITS, FIONREAD },
    { "ioctl", SKD_SECCOMP_ALLOW, 1, LOW_BITS, FIOCLEX },
    { "ioctl", SKD_SECCOMP_ALLOW, 1, LOW_BITS, TCGETS },
    /* In which cgroup a peer is. */
    { "ioctl", SKD_SECCOMP_ALLOW, 1, LOW_BITS, PIDFD_ASK },
};

static bool is_dropped(const char *name)
{
#ifdef SKD_SECCOMP_DROP
    return strcmp(name, SKD_SECCOMP_DROP) == 0;
#else
    (void)name;
    return false;
#endif
}

size_t skd_seccomp_calls(const struct skd_seccomp_call **ret)
{
    *ret = calls;
    return SKP_ARRAY_LEN(calls);
}

bool skd_seccomp_calls_allow(const char *name)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(calls); i++) {
        if (calls[i].verdict == SKD_SECCOMP_ALLOW &&
            strcmp(calls[i].name, name) == 0) {
            return !is_dropped(name);
        }
    }
    return false;
}
