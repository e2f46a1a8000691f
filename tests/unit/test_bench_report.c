/* test_bench_report.c - proves what is done with the numbers of make bench:
 * latency.c, series.c and table.c of tests/bench. */
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cjson/cJSON.h>

#include "tests/bench/series.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

/* ---- latencies ---------------------------------------------------------- */

START_TEST(a_quantile_is_right_to_two_percent)
{
    struct skb_latencies latencies = { 0 };

    for (uint64_t us = 1; us <= 100000; us++) {
        skb_latencies_count(&latencies, us * 1000);
    }
    ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.5), 50000, 1000);
    ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.99), 99000, 1980);
    ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.999), 99900, 1998);
}
END_TEST

START_TEST(a_rare_latency_is_in_its_quantile_only)
{
    struct skb_latencies latencies = { 0 };

    for (unsigned i = 0; i < 995; i++) {
        skb_latencies_count(&latencies, 1000);
    }
    for (unsigned i = 0; i < 5; i++) {
        skb_latencies_count(&latencies, 1000000);
    }
    ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.99), 1, 0.02);
    ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.999), 1000, 20);
}
END_TEST

START_TEST(the_shortest_and_the_longest_can_be_counted)
{
    static const uint64_t ns[] = { 0, 1, 31, 32, 33, 63, 64, UINT64_MAX };

    for (size_t i = 0; i < SKP_ARRAY_LEN(ns); i++) {
        struct skb_latencies latencies = { 0 };
        double us = (double)ns[i] / 1000.0;

        skb_latencies_count(&latencies, ns[i]);
        ck_assert_double_eq_tol(skb_latencies_us(&latencies, 0.5), us,
                                us * 0.02 + 1e-9);
    }
}
END_TEST

START_TEST(no_latency_has_no_quantile)
{
    const struct skb_latencies latencies = { 0 };

    ck_assert(skb_latencies_us(&latencies, 0.5) == 0.0);
}
END_TEST

START_TEST(latencies_of_several_clients_add_up)
{
    struct skb_latencies all = { 0 };
    struct skb_latencies slow = { 0 };

    skb_latencies_count(&all, 1000);
    for (unsigned i = 0; i < 3; i++) {
        skb_latencies_count(&slow, 9000);
    }
    skb_latencies_add(&all, &slow);
    ck_assert_uint_eq(all.total, 4);
    ck_assert_double_eq_tol(skb_latencies_us(&all, 0.25), 1, 0.02);
    ck_assert_double_eq_tol(skb_latencies_us(&all, 0.5), 9, 0.18);
}
END_TEST

/* ---- runs --------------------------------------------------------------- */

START_TEST(each_number_has_a_median_of_its_own)
{
    static const struct skb_result runs[] = {
        { 10, 0, 1.0, 30.0, 200.0, 7000.0, 1.0 },
        { 20, 1, 3.0, 10.0, 300.0, 9000.0, 2.0 },
        { 30, 2, 2.0, 20.0, 100.0, 8000.0, 3.0 },
    };
    struct skb_series series = { .n = 0 };
    struct skb_result median;

    for (size_t i = 0; i < SKP_ARRAY_LEN(runs); i++) {
        skb_series_keep(&series, &runs[i]);
    }
    median = skb_series_median(&series);
    ck_assert_uint_eq(median.n_ops, 60);
    ck_assert_uint_eq(median.n_errors, 3);
    ck_assert(median.per_s == 2.0);
    ck_assert(median.cpu_us == 20.0);
    ck_assert(median.p50_us == 200.0);
    ck_assert(median.p99_us == 8000.0);
    ck_assert(median.p999_us == 2.0);
}
END_TEST

START_TEST(no_run_has_no_median_and_too_many_are_not_kept)
{
    static const struct skb_result run = { .per_s = 1.0 };
    struct skb_series series = { .n = 0 };

    ck_assert(skb_series_median(&series).per_s == 0.0);
    for (unsigned i = 0; i < 2 * SKB_RUNS_MAX; i++) {
        skb_series_keep(&series, &run);
    }
    ck_assert_uint_eq(series.n, SKB_RUNS_MAX);
}
END_TEST

/* A second at 25 us, and another, on a core that is slower, at 50. */
START_TEST(what_runs_took_together_is_a_mean_over_operations)
{
    const struct skb_result runs[] = {
        { .n_ops = 40000, .per_s = 40000.0, .cpu_us = 25.0, .p50_us = 1.0 },
        { .n_errors = 2 }, /* nothing was answered rightly */
        { .n_ops = 20000, .per_s = 20000.0, .cpu_us = 50.0, .p50_us = 3.0 },
    };
    struct skb_series series = { .n = 0 };
    struct skb_result total = skb_series_total(&series);

    ck_assert(total.cpu_us == 0.0 && total.per_s == 0.0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(runs); i++) {
        skb_series_keep(&series, &runs[i]);
    }
    total = skb_series_total(&series);
    ck_assert_double_eq_tol(total.cpu_us, 2e6 / 60000.0, 1e-9);
    ck_assert_double_eq_tol(total.per_s, 30000.0, 1e-6);
    ck_assert_double_eq_tol(total.p50_us, 1.0, 1e-9);
    ck_assert_uint_eq(total.n_ops, 60000);
    ck_assert_uint_eq(total.n_errors, 2);
}
END_TEST

START_TEST(a_row_shows_our_latencies_both_rates_and_all_errors)
{
    const struct skb_result ours = { 1, 2, 3.0, 4.0, 5.0, 6.0, 7.0 };
    const struct skb_result peer = { 1, 20, 30.0, 40.0, 50.0, 60.0, 70.0 };
    struct skb_row row = { .n_errors = 200 };

    skb_row_set_sides(&row, &ours, &peer);
    ck_assert_uint_eq(row.n_errors, 222);
    ck_assert(row.per_s == 3.0 && row.peer_per_s == 30.0);
    ck_assert(row.p50_us == 5.0 && row.p99_us == 6.0 && row.p999_us == 7.0);
}
END_TEST

/* ---- the table ---------------------------------------------------------- */

/* Add a row of @ratio against @goal. */
static void add(struct skb_table *table,
                const char *what,
                enum skb_goal sense,
                double ratio,
                double goal)
{
    const struct skb_row row = { .what = what,
                                 .against = "a peer",
                                 .note = "",
                                 .unit = "us",
                                 .value = 1.0,
                                 .peer_value = 1.0,
                                 .ratio = ratio,
                                 .sense = sense,
                                 .goal = goal };

    skb_table_add(table, &row);
}

static void fill(struct skb_table *table)
{
    const struct skb_row wrong = { .what = "errors",
                                   .against = "",
                                   .note = "",
                                   .unit = "",
                                   .sense = SKB_GOAL_AT_LEAST,
                                   .ratio = 9.0,
                                   .goal = 1.0,
                                   .n_errors = 1 };

    *table = (struct skb_table){
        .runs = 5, .seconds = 1.0, .cores = 2, .load = 3.5
    };
    add(table, "just enough", SKB_GOAL_AT_LEAST, 0.9, 0.9);
    add(table, "too little", SKB_GOAL_AT_LEAST, 0.899, 0.9);
    add(table, "just allowed", SKB_GOAL_AT_MOST, 1.5, 1.5);
    add(table, "too much", SKB_GOAL_AT_MOST, 1.501, 1.5);
    add(table, "to know", SKB_GOAL_NONE, 7.0, 0.0);
    skb_table_add(table, &wrong);
    skb_table_skip(table, "absent", "not installed");
}

/* Each row, and what it says of its goal. */
static const char *const verdicts[][2] = {
    { "just enough", "met" },  { "too little", "missed" },
    { "just allowed", "met" }, { "too much", "missed" },
    { "to know", "-" },        { "errors", "WRONG" },
    { "absent", "left out" },
};

START_TEST(a_goal_is_met_missed_or_left_out_and_each_is_counted)
{
    static const char tail[] = "\n2 met, 3 missed, 1 left out\n";
    static struct skb_table table;
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    fill(&table);
    skb_table_print(&table, out);
    ck_assert_int_eq(fclose(out), 0);
    for (size_t i = 0; i < SKP_ARRAY_LEN(verdicts); i++) {
        const char *line = strstr(text, verdicts[i][0]);

        ck_assert_ptr_nonnull(line);
        *strchr(line, '\n') = '\0';
        ck_assert_ptr_nonnull(strstr(line, verdicts[i][1]));
        *strchr(line, '\0') = '\n';
    }
    ck_assert_ptr_nonnull(strstr(text, "absent"));
    ck_assert_ptr_nonnull(strstr(text, "not installed"));
    ck_assert_ptr_nonnull(strstr(text, "Medians of 5 runs of 1 s"));
    ck_assert_ptr_nonnull(strstr(text, "load before: 3.5"));
    ck_assert_str_eq(text + len - strlen(tail), tail);
    free(text);
}
END_TEST

static cJSON *write_and_parse(const struct skb_table *table)
{
    char folder[SKT_PATH_MAX];
    char path[SKT_PATH_MAX + 16];
    char *text;
    cJSON *json;

    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/bench.json", folder);
    ck_assert(skb_table_write_json(table, path));
    text = skt_read_file(path, NULL);
    json = cJSON_Parse(text);
    ck_assert_msg(json != NULL, "no JSON: %s", text);
    free(text);
    return json;
}

START_TEST(json_says_the_same)
{
    static struct skb_table table;
    cJSON *json;
    cJSON *rows;

    fill(&table);
    (void)snprintf(table.cpu, sizeof table.cpu, "a CPU");
    json = write_and_parse(&table);
    rows = cJSON_GetObjectItem(json, "rows");
    ck_assert_int_eq(cJSON_GetObjectItem(json, "runs")->valueint, 5);
    ck_assert_int_eq(cJSON_GetObjectItem(json, "cores")->valueint, 2);
    ck_assert(cJSON_GetObjectItem(json, "load")->valuedouble == 3.5);
    ck_assert_str_eq(cJSON_GetObjectItem(json, "cpu")->valuestring, "a CPU");
    ck_assert_int_eq(cJSON_GetArraySize(rows), SKP_ARRAY_LEN(verdicts));
    for (size_t i = 0; i < SKP_ARRAY_LEN(verdicts); i++) {
        const cJSON *row = cJSON_GetArrayItem(rows, (int)i);

        ck_assert_str_eq(cJSON_GetObjectItem(row, "what")->valuestring,
                         verdicts[i][0]);
        ck_assert_str_eq(cJSON_GetObjectItem(row, "verdict")->valuestring,
                         verdicts[i][1]);
    }
    cJSON_Delete(json);
}
END_TEST

START_TEST(what_was_not_measured_meets_no_goal_and_leaves_json_readable)
{
    static struct skb_table table;
    cJSON *json;
    const cJSON *row;

    add(&table, "nothing by nothing", SKB_GOAL_AT_MOST, NAN, 1.0);
    add(&table, "something by nothing", SKB_GOAL_AT_LEAST, INFINITY, 1.0);
    json = write_and_parse(&table);
    cJSON_ArrayForEach(row, cJSON_GetObjectItem(json, "rows"))
    {
        ck_assert_str_eq(cJSON_GetObjectItem(row, "verdict")->valuestring,
                         "WRONG");
        ck_assert(cJSON_GetObjectItem(row, "ratio")->valuedouble == 0.0);
    }
    cJSON_Delete(json);
}
END_TEST

START_TEST(a_file_that_cannot_be_written_is_told)
{
    static const struct skb_table table;

    ck_assert(!skb_table_write_json(&table, "/nonexistent/bench.json"));
}
END_TEST

START_TEST(no_row_is_lost_when_the_table_is_full)
{
    static struct skb_table table;
    int status = 0;
    pid_t pid;

    for (unsigned i = 0; i < SKB_ROWS_MAX; i++) {
        add(&table, "a row", SKB_GOAL_NONE, 1.0, 0.0);
    }
    pid = fork();
    if (pid == 0) {
        add(&table, "one more", SKB_GOAL_NONE, 1.0, 0.0);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    ck_assert(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}
END_TEST

SKT_SUITE("bench_report",
          a_quantile_is_right_to_two_percent,
          a_rare_latency_is_in_its_quantile_only,
          the_shortest_and_the_longest_can_be_counted,
          no_latency_has_no_quantile,
          latencies_of_several_clients_add_up,
          each_number_has_a_median_of_its_own,
          no_run_has_no_median_and_too_many_are_not_kept,
          what_runs_took_together_is_a_mean_over_operations,
          a_row_shows_our_latencies_both_rates_and_all_errors,
          a_goal_is_met_missed_or_left_out_and_each_is_counted,
          json_says_the_same,
          what_was_not_measured_meets_no_goal_and_leaves_json_readable,
          a_file_that_cannot_be_written_is_told,
          no_row_is_lost_when_the_table_is_full)
