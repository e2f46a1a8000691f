/* test_cli_range.c - parts of envelopes. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_range.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

#define CHUNK 16384u

static uint8_t plain[4 * CHUNK + 1000];
static uint8_t sealed[5 * CHUNK];

START_TEST(the_words_of_a_range_are_those_of_http)
{
    static const struct {
        const char *text;
        struct sidekey_range range;
    } cases[] = {
        { "0-0", { .at = 0, .len = 1 } },
        { "5-9", { .at = 5, .len = 5 } },
        { "7-", { .at = 7, .len = SIDEKEY_TO_END } },
        { "-3", { .len = 3, .is_suffix = true } },
        { "0-18446744073709551615", { .len = SIDEKEY_TO_END } },
        { "18446744073709551615-",
          { .at = UINT64_MAX, .len = SIDEKEY_TO_END } },
    };
    static const char *const bad[] = {
        "",
        "-",
        "5",
        "5-4",
        "a-b",
        "1-b",
        "+1-2",
        "-0",
        "1-2-",
        "--1",
        " 1-2",
        "1 -2",
        "1-2,4-5",
        "18446744073709551616-",
        "0-99999999999999999999",
        "0x1-2",
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct sidekey_range range = { .at = 99 };

        skt_ok(skc_cli_range_parse(cases[i].text, &range));
        ck_assert(range.at == cases[i].range.at);
        ck_assert(range.is_suffix == cases[i].range.is_suffix);
        ck_assert(range.len == cases[i].range.len);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(bad); i++) {
        struct sidekey_range range = { .at = 99 };

        skt_err(skc_cli_range_parse(bad[i], &range), SKP_ERR_INVALID_ARGUMENT);
        ck_assert_uint_eq(range.at, 99);
    }
}
END_TEST

/* Seal the first @len bytes to the file `sealed`. */
static size_t seal(const struct skt_agent *agent, size_t len, const char *suite)
{
    struct skt_run run = { .input = { plain, len } };

    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 31 + i / 251);
    }
    skt_cli(&run, skt_agent_path(agent), "encrypt", "-f", "-o",
            skt_file("sealed"), SKT_TENANT, suite);
    ck_assert_str_eq(run.err, "");
    skt_run_done(&run);
    return skt_file_read(skt_file("sealed"), sealed, sizeof sealed);
}

static int read_range(const struct skt_agent *agent,
                      const char *range,
                      const char *suite,
                      struct skt_run *run)
{
    skt_cli(run, skt_agent_path(agent), "decrypt", SKT_TENANT, "--range", range,
            suite, skt_file("sealed"));
    return run->code;
}

static void
expect(const struct skt_agent *agent, const char *suite, size_t at, size_t n)
{
    struct skt_run run = { .code = -1 };
    char range[64];

    (void)snprintf(range, sizeof range, "%zu-%zu", at, at + n - 1);
    ck_assert_int_eq(read_range(agent, range, suite, &run), 0);
    skt_bytes_eq((struct skp_view){ (const uint8_t *)run.out, run.out_len },
                 (struct skp_view){ plain + at, n });
    skt_run_done(&run);
}

START_TEST(every_range_is_that_part_of_the_whole)
{
    static const char *const suites[] = { "--suite=2", "--suite=1", "--raw" };
    static const size_t edges[] = { 0,
                                    1,
                                    CHUNK - 1,
                                    CHUNK,
                                    CHUNK + 1,
                                    2 * CHUNK,
                                    4 * CHUNK - 1,
                                    4 * CHUNK,
                                    sizeof plain - 1 };
    struct skt_agent *agent = skt_agent_start(NULL, 0);

    for (size_t s = 0; s < SKP_ARRAY_LEN(suites); s++) {
        (void)seal(agent, sizeof plain, suites[s]);
        for (size_t i = 0; i < SKP_ARRAY_LEN(edges); i++) {
            for (size_t j = i; j < SKP_ARRAY_LEN(edges); j++) {
                expect(agent, suites[s], edges[i], edges[j] - edges[i] + 1);
            }
        }
    }
    skt_agent_stop(&agent);
}
END_TEST

START_TEST(open_ends_and_ends_beyond_the_end_are_cut)
{
    static const struct {
        const char *range;
        size_t len;
        size_t n;
    } cases[] = {
        { "0-", 0x8000, 0x8000 },     { "0x", 0, 0 },
        { "32767-", 0x8000, 1 },      { "-1", 0x8000, 1 },
        { "-99999", 0x8000, 0x8000 }, { "-5", 0, 0 },
        { "10-99999999999", 20, 10 }, { "-17", 1, 1 },
    };
    struct skt_agent *agent = skt_agent_start(NULL, 0);

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skt_run run = { .code = -1 };
        int code = strchr(cases[i].range, 'x') != NULL ? 64 : 0;

        (void)seal(agent, cases[i].len, "--suite=2");
        ck_assert_int_eq(read_range(agent, cases[i].range, "--suite=2", &run),
                         code);
        ck_assert_uint_eq(run.out_len, cases[i].n);
        ck_assert_int_eq(
            memcmp(run.out, plain + cases[i].len - cases[i].n, cases[i].n), 0);
        skt_run_done(&run);
    }
    skt_agent_stop(&agent);
}
END_TEST

START_TEST(a_range_behind_the_end_is_refused)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    (void)seal(agent, CHUNK, "--suite=2");
    ck_assert_int_eq(read_range(agent, "16384-", "--suite=2", &run), 1);
    ck_assert_ptr_nonnull(strstr(run.err, "INVALID_ARGUMENT"));
    ck_assert_int_eq(read_range(agent, "99999-100000", "--suite=2", &run), 1);
    (void)seal(agent, 0, "--suite=2");
    ck_assert_int_eq(read_range(agent, "0-", "--suite=2", &run), 1);
    ck_assert_uint_eq(run.out_len, 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

/* Write the file with one bit changed, or cut to @len. */
static void spoil(size_t place, size_t len)
{
    sealed[place] ^= 1;
    skt_file_write(skt_file("sealed"), (struct skp_view){ sealed, len });
    sealed[place] ^= 1;
}

START_TEST(only_what_the_range_needs_is_read_and_all_of_that_is_verified)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    size_t len = seal(agent, sizeof plain, "--suite=2");

    /* The third chunk: of no concern to a range of the first. */
    spoil(152 + 2 * (CHUNK + 16) + 5, len);
    ck_assert_int_eq(read_range(agent, "0-100", "--suite=2", &run), 0);
    ck_assert_int_eq(read_range(agent, "0-32768", "--suite=2", &run), 1);
    ck_assert_ptr_nonnull(strstr(run.err, "DATA_LOSS"));
    ck_assert_uint_eq(run.out_len, 0);
    /* Header, salt, commitment. */
    spoil(50, len);
    ck_assert_int_eq(read_range(agent, "0-0", "--suite=2", &run), 1);
    spoil(130, len);
    ck_assert_int_eq(read_range(agent, "0-0", "--suite=2", &run), 1);
    /* A cut inside the last chunk: found by who relies on the length. */
    skt_file_write(skt_file("sealed"), (struct skp_view){ sealed, len - 10 });
    ck_assert_int_eq(read_range(agent, "0-9", "--suite=2", &run), 0);
    ck_assert_int_eq(read_range(agent, "-5", "--suite=2", &run), 1);
    ck_assert_ptr_nonnull(strstr(run.err, "DATA_LOSS"));
    ck_assert_int_eq(read_range(agent, "0-99999999", "--suite=2", &run), 1);
    /* And at the border of a chunk. */
    skt_file_write(skt_file("sealed"),
                   (struct skp_view){ sealed, 152 + 2 * (CHUNK + 16) });
    ck_assert_int_eq(read_range(agent, "0-9", "--suite=2", &run), 1);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(suite_and_aad_are_demanded_and_pipes_cannot_seek)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    int ends[2];
    int saved;

    (void)seal(agent, 100, "--suite=1");
    ck_assert_int_eq(read_range(agent, "0-9", "-q", &run), 1);
    ck_assert_ptr_nonnull(strstr(run.err, "INVALID_ARGUMENT"));
    ck_assert_int_eq(read_range(agent, "0-9", "--any-suite", &run), 0);
    (void)seal(agent, 100, "--aad=x");
    ck_assert_int_eq(read_range(agent, "0-9", "--aad=y", &run), 1);
    ck_assert_int_eq(read_range(agent, "0-9", "--aad=x", &run), 0);
    ck_assert_int_eq(pipe(ends), 0);
    saved = dup(0);
    ck_assert_int_eq(dup2(ends[0], 0), 0);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "--range=0-1",
            "-i", "/dev/stdin");
    ck_assert_int_eq(dup2(saved, 0), 0);
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "wants a file, to seek in"));
    ck_assert_int_eq(close(ends[0]) | close(ends[1]) | close(saved), 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cli_range",
          the_words_of_a_range_are_those_of_http,
          every_range_is_that_part_of_the_whole,
          open_ends_and_ends_beyond_the_end_are_cut,
          a_range_behind_the_end_is_refused,
          only_what_the_range_needs_is_read_and_all_of_that_is_verified,
          suite_and_aad_are_demanded_and_pipes_cannot_seek)
