/* keys.c - key numbers, and envelopes for them; see sim.h.
 *
 * Deriving a key and making an envelope are proved elsewhere and would be most
 * of the time here: each is done once for all schedules.  Opening is done by
 * the core, every time.
 */
#include <string.h>

#include "protocol/key.h"
#include "tests/sim/sim.h"

#define NUMBERS (SIM_TENANTS * SIM_KEYS_EACH + 1)

void __wrap_skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                           uint8_t public_key[SKP_KEY_LEN]);
void __real_skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                           uint8_t public_key[SKP_KEY_LEN]);

void __wrap_skp_key_public_batch(const uint8_t *const *private_keys,
                                 size_t n,
                                 uint8_t (*ret)[SKP_KEY_LEN]);

static struct skt_key keys[NUMBERS];
static struct sim_envelope envelopes[NUMBERS];
static uint8_t plaintexts[SIM_TENANTS][SIM_PLAIN_LEN];
static struct skp_crypto *crypto;

void __wrap_skp_key_public(const uint8_t private_key[SKP_KEY_LEN],
                           uint8_t public_key[SKP_KEY_LEN])
{
    unsigned number = private_key[0];

    if (number > 0 && number < NUMBERS &&
        memcmp(keys[number].private_key, private_key, SKP_KEY_LEN) == 0) {
        memcpy(public_key, keys[number].public_key, SKP_KEY_LEN);
    } else {
        __real_skp_key_public(private_key, public_key); /* an ephemeral one */
    }
}

void __wrap_skp_key_public_batch(const uint8_t *const *private_keys,
                                 size_t n,
                                 uint8_t (*ret)[SKP_KEY_LEN])
{
    for (size_t i = 0; i < n; i++) {
        __wrap_skp_key_public(private_keys[i], ret[i]);
    }
}

void sim_keys_init(void)
{
    for (unsigned number = 1; number < NUMBERS; number++) {
        struct skt_key *key = &keys[number];

        memset(key->private_key, (int)number, sizeof key->private_key);
        __real_skp_key_public(key->private_key, key->public_key);
        skp_key_id(key->public_key, key->key_id);
    }
    for (size_t i = 0; i < SIM_TENANTS; i++) {
        memset(plaintexts[i], (int)i + 1, SIM_PLAIN_LEN);
    }
    skp_assert(skp_crypto_new(&skp_random_system, &crypto) == SKP_ERR_OK);
}

const struct skt_key *sim_keys_get(unsigned number)
{
    SIM_CHECK(sim_now, number > 0 && number < NUMBERS, "key number %u", number);
    return &keys[number];
}

size_t sim_keys_tenant(unsigned number)
{
    return (number - 1) / SIM_KEYS_EACH;
}

struct skp_view sim_keys_plaintext(size_t tenant)
{
    return (struct skp_view){ plaintexts[tenant], SIM_PLAIN_LEN };
}

static void make(struct sim_envelope *envelope, unsigned number)
{
    const struct skt_key *key = sim_keys_get(number);
    size_t tenant = sim_keys_tenant(number);
    const struct skp_recipient recipient = { sim_world_id(tenant),
                                             key->public_key, key->key_id };
    struct skp_buf out = skp_buf_over(envelope->bytes, sizeof envelope->bytes);
    enum skp_err err =
        skp_header_seal(crypto, SKP_SUITE_X25519_HPKE_AES256GCM, false,
                        &recipient, envelope->data_key, out.ptr, &out.len);

    if (err == SKP_ERR_OK) {
        err = skp_payload_seal(crypto, SKP_SUITE_X25519_HPKE_AES256GCM,
                               envelope->data_key, (struct skp_view){ NULL, 0 },
                               sim_keys_plaintext(tenant), &out);
    }
    SIM_CHECK(sim_now, err == SKP_ERR_OK, "no envelope: %s", skp_err_name(err));
    envelope->len = out.len;
}

struct sim_envelope *sim_keys_envelope(unsigned number)
{
    struct sim_envelope *envelope = &envelopes[number];

    if (envelope->len == 0) {
        make(envelope, number);
    }
    return envelope;
}
