/* test_metrics_text.c - what Prometheus reads.  That its own checker accepts it
 * is proven by tests/integration/test_metrics.sh. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/ops/metrics_text.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static struct skd_request_totals requests;
static struct skp_status status;

static void set_up(void)
{
    memset(&requests, 0, sizeof requests);
    status = (struct skp_status){ .mode = skp_view_of("single-key"),
                                  .memory_tier = skp_view_of("mlock") };
}

static char *text_of(const struct skd_snapshot *snapshot)
{
    const struct skd_metrics_parts parts = { .status = &status,
                                             .requests = &requests,
                                             .snapshot = snapshot,
                                             .source_asked = { 5, 7 },
                                             .source_failed = { 0, 2 },
                                             .over_max_connections = 21,
                                             .over_max_connections_per_uid =
                                                 22 };
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    ck_assert_ptr_nonnull(out);
    skd_metrics_text(out, &parts);
    ck_assert_int_eq(fclose(out), 0);
    return text;
}

/* Assert that @line is a whole line of @text. */
static void check_line(const char *text, const char *line)
{
    char wanted[512];

    (void)snprintf(wanted, sizeof wanted, "\n%s\n", line);
    ck_assert_msg(strstr(text, wanted) != NULL, "no line: %s", line);
}

static unsigned count_of(const char *text, const char *word)
{
    unsigned n = 0;

    for (; (text = strstr(text, word)) != NULL; text++) {
        n++;
    }
    return n;
}

START_TEST(what_status_knows_is_there)
{
    const struct skp_source_row sources[] = {
        { .name = skp_view_of("coordinator"), .last_success_s = 100 },
        { .name = skp_view_of("kmip"), .last_attempt_s = 200, .failures = 2 },
    };
    const struct skp_certificate_row certificate = { skp_view_of("kms client"),
                                                     1800000000 };
    char *text;

    set_up();
    status.ready = true;
    status.started_at_s = 1700000000;
    status.locked_bytes = 8192;
    status.snapshot = 3;
    status.tenants[SKP_TENANT_STATE_STALE] = 4;
    status.brake_missing = 6;
    status.unrefreshed =
        (struct skp_unrefreshed_row){ 9, skp_view_of("t"), 1699999999 };
    status.restored_tenants = 11;
    status.gone[SKP_GONE_REMOVED] = 12;
    status.connections = 13;
    status.connections_refused = 14;
    requests.n_over_rate = 23;
    status.sources = sources;
    status.n_sources = 2;
    status.certificates = &certificate;
    status.n_certificates = 1;
    status.has_audit = true;
    status.audit = (struct skp_audit_row){ skp_view_of("a"), 15, 16, 31, true };
    status.sandbox = skp_view_of("landlock 7");
    text = text_of(NULL);
    check_line(text, "sidekey_build_info{version=\"" SKD_VERSION "\"} 1");
    check_line(text, "sidekey_mode_info{mode=\"single-key\"} 1");
    check_line(text, "sidekey_memory_tier_info{tier=\"mlock\"} 1");
    check_line(text, "sidekey_sandbox_info{sandbox=\"landlock 7\"} 1");
    check_line(text, "sidekey_start_time_seconds 1700000000");
    check_line(text, "sidekey_ready 1");
    check_line(text, "sidekey_locked_memory_bytes 8192");
    check_line(text, "sidekey_snapshots_published_total 3");
    check_line(text, "sidekey_source_attempts_total{source=\"kmip\"} 7");
    check_line(text, "sidekey_source_failures_total{source=\"kmip\"} 2");
    check_line(text, "sidekey_source_consecutive_failures{source=\"kmip\"} 2");
    check_line(text, "sidekey_source_last_success_timestamp_seconds{source="
                     "\"coordinator\"} 100");
    check_line(text, "sidekey_source_last_attempt_timestamp_seconds{source="
                     "\"kmip\"} 200");
    check_line(text, "sidekey_tenants{state=\"stale\"} 4");
    check_line(text, "sidekey_tenants{state=\"active\"} 0");
    check_line(text, "sidekey_tenants_removal_held 6");
    check_line(text, "sidekey_tenants_unconfirmed 9");
    check_line(text, "sidekey_tenants_unconfirmed_oldest_timestamp_seconds "
                     "1699999999");
    check_line(text, "sidekey_tenants_restored 11");
    check_line(text, "sidekey_tenants_gone{reason=\"removed\"} 12");
    check_line(text, "sidekey_connections 13");
    check_line(text, "sidekey_connections_refused_total 14");
    check_line(text,
               "sidekey_quota_refusals_total{quota=\"max_connections\"} 21");
    check_line(text, "sidekey_quota_refusals_total{quota="
                     "\"max_connections_per_uid\"} 22");
    check_line(text, "sidekey_quota_refusals_total{quota="
                     "\"max_requests_per_uid\"} 23");
    check_line(text, "sidekey_audit_records_written_total 15");
    check_line(text, "sidekey_audit_records_dropped_total 16");
    check_line(text, "sidekey_audit_failing 1");
    check_line(text, "sidekey_certificate_expiry_timestamp_seconds{"
                     "certificate=\"kms client\"} 1800000000");
    free(text);
}
END_TEST

START_TEST(what_is_off_or_not_known_is_left_out)
{
    char *text;

    set_up();
    text = text_of(NULL);
    ck_assert_ptr_null(strstr(text, "audit"));
    ck_assert_ptr_null(strstr(text, "certificate"));
    ck_assert_ptr_null(strstr(text, "sandbox"));
    ck_assert_ptr_null(strstr(text, "sidekey_source"));
    ck_assert_ptr_null(strstr(text, "tenant=\""));
    check_line(text, "sidekey_ready 0");
    free(text);
}
END_TEST

START_TEST(each_metric_has_one_help_and_one_type_before_its_values)
{
    const struct skp_source_row source = { .name = skp_view_of("file") };
    char *text;
    char *copy;
    char *rest = NULL;
    char name[128] = "";

    set_up();
    status.sources = &source;
    status.n_sources = 1;
    text = text_of(NULL);
    copy = strdup(text);
    for (char *line = strtok_r(copy, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        char head[160];

        if (strncmp(line, "# HELP ", 7) == 0) {
            ck_assert_int_eq(sscanf(line, "# HELP %127s", name), 1);
            (void)snprintf(head, sizeof head, "# TYPE %s ", name);
            ck_assert_uint_eq(count_of(text, head), 1);
            (void)snprintf(head, sizeof head, "# HELP %s ", name);
            ck_assert_uint_eq(count_of(text, head), 1);
        } else if (line[0] != '#') {
            ck_assert_msg(strncmp(line, name, strlen(name)) == 0, "%s under %s",
                          line, name);
        }
    }
    free(copy);
    free(text);
}
END_TEST

START_TEST(requests_are_told_by_method_and_code)
{
    char *text;

    set_up();
    requests.answered[SKP_METHOD_UNWRAP][SKP_ERR_OK] = 7;
    requests.answered[SKP_METHOD_UNWRAP][SKP_ERR_DATA_LOSS] = 2;
    requests.answered[SKD_TOTALS_NO_METHOD][SKP_ERR_INVALID_ARGUMENT] = 3;
    text = text_of(NULL);
    check_line(text, "sidekey_requests_total{method=\"unwrap\",code=\"OK\"} 7");
    check_line(text,
               "sidekey_requests_total{method=\"unwrap\",code=\"DATA_LOSS\"} "
               "2");
    check_line(text, "sidekey_requests_total{method=\"none\",code="
                     "\"INVALID_ARGUMENT\"} 3");
    check_line(text, "sidekey_requests_total{method=\"pubkey\",code=\"OK\"} 0");
    ck_assert_uint_eq(count_of(text, "sidekey_requests_total{"),
                      SKP_METHOD_COUNT + 2);
    free(text);
}
END_TEST

START_TEST(buckets_add_up_to_the_count)
{
    char *text;

    set_up();
    requests.lasted[SKP_METHOD_PUBKEY][0] = 1;
    requests.lasted[SKP_METHOD_PUBKEY][2] = 10;
    requests.lasted[SKP_METHOD_PUBKEY][SKD_TOTALS_BOUNDS] = 100;
    requests.sum_ns[SKP_METHOD_PUBKEY] = 12000000345;
    text = text_of(NULL);
#define BUCKET "sidekey_request_duration_seconds_bucket{method=\"pubkey\",le="
    check_line(text, BUCKET "\"5e-06\"} 1");
    check_line(text, BUCKET "\"1e-05\"} 1");
    check_line(text, BUCKET "\"2.5e-05\"} 11");
    check_line(text, BUCKET "\"10\"} 11");
    check_line(text, BUCKET "\"+Inf\"} 111");
    check_line(text, "sidekey_request_duration_seconds_sum{method=\"pubkey\"} "
                     "12.000000345");
    check_line(text,
               "sidekey_request_duration_seconds_count{method=\"pubkey\"} 111");
    ck_assert_uint_eq(count_of(text, BUCKET), SKD_TOTALS_BOUNDS + 1);
#undef BUCKET
    free(text);
}
END_TEST

/* @n tenants with ids of three digits; each confirmed at 1000 + number, the
 * even ones not by the last refresh. */
static struct skd_snapshot *snapshot_of(unsigned n)
{
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;

    skt_ok(skd_builder_new(n, 0, false, &builder, NULL));
    for (unsigned i = 0; i < n; i++) {
        /* In an order that is not that of their ages. */
        unsigned number = i * 7 % n;
        char id[16];
        struct skd_tenant tenant = { .confirmed_at_s = 1000 + number,
                                     .reason =
                                         number % 2 == 0 ? "timed out" : NULL };

        (void)snprintf(id, sizeof id, "%03u", i);
        tenant.id = id;
        tenant.id_len = (uint8_t)strlen(id);
        skt_ok(skd_builder_add_tenant(builder, &tenant));
    }
    skt_ok(skd_builder_finish(&builder, &snapshot));
    return snapshot;
}

START_TEST(only_the_oldest_unconfirmed_tenants_are_named)
{
    struct skd_snapshot *snapshot = snapshot_of(500);
    char *text;

    set_up();
    text = text_of(snapshot);
    ck_assert_uint_eq(count_of(text, "{tenant=\""), SKD_METRICS_TENANTS_MAX);
    for (unsigned i = 0; i < SKD_METRICS_TENANTS_MAX; i++) {
        char value[32];

        (void)snprintf(value, sizeof value, "\"} %u\n", 1000 + 2 * i);
        ck_assert_ptr_nonnull(strstr(text, value));
    }
    ck_assert_ptr_null(strstr(text, "\"} 1001\n"));
    free(text);
    skd_snapshot_unref(&snapshot);
    snapshot = snapshot_of(3);
    text = text_of(snapshot);
    ck_assert_uint_eq(count_of(text, "{tenant=\""), 2);
    free(text);
    skd_snapshot_unref(&snapshot);
}
END_TEST

START_TEST(a_tenant_s_id_cannot_end_its_label)
{
    const struct skd_tenant tenant = {
        .id = "a\"} 1\\", .id_len = 6, .confirmed_at_s = 5, .reason = "r"
    };
    struct skd_builder *builder = NULL;
    struct skd_snapshot *snapshot = NULL;
    char *text;

    set_up();
    skt_ok(skd_builder_new(1, 0, false, &builder, NULL));
    skt_ok(skd_builder_add_tenant(builder, &tenant));
    skt_ok(skd_builder_finish(&builder, &snapshot));
    status.sandbox = skp_view_of("a\nb");
    text = text_of(snapshot);
    check_line(text, "sidekey_tenant_confirmed_timestamp_seconds{tenant="
                     "\"a\\\"} 1\\\\\"} 5");
    check_line(text, "sidekey_sandbox_info{sandbox=\"a\\nb\"} 1");
    free(text);
    skd_snapshot_unref(&snapshot);
}
END_TEST

/* Runs from the top of the source tree, or with SIDEKEY_SOURCE naming it. */
static char *read_document(void)
{
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): there is one thread */
    const char *source = getenv("SIDEKEY_SOURCE");
    char path[4096];
    char *text;

    (void)snprintf(path, sizeof path, "%s/agent/config/CONFIG.md",
                   source == NULL ? "." : source);
    text = skt_read_file(path, NULL);
    ck_assert_msg(text != NULL, "%s is not there", path);
    return text;
}

START_TEST(each_metric_is_in_the_document)
{
    struct skd_snapshot *snapshot = snapshot_of(2);
    const struct skp_source_row source = { .name = skp_view_of("file") };
    const struct skp_certificate_row certificate = { skp_view_of("c"), 1 };
    char *document = read_document();
    char *text;
    unsigned n = 0;

    set_up();
    status.sources = &source;
    status.n_sources = 1;
    status.certificates = &certificate;
    status.n_certificates = 1;
    status.has_audit = true;
    status.sandbox = skp_view_of("off");
    text = text_of(snapshot);
    for (const char *at = text; (at = strstr(at, "# TYPE sidekey_")) != NULL;
         n++) {
        char name[128];
        char quoted[160];

        at += strlen("# TYPE sidekey_");
        ck_assert_int_eq(sscanf(at, "%127s", name), 1);
        (void)snprintf(quoted, sizeof quoted, "`%s`", name);
        ck_assert_msg(strstr(document, quoted) != NULL, "%s is not there",
                      quoted);
    }
    ck_assert_uint_eq(n, 32);
    free(text);
    free(document);
    skd_snapshot_unref(&snapshot);
}
END_TEST

SKT_SUITE("metrics_text",
          what_status_knows_is_there,
          what_is_off_or_not_known_is_left_out,
          each_metric_has_one_help_and_one_type_before_its_values,
          requests_are_told_by_method_and_code,
          buckets_add_up_to_the_count,
          only_the_oldest_unconfirmed_tenants_are_named,
          a_tenant_s_id_cannot_end_its_label,
          each_metric_is_in_the_document)
