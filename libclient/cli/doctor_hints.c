/* doctor_hints.c - from the words of a failure to what mends it; see
 * doctor_hints.h. */
#include "libclient/cli/doctor_hints.h"

#include <string.h>

#include "protocol/base.h"

/* The first row whose words are found counts: the special before the general.
 */
struct hint {
    const char *words;
    const char *hint;
};

static const struct hint rows[] = {
    { "error decoding kms response payload",
      "the server answers what KMIP 1.4 does not allow: look at its version "
      "and its log, or see what it offers with: sidekey kms info" },
    { "error decoding kms response",
      "what listens there speaks no KMIP that we know: correct "
      "kms_config.kmip.address, or look for a proxy between" },
    { "tls key is no PEM",
      "tls.key wants a private key in PEM, without a password" },
    { "tls key does not belong",
      "tls.key is not the key of tls.cert: put a pair together" },
    { "tls cert", "tls.cert wants certificates in PEM, our own first" },
    { "tls ca ", "tls.ca wants certificates of authorities, in PEM" },
    { "not yet valid",
      "look at the clocks of both machines, or wait until the certificate "
      "begins" },
    { "certificate expired",
      "the server does not take our client certificate, which has expired: "
      "renew tls.cert" },
    { "has expired", "the server's certificate has expired: renew it there" },
    { "from a wrong authority",
      "name the authority that signed the server's certificate in tls.ca" },
    { "for a wrong name",
      "the server's certificate bears another name: set tls.server_name to "
      "that, or correct the address" },
    { "refuses our certificate",
      "the server does not take our client certificate: look at tls.cert, and "
      "have the server trust its issuer" },
    { "self-signed",
      "name the authority that signed the server's certificate in tls.ca" },
    { "self signed",
      "name the authority that signed the server's certificate in tls.ca" },
    { "unable to get local issuer",
      "name the authority that signed the server's certificate in tls.ca" },
    { "unable to verify the first",
      "the server does not send the whole chain: add what is missing there, or "
      "to tls.ca" },
    { "unknown ca",
      "the server does not know the authority of our client certificate: have "
      "it trust the issuer of tls.cert" },
    { "certificate required",
      "the server wants a client certificate: set tls.cert and tls.key" },
    { "bad certificate",
      "the server refuses our client certificate: look at tls.cert" },
    { "revoked", "a certificate was revoked: get another one" },
    { "ostname mismatch",
      "the server's certificate bears another name: set tls.server_name to "
      "that, or correct the address" },
    { "alternative certificate subject name",
      "the server's certificate bears another name: set tls.server_name to "
      "that, or correct the address" },
    { "IP address mismatch",
      "the server's certificate bears another address: set tls.server_name, or "
      "use its name" },
    { "key values mismatch", "tls.key is not the key of tls.cert" },
    { "no shared cipher", "look at tls.cipher_suites on both sides" },
    { "cipher suite", "correct tls.cipher_suites" },
    { "cipher_suites", "correct tls.cipher_suites" },
    { "handshake failure",
      "look at tls.cipher_suites, and whether the server wants a client "
      "certificate" },
    { "wrong version number",
      "that port speaks no TLS: correct the address, or the scheme of the URL" },
    { "protocol version", "the server speaks no TLS version that we do" },
    { "efused",
      "nothing listens there: correct the address and port, or start the "
      "server" },
    { "Couldn't connect",
      "nothing listens there: correct the address and port, or start the "
      "server" },
    { "imed out",
      "no answer: look at the network and at firewalls; raise timeout when the "
      "server is slow" },
    { "deadline has passed",
      "no answer: look at the network and at firewalls; raise timeout when the "
      "server is slow" },
    { "before the deadline",
      "no answer: look at the network and at firewalls; raise timeout when the "
      "server is slow" },
    { "name lookup", "correct the host's name, or the DNS" },
    { "look up the name", "correct the host's name, or the DNS" },
    { "token_file", "write the token into that file" },
    { "resolve", "correct the host's name, or the DNS" },
    { "not known", "correct the host's name, or the DNS" },
    { "nreachable", "there is no way to that host: look at the network" },
    { "error writing kms request",
      "the connection ended before the question was sent: look at the "
      "server's log, and for a proxy or firewall between" },
    { "error reading kms response",
      "the server ended the connection instead of answering: its log says "
      "why; it may not know our certificate, or not speak KMIP 1.4" },
    { "status 401", "set coordinator.token or token_file to what it accepts" },
    { "status 403",
      "the Coordinator does not let us: look at the token's rights" },
    { "status 404", "there is no such document: correct coordinator.url" },
    { "status 30",
      "the Coordinator sends us elsewhere: set coordinator.url to that" },
    { "status 5", "the Coordinator is in trouble: its log says why" },
    { "ermission denied",
      "let the agent's user read it (chown, chmod), or correct the path" },
    { "No such file", "correct the path" },
};

/* The same, of findings in the configuration. */
static const struct hint config_rows[] = {
    { "missing required configuration",
      "set the key that is named; agent/config/CONFIG.md says what it is" },
    { "invalid crypto.mode value",
      "set crypto.mode to one of those; where the keys are decides which" },
    { "unsupported KMIP version, use 1.4",
      "set kms_config.kmip.minor_version to 4, or kmip.negotiate to true for a "
      "server that is older" },
};

static const char *find(const struct hint *list,
                        size_t n,
                        const char *words,
                        const char *otherwise)
{
    for (size_t i = 0; i < n; i++) {
        if (strstr(words, list[i].words) != NULL) {
            return list[i].hint;
        }
    }
    return otherwise;
}

const char *skc_doctor_hint(const char *words)
{
    return find(
        rows, SKP_ARRAY_LEN(rows), words,
        "the words above are those of the other side; its log may say more");
}

const char *skc_doctor_hint_config(const char *words)
{
    return find(config_rows, SKP_ARRAY_LEN(config_rows), words,
                "correct that; the keys are in agent/config/CONFIG.md");
}
