/* tls_context.c - OpenSSL contexts from the configuration; see tls_context.h.
 */
#include "agent/source/net/tls_context.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

/* A PEM file longer than this is not one: system bundles have 200 KiB. */
#define PEM_MAX    ((size_t)4 * 1024 * 1024)
#define SUITES_CAP 4096u

static enum skp_err refuse(struct skp_diag *diag, const char *what)
{
    ERR_clear_error();
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s", what);
}

/* ---- PEM texts ----------------------------------------------------------- */

static enum skp_err read_all(int fd,
                             struct skp_secret *ret,
                             const char *path,
                             struct skp_diag *diag)
{
    for (;;) {
        ssize_t len;
        enum skp_err err = skp_secret_reserve(ret, ret->len + 4096);

        if (err != SKP_ERR_OK || ret->len > PEM_MAX) {
            return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                            "no memory for %s", path);
        }
        len = read(fd, ret->bytes + ret->len, ret->cap - ret->len);
        if (len < 0 && errno == EINTR) {
            continue;
        }
        if (len < 0) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                            "cannot read %s: %s", path, strerrordesc_np(errno));
        }
        if (len == 0) {
            return SKP_ERR_OK;
        }
        ret->len += (size_t)len;
    }
}

static enum skp_err
read_file(const char *path, struct skp_secret *ret, struct skp_diag *diag)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    enum skp_err err;

    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "cannot open %s: %s",
                        path, strerrordesc_np(errno));
    }
    err = read_all(fd, ret, path, diag);
    (void)close(fd);
    return err;
}

/* The PEM text of @inline_text, or of @file; *ret is empty when neither is
 * given.  @store holds what was read. */
static enum skp_err pick_text(struct skp_view inline_text,
                              const char *file,
                              struct skp_secret *store,
                              struct skp_view *ret,
                              struct skp_diag *diag)
{
    *ret = inline_text;
    if (inline_text.len == 0 && file != NULL) {
        SKP_TRY(read_file(file, store, diag));
        *ret = skp_secret_view(store);
    }
    return SKP_ERR_OK;
}

/* A read-only view for OpenSSL's PEM reader; copies nothing. */
static BIO *open_text(struct skp_view text)
{
    if (text.len == 0 || text.len > PEM_MAX) {
        return NULL;
    }
    return BIO_new_mem_buf(text.ptr, (int)text.len);
}

static void free_bio(BIO **bio)
{
    (void)BIO_free(*bio);
    *bio = NULL;
}

static void free_x509(X509 **x509)
{
    X509_free(*x509);
    *x509 = NULL;
}

static void free_pkey(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

/* An encrypted key is refused; OpenSSL would ask for its password on the
 * terminal. */
/* NOLINTNEXTLINE(readability-non-const-parameter): OpenSSL gives the type. */
static int give_no_password(char *buf, int size, int writing, void *state)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)state;
    return 0;
}

/* ---- the parts of a context ---------------------------------------------- */

static enum skp_err
use_key(SSL *ssl, struct skp_view text, struct skp_diag *diag)
{
    SKP_CLEANUP(free_bio) BIO *bio = open_text(text);
    SKP_CLEANUP(free_pkey) EVP_PKEY *key = NULL;

    if (bio != NULL) {
        key = PEM_read_bio_PrivateKey(bio, NULL, give_no_password, NULL);
    }
    if (key == NULL) {
        return refuse(diag, "tls key is no PEM private key without a password");
    }
    if (SSL_use_PrivateKey(ssl, key) != 1 || SSL_check_private_key(ssl) != 1) {
        return refuse(diag, "tls key does not belong to tls cert");
    }
    return SKP_ERR_OK;
}

/* The first certificate is ours, the others its chain. */
static enum skp_err
use_cert(SSL *ssl, struct skp_view text, struct skp_diag *diag)
{
    SKP_CLEANUP(free_bio) BIO *bio = open_text(text);
    SKP_CLEANUP(free_x509) X509 *cert = NULL;

    if (bio != NULL) {
        cert = PEM_read_bio_X509_AUX(bio, NULL, give_no_password, NULL);
    }
    if (cert == NULL || SSL_use_certificate(ssl, cert) != 1) {
        return refuse(diag, "tls cert is no PEM certificate that can be used");
    }
    for (;;) {
        X509 *link = PEM_read_bio_X509(bio, NULL, give_no_password, NULL);

        if (link == NULL) {
            ERR_clear_error();
            return SKP_ERR_OK;
        }
        if (SSL_add0_chain_cert(ssl, link) != 1) {
            X509_free(link);
            return refuse(diag, "tls cert has a chain that cannot be used");
        }
    }
}

static enum skp_err
trust_ca(SSL_CTX *context, struct skp_view text, struct skp_diag *diag)
{
    SKP_CLEANUP(free_bio) BIO *bio = open_text(text);
    X509_STORE *store = SSL_CTX_get_cert_store(context);
    size_t n = 0;

    for (;; n++) {
        SKP_CLEANUP(free_x509) X509 *ca = NULL;

        if (bio != NULL) {
            ca = PEM_read_bio_X509(bio, NULL, give_no_password, NULL);
        }
        if (ca == NULL) {
            break;
        }
        if (X509_STORE_add_cert(store, ca) != 1) {
            return refuse(diag, "tls ca has a certificate that cannot be used");
        }
    }
    ERR_clear_error();
    return n > 0 ? SKP_ERR_OK : refuse(diag, "tls ca is no PEM certificate");
}

static enum skp_err use_trust(SSL_CTX *context,
                              const struct skd_tls_config *config,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret file = { NULL, 0, 0 };
    struct skp_view ca = { NULL, 0 };

    if (config->insecure_skip_verify) {
        SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
        return SKP_ERR_OK;
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
    SKP_TRY(pick_text(config->ca, config->ca_file, &file, &ca, diag));
    if (ca.len > 0 || config->ca_file != NULL) {
        return trust_ca(context, ca, diag);
    }
    if (SSL_CTX_set_default_verify_paths(context) != 1) {
        return refuse(diag, "the system's certificate store cannot be used");
    }
    return SKP_ERR_OK;
}

const char *skd_tls_default_file(void)
{
    const char *file = secure_getenv(X509_get_default_cert_file_env());

    return file == NULL ? X509_get_default_cert_file() : file;
}

const char *skd_tls_default_folder(void)
{
    const char *folder = secure_getenv(X509_get_default_cert_dir_env());

    return folder == NULL ? X509_get_default_cert_dir() : folder;
}

/* ---- cipher suites ------------------------------------------------------- */

static void free_context_only(SSL_CTX **context)
{
    SSL_CTX_free(*context);
    *context = NULL;
}

static void free_ssl(SSL **ssl)
{
    SSL_free(*ssl);
    *ssl = NULL;
}

static enum skp_err append_name(char *list, size_t cap, const char *name)
{
    size_t len = strlen(list);
    size_t name_len = strlen(name);

    if (name_len + 2 > cap - len) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (len > 0) {
        list[len++] = ':';
    }
    memcpy(list + len, name, name_len + 1);
    return SKP_ERR_OK;
}

enum skp_err skd_tls_context_suites(const uint16_t *suites,
                                    size_t n_suites,
                                    char *ret_tls12,
                                    char *ret_tls13,
                                    size_t cap,
                                    struct skp_diag *diag)
{
    /* SSL_CIPHER_find wants a connection, though it only asks for its kind. */
    SKP_CLEANUP(free_context_only)
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SKP_CLEANUP(free_ssl) SSL *ssl = NULL;

    if (context != NULL) {
        ssl = SSL_new(context);
    }
    if (ssl == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    ret_tls12[0] = '\0';
    ret_tls13[0] = '\0';
    for (size_t i = 0; i < n_suites; i++) {
        const uint8_t number[2] = { (uint8_t)(suites[i] >> 8),
                                    (uint8_t)suites[i] };
        const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, number);
        bool is_tls13 = suites[i] >> 8 == 0x13;

        if (cipher == NULL) {
            return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                            "cipher suite %u is unknown", (unsigned)suites[i]);
        }
        SKP_TRY(append_name(is_tls13 ? ret_tls13 : ret_tls12, cap,
                            SSL_CIPHER_get_name(cipher)));
    }
    return SKP_ERR_OK;
}

/* Suites of one version only leave only that version: a list is a promise. */
static enum skp_err use_suites(SSL_CTX *context,
                               const struct skd_tls_config *config,
                               struct skp_diag *diag)
{
    char tls12[SUITES_CAP] = "";
    char tls13[SUITES_CAP] = "";
    bool is_set;

    if (config->n_cipher_suites == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_tls_context_suites(config->cipher_suites,
                                   config->n_cipher_suites, tls12, tls13,
                                   SUITES_CAP, diag));
    if (tls12[0] == '\0') {
        is_set = SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) == 1;
    } else {
        is_set = SSL_CTX_set_cipher_list(context, tls12) == 1;
    }
    if (is_set && tls13[0] == '\0') {
        is_set = SSL_CTX_set_max_proto_version(context, TLS1_2_VERSION) == 1;
    } else if (is_set) {
        is_set = SSL_CTX_set_ciphersuites(context, tls13) == 1;
    }
    return is_set ? SKP_ERR_OK
                  : refuse(diag, "tls cipher_suites cannot be used here");
}

/* ---- a context ----------------------------------------------------------- */

static enum skp_err fill_context(SSL_CTX *context,
                                 const struct skd_tls_config *config,
                                 struct skp_diag *diag)
{
    (void)SSL_CTX_set_options(context,
                              SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                  SSL_OP_CLEANSE_PLAINTEXT | SSL_OP_NO_TICKET);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_default_passwd_cb(context, give_no_password);
    if (SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION) != 1) {
        return refuse(diag, "TLS 1.2 is not to be had");
    }
    SKP_TRY(use_suites(context, config, diag));
    return use_trust(context, config, diag);
}

enum skp_err skd_tls_context_new(const struct skd_tls_config *config,
                                 SSL_CTX **ret,
                                 struct skp_diag *diag)
{
    SKP_CLEANUP(skd_tls_context_free)
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (context == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    SKP_TRY(fill_context(context, config, diag));
    *ret = SKP_TAKE(context);
    return SKP_ERR_OK;
}

enum skp_err skd_tls_context_identify(SSL *ssl,
                                      const struct skd_tls_config *config,
                                      struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret cert_file = { NULL, 0, 0 };
    SKP_CLEANUP(skp_secret_done) struct skp_secret key_file = { NULL, 0, 0 };
    struct skp_view cert = { NULL, 0 };
    struct skp_view key = { NULL, 0 };

    SKP_TRY(
        pick_text(config->cert, config->cert_file, &cert_file, &cert, diag));
    SKP_TRY(pick_text(config->key, config->key_file, &key_file, &key, diag));
    if (cert.len == 0 && key.len == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(use_cert(ssl, cert, diag));
    return use_key(ssl, key, diag);
}

void skd_tls_context_forget(SSL *ssl)
{
    SSL_certs_clear(ssl);
}

void skd_tls_context_free(SSL_CTX **context)
{
    free_context_only(context);
}

const char *skd_tls_context_verify_text(long verify_result)
{
    switch (verify_result) {
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_SIGNATURE_FAILURE:
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_CERT_UNTRUSTED:
        return "server certificate is from a wrong authority";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
        return "server certificate is for a wrong name";
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return "server certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return "server certificate is not yet valid";
    default:
        return X509_verify_cert_error_string(verify_result);
    }
}
