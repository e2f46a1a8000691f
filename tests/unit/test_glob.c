/* test_glob.c - proves glob.c, also against a matcher that tries everything. */
#include <stdio.h>
#include <string.h>

#include "agent/config/glob.h"
#include "tests/lib/suite.h"

static bool matches(const char *pattern, const char *path)
{
    return skd_glob_matches(pattern, skp_view_of(path));
}

/* The definition, word for word; exponential. */
/* NOLINTNEXTLINE(misc-no-recursion): short texts only. */
static bool is_match(const char *pattern, const char *path)
{
    if (*pattern == '\0') {
        return *path == '\0';
    }
    if (pattern[0] == '*' && pattern[1] == '*') {
        return is_match(pattern + 2, path) ||
               (*path != '\0' && is_match(pattern, path + 1));
    }
    if (*pattern == '*') {
        return is_match(pattern + 1, path) ||
               (*path != '\0' && *path != '/' && is_match(pattern, path + 1));
    }
    return *path != '\0' &&
           (*pattern == '?' ? *path != '/' : *pattern == *path) &&
           is_match(pattern + 1, path + 1);
}

START_TEST(a_star_stays_within_a_part_and_two_do_not)
{
    ck_assert(matches("/system.slice/*.service", "/system.slice/gw.service"));
    ck_assert(!matches("/system.slice/*.service",
                       "/system.slice/x.slice/gw.service"));
    ck_assert(!matches("/system.slice/gw.service",
                       "/user.slice/system.slice/gw.service"));
    ck_assert(matches("/kubepods.slice/**", "/kubepods.slice/a/b/c.scope"));
    ck_assert(!matches("/kubepods.slice/**", "/kubepods.slice"));
    ck_assert(matches("/**/c-*.scope", "/a/b/c-1.scope"));
    ck_assert(matches("/a?c", "/abc"));
    ck_assert(!matches("/a?c", "/a/c"));
    ck_assert(!matches("/a", "/ab"));
    ck_assert(!matches("/ab", "/a"));
    ck_assert(matches("/", "/"));
}
END_TEST

/* All patterns of up to six characters, and paths of five. */
START_TEST(it_says_what_trying_everything_says)
{
    static const char pattern_chars[] = "a/*?";
    static const char path_chars[] = "ab/";
    unsigned n = 0;

    for (unsigned p = 0; p < 1024 * 4; p++) {
        char pattern[7] = "";

        for (unsigned i = 0, rest = p; i < 6; i++, rest /= 4) {
            pattern[i] = pattern_chars[rest % 4];
        }
        for (unsigned q = 0; q < 243; q++) {
            char path[6] = "";

            for (unsigned i = 0, rest = q; i < 5; i++, rest /= 3) {
                path[i] = path_chars[rest % 3];
            }
            for (size_t len = 1; len <= 6; len++) {
                char cut[7] = "";

                memcpy(cut, pattern, len);
                if (matches(cut, path) != is_match(cut, path)) {
                    ck_abort_msg("%s against %s", cut, path);
                }
                n++;
            }
        }
    }
    ck_assert_uint_gt(n, 100000);
}
END_TEST

START_TEST(the_worst_pattern_ends_soon)
{
    char path[4096];

    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ck_assert(!matches("**a**a**a**a**a**a**a**a**b", path));
    ck_assert(!matches("*a*a*a*a*a*a*a*a*a*a*b", path));
}
END_TEST

SKT_SUITE("glob",
          a_star_stays_within_a_part_and_two_do_not,
          it_says_what_trying_everything_says,
          the_worst_pattern_ends_soon)
