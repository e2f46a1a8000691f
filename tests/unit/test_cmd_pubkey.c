/* test_cmd_pubkey.c - sidekey pubkey. */
#include "tests/lib/agent_fake.h"
#include "tests/lib/cli_run.h"
#include "tests/lib/suite.h"

#define PUBLIC \
    "a5b984e765b978e7151119a21c548350f5d0eb8a26d6b17c74b9d25498bc496b"
#define KEY_ID "e0747b0fc2e5f856"

START_TEST(prints_the_key_for_people_and_for_scripts)
{
    struct skt_agent *agent = skt_agent_start(NULL, 0);
    struct skt_run run = { .code = -1 };

    skt_cli(&run, skt_agent_path(agent), "pubkey", SKT_TENANT);
    ck_assert_int_eq(run.code, 0);
    ck_assert_str_eq(run.out, "public_key " PUBLIC "\nkey_id     " KEY_ID
                              "\ngeneration 1\n");
    skt_cli(&run, skt_agent_path(agent), "pubkey", "--json", SKT_TENANT);
    ck_assert_str_eq(run.out,
                     "{\"public_key\": \"" PUBLIC "\", \"key_id\": \"" KEY_ID
                     "\", \"generation\": 1}\n");
    skt_agent_stop(&agent);
    skt_run_done(&run);
}
END_TEST

SKT_SUITE("cmd_pubkey", prints_the_key_for_people_and_for_scripts)
