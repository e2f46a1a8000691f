/* envelopes.c - the shared golden envelopes; see envelopes.h. */
#include "tests/lib/envelopes.h"

#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

void skt_sha256_is(struct skp_view bytes, const char *hex)
{
    uint8_t hash[crypto_hash_sha256_BYTES];

    (void)crypto_hash_sha256(hash, bytes.ptr, bytes.len);
    skt_bytes_eq((struct skp_view){ hash, sizeof hash }, skt_hex(hex));
}

static const cJSON *find_row(const cJSON *rows, const char *name)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, rows)
    {
        if (strcmp(skt_text(row, "name"), name) == 0) {
            return row;
        }
    }
    return NULL;
}

const cJSON *skt_envelope_row(const cJSON *json, const char *name)
{
    const cJSON *row = find_row(skt_member(json, "suite1"), name);

    if (row == NULL) {
        row = find_row(skt_member(json, "suite2"), name);
    }
    ck_assert_msg(row != NULL, "no envelope %s", name);
    return row;
}

enum skp_suite skt_envelope_suite(const cJSON *row)
{
    return cJSON_HasObjectItem(row, "data_key")
               ? SKP_SUITE_X25519_HPKE_AES256GCM
               : SKP_SUITE_X25519_AES256CTR;
}

static bool find_seed(const cJSON *tenant,
                      const uint8_t key_id[SKP_KEY_ID_LEN],
                      struct skt_key *ret)
{
    const cJSON *seed;

    cJSON_ArrayForEach(seed, skt_member(tenant, "seeds_base64"))
    {
        skt_key_init(ret, cJSON_GetStringValue(seed));
        if (memcmp(ret->key_id, key_id, SKP_KEY_ID_LEN) == 0) {
            return true;
        }
    }
    return false;
}

bool skt_envelope_key(const cJSON *json,
                      const char *tenant,
                      const uint8_t key_id[SKP_KEY_ID_LEN],
                      struct skt_key *ret)
{
    const cJSON *row;

    cJSON_ArrayForEach(row, skt_member(json, "tenants"))
    {
        if (strcmp(skt_text(row, "id"), tenant) == 0) {
            return find_seed(row, key_id, ret);
        }
    }
    return false;
}

static void seal(const cJSON *json, const cJSON *row, struct skp_buf *ret)
{
    static uint8_t plaintext[SKT_ENVELOPE_MAX];
    enum skp_suite suite = skt_envelope_suite(row);
    bool is_two = suite == SKP_SUITE_X25519_HPKE_AES256GCM;
    size_t len = (size_t)skt_number(row, "length");
    struct skt_random_script random;
    struct skp_crypto *crypto = NULL;
    struct skt_key key;
    struct skp_recipient recipient;
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t header[SKP_HEADER_MAX];
    size_t header_len;

    skt_random_script_init(&random);
    skt_random_script_add(&random, skt_text(row, "ephemeral_private"));
    if (is_two) {
        skt_random_script_add(&random, skt_text(row, "data_key"));
        skt_random_script_add(&random, skt_text(row, "salt"));
    }
    skt_ok(skp_crypto_new(&random.table, &crypto));
    ck_assert(skt_envelope_key(json, skt_text(row, "tenant"),
                               skt_hex_of(row, "header").ptr + 8, &key));
    recipient = skt_recipient(&key, skt_text(row, "tenant"));
    skt_ok(skp_header_seal(crypto, suite, false, &recipient, data_key, header,
                           &header_len));
    skt_ok(skp_buf_put(ret, header, header_len));
    skt_plaintext(plaintext, len);
    skt_ok(skp_payload_seal(crypto, suite, data_key,
                            is_two ? skt_hex_of(row, "aad")
                                   : (struct skp_view){ NULL, 0 },
                            (struct skp_view){ plaintext, len }, ret));
    skt_random_script_used(&random);
    skp_crypto_free(&crypto);
}

void skt_envelope_build(const cJSON *json,
                        const cJSON *row,
                        struct skp_buf *ret)
{
    struct skp_view given;

    if (cJSON_HasObjectItem(row, "ephemeral_private")) {
        seal(json, row, ret);
        return;
    }
    given = skt_hex_of(row, "envelope");
    skt_ok(skp_buf_put(ret, given.ptr, given.len));
}

static size_t number_at(const cJSON *op, int place)
{
    return (size_t)cJSON_GetArrayItem(op, place)->valuedouble;
}

static struct skp_view hex_at(const cJSON *op, int place)
{
    return skt_hex(cJSON_GetStringValue(cJSON_GetArrayItem(op, place)));
}

static void apply_flip(const cJSON *op, struct skp_buf *buf)
{
    double offset = cJSON_GetArrayItem(op, 1)->valuedouble;
    size_t at = offset < 0 ? buf->len - (size_t)-offset : (size_t)offset;

    buf->ptr[at] ^= (uint8_t)(1u << number_at(op, 2));
}

static void apply_set(const cJSON *op, struct skp_buf *buf)
{
    struct skp_view bytes = hex_at(op, 2);

    memcpy(buf->ptr + number_at(op, 1), bytes.ptr, bytes.len);
}

static void apply_truncate(const cJSON *op, struct skp_buf *buf)
{
    buf->len = number_at(op, 1);
}

static void apply_append(const cJSON *op, struct skp_buf *buf)
{
    struct skp_view bytes = hex_at(op, 1);

    skt_ok(skp_buf_put(buf, bytes.ptr, bytes.len));
}

static void apply_swap(const cJSON *op, struct skp_buf *buf)
{
    uint8_t *a = buf->ptr + number_at(op, 1);
    uint8_t *b = buf->ptr + number_at(op, 2);

    for (size_t i = 0; i < number_at(op, 3); i++) {
        uint8_t kept = a[i];

        a[i] = b[i];
        b[i] = kept;
    }
}

static void apply_delete(const cJSON *op, struct skp_buf *buf)
{
    size_t at = number_at(op, 1);
    size_t n = number_at(op, 2);

    memmove(buf->ptr + at, buf->ptr + at + n, buf->len - at - n);
    buf->len -= n;
}

static void apply_copy(const cJSON *op, struct skp_buf *buf)
{
    size_t n = number_at(op, 2);
    size_t at = number_at(op, 3);
    uint8_t *bytes = malloc(n);

    ck_assert_ptr_nonnull(bytes);
    memcpy(bytes, buf->ptr + number_at(op, 1), n);
    memmove(buf->ptr + at + n, buf->ptr + at, buf->len - at);
    memcpy(buf->ptr + at, bytes, n);
    buf->len += n;
    free(bytes);
}

static void apply_replace(const cJSON *op, struct skp_buf *buf)
{
    buf->len = 0;
    apply_append(op, buf);
}

static void apply_graft(const cJSON *json, const cJSON *op, struct skp_buf *buf)
{
    static uint8_t bytes[SKT_ENVELOPE_MAX];
    struct skp_buf other = skp_buf_over(bytes, sizeof bytes);
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(op, 3));

    skt_envelope_build(json, skt_envelope_row(json, name), &other);
    memcpy(buf->ptr + number_at(op, 1), bytes + number_at(op, 4),
           number_at(op, 2));
}

static void apply(const cJSON *json, const cJSON *op, struct skp_buf *buf)
{
    static const struct {
        const char *name;
        void (*apply)(const cJSON *op, struct skp_buf *buf);
    } ops[] = {
        { "flip", apply_flip },         { "set", apply_set },
        { "truncate", apply_truncate }, { "append", apply_append },
        { "swap", apply_swap },         { "delete", apply_delete },
        { "copy", apply_copy },         { "replace", apply_replace },
    };
    const char *name = cJSON_GetStringValue(cJSON_GetArrayItem(op, 0));

    if (strcmp(name, "graft") == 0) {
        apply_graft(json, op, buf);
        return;
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(ops); i++) {
        if (strcmp(name, ops[i].name) == 0) {
            ops[i].apply(op, buf);
            return;
        }
    }
    ck_abort_msg("no op %s", name);
}

void skt_envelope_damage(const cJSON *json,
                         const cJSON *negative,
                         struct skp_buf *ret)
{
    const cJSON *op;

    skt_envelope_build(json, skt_envelope_row(json, skt_text(negative, "base")),
                       ret);
    cJSON_ArrayForEach(op, skt_member(negative, "ops"))
    {
        apply(json, op, ret);
    }
    skt_sha256_is((struct skp_view){ ret->ptr, ret->len },
                  skt_text(negative, "envelope_sha256"));
}
