/* kms.c - the client of the scripted key server; see sim.h.
 *
 * It may remember identifiers, as kmip_source.c does: then a key that is held
 * is confirmed by its object alone, and only every so many rounds all objects
 * are looked for, so that a second one or another one is found.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/sim.h"

struct sim_kms {
    struct skd_source base;
    const struct sim_config *config;
    /* Identifiers, 0 for none.  What was noted in a fetch is remembered once it
     * was accepted. */
    uint32_t remembered[SIM_TENANTS];
    uint32_t noted[SIM_TENANTS];
    bool is_noted[SIM_TENANTS];
    unsigned n_short; /* rounds since all objects were looked for */
    bool has_held;    /* in the round that is not settled */
    bool is_short;
};

/* The object that is asked for by its identifier; NULL: there is none that can
 * be served. */
static const struct sim_answer *
find_known(const struct sim_world *world, size_t tenant, uint32_t identifier)
{
    if (identifier == 0) {
        return NULL;
    }
    if (identifier == world->identifiers[tenant] &&
        world->objects[tenant].said == SKD_SAID_KEYS) {
        return &world->objects[tenant];
    }
    return identifier == world->standing[tenant] ? &world->stood[tenant] : NULL;
}

/* True when the key that is held needs no more than a word. */
static bool confirm_item(const struct sim_kms *source,
                         struct skd_material *material,
                         size_t index,
                         size_t tenant)
{
    struct skd_item *item = skd_material_item(material, index);
    struct sim_heard *heard = &sim_now->run.heard;
    const struct sim_answer *known =
        find_known(&sim_now->world, tenant, source->remembered[tenant]);

    if (!source->is_short || !item->has_kmip_key || known == NULL) {
        return false;
    }
    heard->is_answered[tenant] = true;
    heard->seeds[tenant] = *known;
    item->said = SKD_SAID_SAME;
    item->state = (enum skd_key_state)known->state;
    item->tells_state = true;
    sim_trace_say(sim_now, "kms: tenant %zu has its object still", tenant);
    return true;
}

static void ask_kms(struct sim_kms *source,
                    struct skd_material *material,
                    size_t index,
                    size_t tenant)
{
    static const struct sim_answer nothing = { .said = SKD_SAID_UNREACHED };
    const struct sim_world *world = &sim_now->world;
    const struct sim_answer *object = &world->objects[tenant];

    skd_material_item(material, index)->origin = SKP_ORIGIN_KMIP;
    if (world->is_kms_down) {
        sim_world_answer(material, index, &nothing);
        return;
    }
    if (confirm_item(source, material, index, tenant)) {
        return;
    }
    sim_world_answer(material, index, object);
    if (object->said == SKD_SAID_KEYS || object->said == SKD_SAID_DESTROYED) {
        source->is_noted[tenant] = true;
        source->noted[tenant] =
            object->said == SKD_SAID_KEYS ? world->identifiers[tenant] : 0;
    }
}

static void choose_round(struct sim_kms *source,
                         const struct skd_fetch *fetch,
                         struct skd_material *material)
{
    memset(source->is_noted, 0, sizeof source->is_noted);
    source->has_held = false;
    for (size_t i = 0; i < skd_material_count(material); i++) {
        const struct skd_item *item = skd_material_item(material, i);

        source->has_held = source->has_held ||
                           (item->said == SKD_SAID_ASK && item->has_kmip_key);
    }
    source->is_short = sim_now->is_remembering && !fetch->whole &&
                       source->n_short + 1 < source->config->locate_every;
}

static void settle_kms(struct skd_source *self, bool accepted)
{
    struct sim_kms *source = (struct sim_kms *)self;

    if (accepted && source->has_held) {
        source->n_short = source->is_short ? source->n_short + 1 : 0;
    }
    for (size_t i = 0; accepted && i < SIM_TENANTS; i++) {
        if (source->is_noted[i]) {
            source->remembered[i] = source->noted[i];
        }
    }
    memset(source->is_noted, 0, sizeof source->is_noted);
    source->has_held = false;
}

static enum skp_err fetch_kms(struct skd_source *self,
                              const struct skd_fetch *fetch,
                              struct skd_material *material,
                              uint64_t *retry_ms,
                              struct skp_diag *diag)
{
    struct sim_kms *source = (struct sim_kms *)self;
    struct sim *sim = sim_now;

    *retry_ms = 0;
    choose_round(source, fetch, material);
    for (size_t i = 0; i < skd_material_count(material); i++) {
        const struct skd_item *item = skd_material_item(material, i);
        size_t tenant = sim_world_number(item->tenant, item->tenant_len);

        if (item->said != SKD_SAID_ASK) {
            continue;
        }
        skt_clock_pass(&sim->clock, sim->world.kms_ms);
        if (sim_trace_once_in(sim, 4)) {
            sim_steps_meanwhile(sim);
        }
        ask_kms(source, material, i, tenant);
    }
    if (sim->world.is_kms_down) {
        (void)skp_fail(diag, SKP_ERR_UNAVAILABLE, "the schedule says so");
    }
    return SKP_ERR_OK;
}

static void free_kms(struct skd_source **self)
{
    free(*self);
    *self = NULL;
}

struct skd_source *sim_kms_new(struct sim *sim, const struct sim_config *config)
{
    static const struct skd_source_ops ops = { .name = "kmip",
                                               .fetch = fetch_kms,
                                               .settle = settle_kms,
                                               .free = free_kms };
    struct sim_kms *kms = calloc(1, sizeof *kms);

    SIM_CHECK(sim, kms != NULL, "no memory");
    kms->base.ops = &ops;
    kms->config = config;
    return &kms->base;
}
