/* chain.c - sources and rules of a configuration; see chain.h. */
#include "agent/chain.h"

#include "agent/source/sources.h"

/* The sources are asked for together at most this often for tenants that
 * nobody has heard of. */
#define DEMAND_GAP_MS 5000u

static enum skp_err make_remote(const struct skd_config *config,
                                struct skd_chain *chain)
{
    SKP_TRY(skd_source_coordinator_new(config, &chain->list));
    SKP_TRY(skd_source_files_seeds_new(config, &chain->seeds[0]));
    return skd_source_kmip_new(config, &chain->seeds[1]);
}

static enum skp_err make_sources(const struct skd_config *config,
                                 struct skd_chain *chain)
{
    switch (config->mode) {
    case SKD_MODE_REMOTE_MULTI_KEYS:
        return make_remote(config, chain);
    case SKD_MODE_DEV:
        return skd_source_dev_new(&chain->list);
    case SKD_MODE_SINGLE_KEY:
    case SKD_MODE_LOCAL_MULTI_KEYS:
        return skd_source_files_list_new(config, &chain->list);
    }
    return SKP_ERR_INTERNAL;
}

enum skp_err skd_chain_new(const struct skd_config *config,
                           struct skd_chain *ret)
{
    struct skd_chain chain = { NULL, { NULL, NULL } };
    enum skp_err err = make_sources(config, &chain);

    if (err != SKP_ERR_OK) {
        skd_chain_free(&chain);
        return err;
    }
    *ret = chain;
    return SKP_ERR_OK;
}

/* Whose certificate nobody looks at; NULL when all are verified. */
static const char *name_unverified(const struct skd_config *config)
{
    bool coordinator = config->coordinator.present &&
                       config->coordinator.tls.insecure_skip_verify;
    bool kms = config->kmip.present && config->kmip.tls.insecure_skip_verify;

    if (coordinator && kms) {
        return "the Coordinator and of the key server";
    }
    if (coordinator) {
        return "the Coordinator";
    }
    return kms ? "the key server" : NULL;
}

struct skd_refresh_rules skd_chain_rules(const struct skd_config *config)
{
    return (struct skd_refresh_rules){
        .update_period_ms = config->update_period_ms,
        .keep_generations = config->keep_generations,
        .removal_brake = config->removal_brake,
        .require_active = config->kmip.require_active,
        .single = config->mode == SKD_MODE_SINGLE_KEY,
        .demand_gap_ms = config->mode == SKD_MODE_DEV ? 0 : DEMAND_GAP_MS,
        .unverified = name_unverified(config),
    };
}

bool skd_chain_has_demand(const struct skd_config *config)
{
    return config->mode == SKD_MODE_REMOTE_MULTI_KEYS ||
           config->mode == SKD_MODE_DEV;
}
