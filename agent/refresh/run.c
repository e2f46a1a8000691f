/* run.c - one refresh in a pool thread; see run.h. */
#include "agent/refresh/run.h"

#include <stdlib.h>

/* One tenant of an unchanged list, unless the list lacked it before already and
 * the brake holds it.  The seed of a public one is as it was; of a private one
 * only the list said that nothing changed, so it is asked for. */
static enum skp_err take_over(struct skd_run *run,
                              const struct skd_tenant *tenant)
{
    struct skp_view id = { (const uint8_t *)tenant->id, tenant->id_len };
    bool ask = tenant->is_private && skd_chain_has_seeds(run->chain);
    struct skd_item *item;
    size_t index;
    enum skp_err err;

    if (tenant->missing > 0) {
        return SKP_ERR_OK;
    }
    err = skd_material_add(run->material, id, &index);
    if (err == SKP_ERR_ALREADY_EXISTS) {
        return SKP_ERR_OK;
    }
    SKP_TRY(err);
    item = skd_material_item(run->material, index);
    item->is_private = tenant->is_private;
    if (!ask) {
        item->said = SKD_SAID_SAME;
        item->origin = (enum skp_origin)tenant->origin;
    }
    return SKP_ERR_OK;
}

/* True when an unchanged list leaves nothing to look at: it confirms all seeds,
 * and no tenant waits for anything else. */
static bool is_all_confirmed(const struct skd_run *run)
{
    return skd_material_count(run->material) == 0 &&
           skd_snapshot_is_clean(run->old) &&
           skd_snapshot_is_single(run->old) == run->rules.single &&
           !(skd_snapshot_has_private(run->old) &&
             skd_chain_has_seeds(run->chain));
}

/* An unchanged list names the tenants that it named before. */
static enum skp_err repopulate(struct skd_run *run)
{
    if (!skd_material_is_unchanged(run->material) || run->old == NULL ||
        run->is_demand) {
        return SKP_ERR_OK;
    }
    if (is_all_confirmed(run)) {
        run->is_confirmed = true;
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < skd_snapshot_count(run->old); i++) {
        SKP_TRY(take_over(run, skd_snapshot_at(run->old, i)));
    }
    return SKP_ERR_OK;
}

/* On demand only what is new is asked for. */
static void skip_known(struct skd_run *run)
{
    if (!run->is_demand || run->old == NULL) {
        return;
    }
    for (size_t i = 0; i < skd_material_count(run->material); i++) {
        struct skd_item *item = skd_material_item(run->material, i);
        struct skp_view id = { (const uint8_t *)item->tenant,
                               item->tenant_len };

        if (item->said == SKD_SAID_ASK &&
            skd_snapshot_find(run->old, id) != NULL) {
            item->said = SKD_SAID_SAME;
        }
    }
}

/* Tell the seed sources whose key is held and was confirmed last: of those a
 * word is enough.  One that was ever in trouble since is asked for in full. */
static void mark_held(struct skd_run *run)
{
    for (size_t i = 0;
         run->old != NULL && i < skd_material_count(run->material); i++) {
        struct skd_item *item = skd_material_item(run->material, i);
        struct skp_view id = { (const uint8_t *)item->tenant,
                               item->tenant_len };
        const struct skd_tenant *tenant = skd_snapshot_find(run->old, id);

        item->has_kmip_key = tenant != NULL && tenant->n_keys > 0 &&
                             tenant->is_private &&
                             tenant->origin == SKP_ORIGIN_KMIP &&
                             tenant->missing == 0 && tenant->reason == NULL;
    }
}

static bool has_open_items(const struct skd_run *run)
{
    for (size_t i = 0; i < skd_material_count(run->material); i++) {
        if (skd_material_item(run->material, i)->said == SKD_SAID_ASK) {
            return true;
        }
    }
    return false;
}

/* While there is no snapshot every key is new: each is derived as soon as it is
 * there. */
static enum skp_err derive_more(void *state)
{
    struct skd_run *run = state;

    if (run->old != NULL) {
        return SKP_ERR_OK;
    }
    if (run->derive == NULL) {
        SKP_TRY(skd_derive_new(&run->derive));
    }
    for (size_t i = skd_derive_count(run->derive);
         i < skd_material_n_keys(run->material); i++) {
        SKP_TRY(
            skd_derive_add(run->derive, skd_material_key(run->material, i)));
    }
    return SKP_ERR_OK;
}

/* Ask source number @nth. */
static enum skp_err
ask(struct skd_run *run, struct skd_source *source, size_t nth)
{
    struct skp_view wanted[SKD_DEMAND_MAX];
    struct skd_run_source *report = &run->sources[nth];
    const struct skd_fetch fetch = { .env = run->env,
                                     .wanted = wanted,
                                     .n_wanted = run->n_wanted,
                                     .whole = run->whole,
                                     .on_more = derive_more,
                                     .state = run };
    uint64_t retry_ms = 0;
    enum skp_err err;

    for (size_t i = 0; i < run->n_wanted; i++) {
        wanted[i] = skp_view_of(run->wanted[i]);
    }
    report->was_asked = true;
    report->at_s = skd_env_wall_s(run->env);
    err = source->ops->fetch(source, &fetch, run->material, &retry_ms,
                             &report->error);
    if (source->ops->report != NULL) {
        source->ops->report(source, &report->report);
    }
    if (retry_ms > run->retry_ms) {
        run->retry_ms = retry_ms;
    }
    if (err == SKP_ERR_OK) {
        return SKP_ERR_OK;
    }
    if (report->error.text[0] == '\0') {
        (void)skp_fail(&report->error, err, "%s", skp_err_text(err));
    }
    return skp_fail(&run->diag, err, "%s: %s", source->ops->name,
                    report->error.text);
}

/* Ask seed source number @nth, when it is there and something is left to ask.
 */
static enum skp_err ask_for_seeds(struct skd_run *run, size_t nth)
{
    struct skd_source *source = run->chain->seeds[nth];

    return source == NULL || !has_open_items(run) ? SKP_ERR_OK
                                                  : ask(run, source, 1 + nth);
}

static enum skp_err ask_all(struct skd_run *run)
{
    SKP_TRY(ask(run, run->chain->list, 0));
    SKP_TRY(repopulate(run));
    skip_known(run);
    mark_held(run);
    for (size_t i = 0; i < SKP_ARRAY_LEN(run->chain->seeds); i++) {
        SKP_TRY(ask_for_seeds(run, i));
    }
    return derive_more(run);
}

static enum skp_err run_all(struct skd_run *run)
{
    struct skd_build_input input = {
        .old = run->old,
        .rules = &run->rules,
        .asked_ms = run->started_ms,
        .asked_s = skd_env_wall_s(run->env),
        .is_final = !skd_chain_has_seeds(run->chain),
        .is_demand = run->is_demand,
        .counts = run->counts,
        .accept_removals = run->accept_removals,
    };

    SKP_TRY(skd_material_new(&run->material));
    SKP_TRY(ask_all(run));
    if (run->is_confirmed) {
        return skd_snapshot_confirm(run->old, input.asked_ms, input.asked_s,
                                    &run->build.snapshot);
    }
    input.material = run->material;
    input.derive = run->derive;
    return skd_build(&input, &run->build, &run->diag);
}

enum skp_err skd_run_new(struct skd_run **ret)
{
    struct skd_run *run = calloc(1, sizeof *run);

    if (run == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = run;
    return SKP_ERR_OK;
}

void skd_run_go(struct skd_run *run)
{
    run->started_ms = skd_env_now_ms(run->env);
    run->err = run_all(run);
    /* All that is needed is in the new snapshot.  What the sources said goes
     * here, where wiping it takes time from nobody who serves. */
    skd_derive_free(&run->derive);
    skd_material_free(&run->material);
    run->ended_ms = skd_env_now_ms(run->env);
    if (run->err != SKP_ERR_OK && run->diag.text[0] == '\0') {
        (void)skp_fail(&run->diag, run->err, "%s", skp_err_text(run->err));
    }
}

void skd_run_free(struct skd_run **run)
{
    if (*run == NULL) {
        return;
    }
    skp_assert((*run)->derive == NULL && (*run)->material == NULL);
    skd_build_done(&(*run)->build);
    skd_snapshot_unref(&(*run)->old);
    free(*run);
    *run = NULL;
}
