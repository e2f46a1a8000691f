/* fuzz_duration.c - durations as Go writes them.
 *
 * Reaches: agent/config/duration.c
 *
 * A duration is the same when written in nanoseconds or with its sign turned;
 * white space never is part of one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/duration.h"
#include "protocol/err.h"
#include "tests/fuzz/fuzz.h"

#define INPUT_MAX 512u

static enum skp_err parse(const char *text, int64_t *ret)
{
    const char *why = NULL;
    enum skp_err err = skd_duration_parse(skp_view_of(text), ret, &why);

    ck_assert(err == SKP_ERR_OK || err == SKP_ERR_INVALID_ARGUMENT);
    ck_assert(err == SKP_ERR_OK || why != NULL);
    return err;
}

/* @before @text @after is that duration. */
static void check_same(const char *before,
                       const char *text,
                       const char *after,
                       int64_t expected)
{
    char other[INPUT_MAX + 64];
    int64_t ns = 0;

    (void)snprintf(other, sizeof other, "%s%s%s", before, text, after);
    ck_assert_msg(parse(other, &ns) == SKP_ERR_OK, "%s", other);
    ck_assert_int_eq(ns, expected);
}

static void
check_refused(const char *before, const char *text, const char *after)
{
    char other[INPUT_MAX + 64];
    int64_t ns = 42;

    (void)snprintf(other, sizeof other, "%s%s%s", before, text, after);
    ck_assert_int_eq(parse(other, &ns), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_int_eq(ns, 42);
}

static void check_good(const char *text, int64_t ns)
{
    bool is_signed = text[0] == '-' || text[0] == '+';
    char nanoseconds[32];
    uint64_t ms;

    (void)snprintf(nanoseconds, sizeof nanoseconds, "%" PRId64 "ns", ns);
    check_same("", nanoseconds, "", ns);
    check_refused(" ", text, "");
    check_refused("", text, " ");
    check_refused("", text, "x");
    if (!is_signed) {
        check_same("+", text, "", ns);
        check_same("-", text, "", -ns);
        check_refused("--", text, "");
    }
    /* "0" alone has no unit, so nothing can follow it. */
    if (strspn(text, "+-0") != strlen(text)) {
        check_same("", text, "0s", ns);
    }
    if (ns >= 0) {
        ms = skd_duration_to_ms(ns);
        ck_assert_uint_eq(ms, (uint64_t)ns / 1000000 +
                                  ((uint64_t)ns % 1000000 != 0));
    }
}

void skt_fuzz_duration(struct skp_view input)
{
    const char *why = NULL;
    int64_t ns = 42;
    char *text;
    enum skp_err err;

    if (input.len > INPUT_MAX) {
        return;
    }
    err = skd_duration_parse(input, &ns, &why);
    ck_assert(err == SKP_ERR_OK || (why != NULL && ns == 42));
    if (err == SKP_ERR_OK) {
        text = skt_fuzz_text(input);
        ck_assert_uint_eq(strlen(text), input.len);
        check_good(text, ns);
        free(text);
    }
}

SKT_FUZZ_DOOR(duration)
