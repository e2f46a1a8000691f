/* test_rpc_param.c - one parameter, of each kind of value. */
#include <string.h>

#include "protocol/rpc_param.h"
#include "tests/lib/suite.h"

static struct skp_param param_of(const char *hex, struct skp_diag *diag)
{
    static struct skp_scratch *scratch;
    static struct skp_reader reader;
    struct skp_param param = { .name = "p", .reader = &reader, .diag = diag };
    struct skp_view bytes = skt_hex(hex);

    if (scratch == NULL) {
        skt_ok(skp_scratch_new(&scratch));
    }
    param.scratch = scratch;
    reader = (struct skp_reader){ bytes.ptr, bytes.ptr + bytes.len };
    skp_reader_next(&reader, &param.value);
    return param;
}

/* Which readers take a value. */
struct row {
    const char *hex;
    bool is_text, is_tenant, is_bytes, is_bool, is_tenants;
    enum skp_err suite;
};

#define INVALID .suite = SKP_ERR_INVALID_ARGUMENT
#define UNKNOWN .suite = SKP_ERR_UNIMPLEMENTED

static const struct row rows[] = {
    { .hex = "c0", INVALID },
    { .hex = "c3", .is_bool = true, INVALID },
    { .hex = "00", UNKNOWN },
    { .hex = "01", .suite = SKP_ERR_OK },
    { .hex = "d002", .suite = SKP_ERR_OK },
    { .hex = "03", UNKNOWN },
    { .hex = "cf0000000100000001", UNKNOWN },
    { .hex = "ff", UNKNOWN },
    { .hex = "ca40000000", INVALID },
    { .hex = "a0", .is_text = true, .is_bytes = true, UNKNOWN },
    { .hex = "a178",
      .is_text = true,
      .is_tenant = true,
      .is_bytes = true,
      UNKNOWN },
    { .hex = "a27820", .is_text = true, .is_bytes = true, UNKNOWN },
    { .hex = "c400", .is_bytes = true, INVALID },
    { .hex = "c40178", .is_bytes = true, INVALID },
    { .hex = "90", INVALID },
    { .hex = "91a178", .is_tenants = true, INVALID },
    { .hex = "92a178a178", .is_tenants = true, INVALID },
    { .hex = "92a178a0", INVALID },
    { .hex = "92a17801", INVALID },
    { .hex = "9191a178", INVALID },
    { .hex = "80", INVALID },
};

static void check(const struct row *row, enum skp_err err, bool is_right)
{
    ck_assert_msg(err == (is_right ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT),
                  "%s: %s", row->hex, skp_err_name(err));
}

START_TEST(each_reader_takes_its_own_kind_and_no_other)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        const struct row *row = &rows[i];
        struct skp_param param = param_of(row->hex, NULL);
        struct skp_request request = { 0 };
        struct skp_view view;
        enum skp_suite suite;
        bool flag;

        check(row, skp_param_read_text(&param, &view), row->is_text);
        check(row, skp_param_read_tenant(&param, &view), row->is_tenant);
        check(row, skp_param_read_bytes(&param, &view), row->is_bytes);
        check(row, skp_param_read_aad(&param, &view), row->is_bytes);
        check(row, skp_param_read_bool(&param, &flag), row->is_bool);
        check(row, skp_param_read_tenants(&param, &request), row->is_tenants);
        ck_assert((request.n_tenants > 0) == row->is_tenants);
        skt_err(skp_param_read_suite(&param, &suite), row->suite);
    }
}
END_TEST

START_TEST(a_refusal_names_the_parameter_and_not_its_value)
{
    struct skp_diag diag = { "" };
    struct skp_param param = param_of("a87365637265742031", &diag);
    struct skp_view view;
    bool flag;

    param.name = "tenant";
    skt_err(skp_param_read_tenant(&param, &view), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_nonnull(strstr(diag.text, "tenant"));
    ck_assert_ptr_null(strstr(diag.text, "secret"));
    skt_err(skp_param_read_bool(&param, &flag), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(diag.text, "parameter tenant must be a bool");
}
END_TEST

START_TEST(the_names_of_the_suites_are_their_standard_names)
{
    struct skp_param param =
        param_of("b07832353531392d616573323536637472", NULL);
    enum skp_suite suite = SKP_SUITE_ANY;

    skt_ok(skp_param_read_suite(&param, &suite));
    ck_assert_uint_eq(suite, SKP_SUITE_X25519_AES256CTR);
    param = param_of("b57832353531392d68706b652d61657332353667636d", NULL);
    skt_ok(skp_param_read_suite(&param, &suite));
    ck_assert_uint_eq(suite, SKP_SUITE_X25519_HPKE_AES256GCM);
}
END_TEST

SKT_SUITE("rpc_param",
          each_reader_takes_its_own_kind_and_no_other,
          a_refusal_names_the_parameter_and_not_its_value,
          the_names_of_the_suites_are_their_standard_names)
