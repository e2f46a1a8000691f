/* callers.c - the users whose connections one worker keeps; see callers.h. */
#include "agent/serve/callers.h"

#include <stdlib.h>

static struct skd_caller *find_caller(const struct skd_callers *callers,
                                      uid_t uid)
{
    struct skd_caller *at = callers->first;

    while (at != NULL && at->uid != uid) {
        at = at->next;
    }
    return at;
}

enum skp_err skd_callers_enter(struct skd_callers *callers,
                               uid_t uid,
                               struct skd_caller **ret)
{
    struct skd_caller *caller = find_caller(callers, uid);

    if (caller == NULL) {
        caller = calloc(1, sizeof *caller);
        if (caller == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        caller->uid = uid;
        caller->next = callers->first;
        callers->first = caller;
    }
    callers->n_active += caller->n_connections == 0;
    caller->n_connections++;
    *ret = caller;
    return SKP_ERR_OK;
}

void skd_callers_leave(struct skd_callers *callers, struct skd_caller *caller)
{
    skp_assert(caller->n_connections > 0);
    caller->n_connections--;
    callers->n_active -= caller->n_connections == 0;
}

void skd_callers_forget(struct skd_callers *callers, uint64_t now_ms)
{
    struct skd_caller **at = &callers->first;

    while (*at != NULL) {
        struct skd_caller *caller = *at;

        if (caller->n_connections > 0 || caller->denials.n_counted > 0 ||
            !skd_denials_is_over(&caller->denials, now_ms)) {
            at = &caller->next;
            continue;
        }
        *at = caller->next;
        free(caller);
    }
}

void skd_callers_done(struct skd_callers *callers)
{
    while (callers->first != NULL) {
        struct skd_caller *old = callers->first;

        skp_assert(old->n_connections == 0);
        callers->first = old->next;
        free(old);
    }
}
