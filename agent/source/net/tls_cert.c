/* tls_cert.c - dates of certificates; see tls_cert.h. */
#include "agent/source/net/tls_cert.h"

#include <string.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

static bool read_time(const ASN1_TIME *time, int64_t *ret)
{
    struct tm parts;

    memset(&parts, 0, sizeof parts);
    if (time == NULL || ASN1_TIME_to_tm(time, &parts) != 1) {
        return false;
    }
    *ret = timegm(&parts);
    return true;
}

bool skd_tls_cert_read(const X509 *x509, struct skd_cert *ret)
{
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned len = 0;
    int64_t not_after_s = 0;

    if (x509 == NULL || !read_time(X509_get0_notAfter(x509), &not_after_s) ||
        X509_digest(x509, EVP_sha256(), digest, &len) != 1) {
        return false;
    }
    ret->not_after_s = not_after_s;
    memcpy(ret->id, digest, sizeof ret->id);
    return true;
}

bool skd_tls_cert_read_peer(const SSL *ssl, struct skd_cert *ret)
{
    return skd_tls_cert_read(SSL_get0_peer_certificate(ssl), ret);
}

const char *skd_tls_cert_dated(const X509 *x509, int64_t wall_s)
{
    int64_t from_s = 0;
    int64_t until_s = 0;

    if (!read_time(X509_get0_notBefore(x509), &from_s) ||
        !read_time(X509_get0_notAfter(x509), &until_s)) {
        return "has no date that can be read";
    }
    if (wall_s > until_s) {
        return "has expired";
    }
    return wall_s < from_s ? "is not yet valid" : NULL;
}
