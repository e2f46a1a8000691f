/* test_kmip_pykmip.c - provisioning and fetching against a PyKMIP server, over
 * TLS 1.2 (as installed) and TLS 1.3 (pykmip13.py); the built `sidekey kms`
 * too, from the folder in the environment variable B.
 *
 * Needs /usr/bin/python3 with PyKMIP 0.10; skips, and says so, without it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source/kmip/kmip_batch.h"
#include "agent/source/kmip/kmip_provision.h"
#include "agent/source/kmip/kmip_source.h"
#include "protocol/key.h"
#include "tests/lib/daemon.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define SEED_A \
    "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"
#define SEED_B "yQTFNhvOLWCZt+8HhDU1H41lsgR2Zpo80HirFXKEr3Y="

struct server {
    pid_t pid;
    struct skd_host host;
};

static struct server tls12;   /* pykmip-server, EC certificate */
static struct server rsa;     /* the same, RSA certificate */
static struct server tls13;   /* pykmip13.py, TLS 1.3 only */
static struct server expired; /* as tls13, certificate expired */
static char dir[SKT_PATH_MAX];
static struct skt_cert *ca;
static struct skt_cert *other_ca;
static struct skt_cert *client;
static struct skt_cert *stranger; /* a client of the other authority */
static struct skt_cert *server_cert;

/* ---- servers ------------------------------------------------------------- */

/* @port is that of a server of this name that has ended, or 0. */
static struct server start_server_at(const char *name,
                                     const struct skt_cert *cert,
                                     bool is_modern,
                                     uint16_t port)
{
    static const char *const modern_env[] = { "SIDEKEY_TLS_MIN=1.3",
                                              "PYTHONWARNINGS=ignore", NULL };
    static const char *const stock_env[] = { "PYTHONWARNINGS=ignore", NULL };
    struct server server = {
        0, { "127.0.0.1", port == 0 ? skt_free_port() : port }
    };
    char conf[SKT_PATH_MAX + 64];
    char log[SKT_PATH_MAX + 64];
    char out[SKT_PATH_MAX + 64];
    char text[4096];
    const char *const argv[] = { "/usr/bin/python3",
                                 is_modern ? "tests/integration/pykmip13.py"
                                           : "/usr/bin/pykmip-server",
                                 "-f",
                                 conf,
                                 "-l",
                                 log,
                                 NULL };

    (void)snprintf(conf, sizeof conf, "%s/%s.conf", dir, name);
    (void)snprintf(log, sizeof log, "%s/%s.log", dir, name);
    (void)snprintf(out, sizeof out, "%s/%s.out", dir, name);
    (void)snprintf(text, sizeof text,
                   "[server]\nhostname=127.0.0.1\nport=%u\n"
                   "certificate_path=%s\nkey_path=%s\nca_path=%s\n"
                   "auth_suite=TLS1.2\npolicy_path=%s\n"
                   "enable_tls_client_auth=True\nlogging_level=INFO\n"
                   "database_path=%s/%s.db\n",
                   (unsigned)server.host.port, cert->cert_file, cert->key_file,
                   ca->cert_file, dir, dir, name);
    if (skt_write_file(conf, text, 0600)) {
        server.pid = skt_spawn(argv, is_modern ? modern_env : stock_env, out);
    }
    return server;
}

static struct server
start_server(const char *name, const struct skt_cert *cert, bool is_modern)
{
    return start_server_at(name, cert, is_modern, 0);
}

static void make_certificates(struct skt_cert **ret_ec,
                              struct skt_cert **ret_rsa,
                              struct skt_cert **ret_expired)
{
    struct skt_cert_wish wish = { .name = "ca", .is_ca = true };

    ca = skt_pki_make(dir, &wish);
    wish.name = "otherca";
    other_ca = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "gateway",
                                   .is_client = true,
                                   .issuer = ca };
    client = skt_pki_make(dir, &wish);
    wish.name = "stranger";
    wish.issuer = other_ca;
    stranger = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "server",
                                   .san = "IP:127.0.0.1,DNS:localhost",
                                   .issuer = ca };
    *ret_ec = skt_pki_make(dir, &wish);
    server_cert = *ret_ec;
    wish.name = "rsa";
    wish.is_rsa = true;
    *ret_rsa = skt_pki_make(dir, &wish);
    wish.is_rsa = false;
    wish.name = "expired";
    wish.not_before_s = -7200;
    wish.not_after_s = -3600;
    *ret_expired = skt_pki_make(dir, &wish);
}

/* ---- what the tests do --------------------------------------------------- */

static struct skd_kmip_config config_of(const struct server *server)
{
    return (struct skd_kmip_config){
        .present = true,
        .hosts = &server->host,
        .n_hosts = 1,
        .major_version = 1,
        .minor_version = 4,
        .pipeline_depth = 8,
        .locate_every = 10,
        .timeout_ms = 60000,
        .tls = { .key_file = client->key_file,
                 .cert_file = client->cert_file,
                 .ca_file = ca->cert_file },
    };
}

static struct skd_kmip_provision *provision_of(const struct skd_kmip_config *c)
{
    struct skd_kmip_provision *provision = NULL;

    skt_ok(skd_kmip_provision_new(c, &skd_env_system, NULL, &provision, NULL));
    return provision;
}

/* Fetch @n tenants with @source and settle; with @is_held their keys count as
 * held.  The material is the caller's. */
static struct skd_material *fetch_again(struct skd_source *source,
                                        const char *const *tenants,
                                        size_t n,
                                        bool is_held,
                                        struct skp_diag *diag)
{
    const struct skd_fetch fetch = { .env = &skd_env_system };
    struct skd_material *material = NULL;
    uint64_t retry_ms = 1;
    size_t index = 0;

    skt_ok(skd_material_new(&material));
    for (size_t i = 0; i < n; i++) {
        skt_ok(skd_material_add(material, skp_view_of(tenants[i]), &index));
        skd_material_item(material, index)->has_kmip_key = is_held;
    }
    skt_ok(source->ops->fetch(source, &fetch, material, &retry_ms, diag));
    ck_assert_uint_eq(retry_ms, 0);
    source->ops->settle(source, true);
    return material;
}

static struct skd_material *fetch_with(struct skd_source *source,
                                       const char *const *tenants,
                                       size_t n,
                                       struct skp_diag *diag)
{
    return fetch_again(source, tenants, n, false, diag);
}

static struct skd_source *source_of(const struct skd_kmip_config *config)
{
    struct skd_source *source = NULL;

    skt_ok(skd_kmip_source_over(config, &skd_kmip_connector_tls, &source));
    return source;
}

static void check_said(struct skd_material *material,
                       size_t index,
                       enum skd_said said,
                       const char *reason)
{
    const struct skd_item *item = skd_material_item(material, index);

    ck_assert_msg(item->said == said, "%s: said %d, reason %s", item->tenant,
                  (int)item->said, item->reason);
    if (reason != NULL) {
        ck_assert_ptr_nonnull(item->reason);
        ck_assert_msg(strstr(item->reason, reason) != NULL, "%s", item->reason);
    }
}

static void
check_key(struct skd_material *material, size_t index, const char *seed)
{
    const struct skd_item *item = skd_material_item(material, index);
    uint8_t expected[SKP_KEY_LEN];

    check_said(material, index, SKD_SAID_KEYS, NULL);
    ck_assert_uint_eq(item->n_keys, 1);
    skt_ok(skp_key_from_seed(skp_view_of(seed), expected, NULL));
    skt_bytes_eq((struct skp_view){ skd_material_key(material, item->first_key),
                                    SKP_KEY_LEN },
                 (struct skp_view){ expected, SKP_KEY_LEN });
}

/* ---- the tests ----------------------------------------------------------- */

static void check_life_of_a_key(const struct server *server)
{
    static const char *const tenants[] = {
        "67f1adf3-08e5-4eea-94e3-e611f263c87b",
        "0b8a5c1e-3f6d-4a52-9c77-2d1e9f4b6a10",
        "00000000-0000-4000-8000-000000000000",
        "67F1ADF3-08E5-4EEA-94E3-E611F263C87B",
    };
    struct skp_view a = skp_view_of(tenants[0]);
    struct skp_view b = skp_view_of(tenants[1]);
    struct skd_kmip_config config = config_of(server);
    struct skd_kmip_provision *provision = provision_of(&config);
    struct skd_source *source = source_of(&config);
    struct skd_material *material;
    struct skp_diag diag = { "" };

    skt_ok(skd_kmip_provision_put(provision, a, skp_view_of(SEED_A), true, NULL,
                                  &diag));
    skt_ok(skd_kmip_provision_put(provision, b, skp_view_of(SEED_B), false,
                                  NULL, &diag));
    skt_err(skd_kmip_provision_put(provision, a, skp_view_of(SEED_B), true,
                                   NULL, &diag),
            SKP_ERR_ALREADY_EXISTS);

    material = fetch_with(source, tenants, 4, &diag);
    check_key(material, 0, SEED_A);
    check_key(material, 1, SEED_B);
    ck_assert_int_eq(skd_material_item(material, 0)->state, SKD_KEY_ACTIVE);
    ck_assert_int_eq(skd_material_item(material, 1)->state, SKD_KEY_PRE_ACTIVE);
    check_said(material, 2, SKD_SAID_ABSENT,
               "key not found for private tenantID "
               "00000000-0000-4000-8000-000000000000");
    check_said(material, 3, SKD_SAID_ABSENT, NULL);
    skd_material_free(&material);

    skt_ok(skd_kmip_provision_activate(provision, b, &diag));
    skt_ok(skd_kmip_provision_revoke(provision, a, SKD_REVOKED_CESSATION,
                                     skp_view_of("rotated"), &diag));
    skt_ok(skd_kmip_provision_revoke(provision, b, SKD_REVOKED_KEY_COMPROMISE,
                                     (struct skp_view){ NULL, 0 }, &diag));
    material = fetch_with(source, tenants, 2, &diag);
    check_key(material, 0, SEED_A);
    ck_assert_int_eq(skd_material_item(material, 0)->state,
                     SKD_KEY_DEACTIVATED);
    ck_assert_int_eq(skd_material_item(material, 1)->state,
                     SKD_KEY_COMPROMISED);
    skd_material_free(&material);

    /* PyKMIP forgets what is destroyed: no such object. */
    skt_ok(skd_kmip_provision_destroy(provision, a, &diag));
    skt_ok(skd_kmip_provision_destroy(provision, b, &diag));
    material = fetch_with(source, tenants, 2, &diag);
    check_said(material, 0, SKD_SAID_ABSENT, "key not found for private");
    check_said(material, 1, SKD_SAID_ABSENT, NULL);
    skd_material_free(&material);
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}

START_TEST(a_key_is_put_fetched_revoked_and_destroyed_over_tls12)
{
    check_life_of_a_key(&tls12);
}
END_TEST

START_TEST(a_key_is_put_fetched_revoked_and_destroyed_over_tls13)
{
    check_life_of_a_key(&tls13);
}
END_TEST

START_TEST(a_server_with_an_rsa_certificate_is_spoken_to_in_static_rsa)
{
    static const uint16_t suites[] = { 0x003c, 0x1301 };
    static const char *const tenants[] = { "nobody" };
    struct skd_kmip_config config = config_of(&rsa);
    struct skd_source *source;
    struct skd_material *material;

    config.tls.cipher_suites = suites;
    config.tls.n_cipher_suites = 2;
    source = source_of(&config);
    material = fetch_with(source, tenants, 1, NULL);
    check_said(material, 0, SKD_SAID_ABSENT, NULL);
    skd_material_free(&material);
    skd_source_free(&source);
}
END_TEST

static void on_object(void *state, const struct skd_kmip_object *object)
{
    unsigned *n = state;

    *n += strncmp(object->name, "many-", 5) == 0;
    ck_assert(object->identifier[0] != '\0');
}

START_TEST(many_tenants_are_fetched_in_batches_and_listed)
{
    enum {
        N = 40
    };
    static char names[N][32];
    const char *tenants[N + 1];
    struct skd_kmip_config config = config_of(&tls13);
    struct skd_kmip_provision *provision;
    struct skd_source *source;
    struct skd_material *material;
    struct skp_diag diag = { "" };
    unsigned n_listed = 0;

    config.compound_create = true;
    provision = provision_of(&config);
    source = source_of(&config);
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "many-%zu", i);
        tenants[i] = names[i];
        skt_ok(skd_kmip_provision_put(provision, skp_view_of(names[i]),
                                      skp_view_of(i % 2 == 0 ? SEED_A : SEED_B),
                                      true, NULL, &diag));
    }
    tenants[N] = "not-there";
    material = fetch_with(source, tenants, N + 1, &diag);
    for (size_t i = 0; i < N; i++) {
        check_key(material, i, i % 2 == 0 ? SEED_A : SEED_B);
    }
    check_said(material, N, SKD_SAID_ABSENT, NULL);
    skd_material_free(&material);
    skt_ok(skd_kmip_provision_list(provision, on_object, &n_listed, &diag));
    ck_assert_uint_eq(n_listed, N);
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}
END_TEST

START_TEST(attributes_are_shown_and_pre_active_is_refused_when_wished)
{
    static const char *const tenants[] = { "pre-active" };
    struct skd_kmip_config config = config_of(&tls12);
    struct skd_kmip_provision *provision = provision_of(&config);
    struct skd_source *source;
    struct skd_material *material;
    struct skd_kmip_object object;
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];

    config.require_active = true;
    skt_ok(skd_kmip_provision_put(provision, skp_view_of(tenants[0]),
                                  skp_view_of(SEED_A), false, identifier,
                                  NULL));
    skt_ok(skd_kmip_provision_attributes(provision, skp_view_of(tenants[0]),
                                         &object, NULL));
    ck_assert_str_eq(object.state, "Pre-Active");
    ck_assert_str_eq(object.name, tenants[0]);
    ck_assert_str_eq(object.identifier, identifier);
    ck_assert_int_gt(object.initial_s, 1600000000);
    source = source_of(&config);
    material = fetch_with(source, tenants, 1, NULL);
    check_said(material, 0, SKD_SAID_UNUSABLE, "Pre-Active");
    ck_assert_uint_eq(skd_material_n_keys(material), 0);
    skd_material_free(&material);
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}
END_TEST

/* One fetch of one tenant must say UNREACHED with @reason. */
static void check_unreached(const struct skd_kmip_config *config,
                            const char *reason)
{
    static const char *const tenants[] = { "a", "b" };
    struct skd_source *source = source_of(config);
    struct skp_diag diag = { "" };
    struct skd_material *material = fetch_with(source, tenants, 2, &diag);

    check_said(material, 0, SKD_SAID_UNREACHED, reason);
    check_said(material, 1, SKD_SAID_UNREACHED, reason);
    ck_assert_msg(strstr(diag.text, reason) != NULL, "%s", diag.text);
    skd_material_free(&material);
    skd_source_free(&source);
}

START_TEST(a_wrong_authority_a_wrong_name_and_an_expired_one_are_told_apart)
{
    struct skd_kmip_config config = config_of(&tls12);

    config.tls.ca_file = other_ca->cert_file;
    check_unreached(&config, "wrong authority");
    config = config_of(&tls13);
    config.tls.server_name = "kms.elsewhere.test";
    check_unreached(&config, "wrong name");
    config = config_of(&tls12);
    config.tls.server_name = "127.0.0.2";
    check_unreached(&config, "wrong name");
    config = config_of(&expired);
    check_unreached(&config, "has expired");
}
END_TEST

START_TEST(a_missing_or_foreign_client_certificate_is_named_as_the_reason)
{
    struct skd_kmip_config config = config_of(&tls13);

    config.tls.key_file = NULL;
    config.tls.cert_file = NULL;
    check_unreached(&config, "refuses our certificate");
    config = config_of(&tls13);
    config.tls.key_file = stranger->key_file;
    config.tls.cert_file = stranger->cert_file;
    check_unreached(&config, "refuses our certificate");
}
END_TEST

START_TEST(the_version_is_negotiated_and_the_next_server_tried)
{
    static const char *const tenants[] = { "nobody" };
    struct skd_kmip_config config = config_of(&tls12);
    struct skd_host hosts[2] = { { "127.0.0.1", skt_free_port() }, tls12.host };
    struct skd_source *source;
    struct skd_material *material;

    config.hosts = hosts;
    config.n_hosts = 2;
    config.negotiate = true;
    config.minor_version = 2;
    source = source_of(&config);
    for (int i = 0; i < 2; i++) {
        material = fetch_with(source, tenants, 1, NULL);
        check_said(material, 0, SKD_SAID_ABSENT, NULL);
        skd_material_free(&material);
    }
    skd_source_free(&source);
}
END_TEST

START_TEST(insecure_skip_verify_takes_any_certificate)
{
    static const char *const tenants[] = { "nobody" };
    struct skd_kmip_config config = config_of(&expired);
    struct skd_source *source;
    struct skd_material *material;

    config.tls.insecure_skip_verify = true;
    source = source_of(&config);
    material = fetch_with(source, tenants, 1, NULL);
    check_said(material, 0, SKD_SAID_ABSENT, NULL);
    skd_material_free(&material);
    skd_source_free(&source);
}
END_TEST

START_TEST(the_server_tells_its_versions_its_vendor_and_what_it_offers)
{
    const struct server *const servers[] = { &tls12, &tls13 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(servers); i++) {
        struct skd_kmip_config config = config_of(servers[i]);
        struct skd_kmip_provision *provision = provision_of(&config);
        struct skd_kmip_info info;
        size_t n = 0;
        const uint32_t *needed = skd_kmip_query_needed(&n);

        skt_ok(skd_kmip_provision_info(provision, &info, NULL));
        ck_assert_uint_eq(info.versions.n, 6);
        ck_assert_uint_eq(info.versions.rows[0].major, 2);
        ck_assert_uint_eq(info.versions.rows[1].minor, 4);
        ck_assert_msg(strncmp(info.query.vendor, "PyKMIP 0.10", 11) == 0, "%s",
                      info.query.vendor);
        for (size_t k = 0; k < n; k++) {
            ck_assert_msg(skd_kmip_query_offers(&info.query, needed[k]), "%s",
                          skd_kmip_operation_name(needed[k]));
        }
        skd_kmip_provision_free(&provision);
    }
}
END_TEST

/* ---- remembered objects -------------------------------------------------- */

/* TLS connections that are watched, and may cost a server its life. */
struct spy {
    unsigned n_messages;
    unsigned n_items;
    unsigned n_opens;
    uint16_t last_port;
    struct server *victim; /* killed after kill_after messages; NULL: none */
    unsigned kill_after;
};

struct spy_stream {
    struct skd_stream head;
    struct skd_stream *inner;
    struct spy *spy;
};

static enum skp_err spy_read(struct skd_stream *stream,
                             uint8_t *buf,
                             size_t cap,
                             uint64_t deadline_ms,
                             size_t *ret_len,
                             struct skp_diag *diag)
{
    struct skd_stream *inner = ((struct spy_stream *)stream)->inner;

    return inner->ops->read(inner, buf, cap, deadline_ms, ret_len, diag);
}

static unsigned count_items(const uint8_t *bytes, size_t len)
{
    static const uint8_t item[] = { 0x42, 0x00, 0x0f, 0x01 };
    const uint8_t *end = bytes + len;
    unsigned n = 0;

    while ((bytes = memmem(bytes, (size_t)(end - bytes), item, sizeof item)) !=
           NULL) {
        bytes += sizeof item;
        n++;
    }
    return n;
}

static enum skp_err spy_write(struct skd_stream *stream,
                              const uint8_t *bytes,
                              size_t len,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    struct spy_stream *self = (struct spy_stream *)stream;
    struct spy *spy = self->spy;

    spy->n_messages++;
    spy->n_items += count_items(bytes, len);
    if (spy->victim != NULL && spy->n_messages > spy->kill_after) {
        (void)skt_stop(&spy->victim->pid, SIGKILL, 60000);
        spy->victim = NULL;
    }
    return self->inner->ops->write(self->inner, bytes, len, deadline_ms, diag);
}

static bool spy_is_open(struct skd_stream *stream)
{
    struct skd_stream *inner = ((struct spy_stream *)stream)->inner;

    return inner->ops->is_open(inner);
}

static void spy_free(struct skd_stream **stream)
{
    struct spy_stream *self = (struct spy_stream *)*stream;

    if (self != NULL) {
        self->inner->ops->free(&self->inner);
        free(self);
        *stream = NULL;
    }
}

static enum skp_err spy_open(void *state,
                             const struct skd_kmip_config *config,
                             const struct skd_host *host,
                             const struct skd_env *env,
                             uint64_t deadline_ms,
                             struct skd_stream **ret,
                             struct skp_diag *diag)
{
    static const struct skd_stream_ops ops = { .read = spy_read,
                                               .write = spy_write,
                                               .is_open = spy_is_open,
                                               .free = spy_free };
    struct spy_stream *self = calloc(1, sizeof *self);
    enum skp_err err;

    ck_assert_ptr_nonnull(self);
    self->head.ops = &ops;
    self->spy = state;
    self->spy->n_opens++;
    err = skd_kmip_connector_tls.open(NULL, config, host, env, deadline_ms,
                                      &self->inner, diag);
    if (err != SKP_ERR_OK) {
        free(self);
        return err;
    }
    self->spy->last_port = host->port;
    *ret = &self->head;
    return SKP_ERR_OK;
}

static void
on_registered(void *state, size_t index, const struct skd_kmip_result *result)
{
    enum skp_err *ret = state;

    ck_assert_uint_eq(index, 0);
    *ret = result->err;
}

/* Register @seed under the name @tenant, whoever else bears it. */
static void register_another(const struct skd_kmip_config *config,
                             const char *tenant,
                             const char *seed)
{
    const struct skd_kmip_question question = {
        .operation = SKD_OP_REGISTER,
        .tenant = skp_view_of(tenant),
        .seed = skp_view_of(seed),
    };
    enum skp_err result = SKP_ERR_INTERNAL;
    const struct skd_kmip_listener listener = { &result, on_registered };
    struct skd_kmip_client *own = NULL;

    skt_ok(skd_kmip_client_new(config, &skd_env_system, &skd_kmip_connector_tls,
                               &own, NULL));
    skt_ok(skd_kmip_batch_ask(own, &question, 1, &listener));
    skt_ok(result);
    skd_kmip_client_free(&own);
}

/* Initial Date counts seconds, and PyKMIP gives the identifier of the object
 * that was destroyed last to the next one. */
static bool has_second_passed(void *state)
{
    const int64_t *since_s = state;

    return skd_env_wall_s(&skd_env_system) > *since_s;
}

static void await_next_second(void)
{
    int64_t now_s = skd_env_wall_s(&skd_env_system);

    ck_assert(skt_until(has_second_passed, &now_s, 60000));
}

/* Fetch the one tenant, whose key is held. */
static struct skd_material *fetch_held(struct skd_source *source,
                                       const char *tenant)
{
    return fetch_again(source, &tenant, 1, true, NULL);
}

static void check_same(struct skd_source *source,
                       const char *tenant,
                       enum skd_key_state state)
{
    struct skd_material *material = fetch_held(source, tenant);

    check_said(material, 0, SKD_SAID_SAME, NULL);
    ck_assert(skd_material_item(material, 0)->tells_state);
    ck_assert_int_eq(skd_material_item(material, 0)->state, state);
    skd_material_free(&material);
}

START_TEST(a_key_that_is_held_costs_one_item_and_no_seed)
{
    enum {
        N = 20
    };
    static char names[N][32];
    const char *tenants[N];
    struct skd_kmip_config config = config_of(&tls13);
    struct skd_kmip_provision *provision = provision_of(&config);
    struct spy spy = { .n_messages = 0 };
    const struct skd_kmip_connector connector = { &spy, spy_open };
    struct skd_source *source = NULL;

    config.locate_every = 3;
    skt_ok(skd_kmip_source_over(&config, &connector, &source));
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "held-%zu", i);
        tenants[i] = names[i];
        skt_ok(skd_kmip_provision_put(provision, skp_view_of(names[i]),
                                      skp_view_of(SEED_A), true, NULL, NULL));
    }
    for (unsigned nth = 1; nth <= 5; nth++) {
        bool is_full = nth % 3 == 1;
        struct skd_material *material;

        spy.n_items = 0;
        material = fetch_again(source, tenants, N, nth > 1, NULL);
        ck_assert_uint_eq(spy.n_items, is_full ? 3 * N : N);
        for (size_t i = 0; i < N; i++) {
            check_said(material, i, is_full ? SKD_SAID_KEYS : SKD_SAID_SAME,
                       NULL);
        }
        skd_material_free(&material);
    }
    ck_assert_uint_eq(spy.n_opens, 1);
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}
END_TEST

START_TEST(a_held_key_follows_its_object_through_all_states)
{
    static const char *const tenant = "followed";
    struct skp_view name = skp_view_of(tenant);
    struct skd_kmip_config config = config_of(&tls12);
    struct skd_kmip_provision *provision = provision_of(&config);
    struct skd_source *source;
    struct skd_material *material;

    config.locate_every = 100;
    source = source_of(&config);
    skt_ok(skd_kmip_provision_put(provision, name, skp_view_of(SEED_A), false,
                                  NULL, NULL));
    material = fetch_with(source, &tenant, 1, NULL);
    check_key(material, 0, SEED_A);
    skd_material_free(&material);
    check_same(source, tenant, SKD_KEY_PRE_ACTIVE);
    skt_ok(skd_kmip_provision_activate(provision, name, NULL));
    check_same(source, tenant, SKD_KEY_ACTIVE);
    skt_ok(skd_kmip_provision_revoke(provision, name, SKD_REVOKED_CESSATION,
                                     (struct skp_view){ NULL, 0 }, NULL));
    check_same(source, tenant, SKD_KEY_DEACTIVATED);

    /* Rotated: another object of that name, in place of the first. */
    skt_ok(skd_kmip_provision_destroy(provision, name, NULL));
    material = fetch_held(source, tenant);
    check_said(material, 0, SKD_SAID_ABSENT, "key not found for private");
    skd_material_free(&material);
    await_next_second();
    skt_ok(skd_kmip_provision_put(provision, name, skp_view_of(SEED_B), true,
                                  NULL, NULL));
    material = fetch_held(source, tenant);
    check_key(material, 0, SEED_B);
    skd_material_free(&material);
    check_same(source, tenant, SKD_KEY_ACTIVE);

    /* And at once, between two refreshes. */
    skt_ok(skd_kmip_provision_revoke(provision, name,
                                     SKD_REVOKED_KEY_COMPROMISE,
                                     (struct skp_view){ NULL, 0 }, NULL));
    check_same(source, tenant, SKD_KEY_COMPROMISED);
    skt_ok(skd_kmip_provision_destroy(provision, name, NULL));
    await_next_second();
    skt_ok(skd_kmip_provision_put(provision, name, skp_view_of(SEED_A), true,
                                  NULL, NULL));
    material = fetch_held(source, tenant);
    check_key(material, 0, SEED_A);
    ck_assert_int_eq(skd_material_item(material, 0)->state, SKD_KEY_ACTIVE);
    skd_material_free(&material);
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}
END_TEST

START_TEST(a_duplicate_is_found_by_the_nth_locate_and_never_picked)
{
    static const char *const tenant = "doubled";
    struct skd_kmip_config config = config_of(&tls12);
    struct skd_kmip_provision *provision = provision_of(&config);
    struct skd_source *source;
    struct skd_material *material;

    config.locate_every = 3;
    source = source_of(&config);
    skt_ok(skd_kmip_provision_put(provision, skp_view_of(tenant),
                                  skp_view_of(SEED_A), true, NULL, NULL));
    material = fetch_with(source, &tenant, 1, NULL);
    check_key(material, 0, SEED_A);
    skd_material_free(&material);
    register_another(&config, tenant, SEED_B);
    check_same(source, tenant, SKD_KEY_ACTIVE);
    check_same(source, tenant, SKD_KEY_ACTIVE);
    for (int i = 0; i < 2; i++) {
        /* The key in trouble is not confirmed: asked for in full. */
        material = fetch_again(source, &tenant, 1, i == 0, NULL);
        check_said(material, 0, SKD_SAID_DUPLICATE,
                   "duplicate objects for tenant doubled");
        ck_assert_uint_eq(skd_material_n_keys(material), 0);
        skd_material_free(&material);
    }
    skd_source_free(&source);
    skd_kmip_provision_free(&provision);
}
END_TEST

/* ---- a server dies ------------------------------------------------------- */

static void
put_all(const struct server *server, const char *const *tenants, size_t n)
{
    struct skd_kmip_config config = config_of(server);
    struct skd_kmip_provision *provision = provision_of(&config);

    for (size_t i = 0; i < n; i++) {
        skt_ok(skd_kmip_provision_put(provision, skp_view_of(tenants[i]),
                                      skp_view_of(SEED_A), true, NULL, NULL));
    }
    skd_kmip_provision_free(&provision);
}

static void fetch_all(struct skd_source *source,
                      const char *const *tenants,
                      size_t n,
                      bool is_held)
{
    struct skd_material *material =
        fetch_again(source, tenants, n, is_held, NULL);

    for (size_t i = 0; i < n; i++) {
        if (skd_material_item(material, i)->said != SKD_SAID_SAME) {
            check_key(material, i, SEED_A);
        }
    }
    skd_material_free(&material);
}

START_TEST(a_refresh_goes_on_at_the_second_server_and_returns_to_the_first)
{
    enum {
        N = 12
    };
    static char names[N][32];
    const char *tenants[N];
    struct server first = start_server("first", server_cert, true);
    struct skd_host hosts[2] = { first.host, tls13.host };
    struct skd_kmip_config config = config_of(&first);
    struct spy spy = { .n_messages = 0 };
    const struct skd_kmip_connector connector = { &spy, spy_open };
    struct skd_source *source = NULL;

    ck_assert(skt_wait_tcp(first.pid, first.host.port, 60000));
    for (size_t i = 0; i < N; i++) {
        (void)snprintf(names[i], sizeof names[i], "survivor-%zu", i);
        tenants[i] = names[i];
    }
    put_all(&first, tenants, N);
    put_all(&tls13, tenants, N);
    config.hosts = hosts;
    config.n_hosts = 2;
    config.pipeline_depth = 2;
    skt_ok(skd_kmip_source_over(&config, &connector, &source));

    /* Killed with messages in flight, in a full round. */
    spy.victim = &first;
    spy.kill_after = 3;
    fetch_all(source, tenants, N, false);
    ck_assert_ptr_null(spy.victim);
    ck_assert_uint_eq(spy.last_port, tls13.host.port);
    ck_assert_uint_eq(spy.n_opens, 2);
    fetch_all(source, tenants, N, true);
    ck_assert_uint_eq(spy.last_port, tls13.host.port);

    first = start_server_at("first", server_cert, true, first.host.port);
    ck_assert(skt_wait_tcp(first.pid, first.host.port, 60000));
    fetch_all(source, tenants, N, true);
    ck_assert_uint_eq(spy.last_port, first.host.port);

    /* Killed in a short round: identifiers of the one mean nothing to the
     * other, and no key is lost or mixed up. */
    spy.victim = &first;
    spy.kill_after = spy.n_messages + 1;
    fetch_all(source, tenants, N, true);
    ck_assert_ptr_null(spy.victim);
    ck_assert_uint_eq(spy.last_port, tls13.host.port);
    skd_source_free(&source);
    (void)skt_stop(&first.pid, SIGKILL, 60000);
}
END_TEST

/* ---- the command line ---------------------------------------------------- */

enum {
    WORDS = 6
};

#define TENANT "5d3c1a0e-7c44-4c1d-9a55-0f0d5b6f2a11"

/* What the program `sidekey kms` says to its words, and its exit code. */
struct said {
    int code;
    char *text; /* both outputs; of the test, which is short-lived */
};

/* For the server of tls12, as the agent would have it. */
static void write_config(const char *path)
{
    char text[4096];

    (void)snprintf(
        text, sizeof text,
        "{\"crypto\": {\"mode\": \"remote-multi-keys\", \"update_period\": \"1h\","
        " \"kms_config\": {\"kmip\": {\"address\":"
        " \"127.0.0.1:%u\", \"timeout\": \"60s\"},"
        " \"tls\": {\"key_file\": \"%s\", \"cert_file\": \"%s\","
        " \"ca_file\": \"%s\"}}},"
        " \"coordinator\": {\"url\": \"http://127.0.0.1:9/none\"}}",
        (unsigned)tls12.host.port, client->key_file, client->cert_file,
        ca->cert_file);
    ck_assert(skt_write_file(path, text, 0600));
}

/* Run `sidekey kms words...`, up to WORDS - 1 of them. */
static struct said kms(const char *const words[WORDS])
{
    char config[SKT_PATH_MAX + 64];
    char out[SKT_PATH_MAX + 64];
    const char *argv[4 + WORDS + 1] = { skt_program("sidekey"), "kms",
                                        "--config", config };
    struct said said = { -1, NULL };

    (void)snprintf(config, sizeof config, "%s/kms.json", dir);
    (void)snprintf(out, sizeof out, "%s/kms.out", dir);
    write_config(config);
    for (size_t i = 0; i < WORDS && words[i] != NULL; i++) {
        argv[4 + i] = words[i];
    }
    (void)remove(out);
    said.code = skt_exec(argv, NULL, out, 60000);
    said.text = skt_read_file(out, NULL);
    ck_assert_ptr_nonnull(said.text);
    return said;
}

/* Assert the exit code, and a part of what is said; "" for nothing at all. */
static void
check_kms(int code, const char *part, const char *const words[WORDS])
{
    struct said said = kms(words);

    ck_assert_msg(said.code == code, "%s: exit %d: %s", words[0], said.code,
                  said.text);
    ck_assert_msg(part[0] == '\0' ? said.text[0] == '\0'
                                  : strstr(said.text, part) != NULL,
                  "%s: %s", words[0], said.text);
    ck_assert_msg(strstr(said.text, SEED_A) == NULL, "the seed is shown");
    free(said.text);
}

#define KMS(code, part, ...) \
    check_kms((code), (part), (const char *const[WORDS]){ __VA_ARGS__ })

START_TEST(the_command_line_leads_a_seed_through_its_life)
{
    KMS(1, "sidekey: " TENANT ": NOT_FOUND: the kms has no object of that name",
        "get-attributes", TENANT);
    KMS(0, "registered " TENANT " as object ", "put", TENANT, "--generate");
    KMS(1,
        "sidekey: " TENANT ": ALREADY_EXISTS: the kms has an object of that "
        "name already",
        "put", TENANT, "--generate");
    KMS(0, "\nname       " TENANT "\nstate      Active\ninitial    20",
        "get-attributes", TENANT);
    KMS(0, ", \"activation\": null}\n", "get-attributes", TENANT, "--json");
    KMS(0, "  " TENANT "  Active\n", "list");
    KMS(0, "\"name\": \"" TENANT "\", \"state\": \"Active\"", "list", "--json");
    /* An object that is Active cannot be destroyed. */
    KMS(1, "Destroy refused: Permission Denied", "destroy", TENANT);
    KMS(0, "revoked " TENANT "\n", "revoke", TENANT);
    KMS(0, "\nstate      Deactivated\n", "get-attributes", TENANT);
    KMS(0, "destroyed " TENANT "\n", "destroy", TENANT);
    KMS(1, "NOT_FOUND", "destroy", TENANT);
}
END_TEST

START_TEST(the_command_line_puts_a_given_seed_and_activates_it_later)
{
    char seed[SKT_PATH_MAX + 64];
    char absent[SKT_PATH_MAX + 64];

    (void)snprintf(seed, sizeof seed, "-i%s/seed", dir);
    (void)snprintf(absent, sizeof absent, "-i%s/absent", dir);
    ck_assert(skt_write_file(seed + 2, SEED_A "\n", 0600));
    KMS(1, "NOT_FOUND", "put", "later", absent);
    KMS(0, "\"state\": \"Pre-Active\"}\n", "put", "later", seed, "--pre-active",
        "--json");
    KMS(0, "activated later\n", "activate", "later");
    KMS(0, "\nstate      Active\n", "get-attributes", "later");
    KMS(0, "", "put", "quiet", seed, "--quiet");
    KMS(0, "", "revoke", "quiet", "--reason=key-compromise", "--quiet");
    KMS(0, "\nstate      Compromised\n", "get-attributes", "quiet");
}
END_TEST

START_TEST(the_command_line_tells_what_the_server_offers)
{
    KMS(0, "versions   2.0 1.4 1.3 1.2 1.1 1.0\nvendor     PyKMIP 0.10",
        "info");
    KMS(0, "\nneeded     all operations are offered\n", "info");
    KMS(0, "Register, Derive Key, Locate, ", "info");
    KMS(0, "\"missing\": [], \"complete\": true}", "info", "--json");
    KMS(64, "takes no tenant", "info", TENANT);
}
END_TEST

/* ---- main ---------------------------------------------------------------- */

static int run_tests(void)
{
    const TTest *const tests[] = {
        a_key_is_put_fetched_revoked_and_destroyed_over_tls12,
        a_key_is_put_fetched_revoked_and_destroyed_over_tls13,
        a_server_with_an_rsa_certificate_is_spoken_to_in_static_rsa,
        many_tenants_are_fetched_in_batches_and_listed,
        attributes_are_shown_and_pre_active_is_refused_when_wished,
        a_wrong_authority_a_wrong_name_and_an_expired_one_are_told_apart,
        a_missing_or_foreign_client_certificate_is_named_as_the_reason,
        the_version_is_negotiated_and_the_next_server_tried,
        insecure_skip_verify_takes_any_certificate,
        the_server_tells_its_versions_its_vendor_and_what_it_offers,
        a_key_that_is_held_costs_one_item_and_no_seed,
        a_held_key_follows_its_object_through_all_states,
        a_duplicate_is_found_by_the_nth_locate_and_never_picked,
        a_refresh_goes_on_at_the_second_server_and_returns_to_the_first,
        the_command_line_leads_a_seed_through_its_life,
        the_command_line_puts_a_given_seed_and_activates_it_later,
        the_command_line_tells_what_the_server_offers,
    };

    return skt_run("kmip_pykmip", tests, SKP_ARRAY_LEN(tests));
}

static bool has_pykmip(void)
{
    static const char *const argv[] = { "/usr/bin/python3",
                                        "-W",
                                        "ignore",
                                        "-c",
                                        "import kmip.services.server",
                                        NULL };

    return skt_exec(argv, NULL, "/dev/null", 60000) == 0;
}

int main(void)
{
    struct server *const servers[] = { &tls12, &rsa, &tls13, &expired };
    struct skt_cert *ec = NULL;
    struct skt_cert *rsa_cert = NULL;
    struct skt_cert *expired_cert = NULL;
    int status = EXIT_FAILURE;
    bool is_up = true;

    if (!has_pykmip()) {
        (void)printf("SKIPPED: /usr/bin/python3 has no PyKMIP\n");
        return getenv("SIDEKEY_REQUIRE_SHARED") == NULL ? EXIT_SUCCESS
                                                        : EXIT_FAILURE;
    }
    if (!skt_tempdir(dir)) {
        return EXIT_FAILURE;
    }
    make_certificates(&ec, &rsa_cert, &expired_cert);
    tls12 = start_server("tls12", ec, false);
    rsa = start_server("rsa", rsa_cert, false);
    tls13 = start_server("tls13", ec, true);
    expired = start_server("expired", expired_cert, true);
    for (size_t i = 0; i < SKP_ARRAY_LEN(servers); i++) {
        is_up = is_up &&
                skt_wait_tcp(servers[i]->pid, servers[i]->host.port, 60000);
    }
    if (is_up) {
        status = run_tests();
    } else {
        (void)fprintf(stderr, "a PyKMIP server does not start\n");
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(servers); i++) {
        /* By itself it takes ten seconds. */
        (void)skt_stop(&servers[i]->pid, SIGKILL, 60000);
    }
    return status;
}
