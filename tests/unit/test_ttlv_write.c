/* test_ttlv_write.c - what the writer of TTLV appends.  That it is the reader's
 * inverse is tested in test_ttlv.c. */
#include "agent/source/kmip/ttlv.h"
#include "tests/lib/suite.h"

START_TEST(every_type_is_written_as_the_examples_of_the_standard)
{
    struct skp_secret out = { NULL, 0, 0 };
    struct skd_ttlv_writer w;

    skd_ttlv_start(&w, &out);
    skd_ttlv_put_int(&w, 0x420020, 8);
    skd_ttlv_put_long(&w, 0x420020, INT64_C(123456789000000000));
    skd_ttlv_put_big(&w, 0x420020, skt_hex("0000000003fd35eb6bc2df4618080000"));
    skd_ttlv_put_enum(&w, 0x420020, 255);
    skd_ttlv_put_bool(&w, 0x420020, true);
    skd_ttlv_put_text(&w, 0x420020, skp_view_of("Hello World"));
    skd_ttlv_put_bytes(&w, 0x420020, skt_hex("010203"));
    skd_ttlv_put_date(&w, 0x420020, 0x47da67f8);
    skd_ttlv_put_interval(&w, 0x420020, 864000);
    skd_ttlv_begin(&w, 0x420020);
    skd_ttlv_put_enum(&w, 0x420004, 254);
    skd_ttlv_put_int(&w, 0x420005, 255);
    skd_ttlv_end(&w);
    skt_ok(skd_ttlv_finish(&w));
    skt_bytes_eq(skp_secret_view(&out),
                 skt_hex("42002002000000040000000800000000"
                         "420020030000000801b69b4ba5749200"
                         "42002004000000100000000003fd35eb6bc2df4618080000"
                         "4200200500000004000000ff00000000"
                         "42002006000000080000000000000001"
                         "420020070000000b48656c6c6f20576f726c640000000000"
                         "42002008000000030102030000000000"
                         "42002009000000080000000047da67f8"
                         "4200200a00000004000d2f0000000000"
                         "42002001000000204200040500000004000000fe00000000"
                         "4200050200000004000000ff00000000"));
    skp_secret_done(&out);
}
END_TEST

START_TEST(what_is_there_already_stays_before_what_is_written)
{
    struct skp_secret out = { NULL, 0, 0 };
    struct skd_ttlv_writer w;

    skt_ok(skp_secret_append(&out, "ab", 2));
    skd_ttlv_start(&w, &out);
    skd_ttlv_begin(&w, 0x420008);
    skd_ttlv_begin(&w, 0x42000b);
    skd_ttlv_end(&w);
    skd_ttlv_put_text(&w, 0x42000a, (struct skp_view){ NULL, 0 });
    skd_ttlv_end(&w);
    skt_ok(skd_ttlv_finish(&w));
    skt_bytes_eq(skp_secret_view(&out),
                 skt_hex("6162420008010000001042000b0100000000"
                         "42000a0700000000"));
    skp_secret_done(&out);
}
END_TEST

START_TEST(a_structure_too_deep_or_left_open_is_not_written)
{
    struct skp_secret bytes = { NULL, 0, 0 };
    struct skd_ttlv_writer w;

    skd_ttlv_start(&w, &bytes);
    for (size_t i = 0; i <= SKD_TTLV_DEPTH_MAX; i++) {
        skd_ttlv_begin(&w, 0x420008);
    }
    skd_ttlv_put_int(&w, 0x420020, 1);
    skt_err(skd_ttlv_finish(&w), SKP_ERR_RESOURCE_EXHAUSTED);
    skp_secret_done(&bytes);
}
END_TEST

SKT_SUITE("ttlv_write",
          every_type_is_written_as_the_examples_of_the_standard,
          what_is_there_already_stays_before_what_is_written,
          a_structure_too_deep_or_left_open_is_not_written)
