/* pages.c - locked pages, with and without a descriptor; see pages.h. */
#include "agent/sys/pages.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "agent/sys/memfd.h"

/* SECRETMEM_MAGIC of linux/magic.h, which older headers lack. */
#define SECRET_MAGIC 0x5345434d

/* Nobody may cut off what is mapped here. */
#define ARENA_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

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

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
    *fd = -1;
}

void skd_pages_unmap(struct skd_pages *pages)
{
    if (pages->ptr != NULL) {
        (void)munmap(pages->ptr, pages->len);
    }
    close_fd(&pages->fd);
    *pages = (struct skd_pages){ .fd = -1 };
}

static bool map_shared(int fd, struct skd_pages *pages)
{
    void *ptr =
        mmap(NULL, pages->len, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

    if (ptr == MAP_FAILED) {
        return false;
    }
    pages->ptr = ptr;
    return true;
}

/* The descriptor is not needed once the pages are mapped, unless they are to
 * be kept. */
static bool
map_secret(size_t len, enum skd_keeping keeping, struct skd_pages *ret)
{
    struct skd_pages pages = { NULL, len, SKD_TIER_MEMFD_SECRET, -1 };
    int fd = -1;
    bool is_mapped;

#ifdef SYS_memfd_secret
    fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
#endif
    if (fd < 0) {
        return false;
    }
    is_mapped = ftruncate(fd, (off_t)len) == 0 && map_shared(fd, &pages);
    if (!is_mapped || keeping == SKD_KEEPING_NONE) {
        close_fd(&fd);
    }
    pages.fd = fd;
    if (is_mapped) {
        *ret = pages;
    }
    return is_mapped;
}

static bool map_memfd(size_t len, struct skd_pages *ret)
{
    struct skd_pages pages = { NULL, len, SKD_TIER_NONE, -1 };

    pages.fd = skd_memfd_create("sidekey-keys");
    if (pages.fd >= 0 && ftruncate(pages.fd, (off_t)len) == 0 &&
        fcntl(pages.fd, F_ADD_SEALS, ARENA_SEALS) == 0 &&
        map_shared(pages.fd, &pages)) {
        *ret = pages;
        return true;
    }
    skd_pages_unmap(&pages);
    return false;
}

static bool map_anonymous(size_t len, struct skd_pages *ret)
{
    void *ptr = mmap(NULL, len, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (ptr == MAP_FAILED) {
        return false;
    }
    *ret = (struct skd_pages){ ptr, len, SKD_TIER_NONE, -1 };
    return true;
}

/* Pages that mlock(2) locks, or does not. */
static bool
map_ordinary(size_t len, enum skd_keeping keeping, struct skd_pages *ret)
{
    if ((keeping != SKD_KEEPING_ANY || !map_memfd(len, ret)) &&
        !map_anonymous(len, ret)) {
        return false;
    }
    if (mlock(ret->ptr, len) == 0) {
        ret->tier = SKD_TIER_MLOCK;
    }
    return true;
}

/* Advice on a mapping of our own: memfd_secret refuses the first, since it is
 * in no core anyway. */
static void advise(const struct skd_pages *pages)
{
    (void)madvise(pages->ptr, pages->len, MADV_DONTDUMP);
    (void)madvise(pages->ptr, pages->len, MADV_DONTFORK);
}

bool skd_pages_map(size_t len,
                   enum skd_tier least,
                   enum skd_keeping keeping,
                   struct skd_pages *ret)
{
    struct skd_pages pages = { .fd = -1 };

    if (!map_secret(len, keeping, &pages) &&
        (least > SKD_TIER_MLOCK || !map_ordinary(len, keeping, &pages))) {
        return false;
    }
    if (pages.tier < least) {
        skd_pages_unmap(&pages);
        return false;
    }
    /* Pages that were not to be locked are not worth handing on. */
    if (pages.tier == SKD_TIER_NONE) {
        close_fd(&pages.fd);
    }
    advise(&pages);
    *ret = pages;
    return true;
}

/* ---- taking over --------------------------------------------------------- */

static bool is_secret(int fd)
{
    struct statfs status;

    return fstatfs(fd, &status) == 0 && status.f_type == SECRET_MAGIC;
}

/* The size, when it can be relied on: of a memfd_secret it is set once. */
static enum skp_err
look_at(int fd, struct skd_pages *ret, struct skp_diag *diag)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    struct stat status;

    if (is_secret(fd)) {
        ret->tier = SKD_TIER_MEMFD_SECRET;
    } else if ((fcntl(fd, F_GET_SEALS) & ARENA_SEALS) == ARENA_SEALS) {
        ret->tier = SKD_TIER_MLOCK;
    } else {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the keys are in no memory of ours");
    }
    if (fstat(fd, &status) != 0 || status.st_size <= 0 ||
        (uint64_t)status.st_size > SIZE_MAX / 2 ||
        (size_t)status.st_size % page != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the memory of the keys has a wrong length");
    }
    ret->len = (size_t)status.st_size;
    return SKP_ERR_OK;
}

enum skp_err skd_pages_adopt(int fd,
                             enum skd_tier least,
                             enum skd_keeping keeping,
                             struct skd_pages *ret,
                             struct skp_diag *diag)
{
    struct skd_pages pages = { .fd = -1 };

    SKP_TRY(look_at(fd, &pages, diag));
    if (pages.tier < least || keeping == SKD_KEEPING_NONE ||
        (pages.tier == SKD_TIER_MLOCK && keeping == SKD_KEEPING_SECRET)) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "the keys are in %s memory, which does not do here",
                        skd_tier_name(pages.tier));
    }
    if (!map_shared(fd, &pages)) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the memory of the keys cannot be mapped: %zu bytes",
                        pages.len);
    }
    if (pages.tier == SKD_TIER_MLOCK && mlock(pages.ptr, pages.len) != 0) {
        skd_pages_unmap(&pages);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "the memory of the keys cannot be locked");
    }
    advise(&pages);
    *ret = pages;
    return SKP_ERR_OK;
}
