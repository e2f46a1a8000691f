/* test_audit_line.c - proves audit_line.c: the text of a line letter for
 * letter, its hash against an independent HMAC-SHA-256, and that no changed
 * byte goes unseen. */
#include <stdio.h>
#include <string.h>

#include "protocol/audit_line.h"
#include "protocol/limits.h"
#include "tests/lib/suite.h"

#define KEY "0123456789abcdef0123456789abcdef"

static const uint8_t key_id[SKP_KEY_ID_LEN] = { 1, 2, 3, 4, 5, 6, 7, 8 };

static struct skp_view key_of(const char *text)
{
    return skp_view_of(text);
}

static struct skp_audit_line full_line(void)
{
    return (struct skp_audit_line){
        .seq = 7,
        .torn = 12,
        .time_ms = 1795972783123,
        .event = SKP_AUDIT_USE,
        .method = skp_view_of("unwrap"),
        .has_peer = true,
        .uid = 1000,
        .gid = 1001,
        .pid = 42,
        .exe = skp_view_of("/usr/bin/a\"b\xc3\xa4\n"),
        .tenant = skp_view_of("t"),
        .key_id = key_id,
        .has_outcome = true,
        .outcome = SKP_ERR_DATA_LOSS,
        .has_duration = true,
        .duration_us = 250,
        .count = 3,
    };
}

/* The line encoded, without its newline. */
static struct skp_view encode(const struct skp_audit_line *line)
{
    static uint8_t bytes[SKP_AUDIT_LINE_MAX];
    struct skp_buf buf = skp_buf_over(bytes, sizeof bytes);
    uint8_t hash[SKP_AUDIT_HASH_LEN];

    memset(hash, 0x11, sizeof hash);
    skt_ok(skp_audit_line_encode(key_of(KEY), line, hash, &buf, hash));
    ck_assert_int_eq(bytes[buf.len - 1], '\n');
    return (struct skp_view){ bytes, buf.len - 1 };
}

/* The hash was computed with Python's hmac. */
START_TEST(a_line_is_the_golden_one_letter_for_letter)
{
    struct skp_audit_line line = full_line();
    static const char golden[] =
        "{\"seq\":7,\"torn\":12,\"time\":\"2026-11-29T17:19:43.123Z\","
        "\"event\":\"use\",\"method\":\"unwrap\",\"peer\":{\"uid\":1000,"
        "\"gid\":1001,\"pid\":42,\"exe\":\"/usr/bin/"
        "a\\\"b\\u00c3\\u00a4\\u000a\",\"cgroup\":null},\"tenant\":\"t\","
        "\"key_id\":\"0102030405060708\",\"outcome\":\"DATA_LOSS\","
        "\"duration_us\":250,\"count\":3,\"prev\":"
        "\"1111111111111111111111111111111111111111111111111111111111111111\","
        "\"hash\":"
        "\"7656898b28e770ec0789810bc52c4d667ca8ebc21bc2c05e5c39538413fed56d\"}";

    skt_bytes_eq(encode(&line), skp_view_of(golden));
}
END_TEST

START_TEST(what_does_not_apply_is_left_out)
{
    const struct skp_audit_line line = { .seq = 1,
                                         .event = SKP_AUDIT_START,
                                         .count = 1 };
    struct skp_view text = encode(&line);
    static const char start[] = "{\"seq\":1,\"time\":\"1970-01-01T00:00:00.000Z"
                                "\",\"event\":\"start\",\"prev\":\"1111";

    text.len = sizeof start - 1;
    skt_bytes_eq(text, skp_view_of(start));
}
END_TEST

START_TEST(a_line_parses_to_where_it_stands_and_is_genuine)
{
    struct skp_audit_line line = full_line();
    struct skp_view text = encode(&line);
    struct skp_audit_mark mark;

    skt_ok(skp_audit_line_parse(text, &mark));
    ck_assert_uint_eq(mark.seq, 7);
    ck_assert_uint_eq(mark.torn, 12);
    ck_assert_int_eq(mark.prev[31], 0x11);
    ck_assert_int_eq(mark.hash[0], 0x76);
    ck_assert(skp_audit_line_is_genuine(key_of(KEY), text, &mark));
    ck_assert(!skp_audit_line_is_genuine(
        key_of("0123456789abcdef0123456789abcdeF"), text, &mark));
}
END_TEST

START_TEST(no_changed_bit_goes_unseen)
{
    struct skp_audit_line line = full_line();
    struct skp_view text = encode(&line);
    uint8_t changed[SKP_AUDIT_LINE_MAX];
    struct skp_view view = { changed, text.len };

    for (size_t bit = 0; bit < 8 * text.len; bit++) {
        struct skp_audit_mark mark;

        memcpy(changed, text.ptr, text.len);
        changed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ck_assert(skp_audit_line_parse(view, &mark) != SKP_ERR_OK ||
                  !skp_audit_line_is_genuine(key_of(KEY), view, &mark));
    }
}
END_TEST

START_TEST(no_cut_line_parses)
{
    struct skp_audit_line line = full_line();
    struct skp_view text = encode(&line);
    struct skp_audit_mark mark = { .seq = 99 };

    for (size_t len = 0; len < text.len; len++) {
        skt_err(skp_audit_line_parse((struct skp_view){ text.ptr, len }, &mark),
                SKP_ERR_INVALID_ARGUMENT);
    }
    ck_assert_uint_eq(mark.seq, 99);
}
END_TEST

START_TEST(the_longest_texts_of_the_worst_bytes_still_fit)
{
    static uint8_t path[10000];
    static uint8_t tenant[SKP_TENANT_MAX];
    struct skp_audit_line line = full_line();
    struct skp_view text;

    memset(path, 1, sizeof path);
    memset(tenant, '"', sizeof tenant);
    line.seq = INT64_MAX / 100;
    line.torn = INT64_MAX / 100;
    line.exe = (struct skp_view){ path, sizeof path };
    line.cgroup = line.exe;
    line.tenant = (struct skp_view){ tenant, sizeof tenant };
    line.uid = UINT32_MAX;
    line.gid = UINT32_MAX;
    line.pid = INT32_MIN;
    line.outcome = SKP_ERR_FAILED_PRECONDITION;
    line.duration_us = UINT64_MAX;
    line.count = UINT64_MAX;
    text = encode(&line);
    ck_assert_uint_lt(text.len, SKP_AUDIT_LINE_MAX);
    ck_assert_ptr_nonnull(
        memmem(text.ptr, text.len, "\"exe\":\"...\\u0001", 16));
}
END_TEST

START_TEST(a_line_that_does_not_fit_leaves_the_buffer_as_it_was)
{
    struct skp_audit_line line = full_line();
    size_t whole = encode(&line).len + 1;
    uint8_t bytes[SKP_AUDIT_LINE_MAX];
    uint8_t hash[SKP_AUDIT_HASH_LEN] = { 0 };

    for (size_t cap = 0; cap < whole; cap++) {
        struct skp_buf buf = skp_buf_over(bytes, cap);

        skt_err(skp_audit_line_encode(key_of(KEY), &line, hash, &buf, hash),
                SKP_ERR_RESOURCE_EXHAUSTED);
        ck_assert_uint_eq(buf.len, 0);
    }
    ck_assert_int_eq(hash[0], 0);
}
END_TEST

START_TEST(a_key_loses_its_newline_and_must_be_long_enough)
{
    struct skp_secret key = { NULL, 0, 0 };
    struct skp_diag diag = { "" };

    skt_ok(skp_audit_key_take(skp_view_of(KEY " \r\n"), &key, &diag));
    skt_bytes_eq(skp_secret_view(&key), skp_view_of(KEY));
    skp_secret_clear(&key);
    /* Random bytes, of which a seventh are less than a space. */
    skt_ok(skp_audit_key_take(
        (struct skp_view){ (const uint8_t *)KEY "\x01", sizeof KEY + 1 }, &key,
        &diag));
    ck_assert_uint_eq(key.len, sizeof KEY + 1);
    skp_secret_clear(&key);
    skt_err(skp_audit_key_take(skp_view_of("short\n"), &key, &diag),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(key.len, 0);
    skp_secret_done(&key);
}
END_TEST

SKT_SUITE("audit_line",
          a_line_is_the_golden_one_letter_for_letter,
          what_does_not_apply_is_left_out,
          a_line_parses_to_where_it_stands_and_is_genuine,
          no_changed_bit_goes_unseen,
          no_cut_line_parses,
          the_longest_texts_of_the_worst_bytes_still_fit,
          a_line_that_does_not_fit_leaves_the_buffer_as_it_was,
          a_key_loses_its_newline_and_must_be_long_enough)
