/* kmip_source.h - the seed source of remote mode: private tenants' seeds from
 * a KMIP server.
 *
 * A full round is two round trips: Locate by the tenant's name, then Get
 * Attributes and Get of the one identifier that was found; what came back must
 * be Secret Data that bears the tenant's name.  Where nothing is found, the
 * identifier that the tenant had before is asked for its state.
 *
 * A tenant whose KMIP key is held (has_kmip_key of material.h) costs one Get
 * Attributes of the remembered identifier, and no key is fetched; every
 * locate_every-th such fetch, and one that is asked for the whole, is full.
 * Made by skd_source_kmip_new of sources.h.
 *
 * Thread:   pool thread, never two at a time.
 * Secrets:  seeds stay in the client's locked buffers; private keys wait in
 *           locked memory until they enter the material.
 */
#ifndef SKD_KMIP_SOURCE_H
#define SKD_KMIP_SOURCE_H

#include "agent/config/config.h"
#include "agent/source/kmip/kmip_client.h"
#include "agent/source/source.h"

/* The source over another way to connect, for tests.  @config and @connector
 * are borrowed for the source's life. */
SKP_MUST_CHECK enum skp_err
skd_kmip_source_over(const struct skd_kmip_config *config,
                     const struct skd_kmip_connector *connector,
                     struct skd_source **ret);

/* The name of the attribute that holds the tenant id: NULL (by Name), or
 * tenant_attribute_name, with "x-" before it unless it starts with "x-" or
 * "y-".  @buf holds the text. */
#define SKD_KMIP_ATTRIBUTE_MAX 128u
const char *skd_kmip_source_attribute(const struct skd_kmip_config *config,
                                      char buf[SKD_KMIP_ATTRIBUTE_MAX]);

#endif /* SKD_KMIP_SOURCE_H */
