/* sandbox.h - what the process cannot do any more, from here on and for good.
 *
 * Four layers, each told of by its name:
 *
 *     mdwe      memory that was writable never becomes executable
 *     files     Landlock: only paths of the rules
 *     tcp       Landlock: only ports of the rules
 *     seccomp   only the system calls of the list (seccomp_calls.h)
 *
 * A build under a sanitizer has none: the sanitizers' own threads, children and
 * mappings would be what is forbidden.
 *
 * Thread:   the only one there is; later ones inherit all of it.
 */
#ifndef SKD_SANDBOX_H
#define SKD_SANDBOX_H

#include "agent/sys/landlock.h"

enum skd_sandbox_mode {
    SKD_SANDBOX_OFF,
    SKD_SANDBOX_BEST_EFFORT, /* what is missing is named, and done without */
    SKD_SANDBOX_REQUIRE,     /* what is missing is an error */
};

struct skd_sandbox_rules {
    enum skd_sandbox_mode mode;
    struct skd_landlock_rules reach;
    bool json; /* the form of the log */
};

/* Enter.
 *   SKP_ERR_FAILED_PRECONDITION  SKD_SANDBOX_REQUIRE, and @diag names the layer
 *                                that is missing, and why.
 *   SKP_ERR_RESOURCE_EXHAUSTED   the same, for want of memory. */
SKP_MUST_CHECK enum skp_err
skd_sandbox_enter(const struct skd_sandbox_rules *rules, struct skp_diag *diag);

/* True when paths and ports are restricted: then skd_sandbox_enter's rules hold
 * for as long as the process lives. */
bool skd_sandbox_has_files(void);
bool skd_sandbox_has_tcp(void);

/* One line for people: "landlock 7 (files, tcp, scopes), seccomp, mdwe", "off".
 * Static memory; does not change after skd_sandbox_enter. */
const char *skd_sandbox_describe(void);

/* What is missing and why, one reason after the other, "; " between them; ""
 * when nothing is.  Static memory. */
const char *skd_sandbox_missing(void);

/* False in a build under a sanitizer. */
bool skd_sandbox_is_built(void);

#endif /* SKD_SANDBOX_H */
