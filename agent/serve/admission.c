/* admission.c - taking clients in: who they are, whether there is room, which
 * worker serves them; see server_parts.h. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/serve/server_parts.h"
#include "agent/sys/log.h"

/* Connections taken in one turn of the main loop, so that others get theirs. */
#define ACCEPTS_MAX 64
/* Pause when the process has no descriptors or memory left. */
#define PAUSE_MS 100u

/* Say why, as far as the socket takes it at once, and close. */
static void refuse_client(int fd, enum skp_err err, const char *text)
{
    const struct skp_response response = { .err = err,
                                           .text = skp_view_of(text) };
    uint8_t bytes[512];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);

    if (skp_response_encode(&response, &buf) == SKP_ERR_OK) {
        (void)send(fd, buf.ptr, buf.len, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    (void)close(fd);
}

static size_t least_loaded(const struct skd_server *server)
{
    size_t best = 0;

    for (size_t i = 1; i < server->n_workers; i++) {
        if (server->loads[i] < server->loads[best]) {
            best = i;
        }
    }
    return best;
}

/* Hand a counted client to a worker. */
static void hand_over(struct skd_server *server, int fd, struct skd_peer *peer)
{
    struct skd_connection *connection = NULL;
    uid_t uid = peer->uid;
    struct skd_rate *rate = skd_quota_rate(&server->quota, uid);
    bool is_posted;

    if (skd_connection_new(fd, peer, ++server->last_id, &connection) !=
        SKP_ERR_OK) {
        skd_quota_leave(&server->quota, uid);
        return;
    }
    connection->rate = rate;
    connection->worker = least_loaded(server);
    server->loads[connection->worker]++;
    is_posted =
        skd_worker_post(server->workers[connection->worker], &connection->mail);
    /* Workers end after the listener only. */
    skp_assert(is_posted);
}

/* Once until a client is admitted again: whoever is refused can try as often as
 * it likes. */
static void say_full(struct skd_server *server, uid_t uid)
{
    if (!server->is_full) {
        server->is_full = true;
        skd_log(SKD_LOG_WARN, "client of uid %u refused: too many connections",
                (unsigned)uid);
    }
}

static void record_refusal(struct skd_server *server,
                           const struct skd_peer *peer,
                           enum skp_err err)
{
    const struct skd_audit_request record = { .peer = peer,
                                              .method = SKP_METHOD_COUNT,
                                              .err = err };

    skd_audit_request_denied(&server->pen, server->given.env, &server->denials,
                             &record);
}

static void admit_client(struct skd_server *server, int fd)
{
    const struct skd_config *config = server->config;
    struct skp_diag diag = { "" };
    struct skd_peer peer;
    enum skp_err err = skd_peer_read(fd, &peer, &diag);

    if (err != SKP_ERR_OK) {
        skd_log(SKD_LOG_WARN, "client refused: %s", diag.text);
        (void)close(fd);
        return;
    }
    skd_quota_forget(&server->quota, skd_env_now_ms(server->given.env));
    err = skd_quota_enter(&server->quota, peer.uid, config->max_connections,
                          config->max_connections_per_uid);
    if (err != SKP_ERR_OK) {
        server->n_refused++;
        say_full(server, peer.uid);
        record_refusal(server, &peer, err);
        skd_peer_done(&peer);
        refuse_client(fd, err, "too many connections");
        return;
    }
    server->is_full = false;
    if (server->pen.audit != NULL || config->names_cgroup) {
        skd_peer_read_process(fd, &peer);
    }
    hand_over(server, fd, &peer);
}

static void on_pause_over(uv_timer_t *timer)
{
    struct skd_server *server = timer->data;

    if (!server->is_stopping) {
        (void)uv_poll_start(&server->poll, UV_READABLE, skd_admission_run);
    }
}

/* The client stays in the backlog, and the poll would report it again at once:
 * look away for a moment. */
static void pause_accepting(struct skd_server *server, int number)
{
    if (!server->is_short) {
        server->is_short = true;
        skd_log(SKD_LOG_ERROR, "cannot accept clients: %s; trying again",
                strerrordesc_np(number));
    }
    (void)uv_poll_stop(&server->poll);
    (void)uv_timer_start(&server->pause, on_pause_over, PAUSE_MS, 0);
}

static bool accept_one(struct skd_server *server)
{
    int fd =
        accept4(server->listener.fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        server->is_short = false;
        admit_client(server, fd);
        return true;
    }
    if (errno == EINTR || errno == ECONNABORTED) {
        return true;
    }
    if (errno != EAGAIN) {
        pause_accepting(server, errno);
    }
    return false;
}

void skd_admission_run(uv_poll_t *poll, int status, int events)
{
    struct skd_server *server = poll->data;

    (void)events;
    if (server->is_stopping) {
        return;
    }
    if (status < 0) {
        pause_accepting(server, -status);
        return;
    }
    for (int i = 0; i < ACCEPTS_MAX && accept_one(server); i++) {
    }
}
