/* kmip_rig.h - a fake KMIP server, a script that serves it, a configuration
 * that names it, and what a test makes of them.
 */
#ifndef SKT_KMIP_RIG_H
#define SKT_KMIP_RIG_H

#include "agent/source/kmip/kmip_provision.h"
#include "agent/source/kmip/kmip_source.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/stream_script.h"

/* Two seeds in base64. */
#define SKT_SEED_A \
    "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"
#define SKT_SEED_B "yQTFNhvOLWCZt+8HhDU1H41lsgR2Zpo80HirFXKEr3Y="

struct skt_kmip_rig {
    struct skt_fake fake;
    struct skt_script script;
    struct skd_kmip_config config; /* KMIP 1.4, hosts one.test and two.test */
    struct skd_kmip_connector connector;
    struct skd_source *source;
    struct skd_kmip_provision *provision;
    struct skd_material *material;
    struct skp_diag diag;
    /* Of the next fetches. */
    bool is_held;        /* the snapshot holds a KMIP key of every tenant */
    bool is_whole;       /* they are asked for the whole */
    bool is_thrown_away; /* what they give is not published */
};

/* Set up, with neither source nor provision. */
void skt_kmip_rig_up(struct skt_kmip_rig *rig);

/* Make the one or the other; again makes a new one. */
void skt_kmip_rig_source(struct skt_kmip_rig *rig);
void skt_kmip_rig_provision(struct skt_kmip_rig *rig);

/* Free all, and assert that no locked memory is left. */
void skt_kmip_rig_down(struct skt_kmip_rig *rig);

/* A material of @n tenants, each still to be asked for. */
void skt_kmip_rig_material(struct skt_kmip_rig *rig,
                           const char *const *tenants,
                           size_t n);

/* The same, fetched by the source and settled. */
void skt_kmip_rig_fetch(struct skt_kmip_rig *rig,
                        const char *const *tenants,
                        size_t n);

/* Assert what was said about the tenant numbered @index; @reason is a part of
 * the words, not looked at for SKD_SAID_KEYS and SKD_SAID_SAME. */
void skt_kmip_rig_said(struct skt_kmip_rig *rig,
                       size_t index,
                       enum skd_said said,
                       const char *reason);

/* Assert that it has the one key of @seed. */
void skt_kmip_rig_key(struct skt_kmip_rig *rig, size_t index, const char *seed);

#endif /* SKT_KMIP_RIG_H */
