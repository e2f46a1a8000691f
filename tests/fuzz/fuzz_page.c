/* fuzz_page.c - what a web server answers, and libcurl behind that.
 *
 * Reaches: agent/source/net/http.c
 *
 * The input is how much is taken and asked, and then the bytes of the answer,
 * status line and headers included, which a server of our own sends in pieces
 * over loopback and then ends; or the page is a file.  What is taken as a page
 * is no longer than what was asked for; what is remembered of headers is
 * printable; a server does not silence the agent for longer than the limit.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/source/net/http.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX   131072u
#define DEADLINE_MS 5000u

/* Bits of the first byte of an input. */
#define PIECE_LEN(how)     ((size_t)((how)&3u) * 97 + 1)
#define IS_SHORT(how)      (((how)&4u) != 0) /* a small page is wanted */
#define HAS_ETAG(how)      (((how)&8u) != 0)
#define HAS_TOKEN(how)     (((how)&16u) != 0)
#define IS_FILE(how)       (((how)&32u) != 0)
#define IS_REFUSED(how)    (((how)&64u) != 0) /* asked in a way that is not */
#define IS_TLS(how)        (((how)&128u) != 0)
#define WHICH_REFUSAL(how) ((how)&3u)

static int listener = -1;
static unsigned port;

static void open_listener(void)
{
    struct sockaddr_in name = { .sin_family = AF_INET,
                                .sin_addr = { htonl(INADDR_LOOPBACK) } };
    socklen_t len = sizeof name;

    if (listener >= 0) {
        return;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ck_assert_int_ge(listener, 0);
    ck_assert_int_eq(bind(listener, (struct sockaddr *)&name, len), 0);
    ck_assert_int_eq(listen(listener, 8), 0);
    ck_assert_int_eq(getsockname(listener, (struct sockaddr *)&name, &len), 0);
    port = ntohs(name.sin_port);
}

/* ---- the server: one connection, one answer ------------------------------ */

struct server {
    struct skp_view answer;
    size_t piece_len;
};

static void send_answer(int fd, struct skp_view answer, size_t piece_len)
{
    int yes = 1;

    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* Small pieces at first, where the headers are. */
    for (unsigned i = 0; i < 64 && answer.len > 0; i++) {
        struct skp_view piece = skt_fuzz_take(&answer, piece_len);

        (void)send(fd, piece.ptr, piece.len, MSG_NOSIGNAL);
    }
    (void)send(fd, answer.ptr, answer.len, MSG_NOSIGNAL);
    (void)shutdown(fd, SHUT_WR);
}

static void *serve(void *state)
{
    struct server *server = state;
    char rest[4096];
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    /* The whole request is there before the first byte of the answer. */
    (void)recv(fd, rest, sizeof rest, 0);
    send_answer(fd, server->answer, server->piece_len);
    while (recv(fd, rest, sizeof rest, 0) > 0) {
    }
    (void)close(fd);
    return NULL;
}

/* ---- what must hold ------------------------------------------------------ */

static void check_answer(enum skp_err err,
                         const struct skd_http_request *request,
                         const struct skd_http_answer *answer,
                         const struct skp_diag *diag)
{
    ck_assert_uint_le(answer->body.len, request->body_max);
    ck_assert_uint_le(answer->retry_ms, SKD_HTTP_RETRY_MAX_MS);
    for (const char *c = answer->etag; *c != '\0'; c++) {
        ck_assert(*c >= ' ' && *c <= '~');
    }
    if (err == SKP_ERR_OK) {
        ck_assert(answer->status == 200 || answer->body.len == 0);
        return;
    }
    ck_assert(err == SKP_ERR_UNAVAILABLE || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(diag->text[0] != '\0');
}

/* A server name to ask for in TLS, which our server answers with anything. */
static const struct skd_tls_config unnamed = { .server_name = NULL };
static const struct skd_tls_config named = { .server_name = "name.example",
                                             .insecure_skip_verify = true };
static const struct skd_tls_config misnamed = { .server_name = "na/me" };

static enum skp_err get(const struct skd_tls_config *tls,
                        const struct skd_http_request *request,
                        struct skd_http_answer *ret)
{
    struct skd_http *http = NULL;
    struct skp_diag diag = { "" };
    struct skd_cert cert = { .not_after_s = 0 };
    enum skp_err err;

    ck_assert_int_eq(skd_http_new(&skd_env_system, tls, &http, &diag),
                     SKP_ERR_OK);
    err = skd_http_get(http, request, ret, &diag);
    check_answer(err, request, ret, &diag);
    /* Nobody here shows one. */
    ck_assert(!skd_http_server_cert(http, &cert));
    skd_http_free(&http);
    return err;
}

static void get_from_server(struct skp_view bytes,
                            unsigned how,
                            const struct skd_http_request *request,
                            struct skd_http_answer *ret)
{
    struct server server = { bytes, PIECE_LEN(how) };
    pthread_t thread;

    ck_assert_int_eq(pthread_create(&thread, NULL, serve, &server), 0);
    (void)get(IS_TLS(how) ? &named : &unnamed, request, ret);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}

/* A file is its bytes and nothing more, or too long. */
static void get_from_file(struct skp_view bytes,
                          struct skd_http_request *request,
                          struct skd_http_answer *ret)
{
    int fd = memfd_create("page", MFD_CLOEXEC);
    char url[64];
    enum skp_err err;

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, bytes.ptr, bytes.len), (ssize_t)bytes.len);
    (void)snprintf(url, sizeof url, "file:///proc/self/fd/%d", fd);
    request->url = url;
    err = get(&unnamed, request, ret);
    ck_assert((err == SKP_ERR_OK) == (bytes.len <= request->body_max));
    ck_assert(err != SKP_ERR_OK ||
              skp_view_equal(skp_secret_view(&ret->body), bytes));
    (void)close(fd);
}

/* What no server is asked at all. */
static void get_nothing(unsigned how,
                        struct skd_http_request *request,
                        struct skd_http_answer *ret)
{
    const struct skd_tls_config *tls = &unnamed;

    switch (WHICH_REFUSAL(how)) {
    case 0:
        request->token = skp_view_of("a b");
        break;
    case 1:
        request->deadline_ms = 0;
        break;
    case 2:
        request->url = "ftp://127.0.0.1/x";
        break;
    default:
        request->url = "file://host/x";
        break;
    }
    if (IS_TLS(how)) {
        tls = &misnamed;
        request->url = "https://127.0.0.1/x";
    }
    ck_assert_int_eq(get(tls, request, ret), SKP_ERR_UNAVAILABLE);
}

void skt_fuzz_page(struct skp_view input)
{
    unsigned how = skt_fuzz_byte(&input);
    char url[64];
    struct skd_http_request request = {
        .url = url,
        .token = skp_view_of(HAS_TOKEN(how) ? "token" : ""),
        .etag = HAS_ETAG(how) ? "\"etag\"" : NULL,
        .deadline_ms = skd_env_now_ms(&skd_env_system) + DEADLINE_MS,
        .body_max = IS_SHORT(how) ? 16 : INPUT_MAX,
    };
    struct skd_http_answer answer = { .status = 0 };

    if (input.len > INPUT_MAX) {
        return;
    }
    open_listener();
    (void)snprintf(url, sizeof url, "%s://127.0.0.1:%u/page.json",
                   IS_TLS(how) ? "https" : "http", port);
    if (IS_REFUSED(how)) {
        get_nothing(how, &request, &answer);
    } else if (IS_FILE(how)) {
        get_from_file(input, &request, &answer);
    } else {
        get_from_server(input, how, &request, &answer);
    }
    skd_http_answer_done(&answer);
}

SKT_FUZZ_DOOR(page)
