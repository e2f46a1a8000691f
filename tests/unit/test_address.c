/* test_address.c - the suite of agent/config/address.c. */
#include "agent/config/address.h"
#include "tests/lib/suite.h"

static void expect(const char *text, const char *host, uint16_t port)
{
    struct skd_address address;
    const char *why = NULL;

    ck_assert_msg(skd_address_parse(skp_view_of(text), &address, &why) ==
                      SKP_ERR_OK,
                  "%s: %s", text, why);
    ck_assert_msg(skp_view_equal(address.host, skp_view_of(host)), "%s", text);
    ck_assert_uint_eq(address.port, port);
}

static void expect_fault(const char *text)
{
    struct skd_address address = { { NULL, 0 }, 7 };
    const char *why = NULL;

    ck_assert_msg(skd_address_parse(skp_view_of(text), &address, &why) ==
                      SKP_ERR_INVALID_ARGUMENT,
                  "%s", text);
    ck_assert_ptr_nonnull(why);
    ck_assert_uint_eq(address.port, 7);
}

START_TEST(splits_hosts_and_ports)
{
    expect("kms", "kms", 0);
    expect("kms:5696", "kms", 5696);
    expect("kms.example.org:1", "kms.example.org", 1);
    expect("10.0.0.1:65535", "10.0.0.1", 65535);
    expect("kms_1-a.svc:00443", "kms_1-a.svc", 443);
    expect("[::1]", "::1", 0);
    expect("[::1]:5696", "::1", 5696);
    expect("[fe80::1%eth0]:5696", "fe80::1%eth0", 5696);
    expect("[::ffff:10.0.0.1]:5696", "::ffff:10.0.0.1", 5696);
}
END_TEST

START_TEST(refuses_what_is_no_address)
{
    expect_fault("");
    expect_fault(":5696");
    expect_fault("kms:");
    expect_fault("kms:0");
    expect_fault("kms:65536");
    expect_fault("kms:999999");
    expect_fault("kms:kmip");
    expect_fault("kms:+1");
    expect_fault("kms:1 ");
    expect_fault("::1");
    expect_fault("fe80::1:5696");
    expect_fault("[::1");
    expect_fault("[]:5696");
    expect_fault("[::1]5696");
    expect_fault("[::1]:");
    expect_fault("a b:1");
    expect_fault("https://kms:1");
    expect_fault("user@kms:1");
    expect_fault("kms/path:1");
}
END_TEST

START_TEST(a_name_has_at_most_253_characters)
{
    char text[260];

    memset(text, 'a', sizeof text);
    text[253] = '\0';
    expect(text, text, 0);
    text[253] = 'a';
    text[254] = '\0';
    expect_fault(text);
}
END_TEST

SKT_SUITE("address",
          splits_hosts_and_ports,
          refuses_what_is_no_address,
          a_name_has_at_most_253_characters)
