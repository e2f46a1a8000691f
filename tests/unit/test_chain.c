/* test_chain.c - suite of agent/chain.c. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/chain.h"
#include "tests/lib/suite.h"

/* Sources pin their configuration, so it must be a real one. */
static const struct skd_config *load(const char *text)
{
    char path[] = "/tmp/sidekey-chain-XXXXXX";
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct skd_config *config = NULL;
    int fd = mkstemp(path);
    const struct skd_config_paths paths = { path, NULL };

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    (void)close(fd);
    ck_assert_msg(skd_config_load(&paths, &config, &findings) == SKP_ERR_OK,
                  "%s", findings.errors);
    (void)unlink(path);
    skd_findings_done(&findings);
    return config;
}

static const char *name_of(const struct skd_source *source)
{
    return source == NULL ? "none" : source->ops->name;
}

#define REMOTE                                                  \
    "{\"crypto\": {\"mode\": \"remote-multi-keys\","            \
    " \"update_period\": \"5m\"},"                              \
    " \"coordinator\": {\"url\": \"http://127.0.0.1:9/list\"}," \
    " \"sidekey\": {\"keep_generations\": 2, \"removal_brake\": 0.5}}"
#define SINGLE \
    "{\"crypto\": {\"key\": \"SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg=\"}}"

START_TEST(remote_mode_asks_coordinator_then_files_then_kmip)
{
    const struct skd_config *config = load(REMOTE);
    struct skd_chain chain = { NULL, { NULL, NULL } };

    skt_ok(skd_chain_new(config, &chain));
    ck_assert_str_eq(name_of(chain.list), "coordinator");
    ck_assert_str_eq(name_of(chain.seeds[0]), "file");
    ck_assert_str_eq(name_of(chain.seeds[1]), "kmip");
    skd_chain_free(&chain);
    ck_assert_ptr_null(chain.list);
    skd_config_unref(&config);
}
END_TEST

START_TEST(local_modes_have_one_list_and_nobody_to_ask)
{
    const struct skd_config *config = load(SINGLE);
    struct skd_chain chain = { NULL, { NULL, NULL } };

    skt_ok(skd_chain_new(config, &chain));
    ck_assert_str_eq(name_of(chain.list), "file");
    ck_assert_str_eq(name_of(chain.seeds[0]), "none");
    skd_chain_free(&chain);
    skd_config_unref(&config);
}
END_TEST

START_TEST(dev_mode_makes_its_keys)
{
    const struct skd_config *config = NULL;
    struct skd_chain chain = { NULL, { NULL, NULL } };

    skt_ok(skd_config_dev("/tmp/s", &config));
    skt_ok(skd_chain_new(config, &chain));
    ck_assert_str_eq(name_of(chain.list), "dev");
    ck_assert_uint_eq(skd_chain_rules(config).demand_gap_ms, 0);
    ck_assert(skd_chain_has_demand(config));
    skd_chain_free(&chain);
    skd_config_unref(&config);
}
END_TEST

START_TEST(rules_are_those_of_the_configuration)
{
    const struct skd_config *remote = load(REMOTE);
    const struct skd_config *single = load(SINGLE);
    struct skd_refresh_rules rules = skd_chain_rules(remote);

    ck_assert_uint_eq(rules.update_period_ms, 300000);
    ck_assert_uint_eq(rules.keep_generations, 2);
    ck_assert_double_eq_tol(rules.removal_brake, 0.5, 1e-9);
    ck_assert_uint_eq(rules.demand_gap_ms, 5000);
    ck_assert(!rules.single);
    ck_assert(skd_chain_has_demand(remote));
    ck_assert(skd_chain_rules(single).single);
    ck_assert(!skd_chain_has_demand(single));
    skd_config_unref(&remote);
    skd_config_unref(&single);
}
END_TEST

START_TEST(a_server_that_is_not_verified_is_named)
{
    const struct skd_config *remote = load(REMOTE);
    struct skd_config config = *remote;

    ck_assert_ptr_null(skd_chain_rules(&config).unverified);
    config.coordinator.tls.insecure_skip_verify = true;
    ck_assert_str_eq(skd_chain_rules(&config).unverified, "the Coordinator");
    config.kmip.present = true;
    config.kmip.tls.insecure_skip_verify = true;
    ck_assert_str_eq(skd_chain_rules(&config).unverified,
                     "the Coordinator and of the key server");
    config.coordinator.tls.insecure_skip_verify = false;
    ck_assert_str_eq(skd_chain_rules(&config).unverified, "the key server");
    skd_config_unref(&remote);
}
END_TEST

SKT_SUITE("chain",
          a_server_that_is_not_verified_is_named,
          remote_mode_asks_coordinator_then_files_then_kmip,
          local_modes_have_one_list_and_nobody_to_ask,
          dev_mode_makes_its_keys,
          rules_are_those_of_the_configuration)
