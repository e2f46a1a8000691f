/* tenants.c - made-up tenants and their envelopes; see tenants.h. */
#include "tests/bench/tenants.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "protocol/base64.h"
#include "protocol/key.h"

/* Stands for every msgid: five bytes in MessagePack. */
#define ANY_MSGID 0x01010101u
/* Where the ciphertext begins in the answer to encrypt: behind the head of the
 * answer, "ciphertext" and the head of a bin of more than 255 bytes. */
#define CIPHERTEXT_AT 23u

static void require(enum skp_err err)
{
    if (err != SKP_ERR_OK) {
        (void)fprintf(stderr, "bench: %s\n", skp_err_text(err));
        abort();
    }
}

void skb_tenant_name(size_t n, struct skb_tenant *ret)
{
    char text[32];
    uint8_t seed[crypto_hash_sha256_BYTES];
    struct skp_buf out = skp_buf_over(ret->seed, SKB_SEED_TEXT_LEN);

    (void)snprintf(ret->id, sizeof ret->id, "%08zx-5eed-4000-8000-%012zx",
                   n * 2654435761u & 0xffffffffu, n);
    (void)snprintf(text, sizeof text, "bench %zu", n);
    (void)crypto_hash_sha256(seed, (const uint8_t *)text, strlen(text));
    require(skp_base64_encode((struct skp_view){ seed, sizeof seed }, &out));
    ret->seed[SKB_SEED_TEXT_LEN] = '\0';
}

void skb_tenant_make(size_t n, struct skb_tenant *ret)
{
    skb_tenant_name(n, ret);
    require(skp_key_from_seed(skp_view_of(ret->seed), ret->private_key, NULL));
    skp_key_public(ret->private_key, ret->public_key);
    skp_key_id(ret->public_key, ret->key_id);
}

/* ---- envelopes ---------------------------------------------------------- */

static void seal(struct skb_envelopes *envelopes, struct skb_envelope *item)
{
    const struct skp_recipient recipient = { skp_view_of(item->tenant.id),
                                             item->tenant.public_key,
                                             item->tenant.key_id };
    const struct skp_view nothing = { NULL, 0 };
    struct skp_view plaintext = { item->plaintext, sizeof item->plaintext };
    struct skp_buf out = skp_buf_over(item->bytes, sizeof item->bytes);

    require(skp_crypto_random(envelopes->crypto, item->plaintext,
                              sizeof item->plaintext));
    require(skp_header_seal(envelopes->crypto, envelopes->suite, false,
                            &recipient, item->data_key, item->bytes,
                            &item->header_len));
    out.len = item->header_len;
    require(skp_payload_seal(envelopes->crypto, envelopes->suite,
                             item->data_key, nothing, plaintext, &out));
    item->len = out.len;
}

void skb_envelopes_init(struct skb_envelopes *envelopes,
                        enum skp_suite suite,
                        size_t n_items,
                        size_t n_tenants)
{
    *envelopes = (struct skb_envelopes){ .suite = suite, .n_items = n_items };
    envelopes->items = calloc(n_items, sizeof *envelopes->items);
    require(envelopes->items == NULL ? SKP_ERR_RESOURCE_EXHAUSTED : SKP_ERR_OK);
    require(skp_crypto_new(&skp_random_system, &envelopes->crypto));
    for (size_t i = 0; i < n_items; i++) {
        skb_tenant_make(i * n_tenants / n_items, &envelopes->items[i].tenant);
        seal(envelopes, &envelopes->items[i]);
    }
}

void skb_envelopes_done(struct skb_envelopes *envelopes)
{
    skp_crypto_free(&envelopes->crypto);
    free(envelopes->items);
    *envelopes = (struct skb_envelopes){ 0 };
}

/* ---- requests and answers ----------------------------------------------- */

static struct skp_view request_data(enum skp_method method,
                                    const struct skb_envelope *item)
{
    switch ((int)method) {
    case SKP_METHOD_UNWRAP:
        return (struct skp_view){ item->bytes, item->header_len };
    case SKP_METHOD_DECRYPT:
        return (struct skp_view){ item->bytes, item->len };
    case SKP_METHOD_ENCRYPT:
        return (struct skp_view){ item->plaintext, sizeof item->plaintext };
    default:
        return (struct skp_view){ NULL, 0 };
    }
}

/* For encrypt that is an envelope of the right length only. */
static struct skp_view answer_data(enum skp_method method,
                                   const struct skb_envelope *item)
{
    switch ((int)method) {
    case SKP_METHOD_UNWRAP:
        return (struct skp_view){ item->data_key, SKP_KEY_LEN };
    case SKP_METHOD_DECRYPT:
        return (struct skp_view){ item->plaintext, sizeof item->plaintext };
    case SKP_METHOD_ENCRYPT:
        return (struct skp_view){ item->bytes, item->len };
    default:
        return (struct skp_view){ item->tenant.public_key, SKP_KEY_LEN };
    }
}

static void encode_item(enum skp_method method,
                        const struct skb_envelopes *envelopes,
                        size_t nth,
                        struct skp_buf *request,
                        struct skp_buf *answer)
{
    const struct skb_envelope *item = &envelopes->items[nth];
    const struct skp_request asked = {
        .msgid = ANY_MSGID,
        .method = method,
        .tenant = skp_view_of(item->tenant.id),
        .data = request_data(method, item),
        .suite =
            method == SKP_METHOD_ENCRYPT ? envelopes->suite : SKP_SUITE_ANY,
    };
    const struct skp_response answered = {
        .has_msgid = true,
        .msgid = ANY_MSGID,
        .method = method,
        .data = answer_data(method, item),
        .key_id = item->tenant.key_id,
        .generation = 1,
        .suite = envelopes->suite,
        .authenticated = envelopes->suite == SKP_SUITE_X25519_HPKE_AES256GCM,
    };

    require(skp_request_encode(&asked, request));
    require(skp_response_encode(&answered, answer));
}

/* What encrypt made is opened again. */
static bool opens(void *state, size_t nth, const uint8_t *answer)
{
    struct skb_envelopes *envelopes = state;
    const struct skb_envelope *item = &envelopes->items[nth];
    const struct skp_key_pair keys = { item->tenant.private_key,
                                       item->tenant.public_key };
    struct skp_view bytes = { answer + CIPHERTEXT_AT, item->len };
    struct skp_view payload = { bytes.ptr + item->header_len,
                                item->len - item->header_len };
    uint8_t data_key[SKP_KEY_LEN];
    uint8_t plaintext[SKB_PLAINTEXT_LEN];
    struct skp_buf out = skp_buf_over(plaintext, sizeof plaintext);
    struct skp_header header;

    return skp_header_parse(bytes, false, envelopes->suite, &header, NULL) ==
               SKP_ERR_OK &&
           skp_header_open(envelopes->crypto, &header, &keys,
                           skp_view_of(item->tenant.id),
                           data_key) == SKP_ERR_OK &&
           skp_payload_open(envelopes->crypto, envelopes->suite, data_key,
                            (struct skp_view){ NULL, 0 }, payload, &out,
                            NULL) == SKP_ERR_OK &&
           memcmp(plaintext, item->plaintext, sizeof plaintext) == 0;
}

void skb_script_make(struct skb_script *script,
                     enum skp_method method,
                     struct skb_envelopes *envelopes)
{
    uint8_t request_bytes[SKB_MESSAGE_MAX];
    uint8_t answer_bytes[SKB_MESSAGE_MAX];

    for (size_t i = 0; i < envelopes->n_items; i++) {
        struct skp_buf request =
            skp_buf_over(request_bytes, sizeof request_bytes);
        struct skp_buf answer = skp_buf_over(answer_bytes, sizeof answer_bytes);

        encode_item(method, envelopes, i, &request, &answer);
        if (i == 0) {
            skb_script_init(script, envelopes->n_items, request.len,
                            answer.len);
        }
        memcpy(script->requests + i * script->request_len, request.ptr,
               script->request_len);
        memcpy(script->answers + i * script->answer_len, answer.ptr,
               script->answer_len);
    }
    script->has_msgid = true;
    if (method == SKP_METHOD_ENCRYPT) {
        script->checked_len = CIPHERTEXT_AT + SKP_PREFIX_LEN;
        script->check = opens;
        script->state = envelopes;
    }
}
