/* test_tls_context.c - contexts from the configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "agent/source/net/tls_context.h"
#include "tests/lib/daemon.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"

static char dir[SKT_PATH_MAX];
static struct skt_cert *ca;
static struct skt_cert *client;

static void make_certificates(void)
{
    struct skt_cert_wish wish = { .name = "ca", .is_ca = true };

    if (ca != NULL) {
        return;
    }
    ck_assert(skt_tempdir(dir));
    ca = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "client",
                                   .is_client = true,
                                   .issuer = ca };
    client = skt_pki_make(dir, &wish);
}

/* A context and a connection of it that knows who we are. */
static enum skp_err build(const struct skd_tls_config *config,
                          SSL_CTX **context,
                          SSL **ssl,
                          struct skp_diag *diag)
{
    SKP_TRY(skd_tls_context_new(config, context, diag));
    *ssl = SSL_new(*context);
    ck_assert_ptr_nonnull(*ssl);
    return skd_tls_context_identify(*ssl, config, diag);
}

static void check_built(const struct skd_tls_config *config)
{
    bool has_key = config->key.len > 0 || config->key_file != NULL;
    SSL_CTX *context = NULL;
    SSL *ssl = NULL;
    struct skp_diag diag = { "" };

    ck_assert_msg(build(config, &context, &ssl, &diag) == SKP_ERR_OK, "%s",
                  diag.text);
    ck_assert_ptr_null(SSL_CTX_get0_privatekey(context));
    ck_assert((SSL_get_privatekey(ssl) != NULL) == has_key);
    skd_tls_context_forget(ssl);
    ck_assert_ptr_null(SSL_get_privatekey(ssl));
    SSL_free(ssl);
    skd_tls_context_free(&context);
    ck_assert_ptr_null(context);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static void check_refused(const struct skd_tls_config *config, const char *why)
{
    SSL_CTX *context = NULL;
    SSL *ssl = NULL;
    struct skp_diag diag = { "" };

    skt_err(build(config, &context, &ssl, &diag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_msg(strstr(diag.text, why) != NULL, "%s", diag.text);
    ck_assert_uint_eq(skp_secret_held(), 0);
    SSL_free(ssl);
    skd_tls_context_free(&context);
}

START_TEST(identity_and_authority_come_from_text_or_files)
{
    struct skd_tls_config config = { .server_name = NULL };

    make_certificates();
    check_built(&config);
    config.cert = skp_view_of(client->cert);
    config.key = skp_view_of(client->key);
    config.ca = skp_view_of(ca->cert);
    check_built(&config);
    config = (struct skd_tls_config){ .cert_file = client->cert_file,
                                      .key_file = client->key_file,
                                      .ca_file = ca->cert_file };
    check_built(&config);
}
END_TEST

START_TEST(what_is_unfit_is_named)
{
    struct skd_tls_config config = { .ca_file = "/nonexistent/ca.crt" };
    char path[SKT_PATH_MAX + 16];

    make_certificates();
    check_refused(&config, "cannot open /nonexistent/ca.crt");
    (void)snprintf(path, sizeof path, "%s/empty", dir);
    ck_assert(skt_write_file(path, "", 0600));
    config.ca_file = path;
    check_refused(&config, "tls ca");
    config = (struct skd_tls_config){ .cert = skp_view_of(client->cert),
                                      .key = skp_view_of(ca->key) };
    check_refused(&config, "does not belong");
    config.key = skp_view_of(client->cert);
    check_refused(&config, "tls key is no PEM");
    config.key = (struct skp_view){ NULL, 0 };
    check_refused(&config, "tls key");
    config.cert = skp_view_of("-----BEGIN NONSENSE-----");
    check_refused(&config, "tls cert");
}
END_TEST

START_TEST(a_key_with_a_password_is_refused_without_asking)
{
    static const char encrypted[] =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
        "MIHsMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAgAAAAAAAAAAAICCAAw\n"
        "-----END ENCRYPTED PRIVATE KEY-----\n";
    struct skd_tls_config config = { .key = skp_view_of(encrypted) };

    make_certificates();
    config.cert = skp_view_of(client->cert);
    check_refused(&config, "tls key is no PEM private key");
}
END_TEST

START_TEST(suites_have_their_names_by_number)
{
    /* RFC 8446 B.4; RFC 5246 A.5 (static RSA); RFC 5289; RFC 7905. */
    static const uint16_t suites[] = { 0x1301, 0x003c, 0x1303,
                                       0xc02b, 0xcca9, 0x002f };
    static const uint16_t unknown[] = { 0x1301, 0xfafa };
    char tls12[256];
    char tls13[256];
    struct skp_diag diag = { "" };

    skt_ok(skd_tls_context_suites(suites, 6, tls12, tls13, sizeof tls12, NULL));
    ck_assert_str_eq(tls12, "AES128-SHA256:ECDHE-ECDSA-AES128-GCM-SHA256:"
                            "ECDHE-ECDSA-CHACHA20-POLY1305:AES128-SHA");
    ck_assert_str_eq(tls13,
                     "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256");
    skt_err(
        skd_tls_context_suites(unknown, 2, tls12, tls13, sizeof tls12, &diag),
        SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "cipher suite 64250 is unknown");
    skt_err(skd_tls_context_suites(suites, 6, tls12, tls13, 20, NULL),
            SKP_ERR_RESOURCE_EXHAUSTED);
}
END_TEST

START_TEST(verification_results_have_plain_words)
{
    static const struct {
        long result;
        const char *word;
    } rows[] = {
        { X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY, "wrong authority" },
        { X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "wrong authority" },
        { X509_V_ERR_HOSTNAME_MISMATCH, "wrong name" },
        { X509_V_ERR_IP_ADDRESS_MISMATCH, "wrong name" },
        { X509_V_ERR_CERT_HAS_EXPIRED, "has expired" },
        { X509_V_ERR_CERT_NOT_YET_VALID, "not yet valid" },
        { X509_V_ERR_INVALID_PURPOSE, "purpose" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        ck_assert_msg(strstr(skd_tls_context_verify_text(rows[i].result),
                             rows[i].word) != NULL,
                      "%s", rows[i].word);
    }
}
END_TEST

SKT_SUITE("tls_context",
          identity_and_authority_come_from_text_or_files,
          what_is_unfit_is_named,
          a_key_with_a_password_is_refused_without_asking,
          suites_have_their_names_by_number,
          verification_results_have_plain_words)
