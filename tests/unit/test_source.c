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

SKT_SUITE("source", frees_through_the_table_once)
