/* test_audit.c - proves audit.c and its thread: what is put is in the file, in
 * one chain, whatever happens to the file; and nobody waits for it.
 *
 * Also proves: audit_writer.c audit_request.c
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "agent/serve/audit_parts.h"
#include "agent/serve/audit_request.h"
#include "protocol/audit_verify.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define KEY "0123456789abcdef0123456789abcdef"

static char folder[SKT_PATH_MAX];
static char path[SKT_PATH_MAX + 8];
static char key_path[SKT_PATH_MAX + 8];
static struct skd_audit *audit;
static struct skp_audit_verify verify;
static struct skp_diag diag;

static void start(bool fails)
{
    const struct skd_audit_config given = { &skd_env_system, path, key_path,
                                            fails, 2 };

    ck_assert_msg(skd_audit_start(&given, &audit, &diag) == SKP_ERR_OK, "%s",
                  diag.text);
}

static void set_up(bool fails)
{
    ck_assert(skt_tempdir(folder));
    (void)snprintf(path, sizeof path, "%s/a", folder);
    (void)snprintf(key_path, sizeof key_path, "%s/key", folder);
    ck_assert(skt_write_file(key_path, KEY "\n", 0600));
    start(fails);
}

/* A use of a key by us. */
static struct skd_audit_record use_of(uint64_t duration_us)
{
    return (struct skd_audit_record){ .time_ms = 1,
                                      .event = SKP_AUDIT_USE,
                                      .method = SKP_METHOD_UNWRAP,
                                      .has_duration = true,
                                      .duration_us = duration_us };
}

static void put_uses(unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        struct skd_audit_record record = use_of(i);

        skd_audit_put(audit, i % 2, &record);
    }
}

static struct skd_audit_report report(void)
{
    struct skd_audit_report now;

    skd_audit_report(audit, &now);
    return now;
}

static bool has_written(void *state)
{
    return report().n_written >= *(const uint64_t *)state;
}

static void await_written(uint64_t n)
{
    ck_assert(skt_until(has_written, &n, 20000));
}

static bool is_failing(void *state)
{
    (void)state;
    return report().is_failing;
}

static bool is_working(void *state)
{
    (void)state;
    return !report().is_failing;
}

/* The log, or several files of it; they must be right. */
static void assert_right(const char *const *files, size_t n, uint64_t n_lines)
{
    skp_audit_verify_init(&verify, skp_view_of(KEY));
    for (size_t i = 0; i < n; i++) {
        char *text = skt_read_file(files[i], NULL);

        ck_assert_ptr_nonnull(text);
        skp_audit_verify_feed(&verify, skp_view_of(text));
        skp_audit_verify_end_file(&verify);
        free(text);
    }
    ck_assert_msg(skp_audit_verify_finish(&verify), "line %llu: %s",
                  (unsigned long long)verify.first.line,
                  skp_audit_fault_text(verify.first.fault));
    ck_assert_uint_eq(verify.n_lines, n_lines);
}

static void assert_log(uint64_t n_lines)
{
    const char *const files[] = { path };

    assert_right(files, 1, n_lines);
}

static unsigned count_text(const char *text)
{
    char *content = skt_read_file(path, NULL);
    unsigned n = 0;

    for (const char *at = content; (at = strstr(at, text)) != NULL; at++) {
        n++;
    }
    free(content);
    return n;
}

START_TEST(everything_that_is_put_is_in_the_log_once)
{
    set_up(true);
    put_uses(1000);
    skd_audit_stop(&audit);
    ck_assert_ptr_null(audit);
    assert_log(1002);
    ck_assert_uint_eq(count_text("\"event\":\"use\""), 1000);
    ck_assert_uint_eq(count_text("\"duration_us\":999,"), 1);
    ck_assert_uint_eq(count_text("\"event\":\"start\""), 1);
    ck_assert_uint_eq(count_text("\"event\":\"stop\""), 1);
}
END_TEST

START_TEST(its_start_is_in_the_log_before_anybody_is_served)
{
    set_up(true);
    ck_assert_uint_eq(report().n_written, 1);
    ck_assert_uint_eq(count_text("\"event\":\"start\""), 1);
    skd_audit_stop(&audit);
}
END_TEST

START_TEST(a_line_is_written_without_waiting_for_the_next)
{
    set_up(true);
    for (uint64_t n = 2; n < 12; n++) {
        put_uses(1);
        await_written(n);
        ck_assert_uint_eq(report().last_seq, n);
    }
    skd_audit_stop(&audit);
}
END_TEST

START_TEST(the_chain_goes_on_after_a_restart)
{
    set_up(true);
    for (int i = 0; i < 3; i++) {
        put_uses(10);
        skd_audit_stop(&audit);
        start(true);
    }
    skd_audit_stop(&audit);
    assert_log(3 * 12 + 2);
}
END_TEST

START_TEST(the_chain_goes_on_in_the_file_after_a_rotation)
{
    char old[SKT_PATH_MAX + 16];
    const char *const files[] = { old, path };
    char *text;

    set_up(true);
    (void)snprintf(old, sizeof old, "%s.1", path);
    put_uses(10);
    await_written(11);
    ck_assert_int_eq(rename(path, old), 0);
    skd_audit_reopen(audit);
    await_written(12);
    put_uses(10);
    skd_audit_stop(&audit);
    assert_right(files, 2, 23);
    text = skt_read_file(path, NULL);
    ck_assert_ptr_nonnull(strstr(text, "{\"seq\":12,"));
    ck_assert_ptr_nonnull(strstr(text, "\"event\":\"open\""));
    free(text);
}
END_TEST

START_TEST(a_log_that_cannot_be_opened_anew_is_tried_again)
{
    char gone[SKT_PATH_MAX + 16];

    set_up(true);
    (void)snprintf(gone, sizeof gone, "%s.d", folder);
    ck_assert_int_eq(rename(folder, gone), 0);
    skd_audit_reopen(audit);
    ck_assert(skt_until(is_failing, NULL, 20000));
    ck_assert(!skd_audit_may_use(audit, 0));
    put_uses(3);
    ck_assert_int_eq(rename(gone, folder), 0);
    ck_assert(skt_until(is_working, NULL, 20000));
    ck_assert(skd_audit_may_use(audit, 0));
    skd_audit_stop(&audit);
    ck_assert_uint_eq(count_text("\"event\":\"use\""), 3);
    assert_log(6);
}
END_TEST

START_TEST(a_line_torn_by_a_crash_is_declared)
{
    char *text;

    set_up(true);
    put_uses(2);
    skd_audit_stop(&audit);
    text = skt_read_file(path, NULL);
    text[strlen(text) - 30] = '\0';
    ck_assert(skt_write_file(path, text, 0600));
    free(text);
    start(true);
    put_uses(2);
    skd_audit_stop(&audit);
    assert_log(8);
    ck_assert_uint_eq(verify.n_torn, 1);
}
END_TEST

START_TEST(behind_a_line_of_another_key_a_new_chain_begins)
{
    set_up(true);
    skd_audit_stop(&audit);
    ck_assert(skt_write_file(key_path, "k" KEY, 0600));
    start(true);
    skd_audit_stop(&audit);
    skp_audit_verify_init(&verify, skp_view_of("k" KEY));
    char *text = skt_read_file(path, NULL);
    skp_audit_verify_feed(&verify, skp_view_of(text));
    ck_assert(!skp_audit_verify_finish(&verify));
    ck_assert_uint_eq(verify.first.line, 1);
    ck_assert_uint_eq(verify.last.seq, 2);
    free(text);
}
END_TEST

/* ---- a full disk ----------------------------------------------------------
 * The limit on the length of files stands for it. */

static void limit_files(rlim_t len)
{
    const struct rlimit limit = { len, RLIM_INFINITY };

    (void)signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void fill_disk(void)
{
    limit_files(1000);
    put_uses(10);
    ck_assert(skt_until(is_failing, NULL, 20000));
}

START_TEST(in_fail_mode_no_key_is_used_while_nothing_can_be_written)
{
    set_up(true);
    ck_assert(skd_audit_may_use(audit, 0));
    fill_disk();
    ck_assert(!skd_audit_may_use(audit, 0));
    ck_assert(!skd_audit_may_use(audit, 1));
    limit_files(RLIM_INFINITY);
    ck_assert(skt_until(is_working, NULL, 20000));
    ck_assert(skd_audit_may_use(audit, 0));
    skd_audit_stop(&audit);
    /* What was used before the disk was full is not lost. */
    assert_log(12);
}
END_TEST

START_TEST(in_drop_mode_lines_are_dropped_and_counted)
{
    uint64_t n_lost;

    set_up(false);
    fill_disk();
    for (int i = 0; i < 10; i++) {
        put_uses(SKD_AUDIT_RING_CAP);
    }
    ck_assert(skd_audit_may_use(audit, 0));
    n_lost = report().n_lost;
    ck_assert_uint_gt(n_lost, SKD_AUDIT_RING_CAP);
    limit_files(RLIM_INFINITY);
    ck_assert(skt_until(is_working, NULL, 20000));
    skd_audit_stop(&audit);
    assert_log(10 + 10 * SKD_AUDIT_RING_CAP - n_lost + 3);
    ck_assert_uint_eq(count_text("\"event\":\"dropped\""), 1);
    (void)snprintf(diag.text, sizeof diag.text, "\"count\":%llu,\"prev\"",
                   (unsigned long long)n_lost);
    ck_assert_uint_eq(count_text(diag.text), 1);
}
END_TEST

START_TEST(in_fail_mode_no_key_is_used_without_room_for_its_record)
{
    set_up(true);
    fill_disk();
    /* As if it could be written, but the writer was slow. */
    for (unsigned i = 0; i < SKD_AUDIT_RING_CAP; i++) {
        struct skd_audit_record record = use_of(i);

        skd_audit_put(audit, 0, &record);
    }
    atomic_store(&audit->is_failing, false);
    ck_assert(!skd_audit_may_use(audit, 0));
    ck_assert(skd_audit_may_use(audit, 1));
    limit_files(RLIM_INFINITY);
    skd_audit_stop(&audit);
}
END_TEST

START_TEST(the_mode_can_change_while_it_runs)
{
    set_up(true);
    fill_disk();
    skd_audit_set_fails_when_full(audit, false);
    ck_assert(skd_audit_may_use(audit, 0));
    skd_audit_set_fails_when_full(audit, true);
    ck_assert(!skd_audit_may_use(audit, 0));
    skd_audit_stop(&audit);
}
END_TEST

/* ---- records of requests --------------------------------------------------
 */

static const struct skd_peer peer = { .uid = 1000, .gid = 1001, .pid = 0 };

START_TEST(denials_do_not_fill_the_log)
{
    const struct skd_audit_pen pen = { NULL, 0 };
    struct skd_audit_pen used;
    struct skd_denials denials = { 0 };
    const struct skd_audit_request request = {
        .peer = &peer,
        .method = SKP_METHOD_UNWRAP,
        .tenant = skp_view_of("t"),
        .err = SKP_ERR_PERMISSION_DENIED,
    };

    set_up(true);
    used = (struct skd_audit_pen){ audit, 1 };
    skd_audit_request_denied(&pen, &skd_env_system, &denials, &request);
    ck_assert_uint_eq(denials.n_told, 0);
    for (int i = 0; i < 10000; i++) {
        skd_audit_request_denied(&used, &skd_env_system, &denials, &request);
    }
    skd_audit_request_tell(&used, &skd_env_system, &denials, peer.uid, true);
    skd_audit_stop(&audit);
    ck_assert_uint_lt(count_text("\"event\":\"denied\""), 400);
    ck_assert_uint_ge(
        count_text("\"event\":\"denied\",\"method\":\"unwrap\","
                   "\"peer\":{\"uid\":1000,\"gid\":1001,\"pid\":0,"
                   "\"exe\":null,\"cgroup\":null},\"tenant\":"
                   "\"t\",\"outcome\":\"PERMISSION_DENIED\","),
        SKD_DENIALS_TOLD_MAX);
    ck_assert_uint_ge(count_text("\"count\":"), 1);
}
END_TEST

START_TEST(what_the_agent_does_itself_has_no_peer)
{
    struct skd_audit_pen pen;

    set_up(true);
    pen = (struct skd_audit_pen){ audit, 0 };
    skd_audit_request_own(&pen, &skd_env_system, SKP_AUDIT_CONFIG,
                          SKP_ERR_INVALID_ARGUMENT);
    skd_audit_stop(&audit);
    ck_assert_uint_eq(count_text("\"event\":\"config\",\"outcome\":"
                                 "\"INVALID_ARGUMENT\",\"prev\""),
                      1);
}
END_TEST

START_TEST(a_use_tells_peer_tenant_key_outcome_and_duration)
{
    static const uint8_t key_id[SKP_KEY_ID_LEN] = { 0xab };
    struct skd_audit_pen pen;
    const struct skd_audit_request request = {
        .peer = &peer,
        .method = SKP_METHOD_DECRYPT,
        .tenant = skp_view_of("t"),
        .err = SKP_ERR_DATA_LOSS,
        .key_id = key_id,
        .duration_us = 77,
    };

    set_up(true);
    pen = (struct skd_audit_pen){ audit, 0 };
    skd_audit_request_used(&pen, &skd_env_system, &request);
    skd_audit_stop(&audit);
    ck_assert_uint_eq(
        count_text("\"event\":\"use\",\"method\":\"decrypt\",\"peer\":{"
                   "\"uid\":1000,\"gid\":1001,\"pid\":0,\"exe\":null,"
                   "\"cgroup\":null},\"tenant\":\"t\",\"key_id\":"
                   "\"ab00000000000000\",\"outcome\":\"DATA_LOSS\","
                   "\"duration_us\":77,\"prev\""),
        1);
}
END_TEST

SKT_SUITE("audit",
          everything_that_is_put_is_in_the_log_once,
          its_start_is_in_the_log_before_anybody_is_served,
          a_line_is_written_without_waiting_for_the_next,
          the_chain_goes_on_after_a_restart,
          the_chain_goes_on_in_the_file_after_a_rotation,
          a_log_that_cannot_be_opened_anew_is_tried_again,
          a_line_torn_by_a_crash_is_declared,
          behind_a_line_of_another_key_a_new_chain_begins,
          in_fail_mode_no_key_is_used_while_nothing_can_be_written,
          in_drop_mode_lines_are_dropped_and_counted,
          in_fail_mode_no_key_is_used_without_room_for_its_record,
          the_mode_can_change_while_it_runs,
          denials_do_not_fill_the_log,
          what_the_agent_does_itself_has_no_peer,
          a_use_tells_peer_tenant_key_outcome_and_duration)
