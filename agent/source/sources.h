/* sources.h - how each source is made; the only file that names them all. */
#ifndef SKD_SOURCES_H
#define SKD_SOURCES_H

#include "agent/config/config.h"
#include "agent/source/source.h"

/* List source of single-key and local-multi-keys mode: the configured keys.  In
 * single-key mode the one item's tenant is "*".  @config is pinned. */
SKP_MUST_CHECK enum skp_err
skd_source_files_list_new(const struct skd_config *config,
                          struct skd_source **ret);

/* Seed source of remote mode: crypto.tenant_keys for private tenants; leaves
 * the others open.  @config is pinned. */
SKP_MUST_CHECK enum skp_err
skd_source_files_seeds_new(const struct skd_config *config,
                           struct skd_source **ret);

/* List source of remote mode.  @config is pinned. */
SKP_MUST_CHECK enum skp_err
skd_source_coordinator_new(const struct skd_config *config,
                           struct skd_source **ret);

/* Seed source of remote mode: KMIP.  @config is pinned; without kms_config
 * every open item becomes UNREACHED with reason "kms config is required". */
SKP_MUST_CHECK enum skp_err skd_source_kmip_new(const struct skd_config *config,
                                                struct skd_source **ret);

/* List source of --dev: a random key for each wanted tenant, and
 * "unchanged" for those it made before (they are only in the snapshot). */
SKP_MUST_CHECK enum skp_err skd_source_dev_new(struct skd_source **ret);

#endif /* SKD_SOURCES_H */
