/* test_pages.c - suite of agent/sys/pages.c: pages with and without a
 * descriptor, and what is refused when they come back. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "agent/sys/memfd.h"
#include "agent/sys/pages.h"
#include "tests/lib/suite.h"

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* An ordinary memfd of ours with @n_pages and those @seals. */
static int make_memfd(size_t n_pages, int seals)
{
    int fd = skd_memfd_create("test");

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, (off_t)(n_pages * page_len())), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, seals), 0);
    return fd;
}

#define ARENA_SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL)

START_TEST(each_tier_has_its_name)
{
    ck_assert_str_eq(skd_tier_name(SKD_TIER_NONE), "none");
    ck_assert_str_eq(skd_tier_name(SKD_TIER_MLOCK), "mlock");
    ck_assert_str_eq(skd_tier_name(SKD_TIER_MEMFD_SECRET), "memfd_secret");
}
END_TEST

START_TEST(pages_that_nobody_keeps_have_no_descriptor)
{
    struct skd_pages pages = { .fd = -1 };

    ck_assert(
        skd_pages_map(page_len(), SKD_TIER_NONE, SKD_KEEPING_NONE, &pages));
    ck_assert_int_eq(pages.fd, -1);
    skd_pages_unmap(&pages);
    ck_assert_ptr_null(pages.ptr);
}
END_TEST

START_TEST(what_one_mapping_wrote_another_reads_through_the_descriptor)
{
    struct skd_pages first = { .fd = -1 };
    struct skd_pages second = { .fd = -1 };
    struct skp_diag diag = { "" };

    if (!skd_pages_map(2 * page_len(), SKD_TIER_MLOCK, SKD_KEEPING_ANY,
                       &first)) {
        (void)printf("SKIPPED: nothing can be locked here\n");
        return;
    }
    ck_assert_int_ge(first.fd, 0);
    ck_assert_int_eq(fcntl(first.fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    first.ptr[page_len()] = 0x5a;
    skt_ok(skd_pages_adopt(first.fd, SKD_TIER_MLOCK, SKD_KEEPING_ANY, &second,
                           &diag));
    ck_assert_int_eq(second.tier, first.tier);
    ck_assert_uint_eq(second.len, first.len);
    ck_assert_int_eq(second.fd, -1);
    ck_assert_uint_eq(second.ptr[page_len()], 0x5a);
    skd_pages_unmap(&first);
    ck_assert_uint_eq(second.ptr[page_len()], 0x5a);
    skd_pages_unmap(&second);
}
END_TEST

START_TEST(a_sealed_memfd_is_taken_over_at_the_mlock_tier)
{
    int fd = make_memfd(1, ARENA_SEALS);
    struct skd_pages pages = { .fd = -1 };
    struct skp_diag diag = { "" };

    skt_ok(skd_pages_adopt(fd, SKD_TIER_MLOCK, SKD_KEEPING_ANY, &pages, &diag));
    ck_assert_int_eq(pages.tier, SKD_TIER_MLOCK);
    skd_pages_unmap(&pages);
    (void)close(fd);
}
END_TEST

static void refuses(int fd, enum skd_tier least, enum skd_keeping keeping)
{
    struct skd_pages pages = { .fd = -1 };
    struct skp_diag diag = { "" };

    skt_err(skd_pages_adopt(fd, least, keeping, &pages, &diag),
            SKP_ERR_FAILED_PRECONDITION);
    ck_assert_str_ne(diag.text, "");
    ck_assert_ptr_null(pages.ptr);
    (void)close(fd);
}

START_TEST(memory_below_what_is_required_is_refused)
{
    refuses(make_memfd(1, ARENA_SEALS), SKD_TIER_MEMFD_SECRET, SKD_KEEPING_ANY);
    refuses(make_memfd(1, ARENA_SEALS), SKD_TIER_NONE, SKD_KEEPING_SECRET);
    refuses(make_memfd(1, ARENA_SEALS), SKD_TIER_NONE, SKD_KEEPING_NONE);
}
END_TEST

START_TEST(what_somebody_could_cut_off_or_is_no_memory_is_refused)
{
    refuses(make_memfd(1, F_SEAL_GROW | F_SEAL_SEAL), SKD_TIER_NONE,
            SKD_KEEPING_ANY);
    refuses(make_memfd(1, F_SEAL_SHRINK), SKD_TIER_NONE, SKD_KEEPING_ANY);
    refuses(make_memfd(0, ARENA_SEALS), SKD_TIER_NONE, SKD_KEEPING_ANY);
    refuses(open("/dev/zero", O_RDWR | O_CLOEXEC), SKD_TIER_NONE,
            SKD_KEEPING_ANY);
    refuses(-1, SKD_TIER_NONE, SKD_KEEPING_ANY);
}
END_TEST

START_TEST(half_a_page_is_refused)
{
    int fd = skd_memfd_create("test");

    ck_assert_int_eq(ftruncate(fd, 100), 0);
    ck_assert_int_eq(fcntl(fd, F_ADD_SEALS, ARENA_SEALS), 0);
    refuses(fd, SKD_TIER_NONE, SKD_KEEPING_ANY);
}
END_TEST

SKT_SUITE("pages",
          each_tier_has_its_name,
          pages_that_nobody_keeps_have_no_descriptor,
          what_one_mapping_wrote_another_reads_through_the_descriptor,
          a_sealed_memfd_is_taken_over_at_the_mlock_tier,
          memory_below_what_is_required_is_refused,
          what_somebody_could_cut_off_or_is_no_memory_is_refused,
          half_a_page_is_refused)
