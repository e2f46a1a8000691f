/* test_doctor_hints.c - what mends a failure: words as OpenSSL, libcurl and the
 * C library write them. */
#include <string.h>

#include "libclient/cli/doctor_hints.h"
#include "tests/lib/suite.h"

START_TEST(each_failure_has_the_advice_that_mends_it)
{
    static const struct {
        const char *words;
        const char *hint;
    } rows[] = {
        { "certificate has expired", "renew it there" },
        { "ssl/tls alert certificate expired", "renew tls.cert" },
        { "certificate is not yet valid", "clocks" },
        { "server certificate is from a wrong authority", "tls.ca" },
        { "server certificate is for a wrong name", "tls.server_name" },
        { "the server refuses our certificate", "trust its issuer" },
        { "self-signed certificate in certificate chain", "tls.ca" },
        { "unable to get local issuer certificate", "tls.ca" },
        { "tlsv1 alert unknown ca", "issuer of tls.cert" },
        { "tlsv13 alert certificate required", "tls.cert and tls.key" },
        { "hostname mismatch", "tls.server_name" },
        { "SSL: no alternative certificate subject name matches target host "
          "name 'x'",
          "tls.server_name" },
        { "cannot connect: Connection refused", "nothing listens" },
        { "Failed to connect to 127.0.0.1 port 1 after 0 ms: Couldn't connect "
          "to server",
          "nothing listens" },
        { "Could not resolve host: x", "DNS" },
        { "connect: Connection timed out", "firewalls" },
        { "page 1: status 401", "token" },
        { "tls key does not belong to tls cert", "is not the key of" },
        { "tls key is no PEM private key without a password", "a password" },
        { "tls cert has a chain that cannot be used", "our own first" },
        { "tls ca is no PEM certificate", "authorities" },
        { "cipher suite 7 is unknown", "tls.cipher_suites" },
        { "name lookup took too long", "DNS" },
        { "cannot look up the name: Temporary failure", "DNS" },
        { "no complete answer before the deadline", "raise timeout" },
        { "error decoding kms response payload: not a list of protocol "
          "versions",
          "sidekey kms info" },
        { "page 1: status 302", "elsewhere" },
        { "page 1: status 503", "in trouble" },
        { "127.0.0.1:40403: Connection refused", "nothing listens" },
        { "error writing kms request: Broken pipe", "proxy or firewall" },
        { "error reading kms response: the server closed the connection",
          "its log says why" },
        { "error reading kms response: timed out", "raise timeout" },
        { "error decoding kms response: no TTLV", "speaks no KMIP" },
        { "error decoding kms response payload: x", "sidekey kms info" },
        { "something that nobody has seen before", "other side" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        ck_assert_msg(strstr(skc_doctor_hint(rows[i].words), rows[i].hint) !=
                          NULL,
                      "%s: %s", rows[i].words, skc_doctor_hint(rows[i].words));
    }
}
END_TEST

START_TEST(each_finding_has_the_advice_that_mends_it)
{
    ck_assert_ptr_nonnull(
        strstr(skc_doctor_hint_config("a: invalid crypto.mode value, use one "
                                      "of: x"),
               "where the keys are"));
    ck_assert_ptr_nonnull(
        strstr(skc_doctor_hint_config("missing required configuration: a.b"),
               "the key that is named"));
    ck_assert_ptr_nonnull(
        strstr(skc_doctor_hint_config("unsupported KMIP version, use 1.4"),
               "negotiate"));
    ck_assert_ptr_nonnull(
        strstr(skc_doctor_hint_config("something else"), "correct that"));
}
END_TEST

SKT_SUITE("doctor_hints",
          each_finding_has_the_advice_that_mends_it,
          each_failure_has_the_advice_that_mends_it)
