/* sidekey_keys.h - keys at hand: a cache between a gateway and the agent.
 *
 * A program that writes many objects asks for a tenant's public key once, not
 * once an object; a program that reads the same objects again need not ask for
 * their data keys again.  A sidekey_keys keeps both, within fixed bounds, and
 * answers from memory while what it has is right.
 *
 * Public keys.  The cache watches the agent (`watch` of PROTOCOL.md) on a
 * connection of its own and looks at it at the start of each call, without
 * waiting: a change that the agent has told of before the call is never missed
 * by it.  There is no thread in the background.  That needs the right `watch`
 * on all tenants; without it keys are asked for again every unwatched_ms.  For
 * a second after the agent told of something they are asked for every 50 ms,
 * since the agent's threads take up new keys one by one.  Only keys that the
 * agent itself gave to this cache, and whose key id is theirs, are ever used.
 * When the agent says NOT_FOUND, PERMISSION_DENIED or FAILED_PRECONDITION of a
 * tenant, or that its key has changed, the key is dropped at once.  When the
 * agent is away (it cannot be reached, does not answer, or answers UNAVAILABLE,
 * as while it starts), the key is used for offline_ms more.
 *
 * Data keys.  They are kept in one block of locked memory, found by tenant and
 * header, for data_key_ms; there is room for max_data_keys, and the oldest make
 * way.  They are wiped when they expire, make way, when the agent says that
 * the tenant may not be read any more, and at the end.  Since there is no
 * thread, a key that expires is wiped by the next call: a program that may be
 * idle calls sidekey_keys_sweep now and then.
 *
 * Conventions are those of sidekey.h.  A cache may be used by several threads
 * at once; questions to the agent take turns on one connection, answers from
 * memory do not wait for them.  A cache belongs to the process that opened it:
 * after fork() the child opens its own.  The inherited one answers
 * SIDEKEY_INVALID_ARGUMENT to it and can only be closed.
 */
#ifndef SIDEKEY_KEYS_H
#define SIDEKEY_KEYS_H

#include "sidekey.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

/* Bounds of the options. */
#define SIDEKEY_KEYS_TENANTS_MAX   1048576u
#define SIDEKEY_KEYS_DATA_KEYS_MAX 65536u

struct sidekey_keys_options {
    /* Public keys that are kept, at least 1; the one that was used longest ago
     * makes way. */
    uint32_t max_tenants;
    /* A public key that is older is confirmed by the agent before it is used,
     * even if the agent told of no change; at least 1. */
    uint32_t max_age_ms;
    /* How long a public key may be used after the agent was last seen; 0: not
     * at all. */
    uint32_t offline_ms;
    /* How long a public key is used without asking again while the agent does
     * not let this user watch all tenants; 0: each call asks. */
    uint32_t unwatched_ms;
    /* Data keys that are kept; 0: none, each sidekey_keys_unwrap asks. */
    uint32_t max_data_keys;
    /* How long a data key is kept; at least 1 unless max_data_keys is 0. */
    uint32_t data_key_ms;
};

/* Set what sidekey_keys_open takes for NULL: 1024 tenants, 5 minutes of age,
 * 10 minutes offline, 1 s unwatched, 256 data keys for 1 minute. */
void sidekey_keys_defaults(struct sidekey_keys_options *ret);

/* A cache of keys, with two connections to the agent of its own. */
struct sidekey_keys;

/* Make a cache.  Nothing is connected before the first call; all memory for
 * tenants and data keys is taken here.
 * @socket_path  as for sidekey_open.
 * @options      copied; NULL: the defaults.
 * Errors: SIDEKEY_RESOURCE_EXHAUSTED no memory; SIDEKEY_INVALID_ARGUMENT the
 * path is longer than a Unix socket's may be, or an option is out of its
 * bounds; SIDEKEY_INTERNAL the kernel gave no random bytes. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_keys_open(const char *socket_path,
                  const struct sidekey_keys_options *options,
                  struct sidekey_keys **ret);

/* Wipe, disconnect and free; accepts a NULL pointer and leaves NULL behind.  No
 * call may be running. */
void sidekey_keys_close(struct sidekey_keys **cache);

/* The words of the calling thread's last call on this cache when it failed, ""
 * when it did not; as sidekey_error_text. */
const char *sidekey_keys_error_text(const struct sidekey_keys *cache);

/* The current public key of @tenant: from memory while it is right, else from
 * the agent.  While there is a key to fall back to, a question that the agent
 * leaves open costs half a second at most.
 * @ret  the caller's own copy; it may be used for the object now begun.
 * Errors: SIDEKEY_UNAVAILABLE the agent is away, and was not seen for
 * offline_ms or never gave this key; otherwise as sidekey_pubkey. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_keys_public(struct sidekey_keys *cache,
                    const char *tenant,
                    uint32_t deadline_ms,
                    struct sidekey_public_key *ret);

/* Open the header of an envelope, from memory if that was done a moment ago,
 * else by the agent.
 * @header, @len, @options  as for sidekey_unwrap.
 * @ret  the caller's own copy; wipe it with sidekey_wipe.
 * Errors as sidekey_unwrap. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_keys_unwrap(struct sidekey_keys *cache,
                    const char *tenant,
                    const uint8_t *header,
                    size_t len,
                    const struct sidekey_options *options,
                    uint32_t deadline_ms,
                    struct sidekey_data_key *ret);

/* Wipe the data keys that have expired, and read what the agent has told.
 * Never waits.  Each call above does the same. */
void sidekey_keys_sweep(struct sidekey_keys *cache);

/* Counts since the cache was opened, and the state it is in. */
struct sidekey_keys_stats {
    uint64_t hits;         /* public keys answered from memory */
    uint64_t offline_hits; /* of these: while the agent was away */
    uint64_t misses;       /* questions to the agent */
    uint64_t evictions;    /* public keys that made way */
    uint64_t data_key_hits;
    uint64_t data_key_misses;
    uint64_t data_key_evictions;
    uint64_t changes;   /* changed tenants that the agent told of */
    uint32_t tenants;   /* public keys now kept */
    uint32_t data_keys; /* data keys now kept */
    bool is_watching;   /* the agent tells of changes now */
};

/* Copy the counts; never waits, never asks. */
void sidekey_keys_stats(struct sidekey_keys *cache,
                        struct sidekey_keys_stats *ret);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* SIDEKEY_KEYS_H */
