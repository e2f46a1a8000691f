/* kms.c - a KMIP server that is far away; see kms.h. */
#include "tests/bench/kms.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/ssl.h>

#include "tests/bench/cpu.h"
#include "tests/bench/host.h"
#include "tests/bench/listen.h"
#include "tests/bench/tenants.h"
#include "tests/lib/kmip_fake.h"
#include "tests/lib/pki.h"

/* More than any client has in flight. */
#define PENDING_MAX 64u
#define HEADER_LEN  8u
/* What all tenants' ids have behind their first 8 characters. */
#define ID_MARK "-5eed-4000-8000-"

/* An answer on its way. */
struct pending {
    uint64_t due_ns;
    struct skp_secret bytes;
};

struct skb_kms {
    int fd;
    uint16_t port;
    uint64_t latency_ns;
    SSL_CTX *tls;
    struct skt_cert *authority;
    struct skt_cert *client;
    struct skt_fake fake;
    atomic_uint n_messages;
    pthread_t thread;
    struct pending pending[PENDING_MAX];
    size_t head;
    size_t n_pending;
    struct skp_secret in;
};

static void require(bool is_so, const char *what)
{
    if (!is_so) {
        (void)fprintf(stderr, "bench: key server: %s\n", what);
        abort();
    }
}

/* ---- messages ------------------------------------------------------------ */

/* Let the fake have the objects that @request speaks of. */
static void know(struct skb_kms *kms, struct skp_view request)
{
    const uint8_t *end = request.ptr + request.len;
    const uint8_t *mark = request.ptr;

    kms->fake.n = 0;
    while ((mark = memmem(mark, (size_t)(end - mark), ID_MARK,
                          strlen(ID_MARK))) != NULL) {
        struct skt_fake_object *object;
        struct skb_tenant tenant;
        char id[SKB_TENANT_ID_LEN + 1];

        (void)snprintf(id, sizeof id, "%s", (const char *)mark - 8);
        skb_tenant_name((size_t)strtoull(id + 24, NULL, 16), &tenant);
        object = skt_fake_add(&kms->fake, tenant.id, tenant.id, tenant.seed);
        object->initial_s = 1700000000;
        mark += strlen(ID_MARK);
    }
}

static void answer(struct skb_kms *kms, struct skp_view request)
{
    struct pending *pending =
        &kms->pending[(kms->head + kms->n_pending) % PENDING_MAX];

    require(kms->n_pending < PENDING_MAX, "too many messages in flight");
    know(kms, request);
    skp_secret_clear(&pending->bytes);
    skt_fake_serve(&kms->fake, request, &pending->bytes);
    pending->due_ns = skb_now_ns() + kms->latency_ns;
    kms->n_pending++;
    atomic_fetch_add(&kms->n_messages, 1);
}

/* Answer the messages that are whole. */
static void take_messages(struct skb_kms *kms)
{
    const uint8_t *in = kms->in.bytes;
    size_t at = 0;

    while (kms->in.len - at >= HEADER_LEN) {
        size_t len =
            HEADER_LEN + ((size_t)in[at + 4] << 24 | (size_t)in[at + 5] << 16 |
                          (size_t)in[at + 6] << 8 | in[at + 7]);

        if (kms->in.len - at < len) {
            break;
        }
        answer(kms, (struct skp_view){ in + at, len });
        at += len;
    }
    memmove(kms->in.bytes, in + at, kms->in.len - at);
    kms->in.len -= at;
}

/* ---- a connection ---------------------------------------------------------
 */

static void wait_for(int fd, short events, const struct timespec *patience)
{
    struct pollfd poll = { .fd = fd, .events = events };

    (void)ppoll(&poll, 1, patience, NULL);
}

/* Read what there is; false when the client is gone. */
static bool receive(struct skb_kms *kms, SSL *ssl)
{
    uint8_t bytes[16384];

    for (;;) {
        int n = SSL_read(ssl, bytes, sizeof bytes);

        if (n <= 0) {
            return SSL_get_error(ssl, n) == SSL_ERROR_WANT_READ;
        }
        require(skp_secret_append(&kms->in, bytes, (size_t)n) == SKP_ERR_OK,
                "no memory");
        take_messages(kms);
    }
}

static bool send_due(struct skb_kms *kms, SSL *ssl, int fd)
{
    while (kms->n_pending > 0 &&
           kms->pending[kms->head].due_ns <= skb_now_ns()) {
        const struct skp_secret *bytes = &kms->pending[kms->head].bytes;
        int n = SSL_write(ssl, bytes->bytes, (int)bytes->len);

        if (n <= 0) {
            if (SSL_get_error(ssl, n) != SSL_ERROR_WANT_WRITE) {
                return false;
            }
            wait_for(fd, POLLOUT, NULL);
            continue;
        }
        kms->head = (kms->head + 1) % PENDING_MAX;
        kms->n_pending--;
    }
    return true;
}

/* Until the next answer is due, or something comes. */
static void wait_for_next(const struct skb_kms *kms, int fd)
{
    struct timespec patience = { 0, 0 };
    uint64_t now_ns = skb_now_ns();
    uint64_t due_ns = kms->pending[kms->head].due_ns;

    if (kms->n_pending == 0) {
        wait_for(fd, POLLIN, NULL);
        return;
    }
    if (due_ns > now_ns) {
        patience.tv_sec = (time_t)((due_ns - now_ns) / 1000000000u);
        patience.tv_nsec = (long)((due_ns - now_ns) % 1000000000u);
    }
    wait_for(fd, POLLIN, &patience);
}

static void serve(struct skb_kms *kms, int fd)
{
    SSL *ssl = SSL_new(kms->tls);
    int on = 1;

    kms->n_pending = 0;
    kms->in.len = 0;
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (ssl != NULL && SSL_set_fd(ssl, fd) == 1 && SSL_accept(ssl) == 1) {
        (void)fcntl(fd, F_SETFL, O_NONBLOCK);
        while (send_due(kms, ssl, fd) && receive(kms, ssl)) {
            wait_for_next(kms, fd);
        }
    }
    SSL_free(ssl);
}

static void *run(void *arg)
{
    struct skb_kms *kms = arg;

    for (;;) {
        int fd = accept4(kms->fd, NULL, NULL, SOCK_CLOEXEC);

        if (fd < 0) {
            return NULL;
        }
        serve(kms, fd);
        (void)close(fd);
    }
}

/* ---- public ---------------------------------------------------------------
 */

static void make_tls(struct skb_kms *kms)
{
    const struct skt_cert_wish authority = { .name = "kms-ca", .is_ca = true };
    struct skt_cert_wish wish = { .name = "kms", .san = "IP:127.0.0.1" };
    struct skt_cert *server;

    kms->authority = skt_pki_make(skb_folder(), &authority);
    wish.issuer = kms->authority;
    server = skt_pki_make(skb_folder(), &wish);
    wish = (struct skt_cert_wish){ .name = "kms-client",
                                   .is_client = true,
                                   .issuer = kms->authority };
    kms->client = skt_pki_make(skb_folder(), &wish);
    kms->tls = SSL_CTX_new(TLS_server_method());
    require(kms->tls != NULL &&
                SSL_CTX_use_certificate_file(kms->tls, server->cert_file,
                                             SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_use_PrivateKey_file(kms->tls, server->key_file,
                                            SSL_FILETYPE_PEM) == 1 &&
                SSL_CTX_load_verify_file(kms->tls, kms->authority->cert_file) ==
                    1,
            "no TLS");
    SSL_CTX_set_verify(kms->tls,
                       SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
}

struct skb_kms *skb_kms_start(uint64_t latency_us, bool refuses_batches)
{
    struct skb_kms *kms = calloc(1, sizeof *kms);

    require(kms != NULL, "no memory");
    kms->latency_ns = latency_us * 1000;
    kms->fake.refuses_batches = refuses_batches;
    make_tls(kms);
    kms->fd = skb_listen(&kms->port);
    require(kms->fd >= 0 && pthread_create(&kms->thread, NULL, run, kms) == 0,
            "no socket or thread");
    return kms;
}

char *skb_kms_config(const struct skb_kms *kms, unsigned depth)
{
    char *text = NULL;

    require(asprintf(&text,
                     "{\"kmip\": {\"address\": \"127.0.0.1:%u\", "
                     "\"pipeline_depth\": %u}, \"tls\": {\"ca_file\": \"%s\", "
                     "\"cert_file\": \"%s\", \"key_file\": \"%s\"}}",
                     (unsigned)kms->port, depth, kms->authority->cert_file,
                     kms->client->cert_file, kms->client->key_file) > 0,
            "no memory");
    return text;
}

unsigned skb_kms_messages(const struct skb_kms *kms)
{
    return atomic_load(&kms->n_messages);
}

void skb_kms_stop(struct skb_kms **kms)
{
    struct skb_kms *k = *kms;

    *kms = NULL;
    if (k == NULL) {
        return;
    }
    (void)shutdown(k->fd, SHUT_RDWR); /* accept returns */
    (void)pthread_join(k->thread, NULL);
    (void)close(k->fd);
    for (size_t i = 0; i < PENDING_MAX; i++) {
        skp_secret_done(&k->pending[i].bytes);
    }
    skp_secret_done(&k->in);
    SSL_CTX_free(k->tls);
    free(k);
}
