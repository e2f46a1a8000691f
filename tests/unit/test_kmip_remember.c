/* test_kmip_remember.c - the table of objects, and the notes for it. */
#include <stdio.h>

#include "agent/source/kmip/kmip_remember.h"
#include "tests/lib/suite.h"

static void check_get(const struct skd_kmip_remember *remember,
                      const char *tenant,
                      const char *identifier,
                      int64_t initial_s)
{
    struct skd_kmip_known known =
        skd_kmip_remember_get(remember, skp_view_of(tenant));

    skt_bytes_eq(known.identifier, skp_view_of(identifier));
    ck_assert_int_eq(known.initial_s, initial_s);
}

static void note(struct skd_kmip_remember *remember,
                 const char *tenant,
                 const char *identifier,
                 int64_t initial_s)
{
    const struct skd_kmip_known known = { skp_view_of(identifier), initial_s };

    skd_kmip_remember_note(remember, skp_view_of(tenant), &known);
}

START_TEST(what_was_noted_last_is_remembered_once_it_is_accepted)
{
    struct skd_kmip_remember *remember = NULL;

    skt_ok(skd_kmip_remember_new(&remember));
    note(remember, "a", "1", 10);
    note(remember, "A", "2", 20);
    check_get(remember, "a", "", 0);
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 0);
    skd_kmip_remember_settle(remember, true);
    check_get(remember, "a", "1", 10);
    check_get(remember, "A", "2", 20);

    note(remember, "a", "33", 10);
    note(remember, "A", "2", 21);
    check_get(remember, "a", "1", 10);
    skd_kmip_remember_settle(remember, true);
    check_get(remember, "a", "33", 10);
    check_get(remember, "A", "2", 21);
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 2);
    skd_kmip_remember_free(&remember);
    ck_assert_ptr_null(remember);
    skd_kmip_remember_free(&remember);
}
END_TEST

START_TEST(what_was_not_accepted_leaves_all_as_it_was)
{
    struct skd_kmip_remember *remember = NULL;

    skt_ok(skd_kmip_remember_new(&remember));
    note(remember, "a", "1", 10);
    skd_kmip_remember_settle(remember, true);
    note(remember, "a", "2", 20);
    note(remember, "b", "3", 30);
    skd_kmip_remember_note_gone(remember, skp_view_of("a"));
    skd_kmip_remember_settle(remember, false);
    check_get(remember, "a", "1", 10);
    check_get(remember, "b", "", 0);
    /* The notes are gone, not kept for the next time. */
    skd_kmip_remember_settle(remember, true);
    check_get(remember, "a", "1", 10);
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 1);
    note(remember, "b", "3", 30);
    skd_kmip_remember_free(&remember);
}
END_TEST

START_TEST(what_is_gone_is_forgotten)
{
    struct skd_kmip_remember *remember = NULL;

    skt_ok(skd_kmip_remember_new(&remember));
    note(remember, "a", "1", 10);
    note(remember, "b", "2", 10);
    skd_kmip_remember_settle(remember, true);
    skd_kmip_remember_note_gone(remember, skp_view_of("a"));
    skd_kmip_remember_note_gone(remember, skp_view_of("nobody"));
    check_get(remember, "a", "1", 10);
    skd_kmip_remember_settle(remember, true);
    check_get(remember, "a", "", 0);
    check_get(remember, "b", "2", 10);
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 1);
    skd_kmip_remember_free(&remember);
}
END_TEST

START_TEST(its_size_is_bounded)
{
    struct skd_kmip_remember *remember = NULL;
    char tenant[32];

    skt_ok(skd_kmip_remember_new(&remember));
    for (size_t i = 0; i <= SKD_KMIP_REMEMBER_MAX; i++) {
        (void)snprintf(tenant, sizeof tenant, "tenant-%zu", i);
        note(remember, tenant, tenant + 7, 1);
        skd_kmip_remember_settle(remember, true);
    }
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 1);
    check_get(remember, tenant, tenant + 7, 1);
    skd_kmip_remember_free(&remember);
}
END_TEST

SKT_SUITE("kmip_remember",
          what_was_noted_last_is_remembered_once_it_is_accepted,
          what_was_not_accepted_leaves_all_as_it_was,
          what_is_gone_is_forgotten,
          its_size_is_bounded)
