/* desk.c - what all connections of one worker share; see desk.h. */
#include "agent/serve/desk.h"

static enum skp_err fill_desk(struct skd_desk *desk)
{
    SKP_TRY(skp_secret_reserve(&desk->input, SKD_DESK_INPUT));
    SKP_TRY(skp_secret_reserve(&desk->output, SKD_DESK_OUTPUT));
    SKP_TRY(skp_scratch_new(&desk->scratch));
    return skd_handler_new(&desk->env->random, &desk->handler);
}

enum skp_err skd_desk_init(struct skd_desk *desk, const struct skd_env *env)
{
    enum skp_err err;

    *desk = (struct skd_desk){ .env = env };
    err = fill_desk(desk);
    if (err != SKP_ERR_OK) {
        skd_desk_done(desk);
    }
    return err;
}

void skd_desk_done(struct skd_desk *desk)
{
    skd_callers_done(&desk->callers);
    skd_handler_free(&desk->handler);
    skp_scratch_free(&desk->scratch);
    skp_secret_done(&desk->output);
    skp_secret_done(&desk->input);
}
