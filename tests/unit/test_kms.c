/* test_kms.c - sidekey kms, as far as it goes without a key server; the rest is
 * tested at kmip_provision.c and in tests/integration. */
#include <stdio.h>
#include <string.h>

#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

#define TENANT "67f1adf3-08e5-4eea-94e3-e611f263c87b"

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part,
                  text);
}

START_TEST(wrong_usage_is_64)
{
    struct skt_run run = { .code = -1 };

    skt_cli(&run, NULL, "kms");
    ck_assert_int_eq(run.code, 64);
    skt_cli(&run, NULL, "kms", "frobnicate", TENANT);
    ck_assert_int_eq(run.code, 64);
    has(run.err, "frobnicate: none of put, activate, get-attributes, list");
    skt_cli(&run, NULL, "kms", "revoke");
    ck_assert_int_eq(run.code, 64);
    has(run.err, "revoke: which tenant?");
    skt_cli(&run, NULL, "kms", "list", TENANT);
    ck_assert_int_eq(run.code, 64);
    has(run.err, "list: takes no tenant");
    skt_run_done(&run);
}
END_TEST

START_TEST(a_wrong_configuration_is_78_with_every_finding)
{
    struct skt_run run = { .code = -1 };

    skt_file_write(skt_file("bad.json"),
                   skp_view_of("{\"crypto\": {\"mode\": \"nonsense\"}}"));
    skt_cli(&run, NULL, "kms", "list", "--config", skt_file("bad.json"));
    ck_assert_int_eq(run.code, 78);
    has(run.err, "invalid crypto.mode value");
    skt_cli(&run, NULL, "kms", "list", "--config", skt_file("absent.json"));
    ck_assert_int_eq(run.code, 78);
    has(run.err, "absent.json");
    skt_run_done(&run);
}
END_TEST

START_TEST(without_a_key_server_in_the_configuration_it_is_78)
{
    struct skt_run run = { .code = -1 };

    skt_file_write(
        skt_file("single.json"),
        skp_view_of("{\"crypto\": {\"mode\": \"single-key\", \"key\": "
                    "\"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\"}}"));
    skt_cli(&run, NULL, "kms", "get-attributes", TENANT, "--config",
            skt_file("single.json"));
    ck_assert_int_eq(run.code, 78);
    has(run.err, "sidekey: " TENANT ": FAILED_PRECONDITION: kms config is "
                 "required");
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("kms",
          wrong_usage_is_64,
          a_wrong_configuration_is_78_with_every_finding,
          without_a_key_server_in_the_configuration_it_is_78)
