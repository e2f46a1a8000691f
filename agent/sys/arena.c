/* arena.c - 32-byte slots in one locked region; see arena.h. */
#include "agent/sys/arena.h"

#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

struct skd_arena {
    uint8_t *slots;
    size_t n_slots;
    size_t map_len; /* bytes, whole pages, one at least */
    enum skd_tier tier;
    bool is_sealed;
};

/* Set once before threads start; the count is for status only. */
static _Atomic enum skd_tier least_tier = SKD_TIER_MLOCK;
static atomic_size_t held;

const char *skd_tier_name(enum skd_tier tier)
{
    switch (tier) {
    case SKD_TIER_MEMFD_SECRET:
        return "memfd_secret";
    case SKD_TIER_MLOCK:
        return "mlock";
    case SKD_TIER_NONE:
    default:
        return "none";
    }
}

void skd_arena_require(enum skd_tier least)
{
    atomic_store(&least_tier, least);
}

size_t skd_arena_held(void)
{
    return atomic_load(&held);
}

/* Memory that is in no other address space: not even root can read it through
 * /proc.  The descriptor is not needed once the pages are mapped. */
static void *map_secret(size_t len)
{
#ifdef SYS_memfd_secret
    void *pages = MAP_FAILED;
    int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

    if (fd < 0) {
        return MAP_FAILED;
    }
    if (ftruncate(fd, (off_t)len) == 0) {
        pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    }
    (void)close(fd);
    return pages;
#else
    (void)len;
    return MAP_FAILED;
#endif
}

/* Map at the best tier there is, down to @least.  Returns MAP_FAILED when none
 * is. */
static void *map_best(size_t len, enum skd_tier least, enum skd_tier *ret_tier)
{
    void *pages = map_secret(len);

    if (pages != MAP_FAILED) {
        *ret_tier = SKD_TIER_MEMFD_SECRET;
        return pages;
    }
    if (least > SKD_TIER_MLOCK) {
        return MAP_FAILED;
    }
    pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                 -1, 0);
    if (pages == MAP_FAILED) {
        return MAP_FAILED;
    }
    if (mlock(pages, len) == 0) {
        *ret_tier = SKD_TIER_MLOCK;
        return pages;
    }
    if (least > SKD_TIER_NONE) {
        (void)munmap(pages, len);
        return MAP_FAILED;
    }
    *ret_tier = SKD_TIER_NONE;
    return pages;
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

/* Bytes of the region for @n_slots; 0 when that is no size. */
static size_t map_len_of(size_t n_slots)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);

    if (n_slots > (SIZE_MAX / 2) / SKP_KEY_LEN) {
        return 0;
    }
    /* One page for no slots: so that even an empty arena has a tier. */
    return n_slots == 0 ? page
                        : (n_slots * SKP_KEY_LEN + page - 1) / page * page;
}

enum skp_err
skd_arena_new(size_t n_slots, struct skd_arena **ret, struct skp_diag *diag)
{
    size_t map_len = map_len_of(n_slots);
    enum skd_tier least = atomic_load(&least_tier);
    enum skd_tier tier = SKD_TIER_NONE;
    struct skd_arena *arena;
    void *pages;

    if (map_len == 0) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "too many keys");
    }
    pages = map_best(map_len, least, &tier);
    if (pages == MAP_FAILED) {
        return fail_to_map(map_len, least, diag);
    }
    arena = calloc(1, sizeof *arena);
    if (arena == NULL) {
        (void)munmap(pages, map_len);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory for keys");
    }
    /* Advice on a mapping of our own: memfd_secret refuses the first, since it
     * is in no core anyway. */
    (void)madvise(pages, map_len, MADV_DONTDUMP);
    (void)madvise(pages, map_len, MADV_DONTFORK);
    *arena = (struct skd_arena){ pages, n_slots, map_len, tier, false };
    if (tier != SKD_TIER_NONE) {
        atomic_fetch_add(&held, map_len);
    }
    *ret = arena;
    return SKP_ERR_OK;
}

void skd_arena_free(struct skd_arena **arena)
{
    struct skd_arena *a = *arena;

    *arena = NULL;
    if (a == NULL) {
        return;
    }
    /* Cannot fail for a whole mapping of our own that was writable before; to
     * go on without wiping is no choice. */
    skp_assert(!a->is_sealed ||
               mprotect(a->slots, a->map_len, PROT_READ | PROT_WRITE) == 0);
    skp_wipe(a->slots, a->map_len);
    (void)munmap(a->slots, a->map_len);
    if (a->tier != SKD_TIER_NONE) {
        atomic_fetch_sub(&held, a->map_len);
    }
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
    *ret = arena->tier;
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

void skd_arena_seal(struct skd_arena *arena)
{
    /* A seal that does not hold costs a guard against our own mistakes, not a
     * secret. */
    if (mprotect(arena->slots, arena->map_len, PROT_READ) == 0) {
        arena->is_sealed = true;
    }
}

size_t skd_arena_n_slots(const struct skd_arena *arena)
{
    return arena->n_slots;
}

enum skd_tier skd_arena_tier(const struct skd_arena *arena)
{
    return arena->tier;
}
