/* seccomp_calls.h - which system calls the agent makes.
 *
 * The list was taken from traces of all test scenarios, then completed by what
 * other versions of the C library, of libuv and of OpenSSL call for the same
 * purpose.
 */
#ifndef SKD_SECCOMP_CALLS_H
#define SKD_SECCOMP_CALLS_H

#include "protocol/base.h"

enum skd_seccomp_verdict {
    SKD_SECCOMP_ALLOW,
    SKD_SECCOMP_REFUSE, /* EACCES */
    SKD_SECCOMP_HIDE,   /* ENOSYS, as a kernel without the call */
};

/* What happens to @name; with a mask, when (argument & mask) == value.  A call
 * that no row speaks of ends the process. */
struct skd_seccomp_call {
    const char *name;
    enum skd_seccomp_verdict verdict;
    unsigned argument; /* its place, from 0 */
    uint64_t mask;     /* 0: whatever the arguments are */
    uint64_t value;
};

/* The rows in @ret, as many as the answer says; static memory. */
size_t skd_seccomp_calls(const struct skd_seccomp_call **ret);

/* True when a row lets @name through, for some arguments at least. */
bool skd_seccomp_calls_allow(const char *name);

#endif /* SKD_SECCOMP_CALLS_H */
