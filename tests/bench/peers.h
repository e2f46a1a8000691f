/* peers.h - other programs that hold private keys and use them for whoever asks
 * at their Unix socket: what a user would take instead of sidekeyd. */
#ifndef SKB_PEERS_H
#define SKB_PEERS_H

#include "tests/bench/host.h"

/* How it may be asked; the best of these is compared. */
struct skb_shape {
    unsigned connections;
    unsigned depth;
};

struct skb_peer {
    const struct skb_peer_kind *kind;
    struct skb_host host;
    struct skb_script script; /* not used by p11-kit, whose client is its own */
    char key[64];             /* what names the key, for gpg-agent */
};

struct skb_peer_kind {
    const char *name;
    const char *against; /* name and operation, for the table */
    /* True when all programs are there that it consists of. */
    bool (*is_installed)(void);
    /* Start it with a key of its own; false when that fails.  A peer that
     * started is stopped by skb_host_stop and its script by skb_script_done. */
    bool (*start)(struct skb_peer *peer);
    /* Ask for @load->seconds; every answer is checked. */
    struct skb_result (*run)(const struct skb_peer *peer,
                             const struct skb_load *load);
    size_t n_shapes; /* of skb_shapes, from the first */
};

#define SKB_SHAPES 4u
extern const struct skb_shape skb_shapes[SKB_SHAPES];

/* X25519 with an unprotected key by PKDECRYPT; see peer_gpg.c. */
extern const struct skb_peer_kind skb_peer_gpg;
/* Ed25519 signatures; see peer_ssh.c. */
extern const struct skb_peer_kind skb_peer_ssh;
/* ECDSA over P-256 in SoftHSM; see peer_p11.c. */
extern const struct skb_peer_kind skb_peer_p11;

#endif /* SKB_PEERS_H */
