/* test_lock_budget.c - suite of agent/lock_budget.c. */
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/lock_budget.h"
#include "agent/serve/desk.h"
#include "tests/lib/suite.h"

/* The sanitizers replace mlock by nothing that succeeds. */
#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
#define HAS_MLOCK false
#elif defined(__has_feature)
#define HAS_MLOCK (!__has_feature(address_sanitizer))
#else
#define HAS_MLOCK true
#endif

/* The answer under a lock limit, which root would not have. */
static enum skp_err
check_under(rlim_t bytes, size_t needed, struct skp_diag *diag)
{
    const struct rlimit limit = { bytes, bytes };
    enum skp_err err;

    ck_assert_int_eq(setrlimit(RLIMIT_MEMLOCK, &limit), 0);
    if (getuid() == 0) {
        ck_assert_int_eq(seteuid(65534), 0);
    }
    err = skd_lock_budget_check(needed, diag);
    /* Leak checkers look as the user we were. */
    ck_assert_int_eq(seteuid(getuid()), 0);
    return err;
}

START_TEST(every_worker_needs_its_buffers)
{
    size_t more = skd_lock_budget(5) - skd_lock_budget(4);

    ck_assert_uint_eq(more, SKD_DESK_INPUT + SKD_DESK_OUTPUT);
    ck_assert_uint_gt(skd_lock_budget(1), more);
}
END_TEST

START_TEST(what_may_be_locked_is_allowed)
{
    skt_ok(check_under(1 << 20, 65536, NULL));
}
END_TEST

START_TEST(the_memory_is_given_back)
{
    for (int i = 0; i < 40; i++) {
        skt_ok(check_under(1 << 20, 65536, NULL));
    }
}
END_TEST

START_TEST(a_limit_that_is_too_low_is_named_with_what_is_needed)
{
    struct skp_diag diag = { "" };

    if (!HAS_MLOCK) {
        ck_assert_uint_gt(skd_lock_budget(1), 0);
        return;
    }
    skt_err(check_under(16384, 65536, &diag), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_ptr_nonnull(strstr(diag.text, "65536 bytes of locked memory"));
    ck_assert_ptr_nonnull(strstr(diag.text, "is 16384 bytes: raise it"));
}
END_TEST

START_TEST(memory_that_is_not_there_is_no_lock_limit)
{
    struct skp_diag diag = { "" };

    skt_err(skd_lock_budget_check(SIZE_MAX / 2, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_ptr_nonnull(strstr(diag.text, "no memory"));
}
END_TEST

SKT_SUITE("lock_budget",
          every_worker_needs_its_buffers,
          what_may_be_locked_is_allowed,
          the_memory_is_given_back,
          a_limit_that_is_too_low_is_named_with_what_is_needed,
          memory_that_is_not_there_is_no_lock_limit)
