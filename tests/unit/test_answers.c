/* test_answers.c - public structs and protocol messages. */
#include <string.h>

#include "libclient/answers.h"
#include "protocol/key.h"
#include "tests/lib/suite.h"

static uint8_t key[SKP_HEADER_2_LEN] = { 9, 8, 7 };

START_TEST(a_public_key_is_taken_with_its_own_key_id_only)
{
    uint8_t key_id[SKP_KEY_ID_LEN];
    struct skp_response response = { .data = { key, SKP_KEY_LEN },
                                     .key_id = key_id,
                                     .generation = 5 };
    struct sidekey_public_key ret = { .generation = 1 };
    struct skp_diag diag = { "" };

    skp_key_id(key, key_id);
    for (size_t bit = 0; bit < 8 * sizeof key_id; bit++) {
        key_id[bit / 8] ^= (uint8_t)(1u << bit % 8);
        skt_err(skc_answers_public_key(&response, &ret, &diag),
                SKP_ERR_INTERNAL);
        key_id[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    ck_assert_uint_eq(ret.generation, 1);
    skt_ok(skc_answers_public_key(&response, &ret, &diag));
    ck_assert_uint_eq(ret.generation, 5);
    ck_assert_mem_eq(ret.public_key, key, SKP_KEY_LEN);
    response.data.len--;
    skt_err(skc_answers_public_key(&response, &ret, &diag), SKP_ERR_INTERNAL);
    ck_assert_str_eq(diag.text, "the agent's public key has a wrong length");
}
END_TEST

START_TEST(a_data_key_has_one_length_and_a_known_suite)
{
    struct skp_response response = { .data = { key, SKP_KEY_LEN },
                                     .suite = SKP_SUITE_X25519_AES256CTR };
    struct sidekey_data_key ret;
    struct skp_diag diag = { "" };

    memset(&ret, 0xff, sizeof ret);
    skt_ok(skc_answers_data_key(&response, &ret, &diag));
    ck_assert_mem_eq(ret.key, key, SKP_KEY_LEN);
    ck_assert_uint_eq(ret.key_id[0], 0);
    response.suite = SKP_SUITE_ANY;
    skt_err(skc_answers_data_key(&response, &ret, &diag), SKP_ERR_INTERNAL);
    response.suite = SKP_SUITE_X25519_AES256CTR;
    response.data.len = 31;
    skt_err(skc_answers_data_key(&response, &ret, &diag), SKP_ERR_INTERNAL);
}
END_TEST

START_TEST(a_header_has_one_length)
{
    struct skp_response response = { .data = { key, SKP_HEADER_2_LEN } };
    uint8_t ret[SIDEKEY_HEADER_MAX] = { 0 };
    struct skp_diag diag = { "" };

    skt_ok(skc_answers_header(&response, ret, &diag));
    ck_assert_mem_eq(ret, key, sizeof ret);
    response.data.len--;
    skt_err(skc_answers_header(&response, ret, &diag), SKP_ERR_INTERNAL);
}
END_TEST

START_TEST(a_header_is_cut_where_the_payload_begins)
{
    static const uint8_t two[200] = "SKE1\2";
    static const uint8_t one[200] = "SKE1\1";

    ck_assert_uint_eq(skc_answers_cut_header(two, 200, false).len, 96);
    ck_assert_uint_eq(skc_answers_cut_header(one, 200, false).len, 48);
    ck_assert_uint_eq(skc_answers_cut_header(one, 200, true).len, 32);
    ck_assert_uint_eq(skc_answers_cut_header(two, 20, false).len, 20);
    ck_assert_uint_eq(skc_answers_cut_header(key, 96, false).len, 96);
}
END_TEST

START_TEST(requests_that_no_agent_takes_are_refused)
{
    struct skp_request request = { .tenant = skp_view_of("t") };
    struct skp_diag diag = { "" };

    skt_ok(skc_answers_check_request(&request, &diag));
    request.aad.len = SKP_AAD_MAX + 1;
    skt_err(skc_answers_check_request(&request, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    request.aad.len = 0;
    request.data.len = SKP_MESSAGE_MAX + 1;
    skt_err(skc_answers_check_request(&request, &diag),
            SKP_ERR_RESOURCE_EXHAUSTED);
    request.data.len = 0;
    request.tenant = skp_view_of("");
    skt_err(skc_answers_check_request(&request, &diag),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(words_of_the_agent_are_kept_and_cut)
{
    static uint8_t text[600];
    struct skp_response response = { .err = SKP_ERR_NOT_FOUND,
                                     .text = { text, 3 } };
    struct skp_diag diag = { "" };

    memset(text, 'w', sizeof text);
    skt_err(skc_answers_keep_words(&response, &diag), SKP_ERR_NOT_FOUND);
    ck_assert_str_eq(diag.text, "www");
    response.text.len = sizeof text;
    skt_err(skc_answers_keep_words(&response, &diag), SKP_ERR_NOT_FOUND);
    ck_assert_uint_eq(strlen(diag.text), SKP_DIAG_MAX - 1);
    response.text.len = 0;
    skt_err(skc_answers_keep_words(&response, &diag), SKP_ERR_NOT_FOUND);
    ck_assert_str_eq(diag.text, skp_err_text(SKP_ERR_NOT_FOUND));
}
END_TEST

START_TEST(options_become_the_suite_to_name)
{
    struct skp_request request = { .method = SKP_METHOD_DECRYPT };
    struct sidekey_options options = { .aad = key, .aad_len = 3 };

    skc_answers_options(&request, NULL);
    ck_assert_int_eq((int)request.suite, (int)SKP_SUITE_X25519_HPKE_AES256GCM);
    skc_answers_options(&request, &options);
    ck_assert_uint_eq(request.aad.len, 3);
    options.raw = true;
    skc_answers_options(&request, &options);
    ck_assert_int_eq((int)request.suite, (int)SKP_SUITE_X25519_AES256CTR);
    options.any_suite = true;
    skc_answers_options(&request, &options);
    ck_assert_int_eq((int)request.suite, (int)SKP_SUITE_ANY);
    request.method = SKP_METHOD_ENCRYPT;
    skc_answers_options(&request, &options);
    ck_assert_int_eq((int)request.suite, (int)SKP_SUITE_X25519_AES256CTR);
}
END_TEST

SKT_SUITE("answers",
          a_public_key_is_taken_with_its_own_key_id_only,
          a_data_key_has_one_length_and_a_known_suite,
          a_header_has_one_length,
          a_header_is_cut_where_the_payload_begins,
          requests_that_no_agent_takes_are_refused,
          words_of_the_agent_are_kept_and_cut,
          options_become_the_suite_to_name)
