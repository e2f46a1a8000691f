/* pki.c - throw-away certificates; see pki.h. */
#include "tests/lib/pki.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "tests/lib/daemon.h"

/* Not ck_assert: certificates are made in main(), before a suite runs. */
static void demand(bool held, const char *what)
{
    if (!held) {
        (void)fprintf(stderr, "pki: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static char *bio_text(BIO *bio)
{
    char *data = NULL;
    long len = BIO_get_mem_data(bio, &data);
    char *text = calloc(1, (size_t)len + 1);

    demand(text != NULL, "memory");
    memcpy(text, data, (size_t)len);
    (void)BIO_free(bio);
    return text;
}

static char *write_text(const char *dir,
                        const char *name,
                        const char *suffix,
                        const char *text)
{
    char path[SKT_PATH_MAX + 64];

    (void)snprintf(path, sizeof path, "%s/%s.%s", dir, name, suffix);
    demand(skt_write_file(path, text, 0600), path);
    return strdup(path);
}

static void add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509_EXTENSION *extension;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    demand(extension != NULL, value);
    demand(X509_add_ext(cert, extension, -1) == 1, value);
    X509_EXTENSION_free(extension);
}

static void
add_extensions(X509 *cert, X509 *issuer, const struct skt_cert_wish *wish)
{
    if (wish->is_ca) {
        add_extension(cert, issuer, NID_basic_constraints, "critical,CA:TRUE");
        add_extension(cert, issuer, NID_key_usage,
                      "critical,keyCertSign,cRLSign");
    } else {
        add_extension(cert, issuer, NID_basic_constraints, "CA:FALSE");
        add_extension(cert, issuer, NID_ext_key_usage,
                      wish->is_client ? "clientAuth" : "serverAuth");
    }
    add_extension(cert, issuer, NID_subject_key_identifier, "hash");
    if (wish->san != NULL) {
        add_extension(cert, issuer, NID_subject_alt_name, wish->san);
    }
}

static void set_subject(X509 *cert, const char *name)
{
    X509_NAME *subject = X509_get_subject_name(cert);

    demand(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1,
                                      0) == 1,
           "subject");
}

static X509 *read_cert(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = PEM_read_bio_X509(bio, NULL, NULL, NULL);

    (void)BIO_free(bio);
    demand(cert != NULL, "issuer");
    return cert;
}

static EVP_PKEY *read_key(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

    (void)BIO_free(bio);
    demand(key != NULL, "issuer's key");
    return key;
}

static X509 *make_cert(EVP_PKEY *key, const struct skt_cert_wish *wish)
{
    static long serial = 1;
    X509 *cert = X509_new();
    X509 *issuer = wish->issuer == NULL ? NULL : read_cert(wish->issuer->cert);
    EVP_PKEY *issuer_key =
        wish->issuer == NULL ? NULL : read_key(wish->issuer->key);
    X509 *signer = issuer == NULL ? cert : issuer;

    demand(cert != NULL && X509_set_version(cert, 2) == 1, "certificate");
    demand(ASN1_INTEGER_set(X509_get_serialNumber(cert), serial++) == 1,
           "serial");
    (void)X509_gmtime_adj(X509_getm_notBefore(cert),
                          wish->not_before_s == 0 ? -3600 : wish->not_before_s);
    (void)X509_gmtime_adj(X509_getm_notAfter(cert),
                          wish->not_after_s == 0 ? 86400 : wish->not_after_s);
    set_subject(cert, wish->name);
    demand(X509_set_issuer_name(cert, X509_get_subject_name(signer)) == 1,
           "issuer");
    demand(X509_set_pubkey(cert, key) == 1, "public key");
    add_extensions(cert, signer, wish);
    demand(X509_sign(cert, issuer_key == NULL ? key : issuer_key,
                     EVP_sha256()) > 0,
           "signature");
    X509_free(issuer);
    EVP_PKEY_free(issuer_key);
    return cert;
}

struct skt_cert *skt_pki_make(const char *dir, const struct skt_cert_wish *wish)
{
    static struct skt_cert *kept;
    struct skt_cert *made = calloc(1, sizeof *made);
    EVP_PKEY *key = wish->is_rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    BIO *bio = BIO_new(BIO_s_mem());
    X509 *cert;

    demand(made != NULL && key != NULL && bio != NULL, "a key");
    cert = make_cert(key, wish);
    demand(PEM_write_bio_X509(bio, cert) == 1, "PEM");
    made->cert = bio_text(bio);
    bio = BIO_new(BIO_s_mem());
    demand(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
           "PEM");
    made->key = bio_text(bio);
    made->cert_file = write_text(dir, wish->name, "crt", made->cert);
    made->key_file = write_text(dir, wish->name, "key", made->key);
    X509_free(cert);
    EVP_PKEY_free(key);
    made->next = kept;
    kept = made;
    return made;
}
