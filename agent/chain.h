/* chain.h - which sources a configuration asks for, and by which rules their
 * answers are taken. */
#ifndef SKD_CHAIN_H
#define SKD_CHAIN_H

#include "agent/config/config.h"
#include "agent/refresh/refresher.h"

/* Make the sources of @config, left to right.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; *ret is untouched. */
SKP_MUST_CHECK enum skp_err skd_chain_new(const struct skd_config *config,
                                          struct skd_chain *ret);

/* The rules of @config. */
struct skd_refresh_rules skd_chain_rules(const struct skd_config *config);

/* True when tenants may come to be known after the list was read, so that an
 * unknown one is worth asking for: remote and dev mode. */
bool skd_chain_has_demand(const struct skd_config *config);

#endif /* SKD_CHAIN_H */
