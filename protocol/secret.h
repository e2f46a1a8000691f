/* secret.h - locked buffers for bytes that must not leak.
 *
 * A secret is a growable buffer in pages of its own, locked into memory, left
 * out of cores and of children, and wiped before it is moved or released.  Use
 * it for what lives shortly: a page of JSON, an answer of a key server, the
 * plaintext of a request.  Long-lived private keys live in agent/sys/arena.h.
 *
 * Whether memory that could not be locked is refused is one setting for the
 * whole process (skp_secret_require_lock): the agent refuses, the client
 * library, which lives in other people's processes, locks what it may.
 *
 * Secrets:  every function here that drops bytes wipes them first.
 */
#ifndef SKP_SECRET_H
#define SKP_SECRET_H

#include "protocol/bytes.h"

/* Open, so that it can be embedded.  A zeroed secret is empty and valid. */
struct skp_secret {
    uint8_t *bytes; /* whole pages; NULL when cap is 0 */
    size_t len;     /* bytes in use */
    size_t cap;     /* bytes there are, a multiple of the page size */
};

/* Refuse (true) or allow (false, the default) pages that cannot be locked.
 * Call once, before the first thread starts. */
void skp_secret_require_lock(bool required);

/* Bytes now held by all secrets of the process, for status and budgets. */
size_t skp_secret_held(void);

/* Make room for at least @cap bytes.  Contents move, the old pages are wiped.
 *
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or it could not be locked: the
 *                               secret is as it was.
 */
SKP_MUST_CHECK enum skp_err skp_secret_reserve(struct skp_secret *secret,
                                               size_t cap);

/* Append @len bytes, growing (by doubling) as needed; errors as above. */
SKP_MUST_CHECK enum skp_err
skp_secret_append(struct skp_secret *secret, const void *bytes, size_t len);

/* Forget the first @len bytes (at most secret->len): the rest moves to the
 * front and what it left behind is wiped. */
void skp_secret_consume(struct skp_secret *secret, size_t len);

/* Give back the whole pages behind the contents, which do not move. */
void skp_secret_trim(struct skp_secret *secret);

/* Wipe the contents; the memory stays. */
void skp_secret_clear(struct skp_secret *secret);

/* Wipe and release.  The secret is empty and may be used again. */
void skp_secret_done(struct skp_secret *secret);

/* The contents, borrowed until the next call on @secret. */
struct skp_view skp_secret_view(const struct skp_secret *secret);

/* Wipe @len bytes, and the vector registers through which they were copied; the
 * compiler cannot leave it out. */
void skp_wipe(void *bytes, size_t len);

/* Compare in constant time: for keys, tags, tokens. */
bool skp_equal_ct(const void *a, const void *b, size_t len);

/* A fixed-size array on the stack that is wiped when its scope ends:
 *     SKP_WIPED(uint8_t, shared, 32); */
#define SKP_WIPED(type, name, count)                                  \
    type name[count] = { 0 };                                         \
    SKP_CLEANUP(skp_wipe_guard)                                       \
    __attribute__((unused)) struct skp_wiped name##_guard = { (name), \
                                                              sizeof(name) }
struct skp_wiped {
    void *bytes;
    size_t len;
};
void skp_wipe_guard(struct skp_wiped *guard);

#endif /* SKP_SECRET_H */
