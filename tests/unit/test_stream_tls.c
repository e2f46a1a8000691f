/* test_stream_tls.c - TLS streams against a server in a thread of the test. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "agent/source/net/stream_tls.h"
#include "tests/lib/daemon.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define TIMEOUT_MS 10000u

enum behaviour {
    ECHO,        /* one message back, then close_notify */
    CUT_OFF,     /* one message back, then nothing but the end of TCP */
    SILENT_TCP,  /* takes the connection and says nothing */
    NOT_TLS,     /* answers in clear text */
    RENEGOTIATE, /* TLS 1.2: asks for another handshake */
};

struct server {
    enum behaviour behaviour;
    const struct skt_cert *cert;
    int version;         /* TLS1_2_VERSION, ... */
    const char *ciphers; /* TLS 1.2; NULL: the default */
    const char *client_ca_file;
    int listener;
    uint16_t port;
    pthread_t thread;
    char cipher_seen[64];
    bool was_closed_orderly;
};

static char dir[SKT_PATH_MAX];
static struct skt_cert *ca;
static struct skt_cert *other_ca;
static struct skt_cert *good;
static struct skt_cert *rsa;
static struct skt_cert *expired;
static struct skt_cert *future;
static struct skt_cert *client;

static void make_certificates(void)
{
    struct skt_cert_wish wish = { .name = "ca", .is_ca = true };

    ca = skt_pki_make(dir, &wish);
    wish.name = "other";
    other_ca = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "good",
                                   .san = "DNS:kms.test,IP:127.0.0.1",
                                   .issuer = ca };
    good = skt_pki_make(dir, &wish);
    wish.name = "rsa";
    wish.is_rsa = true;
    rsa = skt_pki_make(dir, &wish);
    wish.is_rsa = false;
    wish.name = "expired";
    wish.not_before_s = -7200;
    wish.not_after_s = -3600;
    expired = skt_pki_make(dir, &wish);
    wish.name = "future";
    wish.not_before_s = 3600;
    wish.not_after_s = 7200;
    future = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "client",
                                   .is_client = true,
                                   .issuer = ca };
    client = skt_pki_make(dir, &wish);
}

/* ---- the server ---------------------------------------------------------- */

static void talk_tls(struct server *server, SSL *ssl)
{
    char buf[256];
    int len;

    if (SSL_accept(ssl) != 1) {
        return;
    }
    (void)strncpy(server->cipher_seen, SSL_get_cipher_name(ssl),
                  sizeof server->cipher_seen - 1);
    len = SSL_read(ssl, buf, sizeof buf);
    if (len <= 0) {
        return;
    }
    if (server->behaviour == RENEGOTIATE) {
        (void)SSL_renegotiate(ssl);
        (void)SSL_do_handshake(ssl);
    }
    (void)SSL_write(ssl, buf, len);
    if (server->behaviour == ECHO) {
        (void)SSL_shutdown(ssl);
        len = SSL_read(ssl, buf, sizeof buf);
        server->was_closed_orderly =
            SSL_get_error(ssl, len) == SSL_ERROR_ZERO_RETURN;
    }
}

static SSL_CTX *server_context(const struct server *server)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());

    if (server->version != 0) {
        (void)SSL_CTX_set_min_proto_version(context, server->version);
        (void)SSL_CTX_set_max_proto_version(context, server->version);
    }
    if (server->ciphers != NULL) {
        (void)SSL_CTX_set_cipher_list(context, server->ciphers);
    }
    (void)SSL_CTX_use_certificate_file(context, server->cert->cert_file,
                                       SSL_FILETYPE_PEM);
    (void)SSL_CTX_use_PrivateKey_file(context, server->cert->key_file,
                                      SSL_FILETYPE_PEM);
    if (server->client_ca_file != NULL) {
        (void)SSL_CTX_load_verify_locations(context, server->client_ca_file,
                                            NULL);
        SSL_CTX_set_verify(
            context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    }
    return context;
}

static void *serve(void *argument)
{
    struct server *server = argument;
    int fd = accept(server->listener, NULL, NULL);
    sigset_t pipe_signal;
    char byte;

    /* OpenSSL's own socket BIO, which this server writes with, may raise it;
     * the stream under test runs in another thread and must not. */
    (void)sigemptyset(&pipe_signal);
    (void)sigaddset(&pipe_signal, SIGPIPE);
    (void)pthread_sigmask(SIG_BLOCK, &pipe_signal, NULL);

    if (server->behaviour == NOT_TLS) {
        (void)send(fd, "HTTP/1.1 400 no\r\n\r\n", 19, MSG_NOSIGNAL);
    }
    if (server->behaviour == SILENT_TCP || server->behaviour == NOT_TLS) {
        while (recv(fd, &byte, 1, 0) > 0) {
        }
    } else {
        SSL_CTX *context = server_context(server);
        SSL *ssl = SSL_new(context);

        (void)SSL_set_fd(ssl, fd);
        talk_tls(server, ssl);
        SSL_free(ssl);
        SSL_CTX_free(context);
    }
    (void)close(fd);
    return NULL;
}

static void start(struct server *server)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof address;

    if (server->cert == NULL) {
        server->cert = good;
    }
    server->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_eq(
        bind(server->listener, (const struct sockaddr *)&address, len), 0);
    ck_assert_int_eq(listen(server->listener, 4), 0);
    ck_assert_int_eq(
        getsockname(server->listener, (struct sockaddr *)&address, &len), 0);
    server->port = ntohs(address.sin_port);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    ck_assert_int_eq(pthread_join(server->thread, NULL), 0);
    (void)close(server->listener);
}

/* ---- the client ---------------------------------------------------------- */

static struct skd_tls_config trusting(const struct skt_cert *authority)
{
    return (struct skd_tls_config){ .ca_file = authority->cert_file,
                                    .server_name = "kms.test" };
}

static enum skp_err connect_to(const struct server *server,
                               const struct skd_tls_config *config,
                               struct skd_stream **ret,
                               struct skp_diag *diag)
{
    uint64_t deadline_ms = skd_env_now_ms(&skd_env_system) + TIMEOUT_MS;

    return skd_stream_tls_connect(config, "127.0.0.1", server->port,
                                  &skd_env_system, deadline_ms, ret, diag);
}

/* Connect, write a word, read it back, close. */
static enum skp_err exchange(const struct server *server,
                             const struct skd_tls_config *config,
                             struct skp_diag *diag)
{
    uint64_t deadline_ms = skd_env_now_ms(&skd_env_system) + TIMEOUT_MS;
    struct skd_stream *stream = NULL;
    uint8_t buf[16];
    size_t len = 0;
    enum skp_err err = connect_to(server, config, &stream, diag);

    if (err != SKP_ERR_OK) {
        ck_assert_ptr_null(stream);
        return err;
    }
    err = stream->ops->write(stream, (const uint8_t *)"hello", 5, deadline_ms,
                             diag);
    if (err == SKP_ERR_OK) {
        err =
            stream->ops->read(stream, buf, sizeof buf, deadline_ms, &len, diag);
    }
    if (err == SKP_ERR_OK) {
        ck_assert_uint_eq(len, 5);
        ck_assert(memcmp(buf, "hello", 5) == 0);
    }
    stream->ops->free(&stream);
    ck_assert_ptr_null(stream);
    return err;
}

static void check_exchange(struct server *server,
                           const struct skd_tls_config *config)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    start(server);
    err = exchange(server, config, &diag);
    stop(server);
    ck_assert_msg(err == SKP_ERR_OK, "%s", diag.text);
}

static void check_refused(struct server *server,
                          const struct skd_tls_config *config,
                          const char *reason)
{
    struct skp_diag diag = { "" };
    enum skp_err err;

    start(server);
    err = exchange(server, config, &diag);
    stop(server);
    ck_assert_str_eq(skp_err_name(err), "UNAVAILABLE");
    ck_assert_msg(strstr(diag.text, reason) != NULL, "%s", diag.text);
}

START_TEST(both_versions_carry_bytes_both_ways_and_close_orderly)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };
    struct skd_tls_config config = trusting(ca);

    for (size_t i = 0; i < SKP_ARRAY_LEN(versions); i++) {
        struct server server = { .version = versions[i] };

        check_exchange(&server, &config);
        ck_assert(server.was_closed_orderly);
    }
}
END_TEST

START_TEST(an_address_is_verified_as_one)
{
    struct server server = { .version = 0 };
    struct skd_tls_config config = trusting(ca);

    config.server_name = NULL;
    check_exchange(&server, &config);
    server = (struct server){ .version = 0 };
    config.server_name = "127.0.0.2";
    check_refused(&server, &config, "wrong name");
}
END_TEST

START_TEST(it_says_which_of_name_authority_and_date_is_wrong)
{
    struct server server = { .version = TLS1_3_VERSION };
    struct skd_tls_config config = trusting(ca);

    config.server_name = "kms.elsewhere";
    check_refused(&server, &config, "certificate is for a wrong name");
    config = trusting(other_ca);
    server = (struct server){ .version = TLS1_2_VERSION };
    check_refused(&server, &config, "certificate is from a wrong authority");
    config = trusting(ca);
    server = (struct server){ .cert = expired };
    check_refused(&server, &config, "certificate has expired");
    server = (struct server){ .cert = future };
    check_refused(&server, &config, "certificate is not yet valid");
}
END_TEST

START_TEST(insecure_skip_verify_takes_them_all)
{
    struct server server = { .cert = expired };
    struct skd_tls_config config = trusting(other_ca);

    config.insecure_skip_verify = true;
    config.server_name = "kms.elsewhere";
    check_exchange(&server, &config);
}
END_TEST

START_TEST(the_client_certificate_is_shown_and_its_lack_is_named)
{
    static const int versions[] = { TLS1_2_VERSION, TLS1_3_VERSION };

    for (size_t i = 0; i < SKP_ARRAY_LEN(versions); i++) {
        struct server server = { .version = versions[i],
                                 .client_ca_file = ca->cert_file };
        struct skd_tls_config config = trusting(ca);

        config.cert = skp_view_of(client->cert);
        config.key = skp_view_of(client->key);
        check_exchange(&server, &config);
        server = (struct server){ .version = versions[i],
                                  .client_ca_file = other_ca->cert_file };
        check_refused(&server, &config, "refuses our certificate");
    }
}
END_TEST

START_TEST(suites_are_chosen_by_number_across_versions)
{
    static const uint16_t suites[] = { 0x1303, 0x003c, 0xc02f };
    struct skd_tls_config config = trusting(ca);
    struct server server = { .version = TLS1_2_VERSION,
                             .cert = rsa,
                             .ciphers = "AES128-SHA256" };

    config.cipher_suites = suites;
    config.n_cipher_suites = 3;
    check_exchange(&server, &config);
    ck_assert_str_eq(server.cipher_seen, "AES128-SHA256");
    server = (struct server){ .version = TLS1_3_VERSION, .cert = rsa };
    check_exchange(&server, &config);
    ck_assert_str_eq(server.cipher_seen, "TLS_CHACHA20_POLY1305_SHA256");
    /* With suites of 1.3 only, 1.2 is not spoken. */
    config.n_cipher_suites = 1;
    server = (struct server){ .version = TLS1_2_VERSION, .cert = rsa };
    check_refused(&server, &config, "TLS handshake");
}
END_TEST

START_TEST(a_connection_cut_off_is_no_orderly_end)
{
    struct server server = { .behaviour = CUT_OFF };
    struct skd_tls_config config = trusting(ca);
    uint64_t deadline_ms = skd_env_now_ms(&skd_env_system) + TIMEOUT_MS;
    struct skd_stream *stream = NULL;
    uint8_t buf[16];
    size_t len = 99;

    start(&server);
    skt_ok(connect_to(&server, &config, &stream, NULL));
    skt_ok(stream->ops->write(stream, (const uint8_t *)"hello", 5, deadline_ms,
                              NULL));
    skt_ok(stream->ops->read(stream, buf, sizeof buf, deadline_ms, &len, NULL));
    ck_assert_uint_eq(len, 5);
    skt_err(stream->ops->read(stream, buf, sizeof buf, deadline_ms, &len, NULL),
            SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(len, 5);
    stop(&server);
    /* The server is gone: neither this nor the close may raise SIGPIPE. */
    for (int i = 0; i < 3; i++) {
        (void)!stream->ops->write(stream, (const uint8_t *)"x", 1, deadline_ms,
                                  NULL);
    }
    stream->ops->free(&stream);
}
END_TEST

static bool is_shut(void *state)
{
    struct skd_stream *stream = state;

    return !stream->ops->is_open(stream);
}

START_TEST(a_stream_tells_the_servers_certificate_and_whether_it_is_open)
{
    static const struct {
        int version;
        enum behaviour behaviour;
    } rows[] = { { TLS1_2_VERSION, ECHO },
                 { TLS1_3_VERSION, ECHO },
                 { TLS1_3_VERSION, CUT_OFF } };
    struct skd_tls_config config = trusting(ca);
    uint64_t deadline_ms = skd_env_now_ms(&skd_env_system) + TIMEOUT_MS;

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct server server = { .behaviour = rows[i].behaviour,
                                 .version = rows[i].version };
        struct skd_stream *stream = NULL;
        struct skd_cert cert = { 0, { 0 } };
        int64_t now_s = skd_env_wall_s(&skd_env_system);
        uint8_t buf[16];
        size_t len = 0;

        start(&server);
        skt_ok(connect_to(&server, &config, &stream, NULL));
        ck_assert(stream->ops->peer_cert(stream, &cert));
        ck_assert_int_gt(cert.not_after_s, now_s);
        ck_assert_int_le(cert.not_after_s, now_s + 86400);
        ck_assert(stream->ops->is_open(stream));
        /* Bytes that wait to be read are as bad a sign as the end. */
        skt_ok(stream->ops->write(stream, (const uint8_t *)"hello", 5,
                                  deadline_ms, NULL));
        ck_assert(skt_until(is_shut, stream, TIMEOUT_MS));
        skt_ok(stream->ops->read(stream, buf, sizeof buf, deadline_ms, &len,
                                 NULL));
        ck_assert_uint_eq(len, 5);
        ck_assert(skt_until(is_shut, stream, TIMEOUT_MS));
        ck_assert(is_shut(stream));
        stream->ops->free(&stream);
        stop(&server);
    }
}
END_TEST

START_TEST(a_silent_server_costs_the_deadline_and_no_more)
{
    struct server server = { .behaviour = SILENT_TCP };
    struct skd_tls_config config = trusting(ca);
    struct skd_stream *stream = NULL;
    struct skp_diag diag = { "" };
    uint64_t began_ms;
    uint64_t took_ms;

    start(&server);
    began_ms = skd_env_now_ms(&skd_env_system);
    skt_err(skd_stream_tls_connect(&config, "127.0.0.1", server.port,
                                   &skd_env_system, began_ms + 1000, &stream,
                                   &diag),
            SKP_ERR_DEADLINE_EXCEEDED);
    took_ms = skd_env_now_ms(&skd_env_system) - began_ms;
    stop(&server);
    ck_assert_uint_ge(took_ms, 1000);
    ck_assert_uint_lt(took_ms, 20000);
    ck_assert_str_eq(diag.text, "TLS handshake: timed out");
}
END_TEST

START_TEST(a_server_without_tls_is_refused)
{
    struct server server = { .behaviour = NOT_TLS };
    struct skd_tls_config config = trusting(ca);

    check_refused(&server, &config, "TLS handshake: ");
}
END_TEST

START_TEST(renegotiation_is_refused)
{
    struct server server = { .behaviour = RENEGOTIATE,
                             .version = TLS1_2_VERSION };
    struct skd_tls_config config = trusting(ca);
    struct skp_diag diag = { "" };

    /* Refused with a warning (RFC 5246 section 7.2.2); what the server makes
     * of that is its affair, but no second handshake comes about. */
    start(&server);
    (void)!exchange(&server, &config, &diag);
    stop(&server);
    ck_assert(!server.was_closed_orderly);
}
END_TEST

START_TEST(nobody_listening_is_said_at_once)
{
    struct server server = { .port = skt_free_port() };
    struct skd_tls_config config = trusting(ca);
    struct skd_stream *stream = NULL;
    struct skp_diag diag = { "" };

    skt_err(connect_to(&server, &config, &stream, &diag), SKP_ERR_UNAVAILABLE);
    ck_assert_str_eq(diag.text, "cannot connect: Connection refused");
}
END_TEST

static int run_tests(void)
{
    const TTest *const tests[] = {
        both_versions_carry_bytes_both_ways_and_close_orderly,
        an_address_is_verified_as_one,
        it_says_which_of_name_authority_and_date_is_wrong,
        insecure_skip_verify_takes_them_all,
        the_client_certificate_is_shown_and_its_lack_is_named,
        suites_are_chosen_by_number_across_versions,
        a_connection_cut_off_is_no_orderly_end,
        a_stream_tells_the_servers_certificate_and_whether_it_is_open,
        a_silent_server_costs_the_deadline_and_no_more,
        a_server_without_tls_is_refused,
        renegotiation_is_refused,
        nobody_listening_is_said_at_once,
    };

    return skt_run("stream_tls", tests, SKP_ARRAY_LEN(tests));
}

int main(void)
{
    if (!skt_tempdir(dir)) {
        return EXIT_FAILURE;
    }
    make_certificates();
    return run_tests();
}
