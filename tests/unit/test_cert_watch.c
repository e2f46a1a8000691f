/* test_cert_watch.c - what is told of certificates near their end, and of TLS
 * files that are not used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/refresh/cert_watch.h"
#include "agent/sys/log.h"
#include "tests/lib/source_fake.h"
#include "tests/lib/suite.h"

#define DAY_S INT64_C(86400)
#define NOW_S INT64_C(1700000000)

static struct skd_cert_watch watch;
static struct skt_source *list;
static struct skt_source *kms;
static struct skd_chain chain;
static char text[4096]; /* what the last look logged */

static void begin(void)
{
    memset(&watch, 0, sizeof watch);
    list = skt_source_new(false);
    kms = skt_source_new(true);
    chain = (struct skd_chain){ &list->base, { NULL, &kms->base } };
    skd_log_configure(SKD_LOG_DEBUG, false);
}

static void end(void)
{
    skd_chain_free(&chain);
}

/* Look at what the key server's source reports @after_s after NOW_S. */
static void look(const struct skd_source_report *report, int64_t after_s)
{
    struct skd_run *run = NULL;
    FILE *file = tmpfile();
    int saved = dup(STDERR_FILENO);

    ck_assert(file != NULL && saved >= 0);
    skt_ok(skd_run_new(&run));
    run->chain = &chain;
    run->sources[2].was_asked = true;
    run->sources[2].report = *report;
    ck_assert_int_ge(dup2(fileno(file), STDERR_FILENO), 0);
    skd_cert_watch_add(&watch, run, NOW_S + after_s);
    ck_assert_int_ge(dup2(saved, STDERR_FILENO), 0);
    memset(text, 0, sizeof text);
    ck_assert_int_ge(pread(fileno(file), text, sizeof text - 1, 0), 0);
    (void)close(saved);
    (void)fclose(file);
    skd_run_free(&run);
}

static bool has_told(const char *words)
{
    return strstr(text, words) != NULL;
}

static bool is_silent(void)
{
    return text[0] == '\0';
}

static struct skd_source_report report_of(int64_t not_after_s, uint8_t id)
{
    struct skd_source_report report = { .n_certs = 0 };
    const struct skd_cert cert = { not_after_s, { id } };

    skd_source_report_cert(&report, "kms client", &cert);
    return report;
}

START_TEST(the_stages_begin_at_30_days_7_days_1_day_and_the_end)
{
    static const struct {
        int64_t left_s;
        enum skd_cert_stage stage;
    } rows[] = {
        { 31 * DAY_S, SKD_CERT_GOOD },    { 30 * DAY_S + 1, SKD_CERT_GOOD },
        { 30 * DAY_S, SKD_CERT_30_DAYS }, { 7 * DAY_S + 1, SKD_CERT_30_DAYS },
        { 7 * DAY_S, SKD_CERT_7_DAYS },   { DAY_S + 1, SKD_CERT_7_DAYS },
        { DAY_S, SKD_CERT_1_DAY },        { 0, SKD_CERT_1_DAY },
        { -1, SKD_CERT_EXPIRED },         { -99 * DAY_S, SKD_CERT_EXPIRED },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        ck_assert_int_eq(skd_cert_watch_stage(NOW_S + rows[i].left_s, NOW_S),
                         rows[i].stage);
    }
}
END_TEST

START_TEST(each_stage_of_a_certificate_is_told_once)
{
    static const struct {
        int64_t after_s;
        const char *words; /* NULL: nothing is logged */
    } rows[] = {
        { 0, NULL },
        { 11 * DAY_S, "level=warn msg=\"TLS: the kms client certificate "
                      "expires in 29 days, on 2023-12-24T22:13:20Z\"" },
        { 12 * DAY_S, NULL },
        { 33 * DAY_S, "expires in 7 days" },
        { 38 * DAY_S, NULL },
        { 39 * DAY_S, "expires in 24 hours" },
        { 39 * DAY_S + 7200, NULL },
        { 40 * DAY_S + 1, "level=error msg=\"TLS: the kms client certificate "
                          "has expired, on 2023-12-24T22:13:20Z\"" },
        { 50 * DAY_S, NULL },
    };
    struct skd_source_report report = report_of(NOW_S + 40 * DAY_S, 1);

    begin();
    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        look(&report, rows[i].after_s);
        ck_assert_msg(rows[i].words == NULL ? is_silent()
                                            : has_told(rows[i].words),
                      "%zu: %s", i, text);
    }
    end();
}
END_TEST

START_TEST(another_certificate_is_told_of_anew)
{
    struct skd_source_report old = report_of(NOW_S + 5 * DAY_S, 1);
    struct skd_source_report renewed = report_of(NOW_S + 90 * DAY_S, 2);
    struct skd_source_report shorter = report_of(NOW_S + 5 * DAY_S, 3);

    begin();
    look(&old, 0);
    ck_assert(has_told("expires in 5 days"));
    look(&renewed, 0);
    ck_assert(is_silent());
    look(&shorter, 0);
    ck_assert(has_told("expires in 5 days"));
    end();
}
END_TEST

START_TEST(ours_and_the_servers_are_told_of_apart_and_given_back)
{
    struct skd_source_report report = report_of(NOW_S + 90 * DAY_S, 1);
    const struct skd_cert server = { NOW_S - 1, { 9 } };
    struct skd_cert_row rows[SKD_CERT_ROWS];

    begin();
    ck_assert_uint_eq(skd_cert_watch_rows(&watch, rows), 0);
    skd_source_report_cert(&report, "kms server", &server);
    look(&report, 0);
    ck_assert(has_told("level=error msg=\"TLS: the kms server certificate has "
                       "expired"));
    ck_assert(!has_told("kms client"));
    ck_assert_uint_eq(skd_cert_watch_rows(&watch, rows), 2);
    ck_assert_str_eq(rows[0].name, "kms client");
    ck_assert_int_eq(rows[0].cert.not_after_s, NOW_S + 90 * DAY_S);
    ck_assert_str_eq(rows[1].name, "kms server");
    ck_assert_int_eq(rows[1].cert.not_after_s, NOW_S - 1);
    end();
}
END_TEST

START_TEST(tls_files_that_are_not_used_are_told_of_once)
{
    struct skd_source_report good = { .n_certs = 0 };
    struct skd_source_report bad = good;
    struct skd_source_report worse = good;

    begin();
    (void)skp_fail(&bad.tls_trouble, SKP_ERR_OK, "no such file");
    (void)skp_fail(&worse.tls_trouble, SKP_ERR_OK, "no PEM");
    look(&good, 0);
    ck_assert(is_silent());
    look(&bad, 0);
    ck_assert(has_told("level=warn msg=\"seeds: new TLS files are not used, "
                       "the former ones stay in use: no such file\""));
    look(&bad, 1);
    ck_assert(is_silent());
    look(&worse, 2);
    ck_assert(has_told("stay in use: no PEM"));
    look(&good, 3);
    ck_assert(has_told("level=info msg=\"seeds: the TLS files that are there "
                       "are in use\""));
    look(&good, 4);
    ck_assert(is_silent());
    end();
}
END_TEST

SKT_SUITE("cert_watch",
          the_stages_begin_at_30_days_7_days_1_day_and_the_end,
          each_stage_of_a_certificate_is_told_once,
          another_certificate_is_told_of_anew,
          ours_and_the_servers_are_told_of_apart_and_given_back,
          tls_files_that_are_not_used_are_told_of_once)
