/* seccomp_filter.c - from the list of calls to the kernel's filter; see
 * seccomp_filter.h. */
#include "agent/sys/seccomp_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

#include "agent/sys/seccomp_calls.h"
#include "agent/sys/seccomp_report.h"

static uint32_t action_of(enum skd_seccomp_verdict verdict)
{
    switch (verdict) {
    case SKD_SECCOMP_REFUSE:
        return SCMP_ACT_ERRNO(EACCES);
    case SKD_SECCOMP_HIDE:
        return SCMP_ACT_ERRNO(ENOSYS);
    case SKD_SECCOMP_ALLOW:
    default:
        return SCMP_ACT_ALLOW;
    }
}

/* Does nothing when this architecture, or this version of the library, has no
 * such call: then nobody makes it. */
static int add_call(scmp_filter_ctx filter, const struct skd_seccomp_call *call)
{
    const struct scmp_arg_cmp compare = { call->argument, SCMP_CMP_MASKED_EQ,
                                          call->mask, call->value };
    int number = seccomp_syscall_resolve_name(call->name);

    if (number < 0 || (call->verdict == SKD_SECCOMP_ALLOW &&
                       !skd_seccomp_calls_allow(call->name))) {
        return 0;
    }
    return seccomp_rule_add_array(filter, action_of(call->verdict), number,
                                  call->mask == 0 ? 0 : 1, &compare);
}

/* Signals to ourselves only: an abort, the end after a forbidden call. */
static int add_own_signals(scmp_filter_ctx filter)
{
    const struct scmp_arg_cmp self = { 0, SCMP_CMP_EQ, (uint64_t)getpid(), 0 };

    return seccomp_rule_add_array(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  &self);
}

static int fill_filter(scmp_filter_ctx filter)
{
    const struct skd_seccomp_call *calls;
    size_t n_calls = skd_seccomp_calls(&calls);
    int result = add_own_signals(filter);

    for (size_t i = 0; i < n_calls && result == 0; i++) {
        result = add_call(filter, &calls[i]);
    }
    return result;
}

static void free_filter(scmp_filter_ctx *filter)
{
    seccomp_release(*filter);
    *filter = NULL;
}

static enum skp_err fail(struct skp_diag *diag, int result)
{
    enum skp_err err = result == -ENOMEM ? SKP_ERR_RESOURCE_EXHAUSTED
                                         : SKP_ERR_FAILED_PRECONDITION;

    return skp_fail(diag, err, "seccomp: cannot load the filter: %s",
                    strerrordesc_np(-result));
}

enum skp_err skd_seccomp_filter_load(bool json, struct skp_diag *diag)
{
    SKP_CLEANUP(free_filter)
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_TRAP);
    int result = -ENOMEM;

    if (filter != NULL) {
        result = fill_filter(filter);
    }
    if (result == 0) {
        /* Every thread of the process, and a tree instead of a long list. */
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
        (void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
        /* Calls by another architecture's numbers; ours would name them
         * wrongly.
         */
        (void)seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH,
                               SCMP_ACT_KILL_PROCESS);
        result =
            skd_seccomp_report_install(json) ? seccomp_load(filter) : -errno;
    }
    return result == 0 ? SKP_ERR_OK : fail(diag, result);
}
