/* test_member.c - members by name, there and back. */
#include <string.h>

#include "protocol/member.h"
#include "protocol/rpc.h"
#include "tests/lib/suite.h"

/* The members of the map in @hex; what it needs lives until the next call. */
static struct skp_members members_of(const char *hex, struct skp_diag *diag)
{
    static struct skp_scratch *scratch;
    struct skp_members members = { .diag = diag };

    if (scratch == NULL) {
        skt_ok(skp_scratch_new(&scratch));
    }
    members.scratch = scratch;
    skt_ok(skp_unpack(scratch, skt_hex(hex), &skp_frame_answer_limits,
                      &members.map));
    ck_assert_uint_eq(members.map.kind, SKP_KIND_MAP);
    return members;
}

START_TEST(members_are_written_as_name_and_value)
{
    static const uint8_t key_id[] = { 1, 2, 3, 4, 5, 6, 7, 8 };
    uint8_t bytes[256];
    struct skp_buf out = skp_buf_over(bytes, sizeof bytes);
    struct skp_packer packer = skp_packer_to(&out);

    skp_member_pack_number(&packer, "n", 300);
    skp_member_pack_text(&packer, "t", skp_view_of("x"));
    skp_member_pack_flag(&packer, "f", true);
    skp_member_pack_data(&packer, "d", skp_view_of("x"));
    skp_member_pack_time(&packer, "s", 5);
    skp_member_pack_time(&packer, "s", -5);
    skp_member_pack_optional(&packer, "o", skp_view_of("x"));
    skp_member_pack_optional(&packer, "o", skp_view_of(""));
    skp_member_pack_key_id(&packer, key_id);
    skp_member_pack_key_id(&packer, NULL);
    skt_ok(skp_packer_done(&packer));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len },
                 skt_hex("a16ecd012c"
                         "a174a178"
                         "a166c3"
                         "a164c40178"
                         "a17305"
                         "a17300"
                         "a16fa178"
                         "a16fc0"
                         "a66b65795f6964c4080102030405060708"
                         "a66b65795f6964c0"));
}
END_TEST

/* A map whose member "m" has each kind of value, and which members may have it.
 */
static const struct {
    const char *hex;
    bool is_number, is_time, is_flag, is_text, is_optional, is_data, is_map;
} kinds[] = {
    { .hex = "81a16dc0", .is_optional = true },
    { .hex = "81a16dc2", .is_flag = true },
    { .hex = "81a16d05", .is_number = true, .is_time = true },
    { .hex = "81a16dcf8000000000000000", .is_number = true },
    { .hex = "81a16dcf7fffffffffffffff", .is_number = true, .is_time = true },
    { .hex = "81a16dff" },
    { .hex = "81a16dca3f800000" },
    { .hex = "81a16da3616263", .is_text = true, .is_optional = true },
    { .hex = "81a16dc403616263", .is_data = true },
    { .hex = "81a16d90" },
    { .hex = "81a16d80", .is_map = true },
    { .hex = "80" },                 /* not there */
    { .hex = "82a16d05a16d05" },     /* twice */
    { .hex = "81c4016d05" },         /* under a name in bin */
    { .hex = "82a16d05a16dc3" },     /* twice, of two kinds */
    { .hex = "82a24d6d05a26d6dc3" }, /* under longer names */
};

#define CHECK_KIND(call, wanted) \
    ck_assert_msg(((call) == SKP_ERR_OK) == (wanted), "%s", kinds[i].hex)

START_TEST(each_reader_takes_its_own_kind_and_no_other)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(kinds); i++) {
        struct skp_members members = members_of(kinds[i].hex, NULL);
        struct skp_members inner;
        struct skp_view view;
        uint64_t number = 0;
        int64_t time_s = 0;
        bool flag = true;

        CHECK_KIND(skp_member_read_count(&members, "m", &number),
                   kinds[i].is_number);
        CHECK_KIND(skp_member_read_time(&members, "m", &time_s),
                   kinds[i].is_time);
        CHECK_KIND(skp_member_read_flag(&members, "m", &flag),
                   kinds[i].is_flag);
        CHECK_KIND(skp_member_read_text(&members, "m", &view),
                   kinds[i].is_text);
        CHECK_KIND(skp_member_read_optional(&members, "m", &view),
                   kinds[i].is_optional);
        CHECK_KIND(
            skp_member_read_data(&members, "m", SKP_MEMBER_ANY_LEN, &view),
            kinds[i].is_data);
        CHECK_KIND(skp_member_read_data(&members, "m", 3, &view),
                   kinds[i].is_data);
        CHECK_KIND(skp_member_read_data(&members, "m", 2, &view), false);
        CHECK_KIND(skp_members_enter(&members, "m", &inner), kinds[i].is_map);
    }
}
END_TEST

START_TEST(values_are_those_of_the_bytes)
{
    struct skp_members members =
        members_of("84a16ecd012ca174a178a166c3a16fc0", NULL);
    uint64_t number = 0;
    struct skp_view text = { NULL, 0 };
    bool flag = false;

    skt_ok(skp_member_read_number(&members, "n", 300, &number));
    ck_assert_uint_eq(number, 300);
    skt_err(skp_member_read_number(&members, "n", 299, &number),
            SKP_ERR_INTERNAL);
    skt_ok(skp_member_read_text(&members, "t", &text));
    skt_bytes_eq(text, skp_view_of("x"));
    skt_ok(skp_member_read_flag(&members, "f", &flag));
    ck_assert(flag);
    skt_ok(skp_member_read_optional(&members, "o", &text));
    ck_assert_uint_eq(text.len, 0);
}
END_TEST

START_TEST(a_key_id_is_eight_bytes_or_nil_where_that_is_allowed)
{
    static const struct {
        const char *hex;
        bool is_right;
        bool is_right_if_nil;
    } rows[] = {
        { "81a66b65795f6964c4080102030405060708", true, true },
        { "81a66b65795f6964c0", false, true },
        { "81a66b65795f6964c40701020304050607", false, false },
        { "81a66b65795f6964c409010203040506070809", false, false },
        { "81a66b65795f6964a83132333435363738", false, false },
        { "80", false, false },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skp_members members = members_of(rows[i].hex, NULL);
        const uint8_t *key_id = NULL;

        ck_assert((skp_member_read_key_id(&members, true, &key_id) ==
                   SKP_ERR_OK) == rows[i].is_right_if_nil);
        ck_assert((skp_member_read_key_id(&members, false, &key_id) ==
                   SKP_ERR_OK) == rows[i].is_right);
        ck_assert((key_id != NULL) == rows[i].is_right);
    }
}
END_TEST

START_TEST(a_refusal_names_the_member)
{
    struct skp_diag diag = { "" };
    struct skp_members members = members_of("81a16d05", &diag);
    bool flag;

    skt_err(skp_member_read_flag(&members, "ready", &flag), SKP_ERR_INTERNAL);
    ck_assert_ptr_nonnull(strstr(diag.text, "ready"));
}
END_TEST

START_TEST(rows_are_entered_one_by_one_and_must_be_maps)
{
    struct skp_members members = members_of("81a16d9281a16e0105", NULL);
    struct skp_value array;
    struct skp_members row;
    uint64_t number = 0;
    void *room = &row;

    skt_ok(skp_member_find_kind(&members, "m", SKP_KIND_ARRAY, &array));
    ck_assert_uint_eq(array.count, 2);
    skt_ok(skp_members_at(&members, &array, 0, &row));
    skt_ok(skp_member_read_count(&row, "n", &number));
    ck_assert_uint_eq(number, 1);
    skt_err(skp_members_at(&members, &array, 1, &row), SKP_ERR_INTERNAL);
    skt_ok(skp_members_take(&members, 0, 8, &room));
    ck_assert_ptr_null(room);
    skt_ok(skp_members_take(&members, 2, 8, &room));
    ck_assert_ptr_nonnull(room);
}
END_TEST

START_TEST(what_an_older_agent_does_not_send_is_told_from_what_is_wrong)
{
    struct skp_members members = members_of("82a16dc0a16e81a16101", NULL);
    struct skp_members inner = { .scratch = NULL };
    uint64_t number = 0;
    bool is_there = true;

    ck_assert(skp_member_is_there(&members, "m"));
    ck_assert(!skp_member_is_there(&members, "o"));
    skt_ok(skp_members_enter_optional(&members, "o", &inner, &is_there));
    ck_assert(!is_there);
    skt_ok(skp_members_enter_optional(&members, "m", &inner, &is_there));
    ck_assert(!is_there && inner.scratch == NULL);
    skt_ok(skp_members_enter_optional(&members, "n", &inner, &is_there));
    ck_assert(is_there);
    skt_ok(skp_member_read_count(&inner, "a", &number));
    ck_assert_uint_eq(number, 1);
    skt_err(skp_members_enter_optional(&inner, "a", &members, &is_there),
            SKP_ERR_INTERNAL);
    members = members_of("82a16dc0a16dc0", NULL);
    skt_err(skp_members_enter_optional(&members, "m", &inner, &is_there),
            SKP_ERR_INTERNAL);
}
END_TEST

SKT_SUITE("member",
          members_are_written_as_name_and_value,
          each_reader_takes_its_own_kind_and_no_other,
          values_are_those_of_the_bytes,
          a_key_id_is_eight_bytes_or_nil_where_that_is_allowed,
          a_refusal_names_the_member,
          rows_are_entered_one_by_one_and_must_be_maps,
          what_an_older_agent_does_not_send_is_told_from_what_is_wrong)
