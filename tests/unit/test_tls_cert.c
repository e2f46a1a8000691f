/* test_tls_cert.c - dates of certificates. */
#include <string.h>
#include <time.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>

#include "agent/source/net/tls_cert.h"
#include "tests/lib/daemon.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"

/* A certificate good from @from_s to @until_s, counted from now. */
static X509 *make(const char *name, long from_s, long until_s)
{
    static char dir[SKT_PATH_MAX];
    const struct skt_cert_wish wish = { .name = name,
                                        .not_before_s = from_s,
                                        .not_after_s = until_s };
    const struct skt_cert *made;
    BIO *bio;
    X509 *x509;

    if (dir[0] == '\0') {
        ck_assert(skt_tempdir(dir));
    }
    made = skt_pki_make(dir, &wish);
    bio = BIO_new_mem_buf(made->cert, -1);
    x509 = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(x509);
    (void)BIO_free(bio);
    return x509;
}

START_TEST(a_certificate_tells_its_end_and_which_one_it_is)
{
    int64_t now_s = time(NULL);
    X509 *one = make("one", -10, 5000);
    X509 *two = make("two", -10, 5000);
    struct skd_cert a = { 0, { 0 } };
    struct skd_cert b = { 0, { 0 } };
    struct skd_cert again = { 0, { 0 } };

    ck_assert(skd_tls_cert_read(one, &a));
    ck_assert(skd_tls_cert_read(two, &b));
    ck_assert(skd_tls_cert_read(one, &again));
    ck_assert_int_ge(a.not_after_s, now_s + 5000);
    ck_assert_int_le(a.not_after_s, now_s + 5060);
    ck_assert_mem_eq(a.id, again.id, sizeof a.id);
    ck_assert_mem_ne(a.id, b.id, sizeof a.id);
    X509_free(one);
    X509_free(two);
}
END_TEST

START_TEST(no_certificate_tells_nothing)
{
    struct skd_cert cert = { 7, { 1 } };
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    SSL *ssl = SSL_new(context);

    ck_assert(!skd_tls_cert_read(NULL, &cert));
    ck_assert(!skd_tls_cert_read_peer(ssl, &cert));
    ck_assert_int_eq(cert.not_after_s, 7);
    SSL_free(ssl);
    SSL_CTX_free(context);
}
END_TEST

START_TEST(the_dates_decide_whether_it_can_be_used)
{
    int64_t now_s = time(NULL);
    X509 *x509 = make("dated", 1000, 2000);

    ck_assert_str_eq(skd_tls_cert_dated(x509, now_s), "is not yet valid");
    ck_assert_ptr_null(skd_tls_cert_dated(x509, now_s + 1500));
    ck_assert_str_eq(skd_tls_cert_dated(x509, now_s + 2100), "has expired");
    X509_free(x509);
}
END_TEST

SKT_SUITE("tls_cert",
          a_certificate_tells_its_end_and_which_one_it_is,
          no_certificate_tells_nothing,
          the_dates_decide_whether_it_can_be_used)
