/* test_tls_files.c - TLS files that change, for better and for worse. */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "agent/source/net/tls_files.h"
#include "tests/lib/daemon.h"
#include "tests/lib/pki.h"
#include "tests/lib/suite.h"

static char dir[SKT_PATH_MAX];
static struct skt_cert *ca;
static struct skt_cert *one;
static struct skt_cert *two;
static struct skt_cert *expired;
static struct skt_cert *future;
static char key_file[SKT_PATH_MAX + 8];
static char cert_file[SKT_PATH_MAX + 8];
static char ca_file[SKT_PATH_MAX + 8];
static int64_t now_s;

static void make_certificates(void)
{
    struct skt_cert_wish wish = { .name = "ca0", .is_ca = true };

    if (ca != NULL) {
        return;
    }
    ck_assert(skt_tempdir(dir));
    now_s = time(NULL);
    ca = skt_pki_make(dir, &wish);
    wish = (struct skt_cert_wish){ .name = "one",
                                   .is_client = true,
                                   .issuer = ca };
    one = skt_pki_make(dir, &wish);
    wish.name = "two";
    wish.not_after_s = 40000;
    two = skt_pki_make(dir, &wish);
    wish.name = "expired";
    wish.not_before_s = -7200;
    wish.not_after_s = -3600;
    expired = skt_pki_make(dir, &wish);
    wish.name = "future";
    wish.not_before_s = 3600;
    wish.not_after_s = 7200;
    future = skt_pki_make(dir, &wish);
    (void)snprintf(key_file, sizeof key_file, "%s/key", dir);
    (void)snprintf(cert_file, sizeof cert_file, "%s/cert", dir);
    (void)snprintf(ca_file, sizeof ca_file, "%s/ca", dir);
}

static void put(const char *path, const char *text)
{
    ck_assert(skt_write_file(path, text, 0600));
}

static void put_pair(const struct skt_cert *pair)
{
    put(key_file, pair->key);
    put(cert_file, pair->cert);
}

/* Files over the three paths, with the pair `one` in use. */
static struct skd_tls_files *open_files(struct skd_tls_config *config)
{
    struct skd_tls_files *files = NULL;

    make_certificates();
    *config = (struct skd_tls_config){ .key_file = key_file,
                                       .cert_file = cert_file,
                                       .ca_file = ca_file,
                                       .server_name = "kms.test" };
    put_pair(one);
    put(ca_file, ca->cert);
    skt_ok(skd_tls_files_new(config, &files));
    ck_assert(skd_tls_files_config(files) == config);
    ck_assert(skd_tls_files_read(files, now_s));
    ck_assert_str_eq(skd_tls_files_trouble(files), "");
    return files;
}

static void close_files(struct skd_tls_files **files)
{
    skd_tls_files_free(files);
    ck_assert_ptr_null(*files);
    skd_tls_files_free(files);
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static void check_in_use(const struct skd_tls_files *files,
                         const struct skt_cert *pair,
                         const char *authority)
{
    const struct skd_tls_config *config = skd_tls_files_config(files);

    ck_assert(skp_view_equal(config->key, skp_view_of(pair->key)));
    ck_assert(skp_view_equal(config->cert, skp_view_of(pair->cert)));
    ck_assert(skp_view_equal(config->ca, skp_view_of(authority)));
    ck_assert_ptr_null(config->key_file);
    ck_assert_ptr_null(config->cert_file);
    ck_assert_ptr_null(config->ca_file);
    ck_assert_str_eq(config->server_name, "kms.test");
}

START_TEST(a_good_new_pair_is_used_from_the_next_read_on)
{
    struct skd_tls_config config;
    struct skd_tls_files *files = open_files(&config);
    struct skd_cert before = skd_tls_files_cert(files);

    check_in_use(files, one, ca->cert);
    ck_assert(!skd_tls_files_read(files, now_s));
    put_pair(two);
    check_in_use(files, one, ca->cert);
    ck_assert(skd_tls_files_read(files, now_s));
    check_in_use(files, two, ca->cert);
    ck_assert_int_gt(before.not_after_s, now_s + 80000);
    ck_assert_int_lt(skd_tls_files_cert(files).not_after_s, now_s + 41000);
    put(ca_file, two->cert);
    ck_assert(skd_tls_files_read(files, now_s));
    check_in_use(files, two, two->cert);
    close_files(&files);
}
END_TEST

/* After @put was done to the files, the former pair stays in use and what is
 * wrong is named with @words; a good pair helps. */
static void check_kept(void (*change)(void), const char *words)
{
    struct skd_tls_config config;
    struct skd_tls_files *files = open_files(&config);

    change();
    for (int i = 0; i < 2; i++) {
        ck_assert(!skd_tls_files_read(files, now_s));
        check_in_use(files, one, ca->cert);
        ck_assert_msg(strstr(skd_tls_files_trouble(files), words) != NULL, "%s",
                      skd_tls_files_trouble(files));
        ck_assert_ptr_null(strstr(skd_tls_files_trouble(files), "BEGIN"));
    }
    put_pair(two);
    put(ca_file, ca->cert);
    ck_assert(skd_tls_files_read(files, now_s));
    ck_assert_str_eq(skd_tls_files_trouble(files), "");
    check_in_use(files, two, ca->cert);
    close_files(&files);
}

static void remove_key(void)
{
    ck_assert_int_eq(unlink(key_file), 0);
}

static void remove_ca(void)
{
    ck_assert_int_eq(unlink(ca_file), 0);
}

static void replace_half(void)
{
    put(cert_file, two->cert);
}

static void spoil_cert(void)
{
    put(cert_file, "-----BEGIN CERTIFICATE-----\ngarbage\n");
}

static void empty_key(void)
{
    put(key_file, "");
}

static void spoil_ca(void)
{
    put(ca_file, "no PEM at all");
}

static void cut_key(void)
{
    char text[64];

    (void)snprintf(text, sizeof text, "%.60s", one->key);
    put(key_file, text);
}

static void put_expired(void)
{
    put_pair(expired);
}

static void put_future(void)
{
    put_pair(future);
}

START_TEST(a_bad_new_pair_keeps_the_old_one_in_use_and_is_named)
{
    check_kept(remove_key, "key: No such file or directory");
    check_kept(remove_ca, "ca: No such file or directory");
    check_kept(replace_half, "tls key does not belong to tls cert");
    check_kept(spoil_cert, "tls cert is no PEM certificate");
    check_kept(empty_key, "key: is empty");
    check_kept(cut_key, "tls key is no PEM private key");
    check_kept(spoil_ca, "tls ca is no PEM certificate");
    check_kept(put_expired, "tls cert has expired");
    check_kept(put_future, "tls cert is not yet valid");
}
END_TEST

START_TEST(what_is_in_use_and_expires_stays_in_use)
{
    struct skd_tls_config config;
    struct skd_tls_files *files = open_files(&config);

    ck_assert(!skd_tls_files_read(files, now_s + 1000000));
    check_in_use(files, one, ca->cert);
    ck_assert_str_eq(skd_tls_files_trouble(files), "");
    close_files(&files);
}
END_TEST

START_TEST(without_a_former_pair_the_configuration_speaks_for_itself)
{
    struct skd_tls_config config = { .key_file = key_file,
                                     .cert_file = cert_file };
    struct skd_tls_files *files = NULL;

    make_certificates();
    put_pair(one);
    replace_half();
    skt_ok(skd_tls_files_new(&config, &files));
    ck_assert(!skd_tls_files_read(files, now_s));
    ck_assert(!skd_tls_files_is_ready(files));
    ck_assert(skd_tls_files_config(files) == &config);
    ck_assert_str_eq(skd_tls_files_trouble(files),
                     "tls key does not belong to tls cert");
    ck_assert_int_eq(skd_tls_files_cert(files).not_after_s, 0);
    /* An expired one is better than none: the server will say so. */
    put_expired();
    ck_assert(skd_tls_files_read(files, now_s));
    ck_assert(skd_tls_files_is_ready(files));
    ck_assert_int_lt(skd_tls_files_cert(files).not_after_s, now_s);
    close_files(&files);
}
END_TEST

START_TEST(inline_texts_and_none_at_all_are_taken_as_they_are)
{
    struct skd_tls_config config = { .key_file = NULL };
    struct skd_tls_files *files = NULL;

    make_certificates();
    skt_ok(skd_tls_files_new(&config, &files));
    ck_assert(skd_tls_files_read(files, now_s));
    ck_assert_uint_eq(skd_tls_files_config(files)->key.len, 0);
    ck_assert_int_eq(skd_tls_files_cert(files).not_after_s, 0);
    close_files(&files);

    config.key = skp_view_of(one->key);
    config.cert = skp_view_of(one->cert);
    skt_ok(skd_tls_files_new(&config, &files));
    ck_assert(skd_tls_files_read(files, now_s));
    ck_assert(!skd_tls_files_read(files, now_s));
    ck_assert(skp_view_equal(skd_tls_files_config(files)->cert, config.cert));
    ck_assert_int_gt(skd_tls_files_cert(files).not_after_s, now_s);
    close_files(&files);
}
END_TEST

SKT_SUITE("tls_files",
          a_good_new_pair_is_used_from_the_next_read_on,
          a_bad_new_pair_keeps_the_old_one_in_use_and_is_named,
          what_is_in_use_and_expires_stays_in_use,
          without_a_former_pair_the_configuration_speaks_for_itself,
          inline_texts_and_none_at_all_are_taken_as_they_are)
