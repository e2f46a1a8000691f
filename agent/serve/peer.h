/* peer.h - who is on the other end of a Unix socket, as the kernel says.
 *
 * The process id can be reused and is 0 across PID namespaces: uid and groups
 * decide, and the cgroup where it is known; the pid is for logs only.
 *
 * Thread:   any; a peer is read once and not changed.
 */
#ifndef SKD_PEER_H
#define SKD_PEER_H

#include <sys/types.h>

#include "agent/serve/process.h"
#include "protocol/diag.h"

struct skd_peer {
    uid_t uid;
    gid_t gid;
    pid_t pid;
    gid_t *groups; /* supplementary groups; heap; NULL when n_groups is 0 */
    size_t n_groups;
    struct skd_process *process; /* pinned; NULL: not known, or not asked */
};

/* Ask the kernel about the other end of the connected socket @fd
 * (SO_PEERCRED, SO_PEERGROUPS).  A kernel that cannot name supplementary
 * groups gives none.
 *   SKP_ERR_INTERNAL            @fd is no connected Unix socket.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory. */
SKP_MUST_CHECK enum skp_err
skd_peer_read(int fd, struct skd_peer *ret, struct skp_diag *diag);

/* Find out which program the peer of @fd is, which skd_peer_read filled @peer
 * from; see skd_process_read. */
void skd_peer_read_process(int fd, struct skd_peer *peer);

/* Release groups and process; the peer is empty afterwards. */
void skd_peer_done(struct skd_peer *peer);

/* True when @gid is the primary or a supplementary group of @peer. */
bool skd_peer_in_group(const struct skd_peer *peer, gid_t gid);

#endif /* SKD_PEER_H */
