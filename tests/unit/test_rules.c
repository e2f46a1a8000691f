/* test_rules.c - the chain of sources. */
#include "agent/refresh/rules.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

START_TEST(a_chain_is_freed_whatever_part_of_it_is_there)
{
    bool list_freed = false;
    bool seeds_freed = false;
    struct skt_source *list = skt_source_new(false);
    struct skt_source *seeds = skt_source_new(true);
    struct skd_chain chain = { NULL, { NULL, NULL } };

    skd_chain_free(&chain);
    list->was_freed = &list_freed;
    seeds->was_freed = &seeds_freed;
    chain = (struct skd_chain){ &list->base, { NULL, &seeds->base } };
    skd_chain_free(&chain);
    ck_assert(list_freed && seeds_freed);
    ck_assert(chain.list == NULL && chain.seeds[1] == NULL);
    skd_chain_free(&chain);
}
END_TEST

START_TEST(seed_sources_are_seen_in_either_place)
{
    struct skt_source *source = skt_source_new(true);
    struct skd_chain first = { NULL, { &source->base, NULL } };
    struct skd_chain second = { NULL, { NULL, &source->base } };
    struct skd_chain none = { &source->base, { NULL, NULL } };

    ck_assert(skd_chain_has_seeds(&first));
    ck_assert(skd_chain_has_seeds(&second));
    ck_assert(!skd_chain_has_seeds(&none));
    skd_chain_free(&none);
}
END_TEST

START_TEST(the_list_and_the_others_are_settled_apart)
{
    struct skt_source *list = skt_source_new(false);
    struct skt_source *seeds = skt_source_new(true);
    struct skd_chain chain = { &list->base, { NULL, &seeds->base } };

    skd_chain_settle(&chain, false, true);
    ck_assert_uint_eq(list->n_rejected, 1);
    ck_assert_uint_eq(seeds->n_accepted, 1);
    skd_chain_settle(&chain, true, false);
    ck_assert_uint_eq(list->n_accepted, 1);
    ck_assert_uint_eq(seeds->n_rejected, 1);
    skd_chain_free(&chain);
    skd_chain_settle(&chain, true, true);
}
END_TEST

SKT_SUITE("rules",
          a_chain_is_freed_whatever_part_of_it_is_there,
          seed_sources_are_seen_in_either_place,
          the_list_and_the_others_are_settled_apart)
