/* sidekey.h - client library of the sidekey key agent.
 *
 * sidekeyd holds the private keys of tenants; a program asks it through a
 * sidekey handle.  Link with -lsidekey (`pkg-config --cflags --libs sidekey`).
 *
 * Conventions
 *   - Every call that talks to the agent returns a sidekey_status: SIDEKEY_OK
 *     or the gRPC status code of what went wrong.  sidekey_error_text() of the
 *     handle gives the agent's words, in the calling thread's last call.
 *   - A deadline is given per call, in milliseconds from now, for the whole
 *     call: connecting, a restart of the agent in between, and the answer.
 *     SIDEKEY_NO_DEADLINE waits for ever.
 *   - A handle may be used by several threads at once; calls take turns on one
 *     connection, and waiting for the turn counts against the deadline.
 *   - When the agent was restarted the library connects again by itself, and
 *     repeats a request that got not a single byte of an answer, once.  All
 *     requests may be repeated safely; only sidekey_refresh is not.
 *   - After fork() the child connects for itself.  Buffers of the library
 *     (struct sidekey_bytes) are not inherited: the child must neither read nor
 *     free them.
 *   - Lengths are bytes.  Outputs are untouched on failure.
 *   - Buffers that the library allocates (struct sidekey_bytes) are released
 *     with sidekey_bytes_free(), which wipes them.
 *   - The library never prints, never changes signal handlers, and never sends
 *     SIGPIPE.
 */
#ifndef SIDEKEY_H
#define SIDEKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The library is built with hidden symbols; what is declared here is not. */
#if defined(__GNUC__)
#pragma GCC visibility push(default)
#endif

#define SIDEKEY_VERSION_MAJOR 0
#define SIDEKEY_VERSION_MINOR 1
#define SIDEKEY_VERSION_PATCH 0

#define SIDEKEY_KEY_LEN     32u /* public keys, data keys */
#define SIDEKEY_KEY_ID_LEN  8u
#define SIDEKEY_HEADER_MAX  96u /* header of an envelope of suite 2 */
#define SIDEKEY_NO_DEADLINE UINT32_MAX

#if defined(__GNUC__)
#define SIDEKEY_MUST_CHECK __attribute__((warn_unused_result))
#else
#define SIDEKEY_MUST_CHECK
#endif

/* gRPC status codes, by number. */
enum sidekey_status {
    SIDEKEY_OK = 0,
    /* The request, or the envelope in it, is malformed. */
    SIDEKEY_INVALID_ARGUMENT = 3,
    /* The deadline passed first. */
    SIDEKEY_DEADLINE_EXCEEDED = 4,
    /* No such tenant, or none of its keys has that key id. */
    SIDEKEY_NOT_FOUND = 5,
    SIDEKEY_ALREADY_EXISTS = 6,
    /* sidekey.access does not let this user do that. */
    SIDEKEY_PERMISSION_DENIED = 7,
    /* A limit, a quota, or memory. */
    SIDEKEY_RESOURCE_EXHAUSTED = 8,
    /* Suite 1 cannot be rewrapped; or the key may not encrypt in its state. */
    SIDEKEY_FAILED_PRECONDITION = 9,
    /* The agent does not know the method or the suite. */
    SIDEKEY_UNIMPLEMENTED = 12,
    /* The agent answered what PROTOCOL.md does not allow. */
    SIDEKEY_INTERNAL = 13,
    /* No agent listens, or the key was never loaded or is too old. */
    SIDEKEY_UNAVAILABLE = 14,
    /* Authentication failed: changed or cut data, wrong tenant or aad. */
    SIDEKEY_DATA_LOSS = 15
};

/* "NOT_FOUND", say. */
const char *sidekey_status_name(enum sidekey_status status);

enum sidekey_suite {
    SIDEKEY_SUITE_ANY = 0,              /* opening: whatever the header says */
    SIDEKEY_SUITE_X25519_AES256CTR = 1, /* not authenticated */
    SIDEKEY_SUITE_X25519_HPKE_AES256GCM = 2 /* the default */
};

/* Bytes that the library allocated, in locked memory where that is allowed. */
struct sidekey_bytes {
    uint8_t *ptr;
    size_t len;
    size_t cap; /* the library's */
};

/* Wipe and release; accepts an empty one, and leaves an empty one. */
void sidekey_bytes_free(struct sidekey_bytes *bytes);

/* A connection to an agent. */
struct sidekey;

/* Make a handle.  Nothing is connected before the first call.
 * @socket_path  NULL: SIDEKEY_SOCKET of the environment, else
 *               $XDG_RUNTIME_DIR/sidekey/sidekey.sock if that exists, else
 *               /run/sidekey/sidekey.sock.
 * Errors: SIDEKEY_RESOURCE_EXHAUSTED no memory; SIDEKEY_INVALID_ARGUMENT the
 * path is longer than a Unix socket's may be. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_open(const char *socket_path,
                                                    struct sidekey **ret);

/* Close and free; accepts a NULL pointer and leaves NULL behind.  No call may
 * be running. */
void sidekey_close(struct sidekey **handle);

/* The words of the calling thread's last call on this handle when it failed, ""
 * when it did not.  Valid until the thread's next call.  A thread keeps the
 * words of the four handles it used last.  Never holds key bytes. */
const char *sidekey_error_text(const struct sidekey *handle);

/* The path that the handle connects to. */
const char *sidekey_socket_path(const struct sidekey *handle);

/* What the agent says of itself. */
struct sidekey_hello {
    char agent[64]; /* "sidekeyd/0.1.0" */
    uint32_t protocol;
    uint64_t message_max;
    uint64_t payload_max; /* plaintext of one sidekey_encrypt */
};

/* Common errors of all calls below: SIDEKEY_UNAVAILABLE, nobody listens on the
 * socket, or the tenant's key is not available now; SIDEKEY_DEADLINE_EXCEEDED;
 * SIDEKEY_PERMISSION_DENIED; SIDEKEY_INTERNAL; SIDEKEY_RESOURCE_EXHAUSTED;
 * SIDEKEY_INVALID_ARGUMENT, @tenant is not 1 to 128 printable ASCII characters
 * without spaces.
 *
 * While the agent says UNAVAILABLE the library asks again, after 50 ms, then
 * twice as long up to 1 s, until the deadline; then the call's status is
 * SIDEKEY_UNAVAILABLE with the agent's words (sidekey_refresh does not ask
 * again).  While nobody listens on the socket it tries for 2 s or until the
 * deadline, whichever comes first. */

/* Ask the agent who it is and what its limits are; open to every user. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_hello(struct sidekey *handle,
                                                     uint32_t deadline_ms,
                                                     struct sidekey_hello *ret);

struct sidekey_public_key {
    uint8_t public_key[SIDEKEY_KEY_LEN];
    uint8_t key_id[SIDEKEY_KEY_ID_LEN];
    uint64_t generation; /* counts while the agent keeps its keys */
};

/* The current public key of @tenant.  The key id is checked against the key.
 * Errors: SIDEKEY_NOT_FOUND no such tenant; SIDEKEY_FAILED_PRECONDITION its key
 * may only decrypt. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_pubkey(struct sidekey *handle,
               const char *tenant,
               uint32_t deadline_ms,
               struct sidekey_public_key *ret);

/* How to encrypt and decrypt; zeroed means: suite 2, no aad. */
struct sidekey_options {
    const uint8_t *aad; /* authenticated with suite 2; at most 4096 bytes */
    size_t aad_len;
    /* Encrypting: SIDEKEY_SUITE_ANY is suite 2.  Decrypting:
     * SIDEKEY_SUITE_ANY demands suite 2 unless any_suite is set.  With raw it
     * is suite 1 in both. */
    enum sidekey_suite suite;
    bool any_suite; /* decrypting: accept what the header says */
    bool raw;       /* suite 1 without its first 16 bytes */
};

/* Encrypt by the agent, for small values: at most payload_max bytes.
 * @options  NULL: suite 2, no aad.
 * @ret      an envelope; release with sidekey_bytes_free.
 * Errors: SIDEKEY_NOT_FOUND, SIDEKEY_FAILED_PRECONDITION as sidekey_pubkey;
 * SIDEKEY_RESOURCE_EXHAUSTED too long for one call. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_encrypt(struct sidekey *handle,
                const char *tenant,
                const uint8_t *plaintext,
                size_t len,
                const struct sidekey_options *options,
                uint32_t deadline_ms,
                struct sidekey_bytes *ret);

/* Decrypt by the agent.
 * @ret_authenticated  false for suite 1; may be NULL.
 * Errors: SIDEKEY_INVALID_ARGUMENT no envelope, or another suite than demanded;
 * SIDEKEY_NOT_FOUND no such tenant or key id; SIDEKEY_UNIMPLEMENTED unknown
 * suite; SIDEKEY_DATA_LOSS changed, cut, or another tenant's or aad's. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_decrypt(struct sidekey *handle,
                const char *tenant,
                const uint8_t *envelope,
                size_t len,
                const struct sidekey_options *options,
                uint32_t deadline_ms,
                struct sidekey_bytes *ret,
                bool *ret_authenticated);

/* The key of one payload: reads and writes that payload, and no other. */
struct sidekey_data_key {
    uint8_t key[SIDEKEY_KEY_LEN]; /* wipe with sidekey_wipe */
    enum sidekey_suite suite;
    uint8_t key_id[SIDEKEY_KEY_ID_LEN]; /* zero when raw */
};

/* Open the header of an envelope: the data key of that one payload.
 * @header   the envelope's first bytes: 96 in suite 2, 48 in suite 1, 32 raw;
 *           more may be given.
 * Errors as sidekey_decrypt. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_unwrap(struct sidekey *handle,
               const char *tenant,
               const uint8_t *header,
               size_t len,
               const struct sidekey_options *options,
               uint32_t deadline_ms,
               struct sidekey_data_key *ret);

/* Seal the data key in a suite-2 header for the tenant's current key: the
 * envelope's first 96 bytes, to be written over the old ones.
 * Errors: SIDEKEY_FAILED_PRECONDITION suite 1, or the key may not encrypt;
 * others as sidekey_decrypt. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_rewrap(struct sidekey *handle,
               const char *tenant,
               const uint8_t *header,
               size_t len,
               uint32_t deadline_ms,
               uint8_t ret[SIDEKEY_HEADER_MAX]);

struct sidekey_tenant {
    char id[129]; /* NUL-terminated */
    bool has_key;
    uint8_t key_id[SIDEKEY_KEY_ID_LEN];
    uint64_t generation;
    char state[16];         /* active, decrypt-only, stale, unavailable */
    char source[16];        /* file, coordinator, kmip, dev */
    int64_t confirmed_at_s; /* Unix seconds; 0: never */
};

/* All tenants the agent knows, in the order of their ids.  Needs the right
 * `admin`.  @visit is called for each and must not call the handle; a false
 * return ends the walk with SIDEKEY_OK.  When the walk fails in the middle some
 * have been visited already. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_tenants(struct sidekey *handle,
                uint32_t deadline_ms,
                bool (*visit)(void *state, const struct sidekey_tenant *tenant),
                void *state);

/* One source of keys, as of its last refresh. */
struct sidekey_source {
    char name[16];
    int64_t last_attempt_s;
    int64_t last_success_s;
    char last_error[512];
    uint64_t failures; /* in a row, up to now */
};

/* A certificate that the agent shows, or is shown. */
struct sidekey_certificate {
    char name[32];       /* "kms client", "kms server", ... */
    int64_t not_after_s; /* Unix seconds */
};

/* The state of the agent; owns nothing. */
struct sidekey_agent_status {
    char agent[64];
    char mode[32];
    char memory_tier[16];
    uint64_t pid;
    int64_t started_at_s;
    uint64_t locked_bytes;
    uint64_t snapshot; /* snapshots published since the start */
    bool ready;
    bool refreshing;
    bool is_restored;   /* keys of before a restart are in use that no refresh
                         * has confirmed */
    bool has_audit;     /* there is an audit log */
    bool audit_failing; /* and it cannot be written */
    int64_t next_refresh_s;
    uint64_t tenants_active;
    uint64_t tenants_decrypt_only;
    uint64_t tenants_stale;
    uint64_t tenants_unavailable;
    uint64_t brake_missing; /* tenants whose removal is held back */
    uint64_t connections;
    struct sidekey_source sources[8];
    size_t n_sources;
    char warnings[16][256];
    size_t n_warnings;

    /* What older agents do not tell is zero; so are is_restored, has_audit and
     * audit_failing above. */
    uint64_t tenants_unrefreshed; /* that the last refresh did not confirm */
    int64_t unrefreshed_since_s;  /* when the oldest was; 0: never */
    uint64_t restored_tenants;
    int64_t restored_at_s;
    uint64_t audit_written;
    uint64_t audit_dropped;
    uint64_t audit_sequence;      /* of the last record */
    uint64_t connections_refused; /* since the start */
    uint64_t requests_refused;    /* since the start */
    uint64_t gone_destroyed;      /* tenants whose keys are gone for good */
    uint64_t gone_removed;
    uint64_t gone_forgotten;
    struct sidekey_certificate certificates[8];
    size_t n_certificates;
    char sandbox[128];            /* in words; "": not known */
    char audit_target[256];       /* "stderr" or a path */
    char unrefreshed_oldest[129]; /* the tenant confirmed the longest ago */
};

/* Needs the right `admin`. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_agent_status(struct sidekey *handle,
                     uint32_t deadline_ms,
                     struct sidekey_agent_status *ret);

/* How requests of one method were answered. */
struct sidekey_method_totals {
    char method[32];       /* "none": it could not be told */
    uint64_t answered[32]; /* by status, SIDEKEY_OK first; a code that is not
                            * known here counts as SIDEKEY_INTERNAL */
    /* By duration: how many lasted no longer than the bound of that number, and
     * longer than the one before; behind the last bound, longer than all. */
    uint64_t lasted[32];
};

/* What the agent has done since its start; owns nothing.  It may grow at its
 * end in later versions: size says which of them the caller knows. */
struct sidekey_agent_totals {
    size_t size;        /* set to sizeof this struct before the call */
    uint64_t uptime_ms; /* when this was counted, by a clock that nobody sets;
                         * 0: an older agent, which tells none of this */
    uint64_t bounds_ns[31]; /* of durations, ascending, inclusive */
    size_t n_bounds;
    struct sidekey_method_totals methods[32]; /* those that were used */
    size_t n_methods;
    uint64_t workers_us[1024]; /* CPU time that each serving thread has used */
    size_t n_workers;
};

/* The state of the agent and its totals, of the same moment: the difference of
 * two makes rates.  All counts begin anew with another pid, another
 * started_at_s, or a smaller uptime_ms.  Needs the right `admin`.
 * @ret_status  may be NULL.
 * Errors: SIDEKEY_INVALID_ARGUMENT ret->size is less than that of the first
 * version.  Both are untouched on failure. */
SIDEKEY_MUST_CHECK enum sidekey_status
sidekey_agent_totals(struct sidekey *handle,
                     uint32_t deadline_ms,
                     struct sidekey_agent_status *ret_status,
                     struct sidekey_agent_totals *ret);

/* Ask all sources again; answers when that refresh has ended.  Its failure is
 * this call's.  Needs the right `admin`.
 * @accept_removals  let held-back removals through. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_refresh(struct sidekey *handle,
                                                       bool accept_removals,
                                                       uint32_t deadline_ms);

/* Drop the keys of one tenant at once.  Needs the right `admin`.
 * Errors: SIDEKEY_NOT_FOUND. */
SIDEKEY_MUST_CHECK enum sidekey_status sidekey_forget(struct sidekey *handle,
                                                      const char *tenant,
                                                      uint32_t deadline_ms);

/* Wipe memory in a way that the compiler cannot leave out. */
void sidekey_wipe(void *bytes, size_t len);

#if defined(__GNUC__)
#pragma GCC visibility pop
#endif

#ifdef __cplusplus
}
#endif

#endif /* SIDEKEY_H */
