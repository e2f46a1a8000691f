/* fuzz_base64.c - seeds and tenant ids, as they come from files and servers.
 *
 * Reaches: protocol/base64.c protocol/key.c
 *
 * What decodes must be, without the white space around it, the one text that
 * its bytes encode to; any bytes must come back from their text.  A seed gives
 * a key with an id; a UUID is a tenant id.
 */
#include <string.h>

#include "protocol/base64.h"
#include "protocol/key.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 8192u

static struct skp_view trim(struct skp_view text)
{
    while (text.len > 0 && strchr(" \t\r\n", text.ptr[0]) != NULL &&
           text.ptr[0] != '\0') {
        text.ptr++;
        text.len--;
    }
    while (text.len > 0 && text.ptr[text.len - 1] != '\0' &&
           strchr(" \t\r\n", text.ptr[text.len - 1]) != NULL) {
        text.len--;
    }
    return text;
}

static struct skp_view encode(struct skp_view bytes)
{
    static char place[2 * INPUT_MAX];
    struct skp_buf text = skp_buf_over(place, skp_base64_len(bytes.len));

    ck_assert_uint_le(text.cap, sizeof place);
    ck_assert_int_eq(skp_base64_encode(bytes, &text), SKP_ERR_OK);
    ck_assert_uint_eq(text.len, text.cap);
    return (struct skp_view){ text.ptr, text.len };
}

/* However many are derived at once, each is what it is alone. */
static void check_batch(const uint8_t key[SKP_KEY_LEN],
                        const uint8_t public_key[SKP_KEY_LEN])
{
    const uint8_t *const keys[] = { key, public_key, key };
    uint8_t derived[3][SKP_KEY_LEN];
    uint8_t other[SKP_KEY_LEN];

    skp_key_public(public_key, other);
    skp_key_public_batch(keys, 3, derived);
    ck_assert_mem_eq(derived[0], public_key, SKP_KEY_LEN);
    ck_assert_mem_eq(derived[1], other, SKP_KEY_LEN);
    ck_assert_mem_eq(derived[2], public_key, SKP_KEY_LEN);
}

static void check_seed(struct skp_view text, bool is_seed)
{
    uint8_t key[SKP_KEY_LEN] = { 0 };
    uint8_t untouched[SKP_KEY_LEN] = { 0 };
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
    struct skp_diag diag = { "" };
    enum skp_err err = skp_key_from_seed(text, key, &diag);

    ck_assert_int_eq(err, is_seed ? SKP_ERR_OK : SKP_ERR_INVALID_ARGUMENT);
    if (!is_seed) {
        ck_assert(memcmp(key, untouched, sizeof key) == 0);
        ck_assert(diag.text[0] != '\0');
        return;
    }
    skp_key_public(key, public_key);
    skp_key_id(public_key, key_id);
    ck_assert(memcmp(key, public_key, sizeof key) != 0);
    ck_assert(memcmp(key_id, untouched, sizeof key_id) != 0);
    check_batch(key, public_key);
}

static void check_tenant(struct skp_view id)
{
    size_t n_dashes = 0;

    if (!skp_tenant_is_uuid(id)) {
        (void)skp_tenant_is_valid(id);
        return;
    }
    ck_assert(skp_tenant_is_valid(id));
    ck_assert_uint_eq(id.len, 36);
    for (size_t i = 0; i < id.len; i++) {
        n_dashes += id.ptr[i] == '-' ? 1 : 0;
    }
    ck_assert_uint_eq(n_dashes, 4);
}

void skt_fuzz_base64(struct skp_view input)
{
    struct skp_secret decoded = { NULL, 0, 0 };
    struct skp_secret again = { NULL, 0, 0 };
    struct skp_view text;
    enum skp_err err;

    if (input.len > INPUT_MAX) {
        return;
    }
    err = skp_base64_decode(input, &decoded);
    if (err == SKP_ERR_OK) {
        text = encode(skp_secret_view(&decoded));
        ck_assert(skp_view_equal(text, trim(input)));
    } else {
        ck_assert_int_eq(err, SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(decoded.len, 0);
    }
    check_tenant(input);
    check_seed(input, err == SKP_ERR_OK && decoded.len >= SKP_SEED_MIN);

    text = encode(input);
    ck_assert_int_eq(skp_base64_decode(text, &again), SKP_ERR_OK);
    ck_assert(skp_view_equal(skp_secret_view(&again), input));
    skp_secret_done(&decoded);
    skp_secret_done(&again);
}

SKT_FUZZ_DOOR(base64)
