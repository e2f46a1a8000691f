/* arena.c - 32-byte slots in one locked region; see arena.h. */
#include "agent/sys/arena.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

struct skd_arena {
    struct skd_pages pages; /* the header, if there is one, then the slots */
    uint8_t *slots;
    size_t slots_len; /* bytes, whole pages, one at least */
    size_t n_slots;
    bool is_sealed;
    atomic_bool is_kept;
};

/* Set once before threads start; the count is for status only. */
static _Atomic enum skd_tier least_tier = SKD_TIER_MLOCK;
static _Atomic enum skd_keeping kept = SKD_KEEPING_NONE;
static atomic_size_t held;

void skd_arena_require(enum skd_tier least)
{
    atomic_store(&least_tier, least);
}

void skd_arena_keep(enum skd_keeping keeping)
{
    atomic_store(&kept, keeping);
}

size_t skd_arena_held(void)
{
    return atomic_load(&held);
}

static enum skp_err
fail_to_map(size_t len, enum skd_tier least, struct skp_diag *diag)
{
    struct rlimit limit = { 0, 0 };

    (void)getrlimit(RLIMIT_MEMLOCK, &limit);
    if (limit.rlim_cur == RLIM_INFINITY) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "no %s memory for keys: %zu bytes needed, the lock "
                        "limit is unlimited",
                        skd_tier_name(least), len);
    }
    return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                    "no %s memory for keys: %zu bytes needed beside %zu held, "
                    "the lock limit (RLIMIT_MEMLOCK, LimitMEMLOCK=) is %llu "
                    "bytes: raise it",
                    skd_tier_name(least), len, skd_arena_held(),
                    (unsigned long long)limit.rlim_cur);
}

/* Bytes of the slots for @n_slots; 0 when that is no size. */
static size_t slots_len_of(size_t n_slots)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (n_slots > (SIZE_MAX / 4) / SKP_KEY_LEN) {
        return 0;
    }
    /* One page for no slots: so that even an empty arena has a tier. */
    return n_slots == 0 ? page
                        : (n_slots * SKP_KEY_LEN + page - 1) / page * page;
}

size_t skd_arena_header_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* An arena over *pages, which are moved in. */
static enum skp_err make_arena(struct skd_pages *pages,
                               bool has_header,
                               size_t n_slots,
                               struct skd_arena **ret)
{
    struct skd_arena *arena = calloc(1, sizeof *arena);
    size_t header_len = has_header ? skd_arena_header_len() : 0;

    if (arena == NULL) {
        skd_pages_unmap(pages);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    arena->pages = *pages;
    arena->slots = pages->ptr + header_len;
    arena->slots_len = pages->len - header_len;
    arena->n_slots = n_slots;
    if (pages->tier != SKD_TIER_NONE) {
        atomic_fetch_add(&held, pages->len);
    }
    *ret = arena;
    return SKP_ERR_OK;
}

/* Pages with room for the header, if they can be kept at all; else without. */
static bool
map_pages(size_t slots_len, enum skd_tier least, struct skd_pages *ret)
{
    enum skd_keeping keeping = atomic_load(&kept);

    if (keeping != SKD_KEEPING_NONE &&
        skd_pages_map(skd_arena_header_len() + slots_len, least, keeping,
                      ret)) {
        if (ret->fd >= 0) {
            return true;
        }
        skd_pages_unmap(ret);
    }
    return skd_pages_map(slots_len, least, SKD_KEEPING_NONE, ret);
}

enum skp_err
skd_arena_new(size_t n_slots, struct skd_arena **ret, struct skp_diag *diag)
{
    size_t slots_len = slots_len_of(n_slots);
    enum skd_tier least = atomic_load(&least_tier);
    struct skd_pages pages = { .fd = -1 };

    if (slots_len == 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "too many keys");
    }
    if (!map_pages(slots_len, least, &pages)) {
        return fail_to_map(slots_len, least, diag);
    }
    if (make_arena(&pages, pages.fd >= 0, n_slots, ret) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory for keys");
    }
    return SKP_ERR_OK;
}

enum skp_err
skd_arena_adopt(int fd, struct skd_arena **ret, struct skp_diag *diag)
{
    struct skd_pages pages = { .fd = -1 };
    struct skd_arena *arena = NULL;
    size_t header_len = skd_arena_header_len();

    SKP_TRY(skd_pages_adopt(fd, atomic_load(&least_tier), atomic_load(&kept),
                            &pages, diag));
    if (pages.len <= header_len) {
        skd_pages_unmap(&pages);
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the memory of the keys has a wrong length");
    }
    if (make_arena(&pages, true, (pages.len - header_len) / SKP_KEY_LEN,
                   &arena) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory for keys");
    }
    skd_arena_seal(arena);
    *ret = arena;
    return SKP_ERR_OK;
}

void skd_arena_limit(struct skd_arena *arena, size_t n_slots)
{
    skp_assert(n_slots <= arena->slots_len / SKP_KEY_LEN);
    arena->n_slots = n_slots;
}

void skd_arena_free(struct skd_arena **arena)
{
    struct skd_arena *a = *arena;

    *arena = NULL;
    if (a == NULL) {
        return;
    }
    if (!atomic_load(&a->is_kept)) {
        /* Cannot fail for a whole mapping of our own that was writable before;
         * to go on without wiping is no choice. */
        skp_assert(!a->is_sealed || mprotect(a->pages.ptr, a->pages.len,
                                             PROT_READ | PROT_WRITE) == 0);
        skp_wipe(a->pages.ptr, a->pages.len);
    }
    if (a->pages.tier != SKD_TIER_NONE) {
        atomic_fetch_sub(&held, a->pages.len);
    }
    skd_pages_unmap(&a->pages);
    free(a);
}

enum skp_err skd_arena_probe(enum skd_tier *ret, struct skp_diag *diag)
{
    struct skp_diag why = { "" };
    struct skd_arena *arena = NULL;
    enum skp_err err = skd_arena_new(1, &arena, &why);

    if (err != SKP_ERR_OK || arena == NULL) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s", why.text);
    }
    *ret = skd_arena_tier(arena);
    skd_arena_free(&arena);
    return SKP_ERR_OK;
}

const uint8_t *skd_arena_slot(const struct skd_arena *arena, size_t index)
{
    skp_assert(index < arena->n_slots);
    return arena->slots + index * SKP_KEY_LEN;
}

void skd_arena_set(struct skd_arena *arena,
                   size_t index,
                   const uint8_t key[SKP_KEY_LEN])
{
    skp_assert(index < arena->n_slots && !arena->is_sealed);
    memcpy(arena->slots + index * SKP_KEY_LEN, key, SKP_KEY_LEN);
}

uint8_t *skd_arena_header(const struct skd_arena *arena)
{
    return arena->slots == arena->pages.ptr ? NULL : arena->pages.ptr;
}

int skd_arena_fd(const struct skd_arena *arena)
{
    return arena->pages.fd;
}

void skd_arena_close_fd(struct skd_arena *arena)
{
    if (arena->pages.fd >= 0) {
        (void)close(arena->pages.fd);
    }
    arena->pages.fd = -1;
}

void skd_arena_set_kept(struct skd_arena *arena, bool is_kept)
{
    atomic_store(&arena->is_kept, is_kept);
}

void skd_arena_seal(struct skd_arena *arena)
{
    /* A seal that does not hold costs a guard against our own mistakes, not a
     * secret. */
    if (mprotect(arena->slots, arena->slots_len, PROT_READ) == 0) {
        arena->is_sealed = true;
    }
}

size_t skd_arena_n_slots(const struct skd_arena *arena)
{
    return arena->n_slots;
}

enum skd_tier skd_arena_tier(const struct skd_arena *arena)
{
    return arena->pages.tier;
}
