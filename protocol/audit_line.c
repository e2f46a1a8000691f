/* audit_line.c - one line of the audit log; see audit_line.h. */
#include "protocol/audit_line.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "protocol/crypto.h"

#define HEX_LEN ((size_t)(2 * SKP_AUDIT_HASH_LEN))
/* ,"hash":"HEX"} */
#define HASH_HEAD ",\"hash\":\""
#define HASH_TAIL "\"}"
#define HASH_LEN  (sizeof HASH_HEAD - 1 + HEX_LEN + sizeof HASH_TAIL - 1)
/* ,"prev":"HEX" */
#define PREV_HEAD ",\"prev\":\""
#define PREV_TAIL "\""
#define PREV_LEN  (sizeof PREV_HEAD - 1 + HEX_LEN + sizeof PREV_TAIL - 1)
#define SEQ_HEAD  "{\"seq\":"
#define TORN_HEAD ",\"torn\":"

static const char *const event_names[] = {
#define EVENT_NAME(name, text) [SKP_AUDIT_##name] = (text),
    SKP_AUDIT_EVENT_MAP(EVENT_NAME)
#undef EVENT_NAME
};

/* ---- the key ------------------------------------------------------------ */

static bool is_white(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

enum skp_err skp_audit_key_take(struct skp_view text,
                                struct skp_secret *ret,
                                struct skp_diag *diag)
{
    while (text.len > 0 && is_white(text.ptr[text.len - 1])) {
        text.len--;
    }
    if (text.len < SKP_AUDIT_KEY_MIN) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the key of an audit log has at least %u bytes, "
                        "white space at its end not counted",
                        SKP_AUDIT_KEY_MIN);
    }
    if (skp_secret_append(ret, text.ptr, text.len) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no locked memory");
    }
    return SKP_ERR_OK;
}

/* HMAC-SHA-256, which is what HKDF-Extract is (RFC 5869 section 2.2). */
static void hash_bytes(struct skp_view key,
                       struct skp_view bytes,
                       uint8_t ret[SKP_AUDIT_HASH_LEN])
{
    skp_hkdf_extract(SKP_SHA256, key, &bytes, 1, ret);
}

/* ---- writing ------------------------------------------------------------ */

/* A line on its way: what does not fit makes it too long, and that is said
 * once, at the end. */
struct writing {
    struct skp_buf *out;
    bool is_too_long;
};

static void put_bytes(struct writing *writing, const char *bytes, size_t len)
{
    writing->is_too_long =
        skp_buf_put(writing->out, bytes, len) != SKP_ERR_OK ||
        writing->is_too_long;
}

SKP_PRINTF(2, 3)
static void put_format(struct writing *writing, const char *format, ...)
{
    char text[128];
    va_list args;
    int len;

    va_start(args, format);
    len = vsnprintf(text, sizeof text, format, args);
    va_end(args);
    skp_assert(len >= 0 && (size_t)len < sizeof text);
    put_bytes(writing, text, (size_t)len);
}

static void put_hex(struct writing *writing, const uint8_t *bytes, size_t len)
{
    char hex[HEX_LEN + 1];

    skp_assert(2 * len <= HEX_LEN);
    skp_hex(bytes, len, hex);
    put_bytes(writing, hex, 2 * len);
}

static bool is_plain(uint8_t c)
{
    return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

/* A string; every byte that is no printable ASCII becomes \u00XX, so that a
 * line is one line of ASCII whatever a file is called. */
static void put_escaped(struct writing *writing, struct skp_view text)
{
    size_t at = 0;

    while (at < text.len) {
        size_t start = at;

        while (at < text.len && is_plain(text.ptr[at])) {
            at++;
        }
        put_bytes(writing, (const char *)text.ptr + start, at - start);
        if (at < text.len) {
            uint8_t c = text.ptr[at++];

            put_format(writing, c == '"' || c == '\\' ? "\\%c" : "\\u%04x", c);
        }
    }
}

static void
put_text(struct writing *writing, const char *name, struct skp_view text)
{
    put_format(writing, ",\"%s\":\"", name);
    put_escaped(writing, text);
    put_bytes(writing, "\"", 1);
}

/* A path of the peer: null, whole, or its end. */
static void
put_path(struct writing *writing, const char *name, struct skp_view path)
{
    size_t left_out =
        path.len > SKP_AUDIT_TEXT_MAX ? path.len - SKP_AUDIT_TEXT_MAX : 0;

    if (path.len == 0) {
        put_format(writing, ",\"%s\":null", name);
        return;
    }
    put_format(writing, ",\"%s\":\"%s", name, left_out > 0 ? "..." : "");
    put_escaped(writing,
                (struct skp_view){ path.ptr + left_out, path.len - left_out });
    put_bytes(writing, "\"", 1);
}

static void put_time(struct writing *writing, int64_t time_ms)
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm utc = { .tm_mday = 1, .tm_year = 70 };
    char when[32];

    (void)gmtime_r(&seconds, &utc);
    (void)strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc);
    put_format(writing, ",\"time\":\"%s.%03dZ\"", when, (int)(time_ms % 1000));
}

static void put_peer(struct writing *writing, const struct skp_audit_line *line)
{
    put_format(writing, ",\"peer\":{\"uid\":%" PRIu32 ",\"gid\":%" PRIu32,
               line->uid, line->gid);
    put_format(writing, ",\"pid\":%" PRId32, line->pid);
    put_path(writing, "exe", line->exe);
    put_path(writing, "cgroup", line->cgroup);
    put_bytes(writing, "}", 1);
}

/* What is about the request, where there is one. */
static void put_request(struct writing *writing,
                        const struct skp_audit_line *line)
{
    if (line->method.len > 0) {
        put_text(writing, "method", line->method);
    }
    if (line->has_peer) {
        put_peer(writing, line);
    }
    if (line->tenant.len > 0) {
        put_text(writing, "tenant", line->tenant);
    }
    if (line->key_id != NULL) {
        put_bytes(writing, ",\"key_id\":\"", sizeof ",\"key_id\":\"" - 1);
        put_hex(writing, line->key_id, SKP_KEY_ID_LEN);
        put_bytes(writing, "\"", 1);
    }
}

static void put_members(struct writing *writing,
                        const struct skp_audit_line *line)
{
    put_format(writing, SEQ_HEAD "%" PRIu64, line->seq);
    if (line->torn > 0) {
        put_format(writing, TORN_HEAD "%" PRIu64, line->torn);
    }
    put_time(writing, line->time_ms);
    put_format(writing, ",\"event\":\"%s\"", event_names[line->event]);
    put_request(writing, line);
    if (line->has_outcome) {
        put_format(writing, ",\"outcome\":\"%s\"", skp_err_name(line->outcome));
    }
    if (line->has_duration) {
        put_format(writing, ",\"duration_us\":%" PRIu64, line->duration_us);
    }
    if (line->count > 1) {
        put_format(writing, ",\"count\":%" PRIu64, line->count);
    }
}

enum skp_err skp_audit_line_encode(struct skp_view key,
                                   const struct skp_audit_line *line,
                                   const uint8_t prev[SKP_AUDIT_HASH_LEN],
                                   struct skp_buf *out,
                                   uint8_t ret_hash[SKP_AUDIT_HASH_LEN])
{
    size_t start = out->len;
    uint8_t hash[SKP_AUDIT_HASH_LEN];
    struct writing writing = { out, false };

    put_members(&writing, line);
    put_bytes(&writing, PREV_HEAD, sizeof PREV_HEAD - 1);
    put_hex(&writing, prev, SKP_AUDIT_HASH_LEN);
    put_bytes(&writing, PREV_TAIL, sizeof PREV_TAIL - 1);
    hash_bytes(key, (struct skp_view){ out->ptr + start, out->len - start },
               hash);
    put_bytes(&writing, HASH_HEAD, sizeof HASH_HEAD - 1);
    put_hex(&writing, hash, sizeof hash);
    put_bytes(&writing, HASH_TAIL "\n", sizeof HASH_TAIL);
    if (writing.is_too_long) {
        out->len = start;
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    memcpy(ret_hash, hash, sizeof hash);
    return SKP_ERR_OK;
}

/* ---- reading ------------------------------------------------------------ */

/* True when @text goes on with @word at *at, which is moved behind it. */
static bool take_word(struct skp_view text, size_t *at, const char *word)
{
    struct skp_view wanted = skp_view_of(word);
    struct skp_view there = { text.ptr + *at, wanted.len };

    if (text.len - *at < wanted.len || !skp_view_equal(there, wanted)) {
        return false;
    }
    *at += wanted.len;
    return true;
}

/* A number from 1 to 2^63, as the writer writes it: without leading zeros. */
static bool take_number(struct skp_view text, size_t *at, uint64_t *ret)
{
    uint64_t number = 0;

    while (*at < text.len && text.ptr[*at] >= '0' && text.ptr[*at] <= '9') {
        if (number > INT64_MAX / 10 - 1 ||
            (number == 0 && text.ptr[*at] == '0')) {
            return false;
        }
        number = number * 10 + (uint64_t)(text.ptr[*at] - '0');
        (*at)++;
    }
    *ret = number;
    return number > 0;
}

static int value_of(uint8_t digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool
take_hash(struct skp_view text, size_t *at, uint8_t ret[SKP_AUDIT_HASH_LEN])
{
    if (text.len - *at < HEX_LEN) {
        return false;
    }
    for (size_t i = 0; i < SKP_AUDIT_HASH_LEN; i++) {
        int high = value_of(text.ptr[*at + 2 * i]);
        int low = value_of(text.ptr[*at + 2 * i + 1]);

        if (high < 0 || low < 0) {
            return false;
        }
        ret[i] = (uint8_t)(high << 4 | low);
    }
    *at += HEX_LEN;
    return true;
}

enum skp_err skp_audit_line_parse(struct skp_view text,
                                  struct skp_audit_mark *ret)
{
    struct skp_audit_mark mark = { .seq = 0 };
    size_t at = 0;

    if (text.len < PREV_LEN + HASH_LEN || text.len >= SKP_AUDIT_LINE_MAX ||
        !take_word(text, &at, SEQ_HEAD) || !take_number(text, &at, &mark.seq) ||
        (take_word(text, &at, TORN_HEAD) &&
         !take_number(text, &at, &mark.torn))) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    if (at > text.len - PREV_LEN - HASH_LEN) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    at = text.len - PREV_LEN - HASH_LEN;
    if (!take_word(text, &at, PREV_HEAD) || !take_hash(text, &at, mark.prev) ||
        !take_word(text, &at, PREV_TAIL) || !take_word(text, &at, HASH_HEAD) ||
        !take_hash(text, &at, mark.hash) || !take_word(text, &at, HASH_TAIL)) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = mark;
    return SKP_ERR_OK;
}

bool skp_audit_line_is_genuine(struct skp_view key,
                               struct skp_view text,
                               const struct skp_audit_mark *mark)
{
    uint8_t hash[SKP_AUDIT_HASH_LEN];

    skp_assert(text.len >= HASH_LEN);
    hash_bytes(key, (struct skp_view){ text.ptr, text.len - HASH_LEN }, hash);
    return skp_equal_ct(hash, mark->hash, sizeof hash);
}
