/* test_err.c - names, texts and consequences of the errors. */
#include <string.h>

#include "protocol/base.h"
#include "tests/lib/suite.h"

/* Every error, stated again: the numbers and names are on the wire. */
static const struct {
    const char *name;
    unsigned number;
    enum skp_next next;
} rows[] = {
    { "OK", 0, SKP_NEXT_NONE },
    { "INVALID_ARGUMENT", 3, SKP_NEXT_FIX_CALLER },
    { "DEADLINE_EXCEEDED", 4, SKP_NEXT_RETRY },
    { "NOT_FOUND", 5, SKP_NEXT_FIX_CALLER },
    { "ALREADY_EXISTS", 6, SKP_NEXT_FIX_CALLER },
    { "PERMISSION_DENIED", 7, SKP_NEXT_FIX_OPERATOR },
    { "RESOURCE_EXHAUSTED", 8, SKP_NEXT_RETRY },
    { "FAILED_PRECONDITION", 9, SKP_NEXT_FIX_OPERATOR },
    { "UNIMPLEMENTED", 12, SKP_NEXT_FIX_CALLER },
    { "INTERNAL", 13, SKP_NEXT_FATAL },
    { "UNAVAILABLE", 14, SKP_NEXT_RETRY },
    { "DATA_LOSS", 15, SKP_NEXT_FIX_CALLER },
};

START_TEST(keeps_the_numbers_and_names_of_grpc)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        enum skp_err err = (enum skp_err)rows[i].number;

        ck_assert_str_eq(skp_err_name(err), rows[i].name);
        ck_assert_int_eq(skp_err_next(err), rows[i].next);
        ck_assert_str_ne(skp_err_text(err), "");
        ck_assert_uint_eq(skp_err_from_name(rows[i].name, strlen(rows[i].name)),
                          err);
    }
}
END_TEST

START_TEST(reads_an_unknown_name_as_an_internal_error)
{
    static const char *const names[] = { "",          "ok",     "OKAY",
                                         "CANCELLED", "UNAVAI", "NOT_FOUNDX" };

    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        ck_assert_uint_eq(skp_err_from_name(names[i], strlen(names[i])),
                          SKP_ERR_INTERNAL);
    }
    /* The name ends where its length says, not at a NUL. */
    ck_assert_uint_eq(skp_err_from_name("NOT_FOUND: no such", 9),
                      SKP_ERR_NOT_FOUND);
}
END_TEST

START_TEST(calls_an_unknown_number_an_internal_error)
{
    ck_assert_str_eq(skp_err_name((enum skp_err)1), "INTERNAL");
    ck_assert_str_eq(skp_err_text((enum skp_err)999), "internal error");
    ck_assert_int_eq(skp_err_next((enum skp_err)999), SKP_NEXT_FATAL);
}
END_TEST

static enum skp_err try_it(enum skp_err err, int *ret_reached)
{
    SKP_TRY(err);
    *ret_reached = 1;
    return SKP_ERR_OK;
}

START_TEST(goes_on_after_a_success_only)
{
    int reached = 0;

    skt_err(try_it(SKP_ERR_NOT_FOUND, &reached), SKP_ERR_NOT_FOUND);
    ck_assert_int_eq(reached, 0);
    skt_ok(try_it(SKP_ERR_OK, &reached));
    ck_assert_int_eq(reached, 1);
}
END_TEST

START_TEST(moves_a_pointer_out_once)
{
    int value = 1;
    int *from = &value;
    int *to = SKP_TAKE(from);

    ck_assert_ptr_eq(to, &value);
    ck_assert_ptr_null(from);
}
END_TEST

SKT_SUITE("err",
          keeps_the_numbers_and_names_of_grpc,
          reads_an_unknown_name_as_an_internal_error,
          calls_an_unknown_number_an_internal_error,
          goes_on_after_a_success_only,
          moves_a_pointer_out_once)
