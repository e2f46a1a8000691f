/* test_desk.c - proves desk.c. */
#include "agent/serve/desk.h"
#include "tests/lib/suite.h"

START_TEST(a_desk_has_room_for_the_largest_messages_in_locked_memory)
{
    struct skd_desk desk;

    skt_ok(skd_desk_init(&desk, &skd_env_system));
    ck_assert_uint_ge(desk.input.cap, SKP_MESSAGE_MAX);
    ck_assert_uint_ge(desk.output.cap, SKP_MESSAGE_MAX);
    ck_assert_uint_ge(skp_secret_held(), desk.input.cap + desk.output.cap);
    ck_assert_ptr_nonnull(desk.handler);
    ck_assert_ptr_nonnull(desk.scratch);
    skd_desk_done(&desk);
    ck_assert_uint_eq(skp_secret_held(), 0);
    skd_desk_done(&desk);
}
END_TEST

SKT_SUITE("desk", a_desk_has_room_for_the_largest_messages_in_locked_memory)
