/* secret.c - locked buffers; see secret.h. */
#include "protocol/secret.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sodium.h>

#include "protocol/registers.h"

/* Set once before threads start; the count is for status only. */
static atomic_bool lock_required;
static atomic_size_t held;

void skp_secret_require_lock(bool required)
{
    atomic_store(&lock_required, required);
}

size_t skp_secret_held(void)
{
    return atomic_load(&held);
}

static size_t round_to_pages(size_t len)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    return (len + page - 1) / page * page;
}

static void unmap_pages(uint8_t *pages, size_t len)
{
    skp_wipe(pages, len);
    (void)munlock(pages, len);
    (void)munmap(pages, len);
    atomic_fetch_sub(&held, len);
}

static enum skp_err map_pages(size_t len, uint8_t **ret)
{
    void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (pages == MAP_FAILED) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (mlock(pages, len) != 0 && atomic_load(&lock_required)) {
        (void)munmap(pages, len);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    /* Neither can fail on a mapping of our own in a way that matters more
     * than refusing to serve would. */
    (void)madvise(pages, len, MADV_DONTDUMP);
    (void)madvise(pages, len, MADV_DONTFORK);
    atomic_fetch_add(&held, len);
    *ret = pages;
    return SKP_ERR_OK;
}

enum skp_err skp_secret_reserve(struct skp_secret *secret, size_t cap)
{
    uint8_t *pages;

    if (cap <= secret->cap) {
        return SKP_ERR_OK;
    }
    if (cap > SIZE_MAX / 2) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    cap = round_to_pages(cap);
    SKP_TRY(map_pages(cap, &pages));
    if (secret->cap > 0) {
        memcpy(pages, secret->bytes, secret->len);
        unmap_pages(secret->bytes, secret->cap);
    }
    secret->bytes = pages;
    secret->cap = cap;
    return SKP_ERR_OK;
}

enum skp_err
skp_secret_append(struct skp_secret *secret, const void *bytes, size_t len)
{
    if (len == 0) {
        return SKP_ERR_OK;
    }
    if (len > SIZE_MAX / 4 - secret->len) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (len > secret->cap - secret->len) {
        size_t doubled = 2 * secret->cap;
        size_t needed = secret->len + len;

        SKP_TRY(
            skp_secret_reserve(secret, doubled > needed ? doubled : needed));
    }
    memcpy(secret->bytes + secret->len, bytes, len);
    secret->len += len;
    return SKP_ERR_OK;
}

void skp_secret_consume(struct skp_secret *secret, size_t len)
{
    skp_assert(len <= secret->len);
    if (len == 0) {
        return;
    }
    memmove(secret->bytes, secret->bytes + len, secret->len - len);
    skp_wipe(secret->bytes + secret->len - len, len);
    secret->len -= len;
}

void skp_secret_trim(struct skp_secret *secret)
{
    size_t cap = round_to_pages(secret->len);

    if (cap == secret->cap) {
        return;
    }
    unmap_pages(secret->bytes + cap, secret->cap - cap);
    secret->cap = cap;
    if (cap == 0) {
        secret->bytes = NULL;
    }
}

void skp_secret_clear(struct skp_secret *secret)
{
    if (secret->len > 0) {
        skp_wipe(secret->bytes, secret->len);
    }
    secret->len = 0;
}

void skp_secret_done(struct skp_secret *secret)
{
    if (secret->cap > 0) {
        unmap_pages(secret->bytes, secret->cap);
    }
    *secret = (struct skp_secret){ NULL, 0, 0 };
}

struct skp_view skp_secret_view(const struct skp_secret *secret)
{
    return (struct skp_view){ secret->bytes, secret->len };
}

void skp_wipe(void *bytes, size_t len)
{
    sodium_memzero(bytes, len);
    skp_registers_clear();
}

bool skp_equal_ct(const void *a, const void *b, size_t len)
{
    return sodium_memcmp(a, b, len) == 0;
}

void skp_wipe_guard(struct skp_wiped *guard)
{
    skp_wipe(guard->bytes, guard->len);
}
