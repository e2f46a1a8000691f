/* test_client_keys.c - the public calls about one tenant's key. */
#include <string.h>

#include "libclient/sidekey.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/suite.h"

START_TEST(encrypts_and_decrypts)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    static const uint8_t plain[70000] = "the quick brown fox";
    const struct sidekey_options options = { .aad = (const uint8_t *)"row 7",
                                             .aad_len = 5 };
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    bool authenticated = false;

    skt_status_ok(sidekey_encrypt(handle, SKT_TENANT, plain, sizeof plain,
                                  &options, 60000, &sealed));
    skt_status_ok(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                  &options, 60000, &opened, &authenticated));
    ck_assert(authenticated);
    skt_bytes_eq((struct skp_view){ opened.ptr, opened.len },
                 (struct skp_view){ plain, sizeof plain });
    sidekey_bytes_free(&opened);
    ck_assert_ptr_null(opened.ptr);
    skt_status(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len, NULL,
                               60000, &opened, NULL),
               SIDEKEY_DATA_LOSS);
    ck_assert_ptr_null(opened.ptr);
    sidekey_bytes_free(&sealed);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(demands_suite_2_unless_told_otherwise)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    const struct sidekey_options suite_1 = {
        .suite = SIDEKEY_SUITE_X25519_AES256CTR
    };
    const struct sidekey_options any = { .any_suite = true };
    const struct sidekey_options raw = { .raw = true };
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    bool authenticated = true;

    skt_status_ok(sidekey_encrypt(handle, SKT_TENANT, (const uint8_t *)"abc", 3,
                                  &suite_1, 60000, &sealed));
    ck_assert_uint_eq(sealed.len, 48 + 3);
    skt_status(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len, NULL,
                               60000, &opened, NULL),
               SIDEKEY_INVALID_ARGUMENT);
    skt_status_ok(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                  &any, 60000, &opened, &authenticated));
    ck_assert(!authenticated);
    ck_assert_uint_eq(opened.len, 3);
    sidekey_bytes_free(&opened);
    sidekey_bytes_free(&sealed);
    skt_status_ok(sidekey_encrypt(handle, SKT_TENANT, (const uint8_t *)"abc", 3,
                                  &raw, 60000, &sealed));
    ck_assert_uint_eq(sealed.len, 32 + 3);
    skt_status_ok(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                  &raw, 60000, &opened, NULL));
    sidekey_bytes_free(&opened);
    sidekey_bytes_free(&sealed);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(unwraps_and_rewraps_headers)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL });
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    struct sidekey_data_key before;
    struct sidekey_data_key after;
    uint8_t header[SIDEKEY_HEADER_MAX];

    skt_status_ok(sidekey_encrypt(handle, SKT_TENANT, (const uint8_t *)"abc", 3,
                                  NULL, 60000, &sealed));
    skt_status_ok(sidekey_unwrap(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                 NULL, 60000, &before));
    ck_assert_int_eq((int)before.suite, 2);
    skt_agent_rotate(agent);
    skt_status_ok(sidekey_rewrap(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                 60000, header));
    ck_assert_int_ne(memcmp(header, sealed.ptr, sizeof header), 0);
    memcpy(sealed.ptr, header, sizeof header);
    skt_status_ok(sidekey_unwrap(handle, SKT_TENANT, header, sizeof header,
                                 NULL, 60000, &after));
    skt_bytes_eq((struct skp_view){ after.key, sizeof after.key },
                 (struct skp_view){ before.key, sizeof before.key });
    ck_assert_int_ne(memcmp(after.key_id, before.key_id, sizeof after.key_id),
                     0);
    skt_status_ok(sidekey_decrypt(handle, SKT_TENANT, sealed.ptr, sealed.len,
                                  NULL, 60000, &opened, NULL));
    ck_assert_uint_eq(opened.len, 3);
    sidekey_bytes_free(&opened);
    sidekey_bytes_free(&sealed);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_key_is_believed_only_with_its_id)
{
    SKT_STEPS({ SKT_WRONG_KEY_ID, SKP_ERR_OK, NULL },
              { SKT_SHORT_DATA, SKP_ERR_OK, NULL });
    struct sidekey_public_key key = { .generation = 99 };

    for (unsigned i = 0; i < 2; i++) {
        skt_status(sidekey_pubkey(handle, SKT_TENANT, 60000, &key),
                   SIDEKEY_INTERNAL);
        ck_assert_uint_eq(key.generation, 99);
    }
    skt_status_ok(sidekey_pubkey(handle, SKT_TENANT, 60000, &key));
    skt_bytes_eq(
        (struct skp_view){ key.public_key, sizeof key.public_key },
        skt_hex(
            "a5b984e765b978e7151119a21c548350f5d0eb8a26d6b17c74b9d25498bc496b"));
    skt_bytes_eq((struct skp_view){ key.key_id, sizeof key.key_id },
                 skt_hex("e0747b0fc2e5f856"));
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(short_answers_to_unwrap_and_rewrap_are_refused)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL },
              { SKT_SHORT_DATA, SKP_ERR_OK, NULL },
              { SKT_SHORT_DATA, SKP_ERR_OK, NULL });
    struct sidekey_bytes sealed = { NULL, 0, 0 };
    struct sidekey_data_key key;
    uint8_t header[SIDEKEY_HEADER_MAX];

    skt_status_ok(sidekey_encrypt(handle, SKT_TENANT, (const uint8_t *)"abc", 3,
                                  NULL, 60000, &sealed));
    skt_status(sidekey_unwrap(handle, SKT_TENANT, sealed.ptr, sealed.len, NULL,
                              60000, &key),
               SIDEKEY_INTERNAL);
    skt_status(sidekey_rewrap(handle, SKT_TENANT, sealed.ptr, sealed.len, 60000,
                              header),
               SIDEKEY_INTERNAL);
    sidekey_bytes_free(&sealed);
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("client_keys",
          encrypts_and_decrypts,
          demands_suite_2_unless_told_otherwise,
          unwraps_and_rewraps_headers,
          a_key_is_believed_only_with_its_id,
          short_answers_to_unwrap_and_rewrap_are_refused)
