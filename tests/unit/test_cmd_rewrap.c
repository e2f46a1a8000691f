/* test_cmd_rewrap.c - sidekey rewrap. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t before[4096];
static uint8_t after[4096];

static size_t seal(const struct skt_agent *agent, const char *path)
{
    struct skt_run run = { .input = skp_view_of("the quick brown fox") };

    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-f", "-o",
            path);
    ck_assert_int_eq(run.code, 0);
    skt_run_done(&run);
    return skt_file_read(path, before, sizeof before);
}

START_TEST(only_the_header_changes_and_the_file_still_opens)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    size_t len = seal(agent, skt_file("a"));

    skt_agent_rotate(agent);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, skt_file("a"));
    ck_assert_str_eq(run.err, "");
    ck_assert_ptr_nonnull(strstr(run.out, ": rewrapped\n"));
    ck_assert_uint_eq(skt_file_read(skt_file("a"), after, sizeof after), len);
    ck_assert_int_ne(memcmp(before, after, 96), 0);
    ck_assert_int_eq(memcmp(before + 96, after + 96, len - 96), 0);
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("a"));
    ck_assert_str_eq(run.out, "the quick brown fox");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(every_file_is_tried_and_a_bad_one_stays_as_it_is)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    size_t len = seal(agent, skt_file("b"));

    skt_file_write(skt_file("bad"), skp_view_of("no envelope"));
    skt_cli(&run, skt_agent_path(agent), "-q", "rewrap", SKT_TENANT,
            skt_file("absent"), skt_file("bad"), skt_file("b"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_str_eq(run.out, "");
    ck_assert_ptr_nonnull(strstr(run.err, "NOT_FOUND"));
    ck_assert_ptr_nonnull(strstr(run.err, "INVALID_ARGUMENT"));
    ck_assert_uint_eq(skt_file_read(skt_file("bad"), after, sizeof after), 11);
    ck_assert_uint_eq(skt_file_read(skt_file("b"), after, sizeof after), len);
    ck_assert_int_ne(memcmp(before, after, 96), 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_locked_file_is_left_alone)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    size_t len = seal(agent, skt_file("c"));
    int fd = open(skt_file("c"), O_RDONLY);

    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, skt_file("c"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "another program has locked it"));
    ck_assert_uint_eq(skt_file_read(skt_file("c"), after, sizeof after), len);
    ck_assert_int_eq(memcmp(before, after, len), 0);
    ck_assert_int_eq(close(fd), 0);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

static void make_tree(const struct skt_agent *agent)
{
    struct skt_run run = { .input = skp_view_of("x") };

    /* They may be there, of an earlier test of this process. */
    (void)mkdir(skt_file("tree"), 0700);
    (void)mkdir(skt_file("tree/sub"), 0700);
    (void)unlink(skt_file("tree/link"));
    (void)seal(agent, skt_file("tree/a.ske"));
    (void)seal(agent, skt_file("tree/sub/b.ske"));
    (void)seal(agent, skt_file("outside.ske"));
    skt_file_write(skt_file("tree/text"), skp_view_of("no envelope"));
    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "--suite=1",
            "-f", "-o", skt_file("tree/weak.ske"));
    ck_assert_int_eq(symlink(skt_file("outside.ske"), skt_file("tree/link")),
                     0);
    skt_run_done(&run);
}

START_TEST(a_tree_is_rewrapped_and_a_second_run_finds_nothing_to_do)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    make_tree(agent);
    (void)skt_file_read(skt_file("outside.ske"), before, sizeof before);
    skt_agent_rotate(agent);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "--recursive",
            skt_file("tree"));
    ck_assert_str_eq(run.err, "");
    ck_assert_str_eq(run.out, "2 rewrapped, 0 already current, 2 not an "
                              "envelope, 0 failed\n");
    ck_assert_int_eq(run.code, 0);
    (void)skt_file_read(skt_file("outside.ske"), after, sizeof after);
    ck_assert_int_eq(memcmp(before, after, 96), 0);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "-r",
            skt_file("tree"), "--json");
    ck_assert_str_eq(run.out, "{\n  \"failures\": [],\n  \"rewrapped\": 0,\n"
                              "  \"already_current\": 2,\n"
                              "  \"not_an_envelope\": 2,\n"
                              "  \"failed\": 0,\n  \"complete\": true\n}\n");
    skt_cli(&run, skt_agent_path(agent), "decrypt", SKT_TENANT, "-i",
            skt_file("tree/sub/b.ske"));
    ck_assert_str_eq(run.out, "the quick brown fox");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(failures_in_a_tree_are_named_and_the_rest_goes_on)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    int fd;

    make_tree(agent);
    skt_agent_rotate(agent);
    fd = open(skt_file("tree/a.ske"), O_RDONLY);
    ck_assert_int_eq(flock(fd, LOCK_EX), 0);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "-r", "--json",
            skt_file("tree"), "/nonexistent");
    ck_assert_int_eq(run.code, 1);
    ck_assert_ptr_nonnull(strstr(run.err, "tree/a.ske: another program"));
    ck_assert_ptr_nonnull(strstr(run.err, "/nonexistent: No such file"));
    ck_assert_ptr_nonnull(strstr(
        run.out, "tree/a.ske\", \"error\": \"FAILED_PRECONDITION\"},\n    {"));
    ck_assert_ptr_nonnull(strstr(run.out, "\"rewrapped\": 1,"));
    ck_assert_ptr_nonnull(strstr(run.out, "\"failed\": 2,"));
    ck_assert_int_eq(close(fd), 0);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "-q", "-r",
            skt_file("tree"));
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(an_agent_that_goes_away_ends_the_walk)
{
    static struct skt_step steps[5];
    struct skt_agent *agent;
    struct skt_run run = { .code = -1 };

    /* Four seals, then the key's id; the header's answer never comes. */
    for (size_t i = 0; i < SKP_ARRAY_LEN(steps); i++) {
        steps[i] = (struct skt_step){ .act = SKT_ANSWER };
    }
    steps[4].act = SKT_SILENCE;
    agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    ck_assert_int_eq(mkdir(skt_file("pair"), 0700), 0);
    (void)seal(agent, skt_file("pair/a"));
    (void)seal(agent, skt_file("pair/b"));
    (void)seal(agent, skt_file("pair/c"));
    skt_agent_rotate(agent);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "-r",
            skt_file("pair"), "--timeout=100ms");
    ck_assert_int_eq(run.code, 69);
    ck_assert_str_eq(run.out,
                     "0 rewrapped, 0 already current, 0 not an envelope, 1 "
                     "failed; stopped before the end\n");
    skt_cli(&run, skt_agent_path(agent), "rewrap", "nobody", "-r",
            skt_file("pair"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_str_eq(run.err, "sidekey: nobody: NOT_FOUND: no such tenant\n");
    skt_cli(&run, NULL, "rewrap", "t", "--json", "x");
    ck_assert_int_eq(run.code, 64);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(a_link_that_the_user_names_is_followed)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    struct stat there;

    (void)seal(agent, skt_file("target.ske"));
    ck_assert_int_eq(symlink("target.ske", skt_file("named")), 0);
    skt_agent_rotate(agent);
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT,
            skt_file("named"));
    ck_assert_int_eq(run.code, 0);
    (void)skt_file_read(skt_file("target.ske"), after, sizeof after);
    ck_assert_int_ne(memcmp(before, after, 96), 0);
    ck_assert_int_eq(lstat(skt_file("named"), &there), 0);
    ck_assert(S_ISLNK(there.st_mode));
    skt_cli(&run, skt_agent_path(agent), "rewrap", SKT_TENANT, "/", "/tmp");
    ck_assert_int_eq(run.code, 1);
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_rewrap",
          a_tree_is_rewrapped_and_a_second_run_finds_nothing_to_do,
          failures_in_a_tree_are_named_and_the_rest_goes_on,
          an_agent_that_goes_away_ends_the_walk,
          a_link_that_the_user_names_is_followed,
          only_the_header_changes_and_the_file_still_opens,
          every_file_is_tried_and_a_bad_one_stays_as_it_is,
          a_locked_file_is_left_alone)
