/* http_setup.c - the options of libcurl; see http_setup.h. */
#include "agent/source/net/http_setup.h"

#include <pthread.h>

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509_vfy.h>

#include "agent/source/net/tls_cert.h"
#include "agent/source/net/tls_context.h"
#include "agent/source/net/wiping_heap.h"

/* Names of cipher suites, joined with colons. */
#define CIPHERS_MAX 2048

static bool is_ready; /* written once, under the once below */

static void init_library(void)
{
    is_ready = curl_global_init_mem(
                   CURL_GLOBAL_DEFAULT, skd_wiping_heap_malloc,
                   skd_wiping_heap_free, skd_wiping_heap_realloc,
                   skd_wiping_heap_strdup, skd_wiping_heap_calloc) == CURLE_OK;
}

/* Setting an option copies; that is all that can fail in a right call. */
static enum skp_err adapt(CURLcode code)
{
    return code == CURLE_OK ? SKP_ERR_OK : SKP_ERR_RESOURCE_EXHAUSTED;
}

/* OpenSSL keeps decrypted records in its buffers: have them wiped. */
static CURLcode on_ssl_context(CURL *easy, void *context, void *state)
{
    (void)easy;
    (void)state;
    (void)SSL_CTX_set_options(context, SSL_OP_CLEANSE_PLAINTEXT);
    return CURLE_OK;
}

static enum skp_err set_limits(CURL *easy)
{
    static const struct {
        CURLoption option;
        long value;
    } rows[] = {
        { CURLOPT_FOLLOWLOCATION, 0 },
        { CURLOPT_NETRC, CURL_NETRC_IGNORED },
        { CURLOPT_NOSIGNAL, 1 },
        /* A name server that does not answer must not hold us past the
         * deadline: leave its thread behind. */
        { CURLOPT_QUICK_EXIT, 1 },
        { CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1 },
        { CURLOPT_HTTP09_ALLOWED, 0 },
        { CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 },
        { CURLOPT_SSL_VERIFYPEER, 1 },
        { CURLOPT_SSL_VERIFYHOST, 2 },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        SKP_TRY(adapt(curl_easy_setopt(easy, rows[i].option, rows[i].value)));
    }
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https")));
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_PROXY, "")));
    return SKP_ERR_OK;
}

static enum skp_err set_blob(CURL *easy, CURLoption option, struct skp_view pem)
{
    struct curl_blob blob = { NULL, pem.len, CURL_BLOB_COPY };

    if (pem.len == 0) {
        return SKP_ERR_OK;
    }
    /* libcurl has no const here, but copies: casting it away is harmless. */
    /* NOLINTNEXTLINE(performance-no-int-to-ptr): -Wcast-qual leaves no other */
    blob.data = (void *)(uintptr_t)pem.ptr;
    return adapt(curl_easy_setopt(easy, option, &blob));
}

static enum skp_err set_path(CURL *easy, CURLoption option, const char *path)
{
    return path == NULL ? SKP_ERR_OK
                        : adapt(curl_easy_setopt(easy, option, path));
}

/* Suites of one version only leave only that version: a list is a promise. */
static enum skp_err
set_ciphers(CURL *easy, const struct skd_tls_config *tls, struct skp_diag *diag)
{
    char tls12[CIPHERS_MAX] = "";
    char tls13[CIPHERS_MAX] = "";
    long version = CURL_SSLVERSION_TLSv1_2;

    if (tls->n_cipher_suites == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_tls_context_suites(tls->cipher_suites, tls->n_cipher_suites,
                                   tls12, tls13, CIPHERS_MAX, diag));
    if (tls12[0] == '\0') {
        version = CURL_SSLVERSION_TLSv1_3;
    } else {
        SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_SSL_CIPHER_LIST, tls12)));
    }
    if (tls13[0] == '\0') {
        version |= CURL_SSLVERSION_MAX_TLSv1_2;
    } else {
        SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_TLS13_CIPHERS, tls13)));
    }
    return adapt(curl_easy_setopt(easy, CURLOPT_SSLVERSION, version));
}

static enum skp_err
set_tls(CURL *easy, const struct skd_tls_config *tls, struct skp_diag *diag)
{
    SKP_TRY(set_blob(easy, CURLOPT_SSLKEY_BLOB, tls->key));
    SKP_TRY(set_blob(easy, CURLOPT_SSLCERT_BLOB, tls->cert));
    SKP_TRY(set_blob(easy, CURLOPT_CAINFO_BLOB, tls->ca));
    SKP_TRY(set_path(easy, CURLOPT_SSLKEY, tls->key_file));
    SKP_TRY(set_path(easy, CURLOPT_SSLCERT, tls->cert_file));
    SKP_TRY(set_path(easy, CURLOPT_CAINFO, tls->ca_file));
    if (tls->ca.len > 0 || tls->ca_file != NULL) {
        /* Else the system's folder of authorities would be trusted as well. */
        SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_CAPATH, NULL)));
    }
    /* A key that is encrypted must fail, not ask on the terminal. */
    SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_KEYPASSWD, "")));
    if (tls->insecure_skip_verify) {
        SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L)));
        SKP_TRY(adapt(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L)));
    }
    SKP_TRY(adapt(
        curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_ssl_context)));
    return set_ciphers(easy, tls, diag);
}

static void free_handle(CURL **easy)
{
    curl_easy_cleanup(*easy);
    *easy = NULL;
}

enum skp_err skd_http_setup_handle(const struct skd_tls_config *tls,
                                   void **ret,
                                   struct skp_diag *diag)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    SKP_CLEANUP(free_handle) CURL *easy = NULL;

    (void)pthread_once(&once, init_library);
    if (is_ready) {
        easy = curl_easy_init();
    }
    if (easy == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    SKP_TRY(set_limits(easy));
    SKP_TRY(set_tls(easy, tls, diag));
    *ret = SKP_TAKE(easy);
    return SKP_ERR_OK;
}

bool skd_http_setup_peer_cert(void *easy, struct skd_cert *ret)
{
    struct curl_tlssessioninfo *session = NULL;

    return curl_easy_getinfo(easy, CURLINFO_TLS_SSL_PTR, &session) ==
               CURLE_OK &&
           session != NULL && session->backend == CURLSSLBACKEND_OPENSSL &&
           session->internals != NULL &&
           skd_tls_cert_read_peer(session->internals, ret);
}

/* libcurl compares the names itself, after OpenSSL found the chain good and
 * before it hands on what OpenSSL found: until then the result is that of
 * nothing, which is "unspecified". */
const char *skd_http_setup_verify_text(void *easy)
{
    long verified = X509_V_OK;

    (void)curl_easy_getinfo(easy, CURLINFO_SSL_VERIFYRESULT, &verified);
    if (verified == X509_V_OK || verified == X509_V_ERR_UNSPECIFIED) {
        verified = X509_V_ERR_HOSTNAME_MISMATCH;
    }
    return skd_tls_context_verify_text(verified);
}
