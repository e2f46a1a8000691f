/* test_main_job.c - the whole way, on real servers: a stock PyKMIP server over
 * mutual TLS, nginx with the tenant list, sidekeyd, libsidekey.
 *
 * What the agent answers is held against golden derivations that were computed
 * elsewhere.
 */
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "libclient/sidekey.h"
#include "tests/lib/daemon.h"
#include "tests/lib/sandboxed.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u

#define PUBLIC_TENANT  "0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d"
#define PRIVATE_TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"
/* Seeds and, from an independent derivation, the public keys they give. */
#define PUBLIC_SEED "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define PUBLIC_KEY \
    "6b7b89e070340fc0566acbc4df10f83c53a77f858a24a5359129d4c98868c723"
#define PUBLIC_SEED_NEW "yQTFNhvOLWCZt+8HhDU1H41lsgR2Zpo80HirFXKEr3Y="
#define PUBLIC_KEY_NEW \
    "cb5c87a5b3228c6f26d289b09c1d875c423e92ad5532c0779248b1b36d103c56"
#define PRIVATE_SEED \
    "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"
#define PRIVATE_KEY \
    "d52da65598b1229948b9820a71c0a3fb54fb18dee61333c923caea6d0a014a68"

static char folder[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static uint16_t kmip_port;
static uint16_t http_port;
static pid_t kmip;
static pid_t nginx;
static pid_t agent;
static struct sidekey *handle;

SKP_PRINTF(2, 3)
static void write_file(const char *name, const char *format, ...)
{
    char path[2 * SKT_PATH_MAX];
    char next[2 * SKT_PATH_MAX + 8];
    char text[8192];
    va_list args;

    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    (void)snprintf(next, sizeof next, "%s.new", path);
    ck_assert(skt_write_file(next, text, 0644));
    ck_assert_int_eq(rename(next, path), 0);
}

static void write_list(int revision, const char *public_seed)
{
    write_file("tenants.json",
               "{\"revision\": %d, \"tenants\": ["
               "{\"id\": \"" PUBLIC_TENANT
               "\", \"zero_knowledge\": false, \"key_seed\": \"%s\"},"
               "{\"id\": \"" PRIVATE_TENANT
               "\", \"zero_knowledge\": true}], \"next\": null}",
               revision, public_seed);
}

static void start_kmip(const char *tls)
{
    char conf[2 * SKT_PATH_MAX];
    char log[2 * SKT_PATH_MAX];

    kmip_port = skt_free_port();
    write_file("kmip.conf",
               "[server]\nhostname=127.0.0.1\nport=%u\n"
               "certificate_path=%s/pki/server.crt\n"
               "key_path=%s/pki/server.key\nca_path=%s/pki/ca.crt\n"
               "auth_suite=TLS1.2\nenable_tls_client_auth=True\n"
               "logging_level=INFO\npolicy_path=%s\ndatabase_path=%s/kmip.db\n",
               (unsigned)kmip_port, folder, folder, folder, folder, folder);
    (void)snprintf(conf, sizeof conf, "%s/kmip.conf", folder);
    (void)snprintf(log, sizeof log, "%s/kmip.log", folder);
    if (strcmp(tls, "1.2") == 0) {
        kmip = skt_spawn((const char *const[]){ "/usr/bin/python3", "-Wignore",
                                                "/usr/bin/pykmip-server", "-f",
                                                conf, "-l", log, NULL },
                         NULL, log_path);
    } else {
        kmip = skt_spawn((const char *const[]){ "/usr/bin/python3", "-Wignore",
                                                "tests/integration/pykmip13.py",
                                                "-f", conf, "-l", log, NULL },
                         (const char *const[]){ "KMIP_TLS_MIN=1.3", NULL },
                         log_path);
    }
    ck_assert(skt_wait_tcp(kmip, kmip_port, START_MS));
}

static void start_nginx(void)
{
    char conf[2 * SKT_PATH_MAX];

    http_port = skt_free_port();
    write_file("nginx.conf",
               "daemon off; master_process off; pid %s/nginx.pid;\n"
               "error_log %s/nginx.log; events {}\n"
               "http { access_log %s/access.log; etag on;\n"
               "client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
               "fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;\n"
               "scgi_temp_path %s/t5;\n"
               "server { listen 127.0.0.1:%u; root %s; } }\n",
               folder, folder, folder, folder, folder, folder, folder, folder,
               (unsigned)http_port, folder);
    (void)snprintf(conf, sizeof conf, "%s/nginx.conf", folder);
    nginx = skt_spawn((const char *const[]){ "/usr/sbin/nginx", "-e", "stderr",
                                             "-c", conf, NULL },
                      NULL, log_path);
    ck_assert(skt_wait_tcp(nginx, http_port, START_MS));
}

static void write_config(void)
{
    write_file("c.json",
               "{\"crypto\": {\"mode\": \"remote-multi-keys\","
               " \"update_period\": \"500ms\", \"kms_config\": {"
               " \"kmip\": {\"address\": \"127.0.0.1:%u\","
               " \"timeout\": \"30s\"},"
               " \"tls\": {\"key_file\": \"%s/pki/client.key\","
               " \"cert_file\": \"%s/pki/client.crt\","
               " \"ca_file\": \"%s/pki/ca.crt\"}}},"
               " \"coordinator\": {\"url\":"
               " \"http://localhost:%u/tenants.json\"},"
               " \"sidekey\": {\"socket\": \"%s\", \"metrics\": \"\","
               " \"sandbox\": \"%s\"}}",
               (unsigned)kmip_port, folder, folder, folder, (unsigned)http_port,
               socket_path, skt_sandbox_mode());
}

static void provision_private_tenant(void)
{
    char seed[2 * SKT_PATH_MAX];

    write_file("seed", "%s\n", PRIVATE_SEED);
    (void)snprintf(seed, sizeof seed, "%s/seed", folder);
    ck_assert_int_eq(
        skt_exec((const char *const[]){ skt_program("sidekey"), "kms", "put",
                                        PRIVATE_TENANT, "-i", seed, "--config",
                                        config_path, NULL },
                 NULL, log_path, START_MS),
        0);
}

static void start_agent(void)
{
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path, NULL },
                      NULL, log_path);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        ck_abort_msg("no agent: %s", skt_read_file(log_path, NULL));
    }
}

static void set_up(const char *tls)
{
    char pki[2 * SKT_PATH_MAX];

    ck_assert(skt_tempdir(folder));
    /* nginx started by root drops to another user, who reads the list. */
    ck_assert_int_eq(chmod(folder, 0755), 0);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    (void)snprintf(socket_path, sizeof socket_path, "%.400s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/c.json", folder);
    (void)snprintf(pki, sizeof pki, "%s/pki", folder);
    ck_assert_int_eq(
        skt_exec((const char *const[]){ "sh", "tests/demo/pki.sh", pki, NULL },
                 NULL, log_path, START_MS),
        0);
    write_list(1, PUBLIC_SEED);
    start_kmip(tls);
    start_nginx();
    write_config();
    provision_private_tenant();
    start_agent();
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
}

static void tear_down(void)
{
    sidekey_close(&handle);
    ck_assert_int_eq(skt_stop(&agent, SIGTERM, START_MS), 0);
    (void)skt_stop(&nginx, SIGKILL, START_MS);
    (void)skt_stop(&kmip, SIGKILL, START_MS);
}

static bool has_public_key(const char *tenant, const char *expected)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_LEN + 1];

    if (sidekey_pubkey(handle, tenant, CALL_MS, &key) != SIDEKEY_OK) {
        return false;
    }
    skp_hex(key.public_key, sizeof key.public_key, hex);
    return strcmp(hex, expected) == 0;
}

static bool public_tenant_has_new_key(void *state)
{
    (void)state;
    return has_public_key(PUBLIC_TENANT, PUBLIC_KEY_NEW);
}

static void
seal(const char *tenant, const char *text, struct sidekey_bytes *ret)
{
    ck_assert_int_eq(sidekey_encrypt(handle, tenant, (const uint8_t *)text,
                                     strlen(text), NULL, CALL_MS, ret),
                     SIDEKEY_OK);
}

static void expect_opens(const char *tenant,
                         const struct sidekey_bytes *envelope,
                         const char *text)
{
    struct sidekey_bytes opened = { NULL, 0, 0 };

    ck_assert_int_eq(sidekey_decrypt(handle, tenant, envelope->ptr,
                                     envelope->len, NULL, CALL_MS, &opened,
                                     NULL),
                     SIDEKEY_OK);
    skt_bytes_eq((struct skp_view){ opened.ptr, opened.len },
                 skp_view_of(text));
    sidekey_bytes_free(&opened);
}

/* What holds with every key server: the keys, then life without the server. */
static void main_job(const char *tls)
{
    struct sidekey_bytes of_public = { NULL, 0, 0 };
    struct sidekey_bytes of_private = { NULL, 0, 0 };
    struct sidekey_public_key key;
    enum sidekey_status status;

    set_up(tls);
    ck_assert(has_public_key(PUBLIC_TENANT, PUBLIC_KEY));
    ck_assert(has_public_key(PRIVATE_TENANT, PRIVATE_KEY));
    seal(PUBLIC_TENANT, "public", &of_public);
    seal(PRIVATE_TENANT, "private", &of_private);
    expect_opens(PUBLIC_TENANT, &of_public, "public");
    expect_opens(PRIVATE_TENANT, &of_private, "private");

    /* At once: PyKMIP takes ten seconds to end by itself. */
    (void)skt_stop(&kmip, SIGKILL, START_MS);
    ck_assert(skt_until_file_has(
        log_path,
        "periodical update: failed to get key for tenant " PRIVATE_TENANT,
        START_MS));
    expect_opens(PRIVATE_TENANT, &of_private, "private");
    ck_assert(has_public_key(PRIVATE_TENANT, PRIVATE_KEY));

    write_list(2, PUBLIC_SEED_NEW);
    ck_assert(skt_until(public_tenant_has_new_key, NULL, START_MS));
    expect_opens(PUBLIC_TENANT, &of_public, "public");

    (void)skt_stop(&nginx, SIGKILL, START_MS);
    ck_assert_int_eq(sidekey_refresh(handle, false, CALL_MS),
                     SIDEKEY_UNAVAILABLE);
    expect_opens(PUBLIC_TENANT, &of_public, "public");
    expect_opens(PRIVATE_TENANT, &of_private, "private");

    /* The library asks again until the deadline, which on a busy machine may
     * come before the first answer. */
    do {
        status = sidekey_pubkey(handle, "deadbeef-0000-4000-8000-000000000000",
                                300, &key);
    } while (status == SIDEKEY_DEADLINE_EXCEEDED);
    ck_assert_int_eq(status, SIDEKEY_UNAVAILABLE);
    ck_assert(!skt_file_has(log_path, PUBLIC_SEED));
    ck_assert(!skt_file_has(log_path, PRIVATE_SEED));
    sidekey_bytes_free(&of_public);
    sidekey_bytes_free(&of_private);
    tear_down();
}

START_TEST(a_stock_key_server_with_tls_1_2)
{
    main_job("1.2");
}
END_TEST

START_TEST(a_key_server_with_tls_1_3)
{
    main_job("1.3");
}
END_TEST

START_TEST(an_unchanged_list_is_not_sent_again)
{
    char access[2 * SKT_PATH_MAX];

    set_up("1.2");
    (void)snprintf(access, sizeof access, "%s/access.log", folder);
    ck_assert(skt_until_file_has(access, " 304 ", START_MS));
    ck_assert(has_public_key(PUBLIC_TENANT, PUBLIC_KEY));
    ck_assert(has_public_key(PRIVATE_TENANT, PRIVATE_KEY));
    tear_down();
}
END_TEST

START_TEST(a_new_tenant_is_found_when_a_client_asks_and_an_unknown_one_is_not)
{
    struct sidekey_public_key key;

    set_up("1.2");
    ck_assert_int_eq(sidekey_pubkey(handle,
                                    "deadbeef-0000-4000-8000-000000000000",
                                    CALL_MS, &key),
                     SIDEKEY_NOT_FOUND);
    tear_down();
}
END_TEST

SKT_SUITE("main_job",
          a_stock_key_server_with_tls_1_2,
          a_key_server_with_tls_1_3,
          an_unchanged_list_is_not_sent_again,
          a_new_tenant_is_found_when_a_client_asks_and_an_unknown_one_is_not)
