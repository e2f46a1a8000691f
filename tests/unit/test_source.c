/* test_source.c - the suite of agent/source/source.c. */
#include "agent/source/source.h"
#include "tests/lib/suite.h"

static unsigned n_freed;

static void count_free(struct skd_source **source)
{
    ck_assert_ptr_nonnull(*source);
    n_freed++;
}

START_TEST(frees_through_the_table_once)
{
    static const struct skd_source_ops ops = { .free = count_free };
    struct skd_source made = { &ops };
    struct skd_source *source = &made;

    n_freed = 0;
    skd_source_free(&source);
    ck_assert_ptr_null(source);
    skd_source_free(&source);
    ck_assert_uint_eq(n_freed, 1);
}
END_TEST

static enum skp_err count_more(void *state)
{
    unsigned *n = state;

    return ++*n < 3 ? SKP_ERR_OK : SKP_ERR_RESOURCE_EXHAUSTED;
}

START_TEST(whoever_wants_to_know_is_told_and_may_end_it)
{
    unsigned n = 0;
    const struct skd_fetch fetch = { .on_more = count_more, .state = &n };
    const struct skd_fetch nobody = { .on_more = NULL };

    skt_ok(skd_fetch_more(&nobody));
    skt_ok(skd_fetch_more(&fetch));
    skt_ok(skd_fetch_more(&fetch));
    skt_err(skd_fetch_more(&fetch), SKP_ERR_RESOURCE_EXHAUSTED);
    ck_assert_uint_eq(n, 3);
}
END_TEST

SKT_SUITE("source",
          frees_through_the_table_once,
          whoever_wants_to_know_is_told_and_may_end_it)
