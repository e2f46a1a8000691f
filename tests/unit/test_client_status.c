/* test_client_status.c - names of statuses, and memory that is wiped. */
#include <string.h>

#include "libclient/client_status.h"
#include "tests/lib/suite.h"

START_TEST(statuses_have_the_names_of_grpc)
{
    ck_assert_str_eq(sidekey_status_name(SIDEKEY_OK), "OK");
    ck_assert_str_eq(sidekey_status_name(SIDEKEY_NOT_FOUND), "NOT_FOUND");
    ck_assert_str_eq(sidekey_status_name(SIDEKEY_DATA_LOSS), "DATA_LOSS");
    ck_assert_int_eq((int)skc_status_of(SKP_ERR_UNAVAILABLE), 14);
    ck_assert_int_eq((int)skc_status_err(SIDEKEY_UNAVAILABLE), 14);
}
END_TEST

START_TEST(bytes_are_freed_once_and_may_be_empty)
{
    struct sidekey_bytes bytes = { NULL, 0, 0 };

    sidekey_bytes_free(NULL);
    sidekey_bytes_free(&bytes);
    sidekey_bytes_free(&bytes);
    ck_assert_ptr_null(bytes.ptr);
}
END_TEST

START_TEST(wipe_leaves_zeroes)
{
    uint8_t bytes[4] = { 1, 2, 3, 4 };

    sidekey_wipe(bytes, 3);
    skt_bytes_eq((struct skp_view){ bytes, 4 }, skt_hex("00000004"));
    sidekey_wipe(NULL, 0);
}
END_TEST

SKT_SUITE("client_status",
          statuses_have_the_names_of_grpc,
          bytes_are_freed_once_and_may_be_empty,
          wipe_leaves_zeroes)
