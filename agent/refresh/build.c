/* build.c - answers and an old snapshot become a new one; see build.h. */
#include "agent/refresh/build.h"

#include <string.h>

#include "agent/refresh/brake.h"
#include "agent/refresh/copy.h"
#include "agent/refresh/derive.h"
#include "agent/refresh/describe.h"
#include "agent/refresh/graves.h"
#include "agent/refresh/picks.h"

#define MISSING_MAX 255u

struct job {
    const struct skd_build_input *in;
    const struct skd_snapshot *old; /* NULL: start afresh */
    struct skd_picks picks;
    struct skd_derive *derive; /* of the new keys, in their order */
    size_t n_derived;          /* of them, that were added to the builder */
    struct skd_builder *builder;
    bool is_held; /* by the brake */
    bool differs; /* from old, in more than when keys were confirmed */
    struct skd_build out;
};

static void free_job(struct job *job)
{
    skd_picks_done(&job->picks);
    skd_derive_free(&job->derive);
    skd_builder_free(&job->builder);
    skd_build_done(&job->out);
}

void skd_build_done(struct skd_build *build)
{
    skd_snapshot_unref(&build->snapshot);
    skd_events_done(&build->events);
}

/* ---- what goes and what stays ---- */

static bool is_listed(const struct job *job, const struct skd_tenant *tenant)
{
    struct skp_view id = { (const uint8_t *)tenant->id, tenant->id_len };

    return skd_material_find(job->in->material, id) != SIZE_MAX;
}

/* Lists in a row that lack @tenant, with this one. */
static unsigned count_missing(const struct job *job,
                              const struct skd_tenant *tenant)
{
    if (tenant->missing > 0 &&
        (!job->in->counts || tenant->missing == MISSING_MAX)) {
        return tenant->missing;
    }
    return tenant->missing + 1u;
}

static bool has_brake(const struct job *job)
{
    return !job->in->is_final && !job->in->accept_removals;
}

/* True when an unlisted @tenant stays.  Who was held once is held until enough
 * lists have said the same, also when newcomers make it a smaller share. */
static bool stays(const struct job *job, const struct skd_tenant *tenant)
{
    if (job->in->is_demand) {
        return true;
    }
    return has_brake(job) && (job->is_held || tenant->missing > 0) &&
           !skd_brake_lets_through(count_missing(job, tenant));
}

static void look_at_brake(struct job *job)
{
    size_t n_old = job->old == NULL ? 0 : skd_snapshot_count(job->old);
    size_t n_absent = 0;

    if (!has_brake(job) || job->in->is_demand) {
        return;
    }
    for (size_t i = 0; i < n_old; i++) {
        n_absent += !is_listed(job, skd_snapshot_at(job->old, i));
    }
    job->is_held =
        skd_brake_holds(n_old, n_absent, job->in->rules->removal_brake);
}

/* ---- the log ---- */

static enum skp_err tell(struct job *job,
                         enum skd_event_kind kind,
                         const struct skd_item *item,
                         const char *reason)
{
    const struct skd_event event = {
        .kind = kind,
        .tenant = { (const uint8_t *)item->tenant, item->tenant_len },
        .reason = reason,
        .has_key = job->picks.n > 0,
    };

    return skd_events_add(&job->out.events, &event);
}

/* Say once that a key's state is another. */
static enum skp_err
tell_state(struct job *job, const struct skd_item *item, struct skd_was was)
{
    static const enum skd_event_kind kinds[] = {
        [SKD_KEY_ACTIVE] = SKD_EVENT_ACTIVE,
        [SKD_KEY_PRE_ACTIVE] = SKD_EVENT_PRE_ACTIVE,
        [SKD_KEY_DEACTIVATED] = SKD_EVENT_DEACTIVATED,
        [SKD_KEY_COMPROMISED] = SKD_EVENT_COMPROMISED,
    };
    unsigned before = was.tenant == NULL || was.tenant->n_keys == 0
                          ? (unsigned)SKD_KEY_ACTIVE
                          : was.tenant->state;

    if ((unsigned)item->state == before) {
        return SKP_ERR_OK;
    }
    return tell(job, kinds[item->state], item, NULL);
}

static enum skp_err tell_key(struct job *job,
                             const struct skd_item *item,
                             struct skd_was was,
                             const struct skd_key *key)
{
    bool is_first = was.tenant == NULL || was.tenant->n_keys == 0;
    struct skd_event event = {
        .kind = is_first ? SKD_EVENT_FIRST_KEY : SKD_EVENT_KEY_CHANGED,
        .tenant = { (const uint8_t *)item->tenant, item->tenant_len },
        .has_key = true,
        .generation = key->generation,
    };

    memcpy(event.new_id, key->key_id, SKP_KEY_ID_LEN);
    if (is_first) {
        job->out.n_new++;
    } else {
        job->out.n_changed++;
        memcpy(event.old_id,
               skd_snapshot_key(was.snapshot, was.tenant, 0).key_id,
               SKP_KEY_ID_LEN);
    }
    return skd_events_add(&job->out.events, &event);
}

/* Say why there is no fresh key. */
static enum skp_err tell_trouble(struct job *job,
                                 const struct skd_item *item,
                                 struct skd_was was,
                                 const char *reason)
{
    switch (item->said) {
    case SKD_SAID_ABSENT:
        return tell(job, SKD_EVENT_ABSENT, item, NULL);
    case SKD_SAID_DUPLICATE:
        return tell(job, SKD_EVENT_DUPLICATE, item, NULL);
    case SKD_SAID_UNUSABLE:
        return tell(job, SKD_EVENT_UNUSABLE, item, reason);
    case SKD_SAID_DESTROYED:
        /* Once: when there is a key to drop, or nothing was known. */
        return was.tenant != NULL && was.tenant->n_keys == 0
                   ? SKP_ERR_OK
                   : tell(job, SKD_EVENT_DESTROYED, item, NULL);
    case SKD_SAID_SAME:
        return SKP_ERR_OK; /* and the reason was told before */
    case SKD_SAID_ASK:
    case SKD_SAID_KEYS:
    case SKD_SAID_UNREACHED:
    default:
        job->out.n_unreached++;
        return tell(job, SKD_EVENT_UNREACHED, item, reason);
    }
}

/* ---- one tenant ---- */

/* The next new key, with its public part. */
static struct skd_key next_derived(struct job *job, const struct skd_pick *pick)
{
    return job->in->derive != NULL
               ? skd_derive_get(job->in->derive, pick->number)
               : skd_derive_get(job->derive, job->n_derived++);
}

/* The picked keys.  @generation is that of a new current one; 0: it was current
 * before. */
static enum skp_err add_picks(struct job *job,
                              const struct skd_item *item,
                              struct skd_was was,
                              uint64_t generation)
{
    for (size_t i = 0; i < job->picks.n; i++) {
        const struct skd_pick *pick = &job->picks.list[i];
        struct skd_key key =
            pick->is_old
                ? skd_snapshot_key(was.snapshot, was.tenant, pick->old_nth)
                : next_derived(job, pick);
        enum skp_err err = SKP_ERR_OK;

        if (i == 0 && generation > 0) {
            key.generation = generation;
            err = tell_key(job, item, was, &key);
        }
        SKP_TRY(err);
        SKP_TRY(skd_builder_add_key(job->builder, &key));
    }
    return SKP_ERR_OK;
}

/* Say what is to be said of @item, keys aside. */
static enum skp_err tell_item(struct job *job,
                              const struct skd_item *item,
                              struct skd_was was,
                              const char *reason)
{
    if (item->list_refused) {
        SKP_TRY(tell(job, SKD_EVENT_LIST_REFUSED, item, NULL));
    }
    return skd_picks_has_keys(item) || item->tells_state
               ? tell_state(job, item, was)
               : tell_trouble(job, item, was, reason);
}

static enum skp_err add_listed(struct job *job, const struct skd_item *item)
{
    struct skd_was was = skd_picks_was(job->old, item);
    struct skd_tenant tenant;
    bool is_new;

    if (job->in->is_demand && was.tenant != NULL) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_picks_choose(&job->picks, job->in->material, item, was,
                             job->in->rules->keep_generations));
    tenant = skd_describe(item, was, job->picks.n > 0, job->in->asked_ms,
                          job->in->asked_s);
    is_new = job->picks.n > 0 &&
             !(job->picks.list[0].is_old && job->picks.list[0].old_nth == 0);
    if (was.tenant == NULL) {
        tenant.last_generation = skd_graves_generation(
            job->old, (struct skp_view){ (const uint8_t *)item->tenant,
                                         item->tenant_len });
    }
    tenant.last_generation += is_new;
    SKP_TRY(skd_builder_add_tenant(job->builder, &tenant));
    SKP_TRY(add_picks(job, item, was, is_new ? tenant.last_generation : 0));
    return tell_item(job, item, was, tenant.reason);
}

/* In a refresh on demand a tenant that is known stays as it is. */
static bool is_taken_over(const struct job *job,
                          const struct skd_tenant *tenant)
{
    return job->in->is_demand || !is_listed(job, tenant);
}

static enum skp_err add_unlisted(struct job *job,
                                 const struct skd_tenant *tenant)
{
    struct skd_tenant copy = skd_snapshot_row(job->old, tenant);
    const struct skd_event removed = {
        .kind = SKD_EVENT_REMOVED,
        .tenant = { (const uint8_t *)tenant->id, tenant->id_len },
    };

    if (!is_taken_over(job, tenant)) {
        return SKP_ERR_OK;
    }
    if (!stays(job, tenant)) {
        job->out.n_removed++;
        SKP_TRY(skd_graves_dig(job->builder, tenant, SKD_GONE_REMOVED,
                               job->in->asked_s));
        return skd_events_add(&job->out.events, &removed);
    }
    if (!job->in->is_demand) {
        job->out.n_held++;
        copy.missing = (uint8_t)count_missing(job, tenant);
        copy.reason = "not in the tenant list, kept by the removal brake";
    }
    return skd_copy_tenant(job->builder, job->old, tenant, &copy);
}

/* ---- nothing new ---- */

static bool is_same_text(const char *a, const char *b)
{
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool is_same_row(const struct skd_tenant *a, const struct skd_tenant *b)
{
    return a->use == b->use && a->origin == b->origin && a->state == b->state &&
           a->is_private == b->is_private && a->missing == b->missing &&
           a->is_destroyed == b->is_destroyed &&
           is_same_text(a->reason, b->reason);
}

/* True when the picks are the keys that @was has, in their order. */
static bool is_same_keys(const struct skd_picks *picks, struct skd_was was)
{
    if (picks->n != was.tenant->n_keys) {
        return false;
    }
    for (size_t i = 0; i < picks->n; i++) {
        if (!picks->list[i].is_old || picks->list[i].old_nth != i) {
            return false;
        }
    }
    return true;
}

/* True when @item, whose keys are picked, leaves its tenant as it is: confirmed
 * when it has no reason, and in the same trouble when it has one. */
static bool is_as_before(const struct job *job,
                         const struct skd_item *item,
                         struct skd_was was)
{
    struct skd_tenant row;

    if (was.tenant == NULL || !is_same_keys(&job->picks, was)) {
        return false;
    }
    row = skd_describe(item, was, job->picks.n > 0, job->in->asked_ms,
                       job->in->asked_s);
    return is_same_row(&row, was.tenant);
}

static enum skp_err retell(struct job *job, const struct skd_item *item)
{
    struct skd_was was = skd_picks_was(job->old, item);

    skp_assert(was.tenant != NULL); /* or it would differ */
    SKP_TRY(skd_picks_choose(&job->picks, job->in->material, item, was,
                             job->in->rules->keep_generations));
    return tell_item(job, item, was, was.tenant->reason);
}

/* The old snapshot once more, with all that was confirmed; its keys are
 * shared.  On demand nothing that is known was asked for. */
static enum skp_err share_old(struct job *job)
{
    size_t n_items = skd_material_count(job->in->material);

    if (job->in->is_demand) {
        return skd_snapshot_confirm(job->old, 0, 0, &job->out.snapshot);
    }
    for (size_t i = 0; i < n_items; i++) {
        SKP_TRY(retell(job, skd_material_item(job->in->material, i)));
    }
    return skd_snapshot_confirm(job->old, job->in->asked_ms, job->in->asked_s,
                                &job->out.snapshot);
}

/* ---- all tenants ---- */

/* Have the new keys among the picks derived, unless all of the material are. */
static enum skp_err derive_picks(struct job *job)
{
    enum skp_err err = SKP_ERR_OK;

    if (job->in->derive != NULL) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; err == SKP_ERR_OK && i < job->picks.n; i++) {
        const struct skd_pick *pick = &job->picks.list[i];

        if (!pick->is_old) {
            err = skd_derive_add(job->derive, pick->private_key);
        }
    }
    return err;
}

static enum skp_err count_listed(struct job *job,
                                 const struct skd_item *item,
                                 size_t *n_tenants,
                                 size_t *n_keys)
{
    struct skd_was was = skd_picks_was(job->old, item);

    if (job->in->is_demand && was.tenant != NULL) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_picks_choose(&job->picks, job->in->material, item, was,
                             job->in->rules->keep_generations));
    *n_tenants += 1;
    *n_keys += job->picks.n;
    job->differs = job->differs || !is_as_before(job, item, was);
    return derive_picks(job);
}

/* How much room the new snapshot needs, exactly: locked memory is scarce. */
struct room {
    size_t n_tenants;
    size_t n_keys;
    size_t n_gone;
};

/* Count it, and see whether any is needed. */
static enum skp_err count_room(struct job *job, struct room *room)
{
    size_t n_items = skd_material_count(job->in->material);
    size_t n_old = job->old == NULL ? 0 : skd_snapshot_count(job->old);

    for (size_t i = 0; i < n_items; i++) {
        SKP_TRY(count_listed(job, skd_material_item(job->in->material, i),
                             &room->n_tenants, &room->n_keys));
    }
    for (size_t i = 0; i < n_old; i++) {
        const struct skd_tenant *tenant = skd_snapshot_at(job->old, i);

        if (!is_taken_over(job, tenant)) {
            continue;
        }
        if (stays(job, tenant)) {
            room->n_tenants++;
            room->n_keys += tenant->n_keys;
            job->differs = job->differs || !job->in->is_demand;
        } else {
            room->n_gone++;
        }
    }
    job->differs = job->differs || room->n_tenants != n_old;
    return SKP_ERR_OK;
}

/* Fill the builder, and finish it. */
static enum skp_err add_all(struct job *job, size_t n_gone)
{
    size_t n_items = skd_material_count(job->in->material);
    size_t n_old = job->old == NULL ? 0 : skd_snapshot_count(job->old);

    SKP_TRY(skd_graves_take_over(job->builder, job->old, job->in->material,
                                 n_gone));
    for (size_t i = 0; i < n_items; i++) {
        SKP_TRY(add_listed(job, skd_material_item(job->in->material, i)));
    }
    for (size_t i = 0; i < n_old; i++) {
        SKP_TRY(add_unlisted(job, skd_snapshot_at(job->old, i)));
    }
    return skd_builder_finish(&job->builder, &job->out.snapshot);
}

static enum skp_err run_job(struct job *job, struct skp_diag *diag)
{
    struct room room = { 0, 0, 0 };
    enum skp_err err;

    look_at_brake(job);
    err = skd_derive_new(&job->derive);
    if (err == SKP_ERR_OK) {
        err = count_room(job, &room);
    }
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "no memory for a snapshot");
    }
    if (job->old != NULL && !job->differs) {
        err = share_old(job);
    } else {
        SKP_TRY(skd_builder_new(room.n_tenants, room.n_keys,
                                job->in->rules->single, &job->builder, diag));
        err = add_all(job, room.n_gone);
    }
    return err == SKP_ERR_OK
               ? SKP_ERR_OK
               : skp_fail(diag, err, "no snapshot: %s", skp_err_text(err));
}

enum skp_err skd_build(const struct skd_build_input *input,
                       struct skd_build *ret,
                       struct skp_diag *diag)
{
    SKP_CLEANUP(free_job) struct job job = { .in = input };

    if (input->old != NULL &&
        skd_snapshot_is_single(input->old) == input->rules->single) {
        job.old = input->old;
    }
    SKP_TRY(run_job(&job, diag));
    *ret = job.out;
    job.out = (struct skd_build){ .snapshot = NULL };
    return SKP_ERR_OK;
}
