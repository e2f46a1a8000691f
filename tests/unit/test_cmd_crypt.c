/* test_cmd_crypt.c - sidekey encrypt and sidekey decrypt. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t plain[150000];
static uint8_t file_bytes[SKT_RUN_MAX];

static void fill_plain(void)
{
    for (size_t i = 0; i < sizeof plain; i++) {
        plain[i] = (uint8_t)(i * 31 + i / 251);
    }
}

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part,
                  text);
}

/* Encrypt @len bytes with more words, from pipe to pipe, and decrypt. */
static void round_trip(const struct skt_agent *agent,
                       size_t len,
                       size_t overhead,
                       const char *option)
{
    const char *path = skt_agent_path(agent);
    struct skt_run sealed = { .input = { plain, len } };
    struct skt_run opened = { .code = -1 };

    skt_cli(&sealed, path, "encrypt", SKT_TENANT, option);
    ck_assert_str_eq(sealed.err, "");
    ck_assert_int_eq(sealed.code, 0);
    ck_assert_uint_eq(sealed.out_len, len + overhead);
    opened.input =
        (struct skp_view){ (const uint8_t *)sealed.out, sealed.out_len };
    skt_cli(&opened, path, "decrypt", SKT_TENANT, option);
    ck_assert_str_eq(opened.err, "");
    ck_assert_int_eq(opened.code, 0);
    skt_bytes_eq(
        (struct skp_view){ (const uint8_t *)opened.out, opened.out_len },
        (struct skp_view){ plain, len });
    skt_run_done(&sealed);
    skt_run_done(&opened);
}

START_TEST(any_length_and_suite_goes_round)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);

    fill_plain();
    round_trip(agent, 0, 96 + 56 + 16, "--suite=2");
    round_trip(agent, 1, 96 + 56 + 16, "--aad=row 7");
    round_trip(agent, 16384, 96 + 56 + 2 * 16, "--suite=x25519-hpke-aes256gcm");
    round_trip(agent, sizeof plain, 96 + 56 + 10 * 16, "--suite=2");
    round_trip(agent, sizeof plain, 48, "--suite=1");
    round_trip(agent, sizeof plain, 32, "--raw");
    round_trip(agent, 0, 48, "--suite=x25519-aes256ctr");
    skt_agent_stop(&agent);
}
END_TEST

/* Seal to the file `sealed`, and give its length. */
static size_t seal_to_file(const struct skt_agent *agent, size_t len)
{
    struct skt_run run = { .input = { plain, len } };

    fill_plain();
    skt_cli(&run, skt_agent_path(agent), "encrypt", "-f", "-o",
            skt_file("sealed"), SKT_TENANT);
    ck_assert_str_eq(run.err, "");
    ck_assert_uint_eq(run.out_len, 0);
    skt_run_done(&run);
    return skt_file_read(skt_file("sealed"), file_bytes, sizeof file_bytes);
}

START_TEST(files_appear_whole_and_private)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    struct stat there;

    (void)seal_to_file(agent, sizeof plain);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("sealed"), "-o", skt_file("opened"));
    ck_assert_str_eq(run.err, "");
    ck_assert_int_eq(stat(skt_file("opened"), &there), 0);
    ck_assert_uint_eq(there.st_mode & 0777, 0600);
    ck_assert_uint_eq(
        skt_file_read(skt_file("opened"), file_bytes, sizeof file_bytes),
        sizeof plain);
    ck_assert_int_eq(memcmp(file_bytes, plain, sizeof plain), 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(nothing_is_overwritten_without_force)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    (void)seal_to_file(agent, 10);
    skt_file_write(skt_file("there"), (struct skp_view){ plain, 3 });
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("sealed"), "-o", skt_file("there"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "ALREADY_EXISTS");
    ck_assert_uint_eq(skt_file_read(skt_file("there"), file_bytes, 100), 3);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("sealed"), "-o", skt_file("there"), "--force");
    ck_assert_int_eq(run.code, 0);
    ck_assert_uint_eq(skt_file_read(skt_file("there"), file_bytes, 100), 10);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("sealed"), "-o", skt_file("sealed"), "--force");
    ck_assert_int_eq(run.code, 1);
    has(run.err, "input and output are the same file");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(changed_or_cut_data_leaves_no_output)
{
    static const size_t places[] = { 20, 60, 100, 130, 160, 40000, 149000 };
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    size_t len = seal_to_file(agent, sizeof plain);
    struct skt_run run = { .code = -1 };

    for (size_t i = 0; i < SKP_ARRAY_LEN(places); i++) {
        file_bytes[places[i]] ^= 1;
        run.input = (struct skp_view){ file_bytes, len };
        skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT);
        ck_assert_int_eq(run.code, 1);
        ck_assert_uint_eq(run.out_len, 0);
        skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-o",
                skt_file("bad"));
        ck_assert_int_eq(run.code, 1);
        ck_assert_int_ne(access(skt_file("bad"), F_OK), 0);
        file_bytes[places[i]] ^= 1;
    }
    for (size_t cut = 0; cut < len; cut += 1 + len / 37) {
        run.input = (struct skp_view){ file_bytes, cut };
        skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT);
        ck_assert_int_eq(run.code, 1);
        ck_assert_uint_eq(run.out_len, 0);
    }
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(aad_and_suite_are_demanded)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    size_t len = seal_to_file(agent, 100);
    struct skt_run run = { .input = { file_bytes, len } };
    struct skt_run weak = { .input = { plain, 5 } };

    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "--aad", "x");
    ck_assert_int_eq(run.code, 1);
    has(run.err, "DATA_LOSS");
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "--suite", "1");
    ck_assert_int_eq(run.code, 1);
    has(run.err, "INVALID_ARGUMENT");
    skt_cli(&weak, skt_agent_path(agent), "encrypt", SKT_TENANT, "--suite=1");
    run.input = (struct skp_view){ (const uint8_t *)weak.out, weak.out_len };
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT);
    ck_assert_int_eq(run.code, 1);
    has(run.err, "INVALID_ARGUMENT");
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "--any-suite");
    ck_assert_int_eq(run.code, 0);
    ck_assert_uint_eq(run.out_len, 5);
    skt_agent_stop(&agent);
    skt_run_done(&run);
    skt_run_done(&weak);
}
END_TEST

START_TEST(missing_files_and_keys_are_told)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-i",
            skt_file("absent"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "NOT_FOUND");
    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-o",
            "/nonexistent/x");
    ck_assert_int_eq(run.code, 1);
    has(run.err, "/nonexistent/x: No such file or directory");
    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT_OLD);
    ck_assert_int_eq(run.code, 1);
    has(run.err, "FAILED_PRECONDITION: the key may only decrypt");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

static void is_plain(const char *path, size_t len)
{
    ck_assert_uint_eq(skt_file_read(path, file_bytes, sizeof file_bytes), len);
    ck_assert_int_eq(memcmp(file_bytes, plain, len), 0);
}

START_TEST(files_are_named_after_each_other)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    const char *path = skt_agent_path(agent);
    struct skt_run run = { .code = -1 };

    fill_plain();
    skt_file_write(skt_file("one"), (struct skp_view){ plain, 1 });
    skt_file_write(skt_file("two"), (struct skp_view){ plain, 20000 });
    skt_cli(&run, path, "encrypt", SKT_TENANT, skt_file("one"),
            skt_file("two"));
    ck_assert_str_eq(run.err, "");
    ck_assert_int_eq(run.code, 0);
    ck_assert_int_eq(mkdir(skt_file("folder"), 0700), 0);
    skt_cli(&run, path, "decrypt", SKT_TENANT, "-o", skt_file("folder"),
            skt_file("one.ske"), skt_file("two.ske"));
    ck_assert_str_eq(run.err, "");
    is_plain(skt_file("folder/one"), 1);
    is_plain(skt_file("folder/two"), 20000);
    /* Beside, where the plaintext is still. */
    skt_cli(&run, path, "decrypt", SKT_TENANT, skt_file("two.ske"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "ALREADY_EXISTS");
    skt_cli(&run, path, "decrypt", SKT_TENANT, skt_file("two.ske"), "-o",
            skt_file("three"));
    is_plain(skt_file("three"), 20000);
    skt_cli(&run, path, "decrypt", SKT_TENANT, skt_file("one.ske"), "-o", "-");
    ck_assert_uint_eq(run.out_len, 1);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(every_file_is_tried_and_failures_name_it)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    fill_plain();
    skt_file_write(skt_file("good"), (struct skp_view){ plain, 5 });
    skt_file_write(skt_file("bad.ske"), (struct skp_view){ plain, 500 });
    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT,
            skt_file("absent"), skt_file("bad.ske"), skt_file("good"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "/absent: No such file or directory\n");
    has(run.err, "/bad.ske: ends in .ske already");
    ck_assert_int_eq(access(skt_file("good.ske"), F_OK), 0);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-f",
            skt_file("bad.ske"), skt_file("good"), skt_file("good.ske"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "/bad.ske: ");
    has(run.err, "/good: does not end in .ske");
    is_plain(skt_file("good"), 5);
    ck_assert_int_ne(access(skt_file("bad"), F_OK), 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(words_that_do_not_go_together_are_misuse)
{
    static const struct {
        const char *words[6];
        size_t n;
        const char *text;
    } cases[] = {
        { { "encrypt", "t", "a", "-i", "b" }, 5, "by -i or as words" },
        { { "encrypt", "t", "a", "b", "-o", "/dev/null" }, 6, "no folder" },
        { { "encrypt", "t", "-" }, 3, "standard input is -i -" },
        { { "encrypt", "t", "--range", "0-1" }, 4, "no such option here" },
        { { "decrypt", "t", "--range", "1" }, 4, "none of A-B, A- and -N" },
        { { "decrypt", "t", "--range=0-1", "a", "b" }, 5, "wants one file" },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(cases); i++) {
        struct skt_run run = { .code = -1 };

        skt_cli_words(&run, "/nonexistent", cases[i].words, cases[i].n);
        ck_assert_int_eq(run.code, 64);
        has(run.err, cases[i].text);
        skt_run_done(&run);
    }
}
END_TEST

START_TEST(a_rewrap_that_was_cut_short_is_pointed_to)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    size_t len = seal_to_file(agent, 10);

    file_bytes[70] ^= 1;
    skt_file_write(skt_file("torn"), (struct skp_view){ file_bytes, len });
    skt_file_write(skt_file("torn.ske-rewrap"), skp_view_of(""));
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("torn"));
    ck_assert_int_eq(run.code, 1);
    has(run.err, "a rewrap of it was cut short");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_crypt",
          files_are_named_after_each_other,
          every_file_is_tried_and_failures_name_it,
          words_that_do_not_go_together_are_misuse,
          a_rewrap_that_was_cut_short_is_pointed_to,
          any_length_and_suite_goes_round,
          files_appear_whole_and_private,
          nothing_is_overwritten_without_force,
          changed_or_cut_data_leaves_no_output,
          aad_and_suite_are_demanded,
          missing_files_and_keys_are_told)
