/* golden.c - a few golden envelopes; see golden.h. */
#include "tests/lib/golden.h"

#include "protocol/key.h"
#include "tests/lib/suite.h"

#define SEED_ALPHA "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
/* "bucket/object?versionId=7" */
#define AAD "6275636b65742f6f626a6563743f76657273696f6e49643d37"

const struct skt_golden skt_golden_1 = {
    .tenant = "67f1adf3-08e5-4eea-94e3-e611f263c87b",
    .seed = SEED_ALPHA,
    .ephemeral_private =
        "b95495cf15dc5d0125c5d8f7507a65013bb44b08b433a8a8dd605208094b62ae",
    .data_key =
        "749f9b9eedcb94e547bef7e0ed554d03798d693fc2f00d3000453033c0cc02d5",
    .salt = "",
    .aad = "",
    .plaintext_len = 17,
    .header =
        "534b4531010000003e79bd828a6533d9"
        "3c37ede389b33eaf81f9beea9394895d035fb649de763599748906641fec5b29",
    .payload = "dfbb3a8abf91884b76203dae7448b4fcd1",
};

const struct skt_golden skt_golden_2 = {
    .tenant = "67f1adf3-08e5-4eea-94e3-e611f263c87b",
    .seed = SEED_ALPHA,
    .ephemeral_private =
        "29eb7b1e220ec55ef30f42ba00cf8edf68c31142022612ed7dab279e91f1e839",
    .data_key =
        "2cf06fe5d32ccd7738a7037fb3bf56afcb5b397df368eff49ecff460588deb85",
    .salt = "ca0d9ffa55573ace924e2e536da64d4deb7c5f813fbae9c8",
    .aad = AAD,
    .plaintext_len = 17,
    .header = "534b4531020000003e79bd828a6533d9"
              "4d4a7c23c31f908cc42124a178d14e5fc561841cd493dc1c2cc98dbc557d0e32"
              "aad6ce446f4f626e71b2b00abf23da21e807a580f192ffb4d90a26eef7659101"
              "e682e84803e4975df2e32549a35b68e5",
    .payload =
        "ca0d9ffa55573ace924e2e536da64d4deb7c5f813fbae9c8"
        "ce2bf6a544ab6194a3b9742445d5df110486bffd477b922093185b19c173b7a4"
        "25d446c2ade4c4a43ae6d9dd78b91a916141441e92dda189e6ac5f90f31b91f8b9",
};

const struct skt_golden skt_golden_former = {
    .tenant = "0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d",
    .seed = "WthhFxKlcAy40pSUj1IaE+qUiaIH559md8AMDldwU4klVC5QoiMltmD+pAZUT69s",
    .ephemeral_private =
        "a49c353186ddfa03c5336588776fa2e05e276edac5767aaded1b815be3d37ec2",
    .data_key =
        "c11718ac4bda16b171c89faa67d93ae84264976fa3f7ef0e6e6f6999422a6b83",
    .salt = "f880b1949058b23d5a2bc3ce85ff115bac0203b50fcfaf1b",
    .aad = AAD,
    .plaintext_len = 100,
    .header = "534b4531020000000031586c913c476f"
              "3575287c727a0c4e387a68c0fd3d7498521a94017ace3c6ce033c2cff2300523"
              "e050b3a40ef10469e32e3920e08c9be57e0f4e49fa541b8bdd0a82901fc07b3d"
              "9c3d7716f0cb93ae2755b04989f2aa7e",
    .payload =
        "f880b1949058b23d5a2bc3ce85ff115bac0203b50fcfaf1b"
        "a3e4fa416f13098c21c5d76b6fb6abff8f2cb57be0ea09a6457cb3e3fffd88e8"
        "3d66945cf8b06c351a55b38023c2b093d660deeda3e9eab922964fc3ec3abbb0"
        "18c6c81e08052cb02b6bbca20396d836d923e8213b3dd312f9af85231823ac05"
        "e06cdb2fa49166b447899ffcd89883033410f4f2fabb4476e645c4503e5b4632"
        "053a60e2614a8b4b5e77b89049da5c529c5d0665",
};

const char skt_rewrap_seed[] =
    "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP";
const char skt_rewrap_ephemeral[] =
    "d7d9115cbd50742de06d418982d05615c1f7665274362afc2b56fc9d83f3d66e";
const char skt_rewrap_header[] =
    "534b453102000000dd15cd4ae3affea5"
    "84bd78b9b1666c7f170a2f60ce50c41e42857a13d6c2d22dfeacb53b026bca2e"
    "451b4aedaf52229e5c6465dbe1c12fb3f8847ecf938a1ba22665c964af9fe773"
    "6bc68c210e3b4e8f8f1343346415cab5";

void skt_key_init(struct skt_key *key, const char *seed)
{
    skt_ok(skp_key_from_seed(skp_view_of(seed), key->private_key, NULL));
    skp_key_public(key->private_key, key->public_key);
    skp_key_id(key->public_key, key->key_id);
}

struct skp_key_pair skt_key_pair(const struct skt_key *key)
{
    return (struct skp_key_pair){ key->private_key, key->public_key };
}

struct skp_recipient skt_recipient(const struct skt_key *key,
                                   const char *tenant)
{
    return (struct skp_recipient){ skp_view_of(tenant), key->public_key,
                                   key->key_id };
}

void skt_plaintext(uint8_t *ret, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        ret[i] = (uint8_t)(31 * i + 7);
    }
}
