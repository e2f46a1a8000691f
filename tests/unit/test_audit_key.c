/* test_audit_key.c - proves audit_key.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/serve/audit_key.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

#define KEY "0123456789abcdef0123456789abcdef"

static char target[SKT_PATH_MAX + 8];
static char beside[SKT_PATH_MAX + 16];
static struct skp_secret key;
static struct skp_diag diag;

static void set_up(void)
{
    char folder[SKT_PATH_MAX];

    ck_assert(skt_tempdir(folder));
    (void)snprintf(target, sizeof target, "%s/a.log", folder);
    (void)snprintf(beside, sizeof beside, "%s.key", target);
}

static enum skp_err load(const char *path)
{
    skp_secret_clear(&key);
    return skd_audit_key_load(target, path, &skp_random_system, &key, &diag);
}

START_TEST(a_named_key_is_read_and_a_missing_one_not_made)
{
    set_up();
    skt_err(load(beside), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_ptr_nonnull(strstr(diag.text, beside));
    ck_assert_int_ne(access(beside, F_OK), 0);
    ck_assert(skt_write_file(beside, KEY "\n", 0600));
    skt_ok(load(beside));
    skt_bytes_eq(skp_secret_view(&key), skp_view_of(KEY));
    skp_secret_done(&key);
}
END_TEST

START_TEST(without_a_name_it_is_made_once_beside_the_log)
{
    struct stat there;
    char *text;

    set_up();
    skt_ok(load(NULL));
    ck_assert_int_eq(stat(beside, &there), 0);
    ck_assert_uint_eq(there.st_mode & 07777, 0600);
    text = skt_read_file(beside, NULL);
    ck_assert_uint_eq(strlen(text), 65);
    text[64] = '\0';
    skt_bytes_eq(skp_secret_view(&key), skp_view_of(text));
    skt_ok(load(NULL));
    skt_bytes_eq(skp_secret_view(&key), skp_view_of(text));
    free(text);
    skp_secret_done(&key);
}
END_TEST

START_TEST(a_log_that_has_lost_its_key_gets_no_new_one)
{
    set_up();
    ck_assert(skt_write_file(target, "a line\n", 0600));
    skt_err(load(NULL), SKP_ERR_FAILED_PRECONDITION);
    ck_assert_int_ne(access(beside, F_OK), 0);
}
END_TEST

START_TEST(keys_of_the_wrong_length_are_refused)
{
    static char text[SKP_AUDIT_KEY_MAX + 2];

    set_up();
    ck_assert(skt_write_file(beside, "too short\n", 0600));
    skt_err(load(beside), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_ptr_null(strstr(diag.text, "too short"));
    memset(text, 'k', sizeof text - 1);
    ck_assert(skt_write_file(beside, text, 0600));
    skt_err(load(beside), SKP_ERR_INVALID_ARGUMENT);
    skt_err(load("/"), SKP_ERR_INVALID_ARGUMENT);
    ck_assert_uint_eq(key.len, 0);
    skp_secret_done(&key);
}
END_TEST

START_TEST(standard_error_gets_another_key_each_time)
{
    uint8_t first[64];

    (void)strcpy(target, "stderr");
    skt_ok(load(NULL));
    ck_assert_uint_eq(key.len, sizeof first);
    memcpy(first, key.bytes, sizeof first);
    skt_ok(load(NULL));
    ck_assert_mem_ne(first, key.bytes, sizeof first);
    ck_assert_int_ne(access("stderr.key", F_OK), 0);
    skp_secret_done(&key);
}
END_TEST

SKT_SUITE("audit_key",
          a_named_key_is_read_and_a_missing_one_not_made,
          without_a_name_it_is_made_once_beside_the_log,
          a_log_that_has_lost_its_key_gets_no_new_one,
          keys_of_the_wrong_length_are_refused,
          standard_error_gets_another_key_each_time)
