/* test_cmd_inspect.c - sidekey inspect. */
#include <string.h>
#include <unistd.h>

#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

static uint8_t plain[20000];

static void has(const char *text, const char *part)
{
    ck_assert_msg(strstr(text, part) != NULL, "\"%s\" is not in: %s", part,
                  text);
}

static void seal(const struct skt_agent *agent, const char *suite)
{
    struct skt_run run = { .input = { plain, sizeof plain } };

    skt_cli(&run, skt_agent_path(agent), "encrypt", SKT_TENANT, "-f", "-o",
            skt_file("f"), suite);
    ck_assert_int_eq(run.code, 0);
    skt_run_done(&run);
}

START_TEST(an_envelope_is_described)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    uint8_t bytes[200];
    char hex[49];

    seal(agent, "--suite=2");
    (void)skt_file_read(skt_file("f"), bytes, sizeof bytes);
    skt_cli(&run, skt_agent_path(agent), "inspect", skt_file("f"));
    ck_assert_str_eq(run.err, "");
    ck_assert_int_eq(run.code, 0);
    has(run.out, "  suite       2, x25519-hpke-aes256gcm\n");
    has(run.out, "  envelope    20184 bytes\n");
    has(run.out, "  plaintext   20000 bytes (19.5 KiB)\n");
    skp_hex(bytes + 8, 8, hex);
    has(run.out, hex);
    skp_hex(bytes + 96, 24, hex);
    has(run.out, hex);
    has(run.out, "  key held    yes, current key of " SKT_TENANT "\n");
    seal(agent, "--suite=1");
    skt_cli(&run, skt_agent_path(agent), "inspect", skt_file("f"));
    has(run.out, "1, x25519-aes256ctr\n");
    ck_assert_ptr_null(strstr(run.out, "salt"));
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(the_agent_tells_whether_it_holds_the_key)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    seal(agent, "--suite=2");
    skt_cli(&run, skt_agent_path(agent), "inspect", "--tenant", SKT_TENANT,
            skt_file("f"));
    has(run.out, "key held    yes\n");
    skt_cli(&run, skt_agent_path(agent), "inspect", "--tenant", "nobody",
            skt_file("f"));
    ck_assert_int_eq(run.code, 0);
    has(run.out, "key held    no: no such tenant\n");
    /* A former key: the list does not have it, the header opens. */
    skt_agent_rotate(agent);
    skt_cli(&run, skt_agent_path(agent), "inspect", "--tenant", SKT_TENANT,
            skt_file("f"));
    has(run.out, "key held    yes\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(what_nobody_says_is_unknown)
{
    static const struct skt_step steps[] = {
        { SKT_ANSWER, SKP_ERR_OK, NULL },
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "not yours" },
        { SKT_ERROR, SKP_ERR_PERMISSION_DENIED, "not yours either" },
    };
    struct skt_agent *agent = skt_agent_start(steps, SKP_ARRAY_LEN(steps));
    struct skt_run run = { .code = -1 };

    seal(agent, "--suite=2");
    skt_cli(&run, skt_agent_path(agent), "inspect", skt_file("f"));
    ck_assert_int_eq(run.code, 0);
    has(run.out, "key held    unknown: not yours\n");
    skt_cli(&run, skt_agent_path(agent), "inspect", "--tenant", SKT_TENANT,
            skt_file("f"));
    has(run.out, "key held    unknown: not yours either\n");
    skt_cli(&run, "/nonexistent/socket", "inspect", "--timeout=20ms",
            skt_file("f"), "--tenant", SKT_TENANT);
    ck_assert_int_eq(run.code, 0);
    has(run.out, "key held    unknown: /nonexistent/socket: no agent");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

START_TEST(json_has_the_same_and_bad_files_are_told)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };
    uint8_t bytes[200];

    seal(agent, "--suite=2");
    (void)skt_file_read(skt_file("f"), bytes, sizeof bytes);
    skt_file_write(skt_file("cut"), (struct skp_view){ bytes, 155 });
    skt_file_write(skt_file("text"), skp_view_of("hello, this is no envelope"));
    skt_cli(&run, skt_agent_path(agent), "inspect", "--json", skt_file("cut"),
            skt_file("f"), skt_file("text"), "/tmp", skt_file("absent"));
    ck_assert_int_eq(run.code, 1);
    ck_assert_int_eq(strncmp(run.out, "[\n  {\"file\": \"", 14), 0);
    has(run.out, "\"suite\": 2, \"suite_name\": \"x25519-hpke-aes256gcm\"");
    has(run.out, "\"plaintext_bytes\": 20000, \"salt\": \"");
    has(run.out, "\"key_held\": \"yes\", \"tenant\": \"" SKT_TENANT "\"}\n]\n");
    has(run.err, "DATA_LOSS: ");
    has(run.err, "cut or extended");
    has(run.err, "INVALID_ARGUMENT: ");
    has(run.err, "/tmp: Is a directory");
    has(run.err, "absent: No such file");
    skt_cli(&run, skt_agent_path(agent), "inspect", "--json", skt_file("cut"));
    ck_assert_str_eq(run.out, "[]\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_inspect",
          an_envelope_is_described,
          the_agent_tells_whether_it_holds_the_key,
          what_nobody_says_is_unknown,
          json_has_the_same_and_bad_files_are_told)
