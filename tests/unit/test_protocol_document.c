/* test_protocol_document.c - PROTOCOL.md says what the code does: its examples,
 * its methods, its codes, its limits.
 *
 * Runs from the top of the source tree, or with SIDEKEY_SOURCE naming it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "protocol/key.h"
#include "protocol/rpc.h"
#include "tests/lib/suite.h"
#include "tests/lib/wire.h"

#define FENCE "```"

static char *read_document(void)
{
    static char text[128 * 1024];
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *folder = getenv("SIDEKEY_SOURCE");
    char path[4096];
    FILE *file;
    size_t len;

    (void)snprintf(path, sizeof path, "%s/protocol/PROTOCOL.md",
                   folder == NULL ? "." : folder);
    file = fopen(path, "re");
    ck_assert_msg(file != NULL, "%s is not there", path);
    len = fread(text, 1, sizeof text - 1, file);
    (void)fclose(file);
    ck_assert_uint_lt(len, sizeof text - 1);
    text[len] = '\0';
    return text;
}

/* The hex digits of the example @name, without spaces; the test fails unless
 * there is exactly one. */
static const char *example(const char *name)
{
    static char digits[8192];
    char head[128];
    const char *text = read_document();
    const char *start;
    const char *end;
    size_t len = 0;

    (void)snprintf(head, sizeof head, FENCE "hex %s\n", name);
    start = strstr(text, head);
    ck_assert_msg(start != NULL, "no example %s", name);
    start += strlen(head);
    ck_assert_msg(strstr(start, head) == NULL, "two examples %s", name);
    end = strstr(start, FENCE);
    ck_assert_ptr_nonnull(end);
    for (; start < end; start++) {
        if (*start != ' ' && *start != '\n') {
            ck_assert_uint_lt(len, sizeof digits - 1);
            digits[len++] = *start;
        }
    }
    digits[len] = '\0';
    return digits;
}

/* ---- examples ----------------------------------------------------------- */

START_TEST(every_example_is_the_golden_message_of_its_name)
{
    const char *text = read_document();
    size_t n_blocks = 0;

    for (unsigned i = 0; i < SKT_WIRE_COUNT; i++) {
        ck_assert_str_eq(example(skt_wires[i].name), skt_wires[i].hex);
    }
    while ((text = strstr(text, FENCE "hex ")) != NULL) {
        n_blocks++;
        text++;
    }
    ck_assert_uint_eq(n_blocks, SKT_WIRE_COUNT);
}
END_TEST

/* Keys of the seed that stands in the document. */
struct keys {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    struct skp_key_pair pair;
};

static void keys_of(const char *seed, struct keys *ret)
{
    ck_assert_ptr_nonnull(strstr(read_document(), seed));
    skt_ok(skp_key_from_seed(skp_view_of(seed), ret->private_key, NULL));
    skp_key_public(ret->private_key, ret->public_key);
    ret->pair = (struct skp_key_pair){ ret->private_key, ret->public_key };
}

static void open_header(struct skp_crypto *crypto,
                        const struct skp_request *request,
                        struct skp_view bytes,
                        const char *seed,
                        uint8_t ret[SKP_KEY_LEN])
{
    struct skp_header header;
    struct keys keys;

    keys_of(seed, &keys);
    skt_ok(skp_header_parse(bytes, false, SKP_SUITE_X25519_HPKE_AES256GCM,
                            &header, NULL));
    skt_ok(skp_header_open(crypto, &header, &keys.pair, request->tenant, ret));
}

START_TEST(the_envelopes_of_the_examples_open_with_the_seeds_of_the_document)
{
    const char *alpha = "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg=";
    struct skp_request request = skt_wire_request(SKP_METHOD_DECRYPT);
    struct skp_response answer = skt_wire_response(SKP_METHOD_DECRYPT);
    struct skp_response key = skt_wire_response(SKP_METHOD_UNWRAP);
    struct skp_response public_key = skt_wire_response(SKP_METHOD_PUBKEY);
    struct skp_crypto *crypto = NULL;
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t plaintext[64];
    struct skp_buf out = skp_buf_over(plaintext, sizeof plaintext);
    struct skp_view payload;
    struct keys keys;

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    keys_of(alpha, &keys);
    skt_bytes_eq((struct skp_view){ keys.public_key, SKP_KEY_LEN },
                 public_key.data);
    open_header(crypto, &request, request.data, alpha, data_key);
    skt_bytes_eq((struct skp_view){ data_key, SKP_KEY_LEN }, key.data);
    payload = (struct skp_view){ request.data.ptr + SKP_HEADER_2_LEN,
                                 request.data.len - SKP_HEADER_2_LEN };
    skt_ok(skp_payload_open(crypto, SKP_SUITE_X25519_HPKE_AES256GCM, data_key,
                            request.aad, payload, &out, NULL));
    skt_bytes_eq((struct skp_view){ out.ptr, out.len }, answer.data);
    skp_crypto_free(&crypto);
}
END_TEST

START_TEST(the_rewrapped_header_of_the_example_holds_the_same_data_key)
{
    struct skp_request request = skt_wire_request(SKP_METHOD_REWRAP);
    struct skp_response answer = skt_wire_response(SKP_METHOD_REWRAP);
    struct skp_crypto *crypto = NULL;
    uint8_t former[SKP_KEY_LEN];
    uint8_t current[SKP_KEY_LEN];

    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    open_header(crypto, &request, request.data,
                "WthhFxKlcAy40pSUj1IaE+qUiaIH559md8AMDldwU4klVC5QoiMltmD+"
                "pAZUT69s",
                former);
    open_header(crypto, &request, answer.data,
                "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT"
                "6dxKcYwP",
                current);
    skt_bytes_eq((struct skp_view){ current, SKP_KEY_LEN },
                 (struct skp_view){ former, SKP_KEY_LEN });
    skp_crypto_free(&crypto);
}
END_TEST

/* ---- tables ------------------------------------------------------------- */

/* @before, @word and @after stand together somewhere. */
static void check_says(const char *before, const char *word, const char *after)
{
    char wanted[256];

    (void)snprintf(wanted, sizeof wanted, "%s%s%s", before, word, after);
    ck_assert_msg(strstr(read_document(), wanted) != NULL,
                  "the document does not say: %s", wanted);
}

static void check_limit(const char *before, unsigned number, const char *after)
{
    char digits[16];

    (void)snprintf(digits, sizeof digits, "%u", number);
    check_says(before, digits, after);
}

START_TEST(every_method_has_its_row)
{
    for (unsigned i = 0; i < SKP_METHOD_COUNT; i++) {
        check_says("\n| `", skp_method_name((enum skp_method)i), "` | ");
    }
}
END_TEST

START_TEST(every_code_has_its_row_and_its_number)
{
#define CHECK_CODE(name, number, next, text)            \
    if ((number) != 0) {                                \
        check_says("\n| " #name " | ", #number, " | "); \
    }
    SKP_ERR_MAP(CHECK_CODE)
#undef CHECK_CODE
}
END_TEST

START_TEST(every_state_source_and_suite_is_named)
{
    for (unsigned i = 0; i < SKP_TENANT_STATE_COUNT; i++) {
        check_says("`", skp_tenant_state_name((enum skp_tenant_state)i), "`");
    }
    for (unsigned i = 0; i < SKP_ORIGIN_COUNT; i++) {
        check_says("`", skp_origin_name((enum skp_origin)i), "`");
    }
    check_says("\n| 1 | `", skp_suite_name(SKP_SUITE_X25519_AES256CTR), "` | ");
    check_says("\n| 2 | `", skp_suite_name(SKP_SUITE_X25519_HPKE_AES256GCM),
               "` | ");
}
END_TEST

START_TEST(every_limit_is_told)
{
    check_limit("a message, request or answer | ", SKP_MESSAGE_MAX, " bytes");
    check_limit("nesting of a request | ", SKP_REQUEST_DEPTH_MAX, " arrays");
    check_limit("map in a request | ", SKP_REQUEST_MAP_MAX, " |");
    check_limit("map in an answer | ", SKP_ANSWER_DEPTH_MAX, ", ");
    check_limit("map in an answer | 8, ", SKP_ANSWER_MAP_MAX, " |");
    check_limit("method name | ", SKP_METHOD_MAX, " bytes");
    check_limit("tenant id | 1 to ", SKP_TENANT_MAX, " bytes");
    check_limit("cursor) | ", SKP_STR_MAX, " bytes");
    check_limit("`aad` | ", SKP_AAD_MAX, " bytes");
    check_limit("one `watch` | 1 to ", SKP_WATCH_MAX, " |");
    check_limit("`hello`: ", SKP_PAYLOAD_DEFAULT, " unless");
    check_limit("at most ", SKP_PAYLOAD_MAX, " |");
    check_limit("page of `tenants` | ", SKP_TENANTS_PAGE, " |");
    check_says("4. `", SKP_SOCKET_DEFAULT, "`.");
}
END_TEST

SKT_SUITE("protocol_document",
          every_example_is_the_golden_message_of_its_name,
          the_envelopes_of_the_examples_open_with_the_seeds_of_the_document,
          the_rewrapped_header_of_the_example_holds_the_same_data_key,
          every_method_has_its_row,
          every_code_has_its_row_and_its_number,
          every_state_source_and_suite_is_named,
          every_limit_is_told)
