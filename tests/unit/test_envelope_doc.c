/* test_envelope_doc.c - the examples of ENVELOPE.md against the code, so that
 * neither can change alone.  Runs from the root of the repository.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/base64.h"
#include "protocol/key.h"
#include "tests/lib/golden.h"
#include "tests/lib/random_script.h"
#include "tests/lib/suite.h"

struct field {
    char name[32];
    char value[1024];
    bool is_used;
};

/* One example block. */
struct example {
    struct field fields[40];
    size_t n_fields;
};

static void copy_text(char *ret, size_t cap, const char *text)
{
    size_t len = strlen(text);

    ck_assert_msg(len < cap, "too long: %s", text);
    memcpy(ret, text, len + 1);
}

static void read_field(struct example *example, char *line)
{
    struct field *field = &example->fields[example->n_fields];
    char *colon = strchr(line, ':');

    ck_assert(example->n_fields < SKP_ARRAY_LEN(example->fields));
    ck_assert_msg(colon != NULL && colon[1] == ' ', "no field: %s", line);
    *colon = '\0';
    copy_text(field->name, sizeof field->name, line);
    copy_text(field->value, sizeof field->value, colon + 2);
    field->is_used = false;
    example->n_fields++;
}

static void read_more(struct example *example, const char *line)
{
    struct field *field;
    size_t len;

    ck_assert(example->n_fields > 0);
    field = &example->fields[example->n_fields - 1];
    len = strlen(field->value);
    copy_text(field->value + len, sizeof field->value - len,
              line + strspn(line, " "));
}

static void read_example(const char *name, struct example *ret)
{
    FILE *file = fopen("protocol/ENVELOPE.md", "re");
    char fence[64];
    char line[512];
    bool is_inside = false;

    ck_assert_msg(file != NULL, "run from the root of the repository");
    memset(ret, 0, sizeof *ret);
    (void)snprintf(fence, sizeof fence, "```example %s", name);
    while (fgets(line, sizeof line, file) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (!is_inside) {
            is_inside = strcmp(line, fence) == 0;
        } else if (strncmp(line, "```", 3) == 0) {
            break;
        } else if (line[0] == ' ') {
            read_more(ret, line);
        } else {
            read_field(ret, line);
        }
    }
    (void)fclose(file);
    ck_assert_msg(ret->n_fields > 0, "no example %s", name);
}

static const char *get_text(struct example *example, const char *name)
{
    for (size_t i = 0; i < example->n_fields; i++) {
        if (strcmp(example->fields[i].name, name) == 0) {
            example->fields[i].is_used = true;
            return example->fields[i].value;
        }
    }
    ck_abort_msg("no field %s", name);
    return NULL;
}

/* The value's bytes: hex, or the characters between quotes. */
static struct skp_view get(struct example *example, const char *name)
{
    struct skp_view text = skp_view_of(get_text(example, name));

    if (text.len >= 2 && text.ptr[0] == '"') {
        ck_assert_uint_eq(text.ptr[text.len - 1], '"');
        return (struct skp_view){ text.ptr + 1, text.len - 2 };
    }
    return skt_hex((const char *)text.ptr);
}

static void is(struct example *example, const char *name, struct skp_view got)
{
    skt_bytes_eq(got, get(example, name));
}

static struct skp_view first(const uint8_t *bytes, size_t len)
{
    return (struct skp_view){ bytes, len };
}

static void all_are_used(const struct example *example)
{
    for (size_t i = 0; i < example->n_fields; i++) {
        ck_assert_msg(example->fields[i].is_used, "%s is not checked",
                      example->fields[i].name);
    }
}

/* The key of example "key". */
static struct skt_key read_key(void)
{
    struct example example;
    struct skt_key key;

    read_example("key", &example);
    skt_ok(skp_key_from_seed(get(&example, "seed"), key.private_key, NULL));
    skp_key_public(key.private_key, key.public_key);
    skp_key_id(key.public_key, key.key_id);
    return key;
}

static void script(struct skt_random_script *random, struct skp_view bytes)
{
    char hex[200];

    skp_hex(bytes.ptr, bytes.len, hex);
    skt_random_script_add(random, hex);
}

START_TEST(derives_the_key_of_the_document)
{
    struct example example;
    struct skt_key key = read_key();
    struct skp_secret seed = { NULL, 0, 0 };

    read_example("key", &example);
    skt_ok(skp_base64_decode(get(&example, "seed"), &seed));
    is(&example, "decoded", skp_secret_view(&seed));
    is(&example, "private", first(key.private_key, SKP_KEY_LEN));
    is(&example, "public", first(key.public_key, SKP_KEY_LEN));
    is(&example, "key_id", first(key.key_id, SKP_KEY_ID_LEN));
    skp_secret_done(&seed);
    all_are_used(&example);
}
END_TEST

/* Seal the example's plaintext as the code does it. */
static void seal(struct example *example,
                 enum skp_suite suite,
                 bool raw,
                 struct skt_random_script *random,
                 struct skp_buf *ret)
{
    struct skt_key key = read_key();
    struct skp_recipient recipient = skt_recipient(&key, "");
    struct skp_crypto *crypto = NULL;
    struct skp_view aad = { NULL, 0 };
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t header[SKP_HEADER_MAX];
    size_t len;

    if (suite == SKP_SUITE_X25519_HPKE_AES256GCM) {
        recipient.tenant = get(example, "tenant");
        aad = get(example, "aad");
    }
    skt_ok(skp_crypto_new(&random->table, &crypto));
    skt_ok(skp_header_seal(crypto, suite, raw, &recipient, data_key, header,
                           &len));
    skt_ok(skp_buf_put(ret, header, len));
    skt_ok(skp_payload_seal(crypto, suite, data_key, aad,
                            get(example, "plaintext"), ret));
    skt_random_script_used(random);
    skp_crypto_free(&crypto);
}

START_TEST(seals_the_suite_1_of_the_document)
{
    struct example example;
    struct skt_key key = read_key();
    struct skt_random_script random;
    struct skp_crypto *crypto = NULL;
    static const uint8_t zeroes[17];
    uint8_t bytes[100];
    struct skp_view plaintext;

    read_example("suite1", &example);
    skt_random_script_init(&random);
    for (int raw = 0; raw < 2; raw++) {
        struct skp_buf envelope = skp_buf_over(bytes, sizeof bytes);

        script(&random, get(&example, "ephemeral_private"));
        seal(&example, SKP_SUITE_X25519_AES256CTR, raw != 0, &random,
             &envelope);
        is(&example, raw != 0 ? "raw" : "envelope", first(bytes, envelope.len));
    }
    skp_key_public(get(&example, "ephemeral_private").ptr, bytes);
    is(&example, "ephemeral_public", first(bytes, 32));
    skt_ok(skp_x25519(key.private_key, get(&example, "ephemeral_public").ptr,
                      bytes));
    is(&example, "shared", first(bytes, 32));
    (void)crypto_hash_sha256(bytes, bytes, 32);
    is(&example, "stream_key", first(bytes, 32));
    skt_ok(skp_crypto_new(&random.table, &crypto));
    skt_ok(skp_ctr_apply(crypto, get(&example, "stream_key").ptr, 0,
                         first(zeroes, sizeof zeroes), bytes));
    is(&example, "key_stream", first(bytes, sizeof zeroes));
    plaintext = get(&example, "plaintext");
    skt_plaintext(bytes, plaintext.len);
    skt_bytes_eq(plaintext, first(bytes, plaintext.len));
    skp_crypto_free(&crypto);
    all_are_used(&example);
}
END_TEST

static const struct skp_view nothing = { NULL, 0 };

/* The document's own formulas, spelled out once more. */
static void extract_is(struct example *example,
                       const char *name,
                       struct skp_view suite,
                       struct skp_view salt,
                       struct skp_view ikm)
{
    const struct skp_view parts[] = { skp_view_of("HPKE-v1"), suite,
                                      skp_view_of(name), ikm };
    uint8_t prk[32];

    skp_hkdf_extract(SKP_SHA256, salt, parts, SKP_ARRAY_LEN(parts), prk);
    is(example, name, first(prk, sizeof prk));
}

static void expand_is(struct example *example,
                      const char *name,
                      const char *label,
                      struct skp_view suite,
                      const char *prk,
                      struct skp_view info)
{
    struct skp_view expected = get(example, name);
    const uint8_t len[2] = { 0, (uint8_t)expected.len };
    const struct skp_view parts[] = { first(len, 2), skp_view_of("HPKE-v1"),
                                      suite, skp_view_of(label), info };
    uint8_t okm[32];

    skt_ok(skp_hkdf_expand(SKP_SHA256, get(example, prk), parts,
                           SKP_ARRAY_LEN(parts), okm, expected.len));
    skt_bytes_eq(first(okm, expected.len), expected);
}

static void kem_is_as_written(struct example *example,
                              const struct skt_key *key)
{
    struct skp_view kem = skt_hex("4b454d0020");
    uint8_t bytes[64];

    skp_key_public(get(example, "skE").ptr, bytes);
    is(example, "enc", first(bytes, 32));
    skt_ok(skp_x25519(key->private_key, get(example, "enc").ptr, bytes));
    is(example, "dh", first(bytes, 32));
    extract_is(example, "eae_prk", kem, nothing, get(example, "dh"));
    memcpy(bytes, get(example, "enc").ptr, 32);
    memcpy(bytes + 32, key->public_key, 32);
    expand_is(example, "shared_secret", "shared_secret", kem, "eae_prk",
              first(bytes, 64));
}

static void schedule_is_as_written(struct example *example)
{
    struct skp_view hpke = skt_hex("48504b45002000010002");
    uint8_t context[65] = { 0 };

    extract_is(example, "psk_id_hash", hpke, nothing, nothing);
    extract_is(example, "info_hash", hpke, nothing, get(example, "info"));
    extract_is(example, "secret", hpke, get(example, "shared_secret"), nothing);
    memcpy(context + 1, get(example, "psk_id_hash").ptr, 32);
    memcpy(context + 33, get(example, "info_hash").ptr, 32);
    expand_is(example, "key", "key", hpke, "secret",
              first(context, sizeof context));
    expand_is(example, "nonce", "base_nonce", hpke, "secret",
              first(context, sizeof context));
}

START_TEST(derives_the_hpke_values_of_the_document)
{
    struct example example;
    struct skt_key key = read_key();
    struct skp_crypto *crypto = NULL;
    uint8_t info[60];
    uint8_t sealed[SKP_SEALED_KEY_LEN];
    struct skp_buf buf = skp_buf_over(info, sizeof info);

    read_example("suite2", &example);
    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    skt_ok(skp_buf_put(&buf, "sidekey/v1 dek", 15));
    skt_ok(skp_buf_put(&buf, get(&example, "tenant").ptr, 36));
    is(&example, "info", first(info, buf.len));
    kem_is_as_written(&example, &key);
    schedule_is_as_written(&example);
    skt_ok(skp_gcm_seal(crypto, get(&example, "key").ptr,
                        get(&example, "nonce").ptr, get(&example, "prefix"),
                        get(&example, "data_key"), sealed));
    is(&example, "sealed", first(sealed, sizeof sealed));
    skp_crypto_free(&crypto);
}
END_TEST

static struct skp_chunked start_payload(struct example *example,
                                        struct skp_crypto *crypto)
{
    struct skp_chunked chunked;
    uint8_t head[SKP_CHUNKED_HEAD_LEN];

    memcpy(head, get(example, "salt").ptr, SKP_SALT_LEN);
    memcpy(head + SKP_SALT_LEN, get(example, "commitment").ptr,
           SKP_COMMITMENT_LEN);
    skt_ok(skp_payload_init_open(&chunked, crypto, get(example, "data_key").ptr,
                                 get(example, "aad"), head));
    return chunked;
}

START_TEST(seals_the_suite_2_of_the_document)
{
    struct example example;
    struct skt_key key = read_key();
    struct skt_random_script random;
    struct skp_crypto *crypto = NULL;
    struct skp_chunked chunked;
    uint8_t bytes[200];
    struct skp_buf envelope = skp_buf_over(bytes, sizeof bytes);

    read_example("suite2", &example);
    skt_random_script_init(&random);
    script(&random, get(&example, "skE"));
    script(&random, get(&example, "data_key"));
    script(&random, get(&example, "salt"));
    seal(&example, SKP_SUITE_X25519_HPKE_AES256GCM, false, &random, &envelope);
    is(&example, "envelope", first(bytes, envelope.len));
    is(&example, "prefix", first(bytes, 16));
    is(&example, "enc", first(bytes + 16, 32));
    is(&example, "sealed", first(bytes + 48, 48));
    is(&example, "salt", first(bytes + 96, 24));
    is(&example, "commitment", first(bytes + 120, 32));
    is(&example, "sealed_0", first(bytes + 152, 33));
    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    chunked = start_payload(&example, crypto);
    is(&example, "payload_key", first(chunked.key, SKP_KEY_LEN));
    is(&example, "base_nonce", first(chunked.base_nonce, SKP_GCM_NONCE_LEN));
    skp_chunked_done(&chunked);
    skp_crypto_free(&crypto);
    /* The rest are steps of HPKE, which have a test of their own. */
    kem_is_as_written(&example, &key);
    schedule_is_as_written(&example);
    all_are_used(&example);
}
END_TEST

START_TEST(numbers_chunks_as_the_document_does)
{
    struct example suite2;
    struct example example;
    struct skp_crypto *crypto = NULL;
    struct skp_chunked chunked;
    uint8_t tag[SKP_GCM_TAG_LEN];

    read_example("suite2", &suite2);
    read_example("chunk258", &example);
    skt_ok(skp_crypto_new(&skp_random_system, &crypto));
    chunked = start_payload(&suite2, crypto);
    skt_ok(skp_chunked_seal(&chunked, 258, true, nothing, tag));
    is(&example, "sealed_258", first(tag, sizeof tag));
    skt_ok(skp_gcm_seal(crypto, get(&suite2, "payload_key").ptr,
                        get(&example, "nonce_258").ptr, nothing, nothing, tag));
    is(&example, "sealed_258", first(tag, sizeof tag));
    skp_chunked_done(&chunked);
    skp_crypto_free(&crypto);
    all_are_used(&example);
}
END_TEST

static void
key_from_field(struct example *example, const char *name, struct skt_key *ret)
{
    skt_ok(skp_key_from_seed(get(example, name), ret->private_key, NULL));
    skp_key_public(ret->private_key, ret->public_key);
    skp_key_id(ret->public_key, ret->key_id);
}

START_TEST(rewraps_as_the_document_does)
{
    struct example example;
    struct skt_random_script random;
    struct skp_crypto *crypto = NULL;
    struct skt_key old_key;
    struct skt_key new_key;
    struct skp_key_pair old_keys;
    struct skp_recipient recipient;
    struct skp_header header;
    uint8_t bytes[SKP_HEADER_2_LEN];

    read_example("rewrap", &example);
    key_from_field(&example, "old_seed", &old_key);
    key_from_field(&example, "new_seed", &new_key);
    old_keys = skt_key_pair(&old_key);
    recipient = skt_recipient(&new_key, "");
    recipient.tenant = get(&example, "tenant");
    skt_random_script_init(&random);
    script(&random, get(&example, "skE"));
    skt_ok(skp_crypto_new(&random.table, &crypto));
    skt_ok(skp_header_parse(get(&example, "old_header"), false,
                            SKP_SUITE_X25519_HPKE_AES256GCM, &header, NULL));
    skt_ok(
        skp_header_open(crypto, &header, &old_keys, recipient.tenant, bytes));
    is(&example, "data_key", first(bytes, SKP_KEY_LEN));
    skt_ok(skp_header_rewrap(crypto, &header, &old_keys, &recipient, bytes));
    is(&example, "new_header", first(bytes, sizeof bytes));
    skp_crypto_free(&crypto);
    all_are_used(&example);
}
END_TEST

START_TEST(computes_the_lengths_of_the_document)
{
    struct example example;

    read_example("sizes", &example);
    for (size_t i = 0; i < example.n_fields; i++) {
        uint64_t plaintext = strtoull(example.fields[i].name, NULL, 10);
        uint64_t payload = strtoull(example.fields[i].value, NULL, 10);

        ck_assert_uint_eq(
            skp_payload_len(SKP_SUITE_X25519_HPKE_AES256GCM, plaintext),
            payload);
    }
    ck_assert_uint_ge(example.n_fields, 7);
}
END_TEST

SKT_SUITE("envelope_doc",
          derives_the_key_of_the_document,
          seals_the_suite_1_of_the_document,
          derives_the_hpke_values_of_the_document,
          seals_the_suite_2_of_the_document,
          numbers_chunks_as_the_document_does,
          rewraps_as_the_document_does,
          computes_the_lengths_of_the_document)
