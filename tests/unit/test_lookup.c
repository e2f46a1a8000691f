/* test_lookup.c - names to addresses. */
#include <string.h>

#include "agent/source/net/lookup.h"
#include "tests/lib/suite.h"

static enum skp_err look_up(const char *host,
                            uint64_t timeout_ms,
                            struct addrinfo **ret,
                            struct skp_diag *diag)
{
    return skd_lookup(host, 5696, &skd_env_system,
                      skd_env_now_ms(&skd_env_system) + timeout_ms, ret, diag);
}

START_TEST(addresses_and_names_of_this_machine_are_found)
{
    static const char *const names[] = { "127.0.0.1", "::1", "localhost" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        struct addrinfo *found = NULL;
        struct skp_diag diag = { "" };

        ck_assert_msg(look_up(names[i], 10000, &found, &diag) == SKP_ERR_OK,
                      "%s: %s", names[i], diag.text);
        ck_assert_ptr_nonnull(found);
        ck_assert_int_eq(found->ai_socktype, SOCK_STREAM);
        freeaddrinfo(found);
    }
}
END_TEST

START_TEST(a_name_that_is_none_is_an_error_with_words)
{
    struct addrinfo *found = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err = look_up("no such name.invalid", 10000, &found, &diag);

    ck_assert(err == SKP_ERR_UNAVAILABLE || err == SKP_ERR_DEADLINE_EXCEEDED);
    ck_assert_ptr_null(found);
    ck_assert_msg(strstr(diag.text, "look") != NULL, "%s", diag.text);
}
END_TEST

START_TEST(a_deadline_that_has_passed_waits_for_nothing)
{
    struct addrinfo *found = NULL;
    struct skp_diag diag = { "" };
    uint64_t began_ms = skd_env_now_ms(&skd_env_system);
    enum skp_err err = look_up("slow.invalid", 0, &found, &diag);

    /* A fast resolver may have answered all the same; a slow one takes five
     * seconds. */
    ck_assert(err == SKP_ERR_DEADLINE_EXCEEDED || err == SKP_ERR_UNAVAILABLE);
    ck_assert_uint_lt(skd_env_now_ms(&skd_env_system) - began_ms, 4500);
    ck_assert_ptr_null(found);
}
END_TEST

SKT_SUITE("lookup",
          addresses_and_names_of_this_machine_are_found,
          a_name_that_is_none_is_an_error_with_words,
          a_deadline_that_has_passed_waits_for_nothing)
