/* test_audit_verify.c - proves audit_verify.c: whatever is done to a log, the
 * first wrong line is named, and how it is wrong. */
#include <stdio.h>
#include <string.h>

#include "protocol/audit_verify.h"
#include "tests/lib/suite.h"

#define KEY     "0123456789abcdef0123456789abcdef"
#define LOG_CAP 65536u

/* A log on its way. */
struct log {
    char text[LOG_CAP];
    size_t len;
    uint64_t seq;
    uint8_t hash[SKP_AUDIT_HASH_LEN];
};

static struct log made;
static struct skp_audit_verify verify;

static void add_line(struct log *log, uint64_t torn)
{
    struct skp_buf buf = { (uint8_t *)log->text, log->len, LOG_CAP };
    const struct skp_audit_line line = { .seq = ++log->seq,
                                         .torn = torn,
                                         .event = SKP_AUDIT_USE,
                                         .tenant = skp_view_of("tenant") };

    skt_ok(skp_audit_line_encode(skp_view_of(KEY), &line, log->hash, &buf,
                                 log->hash));
    log->len = buf.len;
}

static void add_text(struct log *log, const char *text)
{
    memcpy(log->text + log->len, text, strlen(text));
    log->len += strlen(text);
}

/* A log of @n lines. */
static struct log *new_log(unsigned n)
{
    made = (struct log){ .len = 0 };
    for (unsigned i = 0; i < n; i++) {
        add_line(&made, 0);
    }
    return &made;
}

/* Where line @n (from 0) begins. */
static size_t line_at(const struct log *log, unsigned n)
{
    size_t at = 0;

    for (; n > 0; n--) {
        at =
            (size_t)((const char *)memchr(log->text + at, '\n', log->len - at) -
                     log->text) +
            1;
    }
    return at;
}

static void cut_out(struct log *log, size_t from, size_t to)
{
    memmove(log->text + from, log->text + to, log->len - to);
    log->len -= to - from;
}

static bool verify_text(const char *text, size_t len, size_t piece)
{
    skp_audit_verify_init(&verify, skp_view_of(KEY));
    for (size_t at = 0; at < len; at += piece) {
        size_t n = len - at < piece ? len - at : piece;

        skp_audit_verify_feed(
            &verify, (struct skp_view){ (const uint8_t *)text + at, n });
    }
    skp_audit_verify_end_file(&verify);
    return skp_audit_verify_finish(&verify);
}

static void assert_fault(const struct log *log,
                         enum skp_audit_fault fault,
                         uint64_t line,
                         uint64_t n_wrong)
{
    for (size_t piece = 1; piece < 5000; piece = piece * 7 + 1) {
        ck_assert(!verify_text(log->text, log->len, piece));
        ck_assert_str_eq(skp_audit_fault_text(verify.first.fault),
                         skp_audit_fault_text(fault));
        ck_assert_uint_eq(verify.first.line, line);
        ck_assert_uint_eq(verify.n_wrong, n_wrong);
    }
}

START_TEST(a_whole_log_is_right_in_pieces_of_any_size)
{
    const struct log *log = new_log(20);

    for (size_t piece = 1; piece < log->len; piece += 97) {
        ck_assert(verify_text(log->text, log->len, piece));
        ck_assert_uint_eq(verify.n_lines, 20);
        ck_assert_uint_eq(verify.first_seq, 1);
        ck_assert_uint_eq(verify.last.seq, 20);
        ck_assert_mem_eq(verify.last.hash, log->hash, SKP_AUDIT_HASH_LEN);
    }
}
END_TEST

START_TEST(a_chain_goes_on_from_file_to_file)
{
    const struct log *log = new_log(20);
    size_t cut = line_at(log, 7);

    skp_audit_verify_init(&verify, skp_view_of(KEY));
    skp_audit_verify_feed(&verify,
                          (struct skp_view){ (const uint8_t *)log->text, cut });
    skp_audit_verify_end_file(&verify);
    skp_audit_verify_feed(
        &verify,
        (struct skp_view){ (const uint8_t *)log->text + cut, log->len - cut });
    skp_audit_verify_end_file(&verify);
    ck_assert(skp_audit_verify_finish(&verify));
    ck_assert_uint_eq(verify.last.seq, 20);
}
END_TEST

START_TEST(a_log_whose_beginning_was_rotated_away_is_right_by_itself)
{
    const struct log *log = new_log(20);
    size_t cut = line_at(log, 7);

    ck_assert(verify_text(log->text + cut, log->len - cut, 100));
    ck_assert_uint_eq(verify.first_seq, 8);
}
END_TEST

/* In the middle of the line, where its own form does not show it. */
START_TEST(a_changed_byte_is_found_in_every_line)
{
    for (unsigned n = 0; n < 10; n++) {
        struct log *log = new_log(10);

        log->text[line_at(log, n) + 60] ^= 1;
        assert_fault(log, SKP_AUDIT_FAULT_CHANGED, n + 1, 1);
    }
}
END_TEST

START_TEST(a_byte_changed_anywhere_is_found)
{
    size_t len = new_log(3)->len;

    for (size_t at = 0; at < len; at++) {
        struct log *log = new_log(3);

        log->text[at] ^= 4;
        ck_assert(!verify_text(log->text, log->len, 4096));
        ck_assert_uint_ge(verify.n_wrong, 1);
    }
}
END_TEST

START_TEST(removed_lines_are_found_and_counted)
{
    struct log *log = new_log(10);

    cut_out(log, line_at(log, 3), line_at(log, 5));
    assert_fault(log, SKP_AUDIT_FAULT_REMOVED, 4, 1);
    ck_assert_uint_eq(verify.first.n_missing, 2);
    ck_assert_uint_eq(verify.first.seq, 6);
}
END_TEST

START_TEST(swapped_lines_are_found)
{
    struct log *log = new_log(10);
    size_t at = line_at(log, 3);
    size_t next = line_at(log, 4);
    char line[2048];
    size_t len = next - at;

    memcpy(line, log->text + at, len);
    cut_out(log, at, next);
    next = line_at(log, 4);
    memmove(log->text + next + len, log->text + next, log->len - next);
    memcpy(log->text + next, line, len);
    log->len += len;
    assert_fault(log, SKP_AUDIT_FAULT_REORDERED, 4, 3);
}
END_TEST

START_TEST(a_repeated_line_is_found)
{
    struct log *log = new_log(5);
    size_t at = line_at(log, 4);

    memcpy(log->text + log->len, log->text + at, log->len - at);
    log->len += log->len - at;
    assert_fault(log, SKP_AUDIT_FAULT_REPEATED, 6, 1);
}
END_TEST

/* Two agents, or a log that was brought back from before: both lines are of the
 * key's owner, and do not belong together. */
START_TEST(a_line_that_follows_another_one_is_found)
{
    struct log *log = new_log(5);

    memset(log->hash, 7, sizeof log->hash);
    add_line(log, 0);
    assert_fault(log, SKP_AUDIT_FAULT_FORKED, 6, 1);
}
END_TEST

START_TEST(a_new_chain_in_the_middle_is_found)
{
    struct log *log = new_log(5);

    memset(log->hash, 0, sizeof log->hash);
    log->seq = 0;
    add_line(log, 0);
    add_line(log, 0);
    assert_fault(log, SKP_AUDIT_FAULT_RESTARTED, 6, 1);
}
END_TEST

START_TEST(a_last_line_without_an_end_is_torn)
{
    struct log *log = new_log(5);

    log->len -= 20;
    assert_fault(log, SKP_AUDIT_FAULT_TORN, 5, 1);
}
END_TEST

START_TEST(a_torn_line_that_the_next_one_declares_is_right)
{
    struct log *log = new_log(5);

    add_text(log, "{\"seq\":6,\n");
    add_line(log, 9);
    add_line(log, 0);
    ck_assert(verify_text(log->text, log->len, 10));
    ck_assert_uint_eq(verify.n_torn, 1);
    ck_assert_uint_eq(verify.last.seq, 7);
}
END_TEST

START_TEST(a_torn_line_of_another_length_was_changed)
{
    struct log *log = new_log(5);

    add_text(log, "{\"seq\":6,,\n");
    add_line(log, 9);
    assert_fault(log, SKP_AUDIT_FAULT_CHANGED, 6, 1);
}
END_TEST

START_TEST(a_torn_line_that_is_gone_was_removed)
{
    struct log *log = new_log(5);

    add_line(log, 9);
    assert_fault(log, SKP_AUDIT_FAULT_REMOVED, 6, 1);
}
END_TEST

START_TEST(a_line_longer_than_any_is_no_line)
{
    struct log *log = new_log(2);

    memset(log->text + log->len, 'x', 20000);
    log->len += 20000;
    add_text(log, "\n");
    add_line(log, 0);
    assert_fault(log, SKP_AUDIT_FAULT_CHANGED, 3, 1);
}
END_TEST

START_TEST(nothing_under_another_key_is_right)
{
    const struct log *log = new_log(3);

    skp_audit_verify_init(&verify,
                          skp_view_of("another key of at least 32 bytes"));
    skp_audit_verify_feed(
        &verify, (struct skp_view){ (const uint8_t *)log->text, log->len });
    skp_audit_verify_end_file(&verify);
    ck_assert(!skp_audit_verify_finish(&verify));
    ck_assert_uint_eq(verify.n_wrong, 3);
}
END_TEST

SKT_SUITE("audit_verify",
          a_whole_log_is_right_in_pieces_of_any_size,
          a_chain_goes_on_from_file_to_file,
          a_log_whose_beginning_was_rotated_away_is_right_by_itself,
          a_changed_byte_is_found_in_every_line,
          a_byte_changed_anywhere_is_found,
          removed_lines_are_found_and_counted,
          swapped_lines_are_found,
          a_repeated_line_is_found,
          a_line_that_follows_another_one_is_found,
          a_new_chain_in_the_middle_is_found,
          a_last_line_without_an_end_is_torn,
          a_torn_line_that_the_next_one_declares_is_right,
          a_torn_line_of_another_length_was_changed,
          a_torn_line_that_is_gone_was_removed,
          a_line_longer_than_any_is_no_line,
          nothing_under_another_key_is_right)
