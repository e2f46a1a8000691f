/* test_cmd_keygen.c - sidekey keygen. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli.h"
#include "protocol/key.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

START_TEST(prints_a_seed_to_a_pipe)
{
    struct skt_run run = { .code = -1 };
    uint8_t key[SKP_KEY_LEN];

    skt_cli(&run, NULL, "keygen");
    ck_assert_int_eq(run.code, 0);
    ck_assert_uint_eq(run.out_len, 65);
    skt_ok(skp_key_from_seed(skp_view_of(run.out), key, NULL));
    skt_run_done(&run);
}
END_TEST

START_TEST(a_file_is_private_and_never_overwritten)
{
    struct skt_run run = { .code = -1 };
    uint8_t before[128];
    uint8_t after[128];
    struct stat there;

    skt_cli(&run, NULL, "keygen", "-o", skt_file("seed"));
    ck_assert_int_eq(run.code, 0);
    ck_assert_uint_eq(run.out_len, 0);
    ck_assert_int_eq(stat(skt_file("seed"), &there), 0);
    ck_assert_uint_eq(there.st_mode & 0777, 0600);
    ck_assert_uint_eq(skt_file_read(skt_file("seed"), before, sizeof before),
                      65);
    skt_cli(&run, NULL, "keygen", "-f", "-o", skt_file("seed"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_uint_eq(skt_file_read(skt_file("seed"), after, sizeof after), 65);
    ck_assert(skp_equal_ct(before, after, 65));
    skt_run_done(&run);
}
END_TEST

/* Run it with a terminal as standard output. */
static int run_at_terminal(int argc, const char *const *words)
{
    int terminal = posix_openpt(O_RDWR | O_NOCTTY);
    char text[512] = "";
    struct skc_streams streams = { -1,
                                   fdopen(terminal, "w"),
                                   fmemopen(text, sizeof text, "w"),
                                   NULL,
                                   false,
                                   false };
    char *argv[4] = { NULL };
    int code;

    for (int i = 0; i < argc; i++) {
        argv[i] = strdup(words[i]);
    }
    code = skc_cli_run(argc, argv, &streams);
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
    ck_assert_int_eq(fclose(streams.err), 0);
    ck_assert_int_eq(fclose(streams.out), 0);
    ck_assert_int_eq(strstr(text, "a seed is a secret") != NULL, code != 0);
    return code;
}

START_TEST(a_terminal_is_refused_without_force)
{
    static const char *const plain[] = { "sidekey", "keygen" };
    static const char *const dash[] = { "sidekey", "keygen", "-o-" };
    static const char *const forced[] = { "sidekey", "keygen", "-f" };

    ck_assert_int_eq(run_at_terminal(2, plain), 1);
    ck_assert_int_eq(run_at_terminal(3, dash), 1);
    ck_assert_int_eq(run_at_terminal(3, forced), 0);
}
END_TEST

SKT_SUITE("cmd_keygen",
          prints_a_seed_to_a_pipe,
          a_file_is_private_and_never_overwritten,
          a_terminal_is_refused_without_force)
