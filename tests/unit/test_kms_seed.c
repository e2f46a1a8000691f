/* test_kms_seed.c - the seed that sidekey kms put is given. */
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "libclient/cli/cli_seed.h"
#include "libclient/cli/kms_seed.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t text[SKC_KMS_SEED_MAX];

/* Read from standard input that holds @bytes. */
static enum skp_err
read_input(struct skp_view bytes, const char *path, struct skp_view *ret)
{
    struct skc_cli cli = { .args = { .input = path } };
    struct skp_buf buf = skp_buf_over(text, sizeof text);
    enum skp_err err;

    cli.streams.in_fd = memfd_create("seed", MFD_CLOEXEC);
    ck_assert_int_ge(cli.streams.in_fd, 0);
    ck_assert_int_eq(write(cli.streams.in_fd, bytes.ptr, bytes.len),
                     (ssize_t)bytes.len);
    ck_assert_int_eq(lseek(cli.streams.in_fd, 0, SEEK_SET), 0);
    err = skc_kms_seed_read(&cli, &buf, ret, NULL);
    (void)close(cli.streams.in_fd);
    return err;
}

START_TEST(white_space_around_a_seed_is_left_out)
{
    struct skp_view seed = { NULL, 0 };

    skt_ok(read_input(skp_view_of(" \tQUJD\r\n\n"), NULL, &seed));
    ck_assert(skp_view_equal(seed, skp_view_of("QUJD")));
    skt_ok(read_input(skp_view_of("QU JD"), "-", &seed));
    ck_assert(skp_view_equal(seed, skp_view_of("QU JD")));
    skt_ok(read_input(skp_view_of("\n \n"), NULL, &seed));
    ck_assert_uint_eq(seed.len, 0);
}
END_TEST

START_TEST(a_file_is_read_instead_of_standard_input)
{
    const char *path = skt_file("seed");
    struct skp_view seed = { NULL, 0 };

    skt_file_write(path, skp_view_of("REVG\n"));
    skt_ok(read_input(skp_view_of("QUJD"), path, &seed));
    ck_assert(skp_view_equal(seed, skp_view_of("REVG")));
    skt_err(read_input(skp_view_of("QUJD"), skt_file("absent"), &seed),
            SKP_ERR_NOT_FOUND);
}
END_TEST

START_TEST(what_is_too_long_for_a_seed_is_refused)
{
    static uint8_t bytes[SKC_KMS_SEED_MAX];
    struct skp_view seed = { NULL, 77 };

    memset(bytes, 'A', sizeof bytes);
    skt_ok(
        read_input((struct skp_view){ bytes, sizeof bytes - 1 }, NULL, &seed));
    ck_assert_uint_eq(seed.len, sizeof bytes - 1);
    skt_err(read_input((struct skp_view){ bytes, sizeof bytes }, NULL, &seed),
            SKP_ERR_INVALID_ARGUMENT);
}
END_TEST

START_TEST(generated_seeds_differ)
{
    struct skc_cli cli = { .args = { .generate = true } };
    uint8_t first[SKC_KMS_SEED_MAX];
    struct skp_buf buf = skp_buf_over(first, sizeof first);
    struct skp_buf other = skp_buf_over(text, sizeof text);
    struct skp_view seed = { NULL, 0 };
    struct skp_view again = { NULL, 0 };

    skt_ok(skc_kms_seed_read(&cli, &buf, &seed, NULL));
    skt_ok(skc_kms_seed_read(&cli, &other, &again, NULL));
    ck_assert_uint_eq(seed.len, SKC_CLI_SEED_LEN);
    ck_assert(!skp_view_equal(seed, again));
}
END_TEST

SKT_SUITE("kms_seed",
          white_space_around_a_seed_is_left_out,
          a_file_is_read_instead_of_standard_input,
          what_is_too_long_for_a_seed_is_refused,
          generated_seeds_differ)
