/* test_seccomp_calls.c - suite of agent/sys/seccomp_calls.c. */
#include <string.h>

#include "agent/sys/seccomp_calls.h"
#include "tests/lib/suite.h"

START_TEST(what_an_attacker_wants_is_not_on_the_list)
{
    static const char *const forbidden[] = {
        "execve",
        "execveat",
        "fork",
        "vfork",
        "clone3",
        "ptrace",
        "kill",
        "tkill",
        "process_vm_readv",
        "process_vm_writev",
        "open_by_handle_at",
        "name_to_handle_at",
        "bpf",
        "userfaultfd",
        "io_uring_setup",
        "io_uring_enter",
        "perf_event_open",
        "keyctl",
        "add_key",
        "mount",
        "pivot_root",
        "chroot",
        "unshare",
        "setns",
        "init_module",
        "kexec_load",
        "setuid",
        "setgid",
        "setresuid",
        "capset",
        "personality",
        "shmat",
        "pidfd_getfd",
        "kcmp",
        "mknod",
        "mknodat",
        "symlink",
        "link",
        "seccomp",
        "landlock_restrict_self",
        "remap_file_pages",
        "swapon",
        "reboot",
        "acct",
        "quotactl",
        "syslog",
        "ioperm",
        "iopl",
        "modify_ldt",
        "memfd_no_such_call",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(forbidden); i++) {
        ck_assert_msg(!skd_seccomp_calls_allow(forbidden[i]), "%s",
                      forbidden[i]);
    }
}
END_TEST

START_TEST(what_the_agent_calls_is_on_the_list)
{
    static const char *const needed[] = {
        "accept4",      "clone",       "connect",
        "epoll_wait",   "epoll_pwait", "fcntl",
        "getrandom",    "getsockopt",  "inotify_add_watch",
        "memfd_secret", "mlock",       "mmap",
        "mprotect",     "openat",      "recvmsg",
        "sendmsg",      "sendto",      "socket",
        "unlink",       "writev",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(needed); i++) {
        ck_assert_msg(skd_seccomp_calls_allow(needed[i]), "%s", needed[i]);
    }
}
END_TEST

/* Two rows for the same condition would be one too many. */
START_TEST(no_row_says_what_another_has_said)
{
    const struct skd_seccomp_call *calls;
    size_t n_calls = skd_seccomp_calls(&calls);

    ck_assert_uint_gt(n_calls, 100);
    for (size_t i = 0; i < n_calls; i++) {
        for (size_t k = i + 1; k < n_calls; k++) {
            bool is_same = strcmp(calls[i].name, calls[k].name) == 0;
            bool has_mask = calls[i].mask != 0 && calls[k].mask != 0;

            ck_assert_msg(!is_same || has_mask, "%s", calls[i].name);
            ck_assert_msg(!is_same || calls[i].mask != calls[k].mask ||
                              calls[i].value != calls[k].value,
                          "%s", calls[i].name);
        }
    }
}
END_TEST

SKT_SUITE("seccomp_calls",
          what_an_attacker_wants_is_not_on_the_list,
          what_the_agent_calls_is_on_the_list,
          no_row_says_what_another_has_said)
