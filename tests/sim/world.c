/* world.c - the scripted sources and what may happen to them; see sim.h.
 *
 * A Coordinator with or without ETags, crypto.tenant_keys, and a key server,
 * as far as the table source.h lets them be seen.  The key server's client is
 * in kms.c.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim_source {
    struct skd_source base;
    const struct sim_config *config;
    /* The Coordinator: what "unchanged" would refer to. */
    bool has_accepted;
    bool has_offered;
    struct sim_list accepted;
    struct sim_list offered;
};

struct skp_view sim_world_id(size_t tenant)
{
    static char ids[SIM_TENANTS][SKP_TENANT_MAX];

    if (ids[tenant][0] == '\0') {
        (void)snprintf(ids[tenant], sizeof ids[tenant],
                       "67f1adf3-08e5-4eea-94e3-%012zu", tenant);
    }
    return skp_view_of(ids[tenant]);
}

size_t sim_world_number(const char *id, size_t len)
{
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        if (skp_view_equal(sim_world_id(i),
                           (struct skp_view){ (const uint8_t *)id, len })) {
            return i;
        }
    }
    return SIM_TENANTS;
}

/* ---- what sources answer --------------------------------------------------
 */

static void must(enum skp_err err)
{
    SIM_CHECK(sim_now, err == SKP_ERR_OK, "the material: %s",
              skp_err_name(err));
}

static void fill(struct skd_material *material,
                 size_t index,
                 const struct sim_answer *answer)
{
    struct skd_item *item = skd_material_item(material, index);

    item->said = (enum skd_said)answer->said;
    item->state = (enum skd_key_state)answer->state;
    for (size_t i = 0; i < answer->n; i++) {
        uint8_t key[SKP_KEY_LEN];

        memset(key, answer->keys[i], sizeof key);
        must(skd_material_add_key(material, index, key));
    }
    if (answer->said != SKD_SAID_KEYS) {
        skd_material_set_reason(material, index, "the schedule says so");
    }
}

static void list_tenant(struct skd_material *material,
                        const struct sim_list *list,
                        size_t tenant)
{
    struct skd_item *item;
    size_t index;

    must(skd_material_add(material, sim_world_id(tenant), &index));
    item = skd_material_item(material, index);
    item->is_private = list->is_private[tenant];
    item->list_refused = item->is_private && list->is_refused[tenant];
    if (!item->is_private) {
        item->origin = SKP_ORIGIN_COORDINATOR;
        fill(material, index, &list->open[tenant]);
    }
}

static enum skp_err fetch_list(struct skd_source *self,
                               const struct skd_fetch *fetch,
                               struct skd_material *material,
                               uint64_t *retry_ms,
                               struct skp_diag *diag)
{
    struct sim_source *source = (struct sim_source *)self;
    struct sim *sim = sim_now;
    struct sim_heard *heard = &sim->run.heard;
    const struct sim_world *world = &sim->world;

    sim_steps_meanwhile(sim);
    skt_clock_pass(&sim->clock, world->list_ms);
    heard->list_err = world->list_err;
    heard->list = world->list;
    if (sim->is_final) {
        memset(heard->list.is_private, 0, sizeof heard->list.is_private);
    }
    *retry_ms = heard->retry_ms =
        world->list_err == SKP_ERR_UNAVAILABLE ? world->retry_ms : 0;
    sim_trace_say(sim, "the Coordinator answers: %s",
                  skp_err_name(world->list_err));
    if (heard->list_err != SKP_ERR_OK) {
        return skp_fail(diag, heard->list_err, "the schedule says so");
    }
    source->offered = heard->list;
    source->has_offered = true;
    heard->is_unchanged =
        world->has_etags && !fetch->whole && source->has_accepted &&
        memcmp(&source->accepted, &heard->list, sizeof heard->list) == 0;
    if (heard->is_unchanged) {
        sim_trace_say(sim, "the list is unchanged");
        skd_material_set_unchanged(material);
    }
    for (size_t i = 0; !heard->is_unchanged && i < SIM_TENANTS; i++) {
        if (heard->list.is_listed[i]) {
            list_tenant(material, &heard->list, i);
            SKP_TRY(skd_fetch_more(fetch));
        }
    }
    sim_steps_meanwhile(sim);
    return SKP_ERR_OK;
}

static void settle_list(struct skd_source *self, bool accepted)
{
    struct sim_source *source = (struct sim_source *)self;

    if (accepted && source->has_offered) {
        source->accepted = source->offered;
        source->has_accepted = true;
    }
    source->has_offered = false;
}

void sim_world_answer(struct skd_material *material,
                      size_t index,
                      const struct sim_answer *answer)
{
    const struct skd_item *item = skd_material_item(material, index);
    size_t tenant = sim_world_number(item->tenant, item->tenant_len);
    struct sim_heard *heard = &sim_now->run.heard;

    heard->is_answered[tenant] = true;
    heard->seeds[tenant] = *answer;
    fill(material, index, answer);
}

static enum skp_err fetch_local(struct skd_source *self,
                                const struct skd_fetch *fetch,
                                struct skd_material *material,
                                uint64_t *retry_ms,
                                struct skp_diag *diag)
{
    const struct sim_config *config = ((struct sim_source *)self)->config;

    (void)fetch;
    (void)diag;
    *retry_ms = 0;
    for (size_t i = 0; i < skd_material_count(material); i++) {
        const struct skd_item *item = skd_material_item(material, i);
        size_t tenant = sim_world_number(item->tenant, item->tenant_len);

        if (item->said == SKD_SAID_ASK && config->has_local[tenant]) {
            sim_world_answer(material, i, &config->local[tenant]);
        }
    }
    return SKP_ERR_OK;
}

static void free_source(struct skd_source **self)
{
    free(*self);
    *self = NULL;
}

static struct skd_source *new_source(const struct skd_source_ops *ops,
                                     const struct sim_config *config)
{
    struct sim_source *source = calloc(1, sizeof *source);

    SIM_CHECK(sim_now, source != NULL, "no memory");
    source->base.ops = ops;
    source->config = config;
    return &source->base;
}

struct skd_chain sim_world_chain(struct sim *sim,
                                 const struct sim_config *config)
{
    static const struct skd_source_ops list_ops = { .name = "coordinator",
                                                    .fetch = fetch_list,
                                                    .settle = settle_list,
                                                    .free = free_source };
    static const struct skd_source_ops local_ops = { .name = "file",
                                                     .fetch = fetch_local,
                                                     .free = free_source };
    if (sim->is_final) {
        return (struct skd_chain){ new_source(&list_ops, config),
                                   { NULL, NULL } };
    }
    return (struct skd_chain){ new_source(&list_ops, config),
                               { new_source(&local_ops, config),
                                 sim_kms_new(sim, config) } };
}

/* ---- what may happen -------------------------------------------------------
 */

/* A key of @tenant: mostly one that nobody has seen, else a former one. */
static uint8_t next_key(struct sim *sim, size_t tenant)
{
    uint8_t *spare = &sim->world.spare[tenant];
    uint64_t nth = *spare;

    if (*spare < SIM_KEYS_EACH && !sim_trace_once_in(sim, 4)) {
        ++*spare;
    } else {
        nth = sim_trace_pick(sim, *spare + 1u) % SIM_KEYS_EACH;
    }
    return (uint8_t)(tenant * SIM_KEYS_EACH + nth + 1);
}

static struct sim_answer new_answer(struct sim *sim, size_t tenant)
{
    return (struct sim_answer){ .said = SKD_SAID_KEYS,
                                .n = 1,
                                .keys = { next_key(sim, tenant) } };
}

/* The current seed becomes a former one, which the list goes on naming or
 * not. */
static void rotate_open(struct sim *sim, size_t tenant)
{
    struct sim_answer *open = &sim->world.list.open[tenant];
    struct sim_answer next = new_answer(sim, tenant);

    for (size_t i = 0; open->said == SKD_SAID_KEYS && i < open->n; i++) {
        if (next.n < SIM_LISTED && open->keys[i] != next.keys[0] &&
            sim_trace_once_in(sim, 2)) {
            next.keys[next.n++] = open->keys[i];
        }
    }
    *open = next;
}

static void change_list(struct sim *sim, size_t tenant)
{
    struct sim_list *list = &sim->world.list;

    if (sim_trace_once_in(sim, 3)) {
        sim->world.former = *list;
    }
    switch (sim_trace_pick(sim, 8)) {
    case 0:
    case 1:
        list->is_listed[tenant] ^= 1;
        break;
    case 2:
        list->is_private[tenant] ^= 1;
        break;
    case 3:
        list->is_refused[tenant] ^= 1;
        break;
    case 4:
        list->open[tenant] = (struct sim_answer){ .said = SKD_SAID_UNUSABLE };
        break;
    default:
        rotate_open(sim, tenant);
        break;
    }
    sim_trace_say(sim, "list: tenant %zu is %s, %s, key %u", tenant,
                  list->is_listed[tenant] ? "there" : "gone",
                  list->is_private[tenant] ? "private" : "public",
                  list->open[tenant].keys[0]);
}

/* Give the object of @tenant its identifier.  A duplicate leaves the one
 * @before where it is; who replaces it may do so, too. */
static void
identify(struct sim *sim, size_t tenant, const struct sim_answer *before)
{
    struct sim_world *world = &sim->world;
    const struct sim_answer *object = &world->objects[tenant];
    bool is_the_same = before->said == SKD_SAID_KEYS &&
                       object->said == SKD_SAID_KEYS &&
                       before->keys[0] == object->keys[0];

    if (is_the_same && before->state != object->state) {
        return;
    }
    if (before->said == SKD_SAID_KEYS &&
        (object->said == SKD_SAID_DUPLICATE ||
         (object->said == SKD_SAID_KEYS && sim_trace_once_in(sim, 3)))) {
        world->standing[tenant] = world->identifiers[tenant];
        world->stood[tenant] = *before;
    } else {
        world->standing[tenant] = 0;
    }
    world->identifiers[tenant] = ++world->last_identifier;
    sim_trace_say(sim, "kms: tenant %zu: object %u, object %u stands", tenant,
                  world->identifiers[tenant], world->standing[tenant]);
}

static void change_object(struct sim *sim, size_t tenant)
{
    static const enum skd_said rare[] = { SKD_SAID_ABSENT, SKD_SAID_DUPLICATE,
                                          SKD_SAID_DESTROYED,
                                          SKD_SAID_UNREACHED,
                                          SKD_SAID_UNUSABLE };
    struct sim_answer *object = &sim->world.objects[tenant];
    const struct sim_answer before = *object;

    if (sim_trace_once_in(sim, 3)) {
        *object = (struct sim_answer){
            .said = (uint8_t)rare[sim_trace_pick(sim, SKP_ARRAY_LEN(rare))]
        };
    } else if (object->said == SKD_SAID_KEYS && sim_trace_once_in(sim, 2)) {
        object->state = (uint8_t)sim_trace_pick(sim, SKD_KEY_COMPROMISED + 1);
    } else {
        *object = new_answer(sim, tenant);
    }
    if (sim->is_remembering) {
        identify(sim, tenant, &before);
    }
    sim_trace_say(sim, "kms: tenant %zu: said %u, key %u, state %u", tenant,
                  object->said, object->keys[0], object->state);
}

/* The list is cut somewhere, or all of it is gone. */
static void cut_list(struct sim *sim)
{
    size_t from = sim_trace_pick(sim, SIM_TENANTS);

    memset(sim->world.list.is_listed + from, 0, SIM_TENANTS - from);
    sim_trace_say(sim, "list: cut to %zu tenants at most", from);
}

/* Somebody takes a change back: a content hash for an ETag is what it was,
 * too. */
static void take_back(struct sim *sim)
{
    struct sim_list list = sim->world.list;

    sim->world.list = sim->world.former;
    sim->world.former = list;
    sim_trace_say(sim, "list: as it was a while ago");
}

static void restore_list(struct sim *sim)
{
    memset(sim->world.list.is_listed, 1, SIM_TENANTS);
    sim_trace_say(sim, "list: all tenants are there");
}

static void break_down(struct sim *sim)
{
    struct sim_world *world = &sim->world;

    switch (sim_trace_pick(sim, 4)) {
    case 0:
        world->list_err = SKP_ERR_INVALID_ARGUMENT;
        break;
    case 1:
        world->list_err = SKP_ERR_UNAVAILABLE;
        world->retry_ms =
            sim_trace_once_in(sim, 2) ? sim_trace_pick(sim, 300000) : 0;
        break;
    case 2:
        world->is_kms_down = true;
        break;
    default:
        world->list_ms = (uint32_t)sim_trace_pick(sim, 20000);
        world->kms_ms = (uint32_t)sim_trace_pick(sim, 5000);
        break;
    }
    sim_trace_say(
        sim,
        "fault: list %s, Retry-After %llu ms, kms %s, latencies %u "
        "and %u ms",
        skp_err_name(world->list_err), (unsigned long long)world->retry_ms,
        world->is_kms_down ? "down" : "up", world->list_ms, world->kms_ms);
}

void sim_world_heal(struct sim *sim)
{
    sim->world.list_err = SKP_ERR_OK;
    sim->world.retry_ms = 0;
    sim->world.is_kms_down = false;
    sim->world.list_ms = 1;
    sim->world.kms_ms = 1;
    memset(sim->world.standing, 0, sizeof sim->world.standing);
    sim_trace_say(sim, "all faults end");
}

void sim_world_change(struct sim *sim)
{
    size_t tenant = sim_trace_pick(sim, SIM_TENANTS);

    switch (sim_trace_pick(sim, 13)) {
    case 12:
        take_back(sim);
        return;
    case 0:
        cut_list(sim);
        break;
    case 1:
        restore_list(sim);
        break;
    case 2:
    case 3:
        break_down(sim);
        break;
    case 4:
        sim_world_heal(sim);
        break;
    case 5:
    case 6:
    case 7:
        change_list(sim, tenant);
        break;
    default:
        change_object(sim, tenant);
        break;
    }
}

void sim_world_init(struct sim *sim)
{
    struct sim_world *world = &sim->world;

    world->has_etags = sim_trace_once_in(sim, 2);
    world->list_ms = 1;
    world->kms_ms = 1;
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        world->list.is_listed[i] = !sim_trace_once_in(sim, 4);
        world->list.is_private[i] = sim_trace_once_in(sim, 2);
        world->list.open[i] = new_answer(sim, i);
        world->objects[i] = new_answer(sim, i);
        world->identifiers[i] = ++world->last_identifier;
    }
    world->former = world->list;
}
