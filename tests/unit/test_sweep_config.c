/* test_sweep_config.c - every fallible call fails once while two files become a
 * configuration. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/config/config.h"
#include "agent/sys/json_heap.h"
#include "tests/lib/fault.h"
#include "tests/lib/suite.h"

#define SEED_A \
    "FtSknSFEXLH7ntBDf6yaKL7+Z/aohJUlzMkMQZJBUslQmnZiYH7h3vjDQtEKxybX"
#define ID_1 "67f1adf3-08e5-4eea-94e3-e611f263c87b"

static const char config_text[] =
    "{\"crypto\": {\"mode\": \"remote-multi-keys\", \"update_period\": \"1m\",\n"
    "  \"kms_config\": {\"kmip\": {\"hosts\": [\"a\", \"[::1]:5697\"],\n"
    "    \"tenant_attribute_name\": \"tenant\"},\n"
    "    \"tls\": {\"cert\": \"-----BEGIN CERTIFICATE-----\\nAA\\n\",\n"
    "      \"ca_file\": \"/etc/ca.pem\", \"cipher_suites\": [4865, 49199]}}},\n"
    " \"coordinator\": {\"url\": \"https://c.example/tenants.json\"},\n"
    " \"sidekey\": {\"socket\": \"/run/s.sock\",\n"
    "   \"access\": [{\"user\": \"root\", \"tenants\": [\"*\", \"x\"],\n"
    "     \"allow\": [\"pubkey\", \"admin\"]}]}}\n";
static const char secret_text[] =
    "{\"crypto\": {\"tenant_keys\": {\"" ID_1 "\": [\"" SEED_A
    "\", \"AAAA\"]},\n"
    "  \"kms_config\": {\"tls\": {\"key\": \"-----BEGIN PRIVATE KEY-----\\n\"}}},\n"
    " \"coordinator\": {\"token\": \"t\"}}\n";

static char folder[] = "/tmp/skt-sweep-XXXXXX";
static char config_path[64];
static char secret_path[64];
static const struct skd_config_paths paths = { config_path, secret_path };

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void set_up(void)
{
    ck_assert_ptr_nonnull(mkdtemp(folder));
    (void)snprintf(config_path, sizeof config_path, "%s/c", folder);
    (void)snprintf(secret_path, sizeof secret_path, "%s/s", folder);
    write_file(config_path, config_text);
    write_file(secret_path, secret_text);
    skp_secret_require_lock(true);
}

static void tear_down(void)
{
    (void)unlink(config_path);
    (void)unlink(secret_path);
    (void)rmdir(folder);
    skd_json_heap_trim();
    ck_assert_uint_eq(skp_secret_held(), 0);
    ck_assert_uint_eq(skt_fault_mapped(), 0);
}

/* What a configuration says, as far as one number can tell it. */
static size_t measure(const struct skd_config *config)
{
    return config->n_access + config->n_local_keys * 10 +
           config->kmip.n_hosts * 100 + strlen(config->socket) * 1000 +
           config->local_keys[0].n_seeds * 100000;
}

/* A typed error that names what failed, and nothing left behind. */
static void check_failure(enum skp_err err, const struct skt_fault *fault)
{
    ck_assert_msg(
        err == SKP_ERR_RESOURCE_EXHAUSTED || err == SKP_ERR_INVALID_ARGUMENT ||
            err == SKP_ERR_NOT_FOUND,
        "%s number %u: %s", fault->name, fault->nth, skp_err_name(err));
}

/* Steps of making the arena of the secrets: memfd_secret, its size, its
 * mapping, and the arena itself. */
#define ARENA_STEPS 4u

/* A load goes well in spite of @fault: then it was one of these. */
static void check_next_best(const struct skt_fault *fault, unsigned *n_borne)
{
    if (!fault->was_reached) {
        return;
    }
    ck_assert_msg(strstr(fault->name, "memfd_secret") != NULL ||
                      strcmp(fault->name, "mmap") == 0 ||
                      strcmp(fault->name, "mlock") == 0 ||
                      strcmp(fault->name, "ftruncate") == 0 ||
                      strcmp(fault->name, "calloc") == 0,
                  "%s number %u was not told", fault->name, fault->nth);
    (*n_borne)++;
    ck_assert_msg(*n_borne <= ARENA_STEPS, "%s number %u: one too many",
                  fault->name, fault->nth);
}

/* The arena of its secrets is not among what must be had: locked pages are the
 * next best.  Then the configuration is the same. */
START_TEST(a_load_that_fails_anywhere_says_so_and_leaves_the_old_one_as_it_was)
{
    struct skd_findings none = { NULL, 0, NULL, 0 };
    const struct skd_config *old = NULL;
    size_t old_says;
    unsigned n_told = 0;
    unsigned n_borne = 0;

    set_up();
    skt_ok(skd_config_load(&paths, &old, &none));
    skd_findings_done(&none);
    old_says = measure(old);
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_findings findings = { NULL, 0, NULL, 0 };
        const struct skd_config *config = NULL;
        enum skp_err err;

        skd_json_heap_trim();
        skt_fault_arm(&fault);
        err = skd_config_load(&paths, &config, &findings);
        skt_fault_disarm(&fault);
        if (err == SKP_ERR_OK) {
            check_next_best(&fault, &n_borne);
            ck_assert_uint_eq(measure(config), old_says);
        } else {
            ck_assert(fault.was_reached);
            n_told++;
            check_failure(err, &fault);
            ck_assert_ptr_null(config);
        }
        ck_assert_uint_eq(measure(old), old_says);
        ck_assert_uint_eq(skd_json_heap_blocks(), 0);
        skd_config_unref(&config);
        skd_findings_done(&findings);
    }
    ck_assert_uint_gt(n_told, 25);
    skd_config_unref(&old);
    tear_down();
}
END_TEST

START_TEST(a_print_that_fails_anywhere_says_so)
{
    unsigned n_told = 0;
    unsigned n_borne = 0;

    set_up();
    SKT_FAULT_SWEEP(fault)
    {
        struct skd_findings findings = { NULL, 0, NULL, 0 };
        char *text = NULL;
        enum skp_err err;

        skd_json_heap_trim();
        skt_fault_arm(&fault);
        err = skd_config_print(&paths, &text, &findings);
        skt_fault_disarm(&fault);
        if (err == SKP_ERR_OK) {
            check_next_best(&fault, &n_borne);
        } else {
            ck_assert(fault.was_reached);
            n_told++;
        }
        ck_assert_int_eq(text != NULL, err == SKP_ERR_OK);
        ck_assert_uint_eq(skd_json_heap_blocks(), 0);
        free(text);
        skd_findings_done(&findings);
    }
    ck_assert_uint_gt(n_told, 25);
    tear_down();
}
END_TEST

SKT_SUITE("sweep_config",
          a_load_that_fails_anywhere_says_so_and_leaves_the_old_one_as_it_was,
          a_print_that_fails_anywhere_says_so)
