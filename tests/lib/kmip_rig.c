/* kmip_rig.c - a fake KMIP server and what talks to it; see kmip_rig.h. */
#include "tests/lib/kmip_rig.h"

#include <string.h>

#include "protocol/key.h"
#include "tests/lib/suite.h"

static const struct skd_host hosts[] = { { "one.test", 1 }, { "two.test", 2 } };

void skt_kmip_rig_up(struct skt_kmip_rig *rig)
{
    memset(rig, 0, sizeof *rig);
    rig->script.serve = skt_fake_serve;
    rig->script.serve_state = &rig->fake;
    rig->config = (struct skd_kmip_config){
        .present = true,
        .hosts = hosts,
        .n_hosts = 2,
        .major_version = 1,
        .minor_version = 4,
        .pipeline_depth = 8,
        .locate_every = 10,
        .timeout_ms = 1000,
    };
    rig->connector = skt_script_connector(&rig->script);
}

void skt_kmip_rig_source(struct skt_kmip_rig *rig)
{
    skd_source_free(&rig->source);
    skt_ok(skd_kmip_source_over(&rig->config, &rig->connector, &rig->source));
}

void skt_kmip_rig_provision(struct skt_kmip_rig *rig)
{
    skd_kmip_provision_free(&rig->provision);
    skt_ok(skd_kmip_provision_new(&rig->config, &skd_env_system,
                                  &rig->connector, &rig->provision, NULL));
}

void skt_kmip_rig_down(struct skt_kmip_rig *rig)
{
    skd_material_free(&rig->material);
    skd_source_free(&rig->source);
    skd_kmip_provision_free(&rig->provision);
    skt_script_done(&rig->script);
    ck_assert_uint_le(rig->script.n_closes, rig->script.n_opens);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

void skt_kmip_rig_material(struct skt_kmip_rig *rig,
                           const char *const *tenants,
                           size_t n)
{
    size_t index = 0;

    skd_material_free(&rig->material);
    skt_ok(skd_material_new(&rig->material));
    for (size_t i = 0; i < n; i++) {
        skt_ok(
            skd_material_add(rig->material, skp_view_of(tenants[i]), &index));
    }
}

void skt_kmip_rig_fetch(struct skt_kmip_rig *rig,
                        const char *const *tenants,
                        size_t n)
{
    const struct skd_fetch request = { .env = &skd_env_system,
                                       .whole = rig->is_whole };
    uint64_t retry_ms = 1;

    skt_kmip_rig_material(rig, tenants, n);
    for (size_t i = 0; i < n; i++) {
        skd_material_item(rig->material, i)->has_kmip_key = rig->is_held;
    }
    rig->diag.text[0] = '\0';
    skt_ok(rig->source->ops->fetch(rig->source, &request, rig->material,
                                   &retry_ms, &rig->diag));
    for (size_t i = 0; i < n; i++) {
        ck_assert_int_ne(skd_material_item(rig->material, i)->said,
                         SKD_SAID_ASK);
    }
    rig->source->ops->settle(rig->source, !rig->is_thrown_away);
}

void skt_kmip_rig_said(struct skt_kmip_rig *rig,
                       size_t index,
                       enum skd_said said,
                       const char *reason)
{
    const struct skd_item *item = skd_material_item(rig->material, index);

    ck_assert_msg(item->said == said, "%s: said %d: %s", item->tenant,
                  (int)item->said, item->reason);
    ck_assert_int_eq(item->origin, SKP_ORIGIN_KMIP);
    if (said != SKD_SAID_KEYS) {
        ck_assert_uint_eq(item->n_keys, 0);
    }
    if (said != SKD_SAID_KEYS && said != SKD_SAID_SAME) {
        ck_assert_msg(strstr(item->reason, reason) != NULL, "%s", item->reason);
    }
}

void skt_kmip_rig_key(struct skt_kmip_rig *rig, size_t index, const char *seed)
{
    const struct skd_item *item = skd_material_item(rig->material, index);
    uint8_t expected[SKP_KEY_LEN];

    skt_kmip_rig_said(rig, index, SKD_SAID_KEYS, NULL);
    ck_assert_uint_eq(item->n_keys, 1);
    skt_ok(skp_key_from_seed(skp_view_of(seed), expected, NULL));
    skt_bytes_eq(
        (struct skp_view){ skd_material_key(rig->material, item->first_key),
                           SKP_KEY_LEN },
        (struct skp_view){ expected, SKP_KEY_LEN });
}
