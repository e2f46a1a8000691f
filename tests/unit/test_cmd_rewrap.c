/* test_cmd_rewrap.c - sidekey rewrap. */
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t before[4096];
static uint8_t after[4096];

static size_t seal(const struct skt_agent *agent, const char *path)
{
    struct skt_run run = { .input = skp_view_of("the quick brown fox") };

    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-o", path);
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

SKT_SUITE("cmd_rewrap",
          only_the_header_changes_and_the_file_still_opens,
          every_file_is_tried_and_a_bad_one_stays_as_it_is,
          a_locked_file_is_left_alone)
