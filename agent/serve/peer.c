/* peer.c - who is on the other end of a Unix socket; see peer.h. */
#include "agent/serve/peer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#ifndef SO_PEERGROUPS
#define SO_PEERGROUPS 59
#endif

static enum skp_err fail_groups(struct skp_diag *diag)
{
    return skp_fail(diag, SKP_ERR_INTERNAL, "SO_PEERGROUPS: %s",
                    strerrordesc_np(errno));
}

/* The groups of a peer do not change after connect(2), so the second call
 * never needs more room than the first one asked for. */
static enum skp_err
read_groups(int fd, gid_t **ret, size_t *ret_n, struct skp_diag *diag)
{
    socklen_t len = 0;
    gid_t *groups = NULL;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &len) == 0 ||
        errno == ENOPROTOOPT) {
        *ret = NULL;
        *ret_n = 0;
        return SKP_ERR_OK;
    }
    /* Without its groups a peer would pass by a rule that is there to keep it
     * out. */
    if (errno != ERANGE) {
        return fail_groups(diag);
    }
    groups = malloc(len);
    if (groups == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups, &len) != 0) {
        enum skp_err err = fail_groups(diag);

        free(groups);
        return err;
    }
    *ret = groups;
    *ret_n = len / sizeof *groups;
    return SKP_ERR_OK;
}

enum skp_err skd_peer_read(int fd, struct skd_peer *ret, struct skp_diag *diag)
{
    struct ucred cred;
    socklen_t len = sizeof cred;
    gid_t *groups = NULL;
    size_t n_groups = 0;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) != 0) {
        return skp_fail(diag, SKP_ERR_INTERNAL, "SO_PEERCRED: %s",
                        strerrordesc_np(errno));
    }
    /* The kernel's answer for a socket without a peer. */
    if (cred.uid == (uid_t)-1) {
        return skp_fail(diag, SKP_ERR_INTERNAL, "the socket has no peer");
    }
    SKP_TRY(read_groups(fd, &groups, &n_groups, diag));
    *ret = (struct skd_peer){ cred.uid, cred.gid, cred.pid,
                              groups,   n_groups, NULL };
    return SKP_ERR_OK;
}

void skd_peer_read_process(int fd, struct skd_peer *peer)
{
    peer->process = skd_process_read(fd, peer->pid);
}

void skd_peer_done(struct skd_peer *peer)
{
    skd_process_unref(&peer->process);
    free(peer->groups);
    *peer = (struct skd_peer){ 0 };
}

bool skd_peer_in_group(const struct skd_peer *peer, gid_t gid)
{
    if (peer->gid == gid) {
        return true;
    }
    for (size_t i = 0; i < peer->n_groups; i++) {
        if (peer->groups[i] == gid) {
            return true;
        }
    }
    return false;
}
