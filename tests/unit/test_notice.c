/* test_notice.c - suite of agent/notice.c: the lines of sd_notify(3). */
#include <stdio.h>
#include <string.h>

#include "agent/notice.h"
#include "tests/lib/suite.h"

static struct skd_notice parse(const char *text)
{
    return skd_notice_parse(skp_view_of(text));
}

START_TEST(descriptors_are_stored_and_removed_by_name)
{
    struct skd_notice notice = parse("FDSTORE=1\nFDNAME=sidekey-x\nFDPOLL=0");

    ck_assert(notice.stores && !notice.removes && !notice.is_ready);
    ck_assert_str_eq(notice.name, "sidekey-x");
    notice = parse("FDNAME=a\nFDSTOREREMOVE=1\n");
    ck_assert(notice.removes && !notice.stores);
    ck_assert_str_eq(notice.name, "a");
}
END_TEST

START_TEST(ready_is_heard_among_other_lines)
{
    ck_assert(parse("STATUS=fine\nREADY=1\nX=2").is_ready);
    ck_assert(!parse("READY=10").is_ready);
    ck_assert(!parse("XREADY=1").is_ready);
    ck_assert(!parse("READY=0").is_ready);
}
END_TEST

START_TEST(a_name_that_would_break_the_environment_is_none)
{
    static const char *const names[] = { "FDNAME=", "FDNAME=a:b", "FDNAME=a b",
                                         "FDNAME=\x7f", "FDNAME=\xc3\xa9" };
    char text[200];

    for (size_t i = 0; i < SKP_ARRAY_LEN(names); i++) {
        ck_assert_str_eq(parse(names[i]).name, "");
    }
    (void)snprintf(text, sizeof text, "FDNAME=%0*d", (int)SKD_NOTIFY_NAME_LEN,
                   0);
    ck_assert_str_eq(parse(text).name, "");
    (void)snprintf(text, sizeof text, "FDNAME=%0*d",
                   (int)SKD_NOTIFY_NAME_LEN - 1, 0);
    ck_assert_uint_eq(strlen(parse(text).name), SKD_NOTIFY_NAME_LEN - 1);
}
END_TEST

START_TEST(any_bytes_are_read_to_their_end_and_no_further)
{
    static const uint8_t bytes[] = { '\n', '\n', 'F', 'D', 'N', 0,   '\n', 'F',
                                     'D',  'N',  'A', 'M', 'E', '=', 'q' };

    for (size_t len = 0; len <= sizeof bytes; len++) {
        struct skd_notice notice =
            skd_notice_parse((struct skp_view){ bytes, len });

        ck_assert_str_eq(notice.name, len == sizeof bytes ? "q" : "");
    }
}
END_TEST

SKT_SUITE("notice",
          descriptors_are_stored_and_removed_by_name,
          ready_is_heard_among_other_lines,
          a_name_that_would_break_the_environment_is_none,
          any_bytes_are_read_to_their_end_and_no_further)
