/* test_schema.c - the suite of agent/config/schema.c. */
#include <string.h>

#include "agent/config/config.h"
#include "agent/config/schema.h"
#include "tests/lib/suite.h"

static void expect_closest(const char *path, const char *closest)
{
    ck_assert_str_eq(skd_schema_closest(path)->path, closest);
}

START_TEST(every_key_is_complete_unique_and_after_its_section)
{
    for (size_t i = 0; i < skd_schema_len; i++) {
        const struct skd_key *key = &skd_schema[i];
        const char *dot = strrchr(key->path, '.');
        char section[100] = "";

        ck_assert_ptr_eq(skd_schema_find(key->path), key);
        ck_assert_ptr_nonnull(key->meaning);
        ck_assert(key->field == SKD_NO_FIELD ||
                  key->field < sizeof(struct skd_config));
        ck_assert_str_ne(skd_type_name(key->type), "");
        if (dot == NULL) {
            continue;
        }
        memcpy(section, key->path, (size_t)(dot - key->path));
        ck_assert_ptr_nonnull(skd_schema_find(section));
        ck_assert(skd_schema_find(section)->type == SKD_TYPE_SECTION);
        ck_assert(skd_schema_find(section) < key);
    }
}
END_TEST

START_TEST(knows_its_secrets)
{
    static const char *const secrets[] = {
        "crypto.key",        "crypto.tenant_keys",  "crypto.kms_config.tls.key",
        "coordinator.token", "coordinator.tls.key",
    };
    size_t n = 0;

    for (size_t i = 0; i < skd_schema_len; i++) {
        n += skd_schema[i].is_secret;
    }
    ck_assert_uint_eq(n, SKP_ARRAY_LEN(secrets));
    for (size_t i = 0; i < SKP_ARRAY_LEN(secrets); i++) {
        ck_assert(skd_schema_find(secrets[i])->is_secret);
    }
}
END_TEST

START_TEST(finds_exact_paths_only)
{
    ck_assert_ptr_null(skd_schema_find(""));
    ck_assert_ptr_null(skd_schema_find("crypto."));
    ck_assert_ptr_null(skd_schema_find("Crypto.mode"));
    ck_assert_ptr_null(skd_schema_find("mode"));
    ck_assert_ptr_nonnull(skd_schema_find("coordinator.tls.ca_file"));
}
END_TEST

START_TEST(suggests_the_key_that_was_meant)
{
    expect_closest("crypto.updateperiod", "crypto.update_period");
    expect_closest("crypto.updatePeriod", "crypto.update_period");
    expect_closest("crypto.moed", "crypto.mode");
    expect_closest("crypto.tenant_key", "crypto.tenant_keys");
    expect_closest("crypto.kms", "crypto.key");
    expect_closest("crypto.address", "crypto.kms_config.kmip.address");
    expect_closest("coordinator.keyfile", "coordinator.tls.key_file");
    expect_closest("coordinator.tls.keyfile", "coordinator.tls.key_file");
    expect_closest("crypto.kms_config.tls.keyfile",
                   "crypto.kms_config.tls.key_file");
    expect_closest("sidekey.loglevel", "sidekey.log_level");
    expect_closest("sidekey.timeout", "crypto.kms_config.kmip.timeout");
}
END_TEST

SKT_SUITE("schema",
          every_key_is_complete_unique_and_after_its_section,
          knows_its_secrets,
          finds_exact_paths_only,
          suggests_the_key_that_was_meant)
