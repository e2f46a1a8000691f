/* stream_tls.c - TLS over TCP as a stream; see stream_tls.h.
 *
 * The socket is non-blocking and OpenSSL reaches it through a BIO of ours,
 * because its own writes without MSG_NOSIGNAL: a server that went away would
 * raise SIGPIPE.
 */
#include "agent/source/net/stream_tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "agent/source/net/tcp.h"
#include "agent/source/net/tls_cert.h"
#include "agent/source/net/tls_context.h"

struct tls_stream {
    struct skd_stream head;
    const struct skd_env *env;
    int fd;
    BIO_METHOD *method;
    SSL *ssl;
    bool is_broken; /* after this OpenSSL allows no close_notify */
};

/* ---- the socket as OpenSSL sees it --------------------------------------- */

static int read_fd(BIO *bio)
{
    const struct tls_stream *self = BIO_get_data(bio);

    return self->fd;
}

static int on_bio_read(BIO *bio, char *buf, int cap)
{
    ssize_t len = recv(read_fd(bio), buf, (size_t)cap, 0);

    BIO_clear_retry_flags(bio);
    if (len < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_read(bio);
    }
    return (int)len;
}

static int on_bio_write(BIO *bio, const char *bytes, int len)
{
    ssize_t sent = send(read_fd(bio), bytes, (size_t)len, MSG_NOSIGNAL);

    BIO_clear_retry_flags(bio);
    if (sent < 0 && (errno == EAGAIN || errno == EINTR)) {
        BIO_set_retry_write(bio);
    }
    return (int)sent;
}

static long on_bio_ctrl(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    /* Nothing is buffered here, so a flush is done at once. */
    return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static bool make_method(struct tls_stream *self)
{
    self->method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "sidekey socket");
    return self->method != NULL &&
           BIO_meth_set_read(self->method, on_bio_read) == 1 &&
           BIO_meth_set_write(self->method, on_bio_write) == 1 &&
           BIO_meth_set_ctrl(self->method, on_bio_ctrl) == 1;
}

static bool attach_socket(struct tls_stream *self)
{
    BIO *bio;

    if (!make_method(self)) {
        return false;
    }
    bio = BIO_new(self->method);
    if (bio == NULL) {
        return false;
    }
    BIO_set_data(bio, self);
    BIO_set_init(bio, 1);
    SSL_set_bio(self->ssl, bio, bio); /* takes the BIO over */
    return true;
}

/* ---- what went wrong ----------------------------------------------------- */

/* Alerts by which a server says that it does not want our certificate. */
static bool is_about_our_certificate(unsigned long error)
{
    switch (ERR_GET_REASON(error)) {
    case SSL_R_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    case SSL_R_SSLV3_ALERT_BAD_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_UNSUPPORTED_CERTIFICATE:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_REVOKED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED:
    case SSL_R_SSLV3_ALERT_CERTIFICATE_UNKNOWN:
    case SSL_R_TLSV1_ALERT_UNKNOWN_CA:
    case SSL_R_TLSV1_ALERT_ACCESS_DENIED:
        return true;
    default:
        return false;
    }
}

/* The reason of the failed call @what, whose SSL_get_error was @kind. */
static enum skp_err say_broken(struct tls_stream *self,
                               const char *what,
                               int kind,
                               int errno_then,
                               struct skp_diag *diag)
{
    unsigned long error = ERR_peek_error();
    long verified = SSL_get_verify_result(self->ssl);
    const char *text = ERR_reason_error_string(error);

    self->is_broken = true;
    ERR_clear_error();
    if (kind == SSL_ERROR_SSL && verified != X509_V_OK &&
        (SSL_get_verify_mode(self->ssl) & SSL_VERIFY_PEER) != 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s: %s", what,
                        skd_tls_context_verify_text(verified));
    }
    if (kind == SSL_ERROR_SSL && is_about_our_certificate(error)) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                        "%s: the server refuses our certificate (%s)", what,
                        text == NULL ? "?" : text);
    }
    if (kind == SSL_ERROR_SSL && text != NULL) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s: %s", what, text);
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s: %s", what,
                    errno_then == 0 ? "the connection was cut off"
                                    : strerrordesc_np(errno_then));
}

/* A write fails when the server has closed, but the alert in which it said why
 * may still wait to be read (TLS 1.3: it refuses a client certificate only
 * after our side of the handshake is over). */
static void fetch_alert(struct tls_stream *self, int *kind)
{
    uint8_t nothing[1];
    int result;

    ERR_clear_error();
    result = SSL_peek(self->ssl, nothing, sizeof nothing);
    if (SSL_get_error(self->ssl, result) == SSL_ERROR_SSL) {
        *kind = SSL_ERROR_SSL;
    }
}

/* After a call that returned @result: wait for the socket and return OK to have
 * it repeated, or say what is wrong. */
static enum skp_err await_retry(struct tls_stream *self,
                                const char *what,
                                int result,
                                uint64_t deadline_ms,
                                struct skp_diag *diag)
{
    int errno_then = errno;
    int kind = SSL_get_error(self->ssl, result);
    enum skp_err err;

    if (kind != SSL_ERROR_WANT_READ && kind != SSL_ERROR_WANT_WRITE) {
        if (kind == SSL_ERROR_SYSCALL && SSL_is_init_finished(self->ssl) != 0) {
            fetch_alert(self, &kind);
        }
        return say_broken(self, what, kind, errno_then, diag);
    }
    err = skd_tcp_wait(self->fd, kind == SSL_ERROR_WANT_READ ? POLLIN : POLLOUT,
                       self->env, deadline_ms, diag);
    if (err != SKP_ERR_OK) {
        self->is_broken = true;
        return skp_prefix(diag, err, "%s", what);
    }
    return SKP_ERR_OK;
}

/* ---- the table ----------------------------------------------------------- */

static enum skp_err read_tls(struct skd_stream *stream,
                             uint8_t *buf,
                             size_t cap,
                             uint64_t deadline_ms,
                             size_t *ret_len,
                             struct skp_diag *diag)
{
    struct tls_stream *self = (struct tls_stream *)stream;

    for (;;) {
        int result;

        ERR_clear_error();
        errno = 0;
        result = SSL_read(self->ssl, buf, cap > INT_MAX ? INT_MAX : (int)cap);
        if (result > 0) {
            *ret_len = (size_t)result;
            return SKP_ERR_OK;
        }
        if (SSL_get_error(self->ssl, result) == SSL_ERROR_ZERO_RETURN) {
            *ret_len = 0;
            return SKP_ERR_OK;
        }
        SKP_TRY(await_retry(self, "TLS read", result, deadline_ms, diag));
    }
}

static enum skp_err write_tls(struct skd_stream *stream,
                              const uint8_t *bytes,
                              size_t len,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    struct tls_stream *self = (struct tls_stream *)stream;

    while (len > 0) {
        int result;

        ERR_clear_error();
        errno = 0;
        result =
            SSL_write(self->ssl, bytes, len > INT_MAX ? INT_MAX : (int)len);
        if (result > 0) {
            bytes += result;
            len -= (size_t)result;
            continue;
        }
        SKP_TRY(await_retry(self, "TLS write", result, deadline_ms, diag));
    }
    return SKP_ERR_OK;
}

static bool is_open_tls(struct skd_stream *stream)
{
    struct tls_stream *self = (struct tls_stream *)stream;
    uint8_t byte[1];
    int result;

    if (self->is_broken) {
        return false;
    }
    ERR_clear_error();
    result = SSL_peek(self->ssl, byte, sizeof byte);
    if (result <= 0 &&
        SSL_get_error(self->ssl, result) == SSL_ERROR_WANT_READ) {
        return true;
    }
    self->is_broken = result <= 0;
    ERR_clear_error();
    return false;
}

static bool peer_cert_tls(struct skd_stream *stream, struct skd_cert *ret)
{
    const struct tls_stream *self = (const struct tls_stream *)stream;

    return skd_tls_cert_read_peer(self->ssl, ret);
}

static void free_tls(struct skd_stream **stream)
{
    struct tls_stream *self = (struct tls_stream *)*stream;

    if (self == NULL) {
        return;
    }
    if (self->ssl != NULL && !self->is_broken &&
        SSL_is_init_finished(self->ssl) != 0) {
        /* Our close_notify; the server's is not waited for. */
        ERR_clear_error();
        (void)SSL_shutdown(self->ssl);
        ERR_clear_error();
    }
    SSL_free(self->ssl);
    BIO_meth_free(self->method);
    if (self->fd >= 0) {
        (void)close(self->fd);
    }
    free(self);
    *stream = NULL;
}

static const struct skd_stream_ops tls_ops = {
    .read = read_tls,
    .write = write_tls,
    .is_open = is_open_tls,
    .peer_cert = peer_cert_tls,
    .free = free_tls,
};

/* ---- connecting ---------------------------------------------------------- */

static bool is_address(const char *name)
{
    uint8_t bytes[sizeof(struct in6_addr)];

    return inet_pton(AF_INET, name, bytes) == 1 ||
           inet_pton(AF_INET6, name, bytes) == 1;
}

/* Have the certificate checked for @name, and tell a server with several names
 * which one is meant (RFC 6066 section 3 allows no addresses there). */
static bool expect_name(SSL *ssl, const char *name)
{
    char indication[256]; /* OpenSSL's macro casts const away */

    if (is_address(name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), name) == 1;
    }
    if (strlen(name) >= sizeof indication) {
        return false;
    }
    memcpy(indication, name, strlen(name) + 1);
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 &&
           SSL_set_tlsext_host_name(ssl, indication) == 1;
}

static enum skp_err shake_hands(struct tls_stream *self,
                                uint64_t deadline_ms,
                                struct skp_diag *diag)
{
    for (;;) {
        int result;

        ERR_clear_error();
        errno = 0;
        result = SSL_connect(self->ssl);
        if (result == 1) {
            return SKP_ERR_OK;
        }
        SKP_TRY(await_retry(self, "TLS handshake", result, deadline_ms, diag));
    }
}

static enum skp_err start_tls(struct tls_stream *self,
                              const struct skd_tls_config *config,
                              const char *host,
                              uint64_t deadline_ms,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skd_tls_context_free) SSL_CTX *context = NULL;

    SKP_TRY(skd_tls_context_new(config, &context, diag));
    self->ssl = SSL_new(context); /* keeps the context as long as it needs */
    if (self->ssl == NULL || !attach_socket(self) ||
        !expect_name(self->ssl, config->server_name != NULL
                                    ? config->server_name
                                    : host)) {
        ERR_clear_error();
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "cannot set up TLS for this server name");
    }
    SKP_TRY(skd_tls_context_identify(self->ssl, config, diag));
    SKP_TRY(shake_hands(self, deadline_ms, diag));
    /* The connection may stay open for days. */
    skd_tls_context_forget(self->ssl);
    return SKP_ERR_OK;
}

enum skp_err skd_stream_tls_connect(const struct skd_tls_config *config,
                                    const char *host,
                                    uint16_t port,
                                    const struct skd_env *env,
                                    uint64_t deadline_ms,
                                    struct skd_stream **ret,
                                    struct skp_diag *diag)
{
    struct tls_stream *self = calloc(1, sizeof *self);
    struct skd_stream *stream;
    enum skp_err err;

    if (self == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    stream = &self->head;
    self->head.ops = &tls_ops;
    self->env = env;
    self->fd = -1;
    err = skd_tcp_connect(host, port, env, deadline_ms, &self->fd, diag);
    if (err == SKP_ERR_OK) {
        err = start_tls(self, config, host, deadline_ms, diag);
    }
    if (err != SKP_ERR_OK) {
        free_tls(&stream);
        return err;
    }
    *ret = stream;
    return SKP_ERR_OK;
}
