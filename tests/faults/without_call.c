/* without_call.c - runs a program as on a kernel that lacks a system call.
 *
 *     without_call NAME PROGRAM ARGUMENT...
 */
#include <errno.h>
#include <seccomp.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int number = argc < 3 ? -1 : seccomp_syscall_resolve_name(argv[1]);

    if (filter == NULL || number < 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), number, 0) != 0 ||
        seccomp_load(filter) != 0) {
        (void)fprintf(stderr, "usage: without_call NAME PROGRAM ARGUMENT...\n");
        return 2;
    }
    seccomp_release(filter);
    (void)execv(argv[2], argv + 2);
    perror(argv[2]);
    return 2;
}
