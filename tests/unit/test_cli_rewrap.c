/* test_cli_rewrap.c - one file's header, sealed anew. */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_journal.h"
#include "libclient/cli/cli_rewrap.h"
#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t before[4096];
static uint8_t after[4096];

static void seal(const struct skt_agent *agent, const char *suite)
{
    struct skt_run run = { .input = skp_view_of("the quick brown fox") };

    (void)unlink(skt_file("f.ske.ske-rewrap"));
    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-f", "-o",
            skt_file("f.ske"), suite);
    ck_assert_int_eq(run.code, 0);
    skt_run_done(&run);
    (void)skt_file_read(skt_file("f.ske"), before, sizeof before);
}

/* Rewrap the file, as a choosy run whose current key is @key_id does. */
static enum skp_err rewrap(struct sidekey *handle,
                           const uint8_t *key_id,
                           enum skc_rewrap_outcome *ret)
{
    struct skc_cli cli = { .timeout_ms = 60000, .handle = handle };
    struct skc_rewrap run = { .cli = &cli,
                              .tenant = SKT_TENANT,
                              .is_choosy = true };
    struct skc_cli_place place = { AT_FDCWD, skt_file("f.ske"),
                                   skt_file("f.ske") };
    char folder[256];
    enum skp_err err;

    memcpy(run.key_id, key_id, sizeof run.key_id);
    (void)snprintf(folder, sizeof folder, "%s", place.path);
    *strrchr(folder, '/') = '\0';
    place.folder_fd = open(folder, O_RDONLY | O_DIRECTORY);
    place.name = "f.ske";
    err = skc_cli_rewrap(&run, &place, ret, NULL);
    ck_assert_int_eq(close(place.folder_fd), 0);
    (void)skt_file_read(skt_file("f.ske"), after, sizeof after);
    return err;
}

static const uint8_t other_key[SIDEKEY_KEY_ID_LEN] = { 1, 2, 3 };

START_TEST(files_are_rewrapped_current_or_foreign)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct sidekey *handle = skt_agent_handle(agent);
    enum skc_rewrap_outcome outcome = SKC_REWRAP_FOREIGN;

    seal(agent, "--suite=2");
    skt_ok(rewrap(handle, before + 8, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAP_CURRENT);
    ck_assert_int_eq(memcmp(before, after, 96), 0);
    skt_ok(rewrap(handle, other_key, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAPPED);
    ck_assert_int_ne(memcmp(before, after, 96), 0);
    ck_assert_int_eq(memcmp(before + 96, after + 96, 56 + 19 + 16), 0);
    seal(agent, "--suite=1");
    skt_ok(rewrap(handle, other_key, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAP_FOREIGN);
    skt_file_write(skt_file("f.ske"), (struct skp_view){ before, 0 });
    skt_ok(rewrap(handle, other_key, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAP_FOREIGN);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(what_is_settled_need_not_be_writable_and_nothing_is_asked)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct sidekey *handle = skt_agent_handle(agent);
    enum skc_rewrap_outcome outcome = SKC_REWRAP_FOREIGN;
    unsigned n_requests;

    seal(agent, "--suite=2");
    ck_assert_int_eq(chmod(skt_file("f.ske"), 0400), 0);
    n_requests = skt_agent_requests(agent);
    skt_ok(rewrap(handle, before + 8, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAP_CURRENT);
    ck_assert_uint_eq(skt_agent_requests(agent), n_requests);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_broken_journal_makes_the_agent_judge_a_header_that_looks_current)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct sidekey *handle = skt_agent_handle(agent);
    enum skc_rewrap_outcome outcome = SKC_REWRAP_FOREIGN;

    seal(agent, "--suite=2");
    skt_file_write(skt_file("f.ske.ske-rewrap"), skp_view_of("SKJ1"));
    skt_ok(rewrap(handle, before + 8, &outcome));
    ck_assert_int_eq(outcome, SKC_REWRAPPED);
    ck_assert(!skc_cli_journal_exists(skt_file("f.ske")));
    /* A torn header is not called current, and its journal stays. */
    before[60] ^= 1;
    skt_file_write(skt_file("f.ske"), (struct skp_view){ before, 187 });
    skt_file_write(skt_file("f.ske.ske-rewrap"), skp_view_of("SKJ1"));
    skt_err(rewrap(handle, before + 8, &outcome), SKP_ERR_DATA_LOSS);
    ck_assert(skc_cli_journal_exists(skt_file("f.ske")));
    ck_assert_int_eq(memcmp(before, after, 187), 0);
    skt_close(&handle, &agent);
}
END_TEST

START_TEST(a_refusal_of_the_agent_leaves_the_file_alone)
{
    SKT_STEPS({ SKT_ANSWER, SKP_ERR_OK, NULL },
              { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "no" });
    enum skc_rewrap_outcome outcome = SKC_REWRAP_FOREIGN;

    seal(agent, "--suite=2");
    skt_err(rewrap(handle, other_key, &outcome), SKP_ERR_PERMISSION_DENIED);
    ck_assert_int_eq(memcmp(before, after, 187), 0);
    ck_assert(!skc_cli_journal_exists(skt_file("f.ske")));
    skt_close(&handle, &agent);
}
END_TEST

SKT_SUITE("cli_rewrap",
          files_are_rewrapped_current_or_foreign,
          what_is_settled_need_not_be_writable_and_nothing_is_asked,
          a_broken_journal_makes_the_agent_judge_a_header_that_looks_current,
          a_refusal_of_the_agent_leaves_the_file_alone)
