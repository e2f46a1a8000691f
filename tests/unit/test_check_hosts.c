/* test_check_hosts.c - the suite of agent/config/check_hosts.c. */
#include "tests/lib/checked.h"

#define KMIP(text)                                                            \
    "{\"crypto\":{\"key\":\"" SKT_SEED_A "\",\"kms_config\":{\"kmip\":{" text \
    "}}}}"
#define AT "c.json:1: crypto.kms_config.kmip."

START_TEST(an_address_is_one_host_with_its_port)
{
    struct skt_checked checked =
        skt_check(KMIP("\"address\":\"[::1]:5697\""), NULL);

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.config.kmip.n_hosts, 1);
    ck_assert_str_eq(checked.config.kmip.hosts[0].host, "::1");
    ck_assert_uint_eq(checked.config.kmip.hosts[0].port, 5697);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(hosts_take_the_common_port_unless_they_name_one)
{
    struct skt_checked checked =
        skt_check(KMIP("\"hosts\":[\"a\",\"b:1\",\"[::2]\"],\"port\":7"), NULL);
    const struct skd_host *hosts = checked.config.kmip.hosts;

    ck_assert_uint_eq(checked.findings.n_errors, 0);
    ck_assert_uint_eq(checked.config.kmip.n_hosts, 3);
    ck_assert_str_eq(hosts[0].host, "a");
    ck_assert_uint_eq(hosts[0].port, 7);
    ck_assert_str_eq(hosts[1].host, "b");
    ck_assert_uint_eq(hosts[1].port, 1);
    ck_assert_str_eq(hosts[2].host, "::2");
    ck_assert_uint_eq(hosts[2].port, 7);
    skt_checked_done(&checked);
    checked = skt_check(KMIP("\"hosts\":[\"a\"]"), NULL);
    ck_assert_uint_eq(checked.config.kmip.hosts[0].port, 5696);
    skt_checked_done(&checked);
}
END_TEST

START_TEST(wrong_ones_are_named)
{
    skt_expect_findings(KMIP("\"address\":\"kms\""),
                        AT "address: must be host:port\n", "");
    skt_expect_findings(KMIP("\"address\":\":1\""),
                        AT "address: no host name or address\n", "");
    skt_expect_findings(KMIP("\"address\":1"), AT "address: must be a string\n",
                        "");
    skt_expect_findings(KMIP("\"hosts\":[]"),
                        AT "hosts: must be an array of \"host\" or "
                           "\"host:port\"\n",
                        "");
    skt_expect_findings(KMIP("\"hosts\":\"a\""),
                        AT "hosts: must be an array of \"host\" or "
                           "\"host:port\"\n",
                        "");
    skt_expect_findings(KMIP("\"hosts\":[\"a\",7,\"b:0\"]"),
                        AT "hosts[1]: must be a string\n" AT
                           "hosts[2]: port must be a number from 1 to 65535 "
                           "(an IPv6 address needs brackets)\n",
                        "");
    skt_expect_findings(KMIP("\"hosts\":[\"a\"],\"port\":1.5"),
                        AT "port: must be an integer from 1 to 65535\n" AT
                           "hosts[0]: must be host:port\n",
                        "");
    skt_expect_findings(KMIP("\"hosts\":[\"a\"],\"address\":\"b:1\""),
                        AT "hosts: give crypto.kms_config.kmip.address or "
                           "crypto.kms_config.kmip.hosts, not both\n",
                        "");
}
END_TEST

SKT_SUITE("check_hosts",
          an_address_is_one_host_with_its_port,
          hosts_take_the_common_port_unless_they_name_one,
          wrong_ones_are_named)
