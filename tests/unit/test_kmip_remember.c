/* test_kmip_remember.c - the table of identifiers. */
#include <stdio.h>

#include "agent/source/kmip/kmip_remember.h"
#include "tests/lib/suite.h"

static void check_get(const struct skd_kmip_remember *remember,
                      const char *tenant,
                      const char *identifier)
{
    skt_bytes_eq(skd_kmip_remember_get(remember, skp_view_of(tenant)),
                 skp_view_of(identifier));
}

START_TEST(the_last_identifier_of_each_tenant_is_remembered)
{
    struct skd_kmip_remember *remember = NULL;

    skt_ok(skd_kmip_remember_new(&remember));
    check_get(remember, "a", "");
    skd_kmip_remember_set(remember, skp_view_of("a"), skp_view_of("1"));
    skd_kmip_remember_set(remember, skp_view_of("A"), skp_view_of("2"));
    skd_kmip_remember_set(remember, skp_view_of("a"), skp_view_of("33"));
    skd_kmip_remember_set(remember, skp_view_of("a"), skp_view_of("33"));
    check_get(remember, "a", "33");
    check_get(remember, "A", "2");
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 2);
    skd_kmip_remember_drop(remember, skp_view_of("a"));
    skd_kmip_remember_drop(remember, skp_view_of("nobody"));
    check_get(remember, "a", "");
    check_get(remember, "A", "2");
    skd_kmip_remember_free(&remember);
    ck_assert_ptr_null(remember);
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
        skd_kmip_remember_set(remember, skp_view_of(tenant),
                              skp_view_of(tenant + 7));
    }
    ck_assert_uint_eq(skd_kmip_remember_count(remember), 1);
    check_get(remember, tenant, tenant + 7);
    skd_kmip_remember_free(&remember);
}
END_TEST

SKT_SUITE("kmip_remember",
          the_last_identifier_of_each_tenant_is_remembered,
          its_size_is_bounded)
