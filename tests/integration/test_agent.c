/* test_agent.c - sidekeyd as a process: its modes, its signals, its files, its
 * exit status; asked through libsidekey.
 *
 * Also proves: answer.c reload.c main.c
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "libclient/sidekey.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"
#include "tests/lib/until.h"

#define CALL_MS  60000u
#define START_MS 60000u

/* Golden derivations: seed text and the key id of its key. */
#define SEED_ONE "SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="
#define SEED_TWO \
    "HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"
#define KEY_ID_ONE "3e79bd828a6533d9"
#define KEY_ID_TWO "dd15cd4ae3affea5"

static char folder[SKT_PATH_MAX];
static char socket_path[SKT_PATH_MAX];
static char config_path[SKT_PATH_MAX];
static char log_path[SKT_PATH_MAX];
static pid_t agent;
static struct sidekey *handle;

static void set_up(void)
{
    ck_assert(skt_tempdir(folder));
    (void)snprintf(socket_path, sizeof socket_path, "%.400s/s.sock", folder);
    (void)snprintf(config_path, sizeof config_path, "%.400s/c.json", folder);
    (void)snprintf(log_path, sizeof log_path, "%.400s/log", folder);
    ck_assert_int_eq(sidekey_open(socket_path, &handle), SIDEKEY_OK);
}

static void tear_down(void)
{
    (void)skt_stop(&agent, SIGKILL, 5000);
    sidekey_close(&handle);
}

static void start(const char *const argv[])
{
    agent = skt_spawn(argv, NULL, log_path);
    ck_assert_int_gt(agent, 0);
    if (!skt_wait_unix(agent, socket_path, START_MS)) {
        char *log = skt_read_file(log_path, NULL);

        ck_abort_msg("no agent: %s", log);
    }
}

static void start_dev(void)
{
    start((const char *const[]){ skt_program("sidekeyd"), "--dev", "--socket",
                                 socket_path, NULL });
}

static void start_configured(void)
{
    start((const char *const[]){ skt_program("sidekeyd"), "--config",
                                 config_path, NULL });
}

static int exit_status(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* A configuration in local-multi-keys mode with one tenant. */
static void write_config(const char *tenant, const char *seeds)
{
    char text[1024];
    char next[SKT_PATH_MAX + 8];

    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"mode\": \"local-multi-keys\","
                   " \"update_period\": \"1h\","
                   " \"tenant_keys\": {\"%s\": %s}},"
                   " \"sidekey\": {\"socket\": \"%s\", \"workers\": 2,"
                   " \"metrics\": \"\"}}",
                   tenant, seeds, socket_path);
    (void)snprintf(next, sizeof next, "%s.new", config_path);
    ck_assert(skt_write_file(next, text, 0600));
    ck_assert_int_eq(rename(next, config_path), 0);
}

static bool has_key_id(const char *tenant, const char *key_id)
{
    struct sidekey_public_key key;
    char hex[2 * SIDEKEY_KEY_ID_LEN + 1];

    if (sidekey_pubkey(handle, tenant, CALL_MS, &key) != SIDEKEY_OK) {
        return false;
    }
    skp_hex(key.key_id, sizeof key.key_id, hex);
    return strcmp(hex, key_id) == 0;
}

static bool has_second_key(void *state)
{
    (void)state;
    return has_key_id("t", KEY_ID_TWO);
}

static void round_trip(const char *tenant)
{
    static const uint8_t plaintext[] = "the quick brown fox";
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    bool authenticated = false;

    ck_assert_int_eq(sidekey_encrypt(handle, tenant, plaintext,
                                     sizeof plaintext, NULL, CALL_MS,
                                     &envelope),
                     SIDEKEY_OK);
    ck_assert_int_eq(sidekey_decrypt(handle, tenant, envelope.ptr, envelope.len,
                                     NULL, CALL_MS, &opened, &authenticated),
                     SIDEKEY_OK);
    ck_assert(authenticated);
    skt_bytes_eq((struct skp_view){ opened.ptr, opened.len },
                 (struct skp_view){ plaintext, sizeof plaintext });
    sidekey_bytes_free(&envelope);
    sidekey_bytes_free(&opened);
}

START_TEST(dev_mode_makes_a_key_per_tenant_on_first_use)
{
    struct sidekey_public_key one;
    struct sidekey_public_key again;
    struct sidekey_public_key two;

    set_up();
    start_dev();
    ck_assert_int_eq(sidekey_pubkey(handle, "one", CALL_MS, &one), SIDEKEY_OK);
    ck_assert_int_eq(sidekey_pubkey(handle, "two", CALL_MS, &two), SIDEKEY_OK);
    ck_assert_int_eq(sidekey_pubkey(handle, "one", CALL_MS, &again),
                     SIDEKEY_OK);
    ck_assert_mem_eq(one.public_key, again.public_key, SIDEKEY_KEY_LEN);
    ck_assert_mem_ne(one.public_key, two.public_key, SIDEKEY_KEY_LEN);
    round_trip("one");
    ck_assert(skt_file_has(log_path, "DIES WITH IT"));
    tear_down();
}
END_TEST

START_TEST(sigterm_ends_with_0_and_removes_the_socket)
{
    set_up();
    start_dev();
    round_trip("one");
    ck_assert_int_eq(exit_status(skt_stop(&agent, SIGTERM, START_MS)), 0);
    ck_assert_int_ne(access(socket_path, F_OK), 0);
    ck_assert(skt_file_has(log_path, "stopped"));
    tear_down();
}
END_TEST

START_TEST(a_second_agent_leaves_the_first_one_s_socket_alone)
{
    int status;

    set_up();
    start_dev();
    status = skt_exec((const char *const[]){ skt_program("sidekeyd"), "--dev",
                                             "--socket", socket_path, NULL },
                      NULL, log_path, START_MS);
    ck_assert_int_eq(status, EX_UNAVAILABLE);
    round_trip("one");
    tear_down();
}
END_TEST

START_TEST(the_socket_of_a_killed_agent_is_taken_over)
{
    set_up();
    start_dev();
    round_trip("one");
    (void)skt_stop(&agent, SIGKILL, 5000);
    ck_assert_int_eq(access(socket_path, F_OK), 0);
    start_dev();
    round_trip("one");
    tear_down();
}
END_TEST

START_TEST(an_option_names_another_socket_than_the_configuration)
{
    char configured[sizeof socket_path];

    set_up();
    write_config("t", "\"" SEED_ONE "\"");
    memcpy(configured, socket_path, sizeof configured);
    (void)snprintf(socket_path, sizeof socket_path, "%.*s2",
                   (int)sizeof socket_path - 2, configured);
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path,
                                             "--socket", socket_path, NULL },
                      NULL, log_path);
    ck_assert(skt_wait_unix(agent, socket_path, START_MS));
    ck_assert_int_ne(access(configured, F_OK), 0);
    tear_down();
}
END_TEST

START_TEST(local_keys_are_those_of_the_golden_derivation)
{
    set_up();
    write_config("t", "[\"" SEED_TWO "\", \"" SEED_ONE "\"]");
    start_configured();
    ck_assert(has_key_id("t", KEY_ID_TWO));
    round_trip("t");
    tear_down();
}
END_TEST

START_TEST(a_changed_file_is_taken_over_and_old_envelopes_still_open)
{
    static const uint8_t plaintext[] = "before";
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };

    set_up();
    write_config("t", "\"" SEED_ONE "\"");
    start_configured();
    ck_assert(has_key_id("t", KEY_ID_ONE));
    ck_assert_int_eq(
        sidekey_encrypt(handle, "t", plaintext, 6, NULL, CALL_MS, &envelope),
        SIDEKEY_OK);
    write_config("t", "\"" SEED_TWO "\"");
    ck_assert(skt_until(has_second_key, NULL, START_MS));
    ck_assert_int_eq(sidekey_decrypt(handle, "t", envelope.ptr, envelope.len,
                                     NULL, CALL_MS, &opened, NULL),
                     SIDEKEY_OK);
    ck_assert_uint_eq(opened.len, 6);
    sidekey_bytes_free(&envelope);
    sidekey_bytes_free(&opened);
    tear_down();
}
END_TEST

START_TEST(a_bad_new_configuration_is_refused_and_the_old_one_stays)
{
    set_up();
    write_config("t", "\"" SEED_ONE "\"");
    start_configured();
    /* The agent may also read it while it is half written. */
    ck_assert(skt_write_file(config_path, "{\"crypto\": {\"mod\": 1}}", 0600));
    ck_assert_int_eq(kill(agent, SIGHUP), 0);
    ck_assert(skt_until_file_has(log_path, "crypto.mod", START_MS));
    ck_assert(skt_until_file_has(log_path, "the old one stays", START_MS));
    ck_assert(has_key_id("t", KEY_ID_ONE));
    round_trip("t");
    tear_down();
}
END_TEST

START_TEST(one_key_serves_every_tenant_in_single_key_mode)
{
    char text[1024];

    set_up();
    (void)snprintf(text, sizeof text,
                   "{\"crypto\": {\"key\": \"" SEED_ONE "\"},"
                   " \"sidekey\": {\"socket\": \"%s\"}}",
                   socket_path);
    ck_assert(skt_write_file(config_path, text, 0600));
    start_configured();
    ck_assert(has_key_id("whoever", KEY_ID_ONE));
    ck_assert(has_key_id("another", KEY_ID_ONE));
    round_trip("whoever");
    tear_down();
}
END_TEST

START_TEST(check_config_prints_no_secret_and_lists_every_error)
{
    char out_path[SKT_PATH_MAX];

    set_up();
    (void)snprintf(out_path, sizeof out_path, "%.400s/out", folder);
    write_config("t", "\"" SEED_ONE "\"");
    ck_assert_int_eq(
        skt_exec((const char *const[]){ skt_program("sidekeyd"),
                                        "--check-config", "--config",
                                        config_path, NULL },
                 NULL, out_path, START_MS),
        0);
    ck_assert(skt_file_has(out_path, "<redacted>"));
    ck_assert(!skt_file_has(out_path, SEED_ONE));

    ck_assert(skt_write_file(config_path,
                             "{\"crypto\": {\"mode\": \"nope\"},\n"
                             "\"sidekey\": {\"wrokers\": 1}}",
                             0600));
    ck_assert_int_eq(
        skt_exec((const char *const[]){ skt_program("sidekeyd"),
                                        "--check-config", "--config",
                                        config_path, NULL },
                 NULL, out_path, START_MS),
        EX_CONFIG);
    ck_assert(skt_file_has(out_path, "invalid crypto.mode value"));
    ck_assert(skt_file_has(out_path, "workers"));
    tear_down();
}
END_TEST

START_TEST(wrong_usage_ends_with_64)
{
    set_up();
    ck_assert_int_eq(skt_exec((const char *const[]){ skt_program("sidekeyd"),
                                                     "--nonsense", NULL },
                              NULL, log_path, START_MS),
                     EX_USAGE);
    tear_down();
}
END_TEST

START_TEST(the_service_manager_is_told_when_keys_are_there)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    char variable[SKT_PATH_MAX + 32];
    const char *env[] = { variable, NULL };
    static const char stores[] = "FDSTORE=1\nFDNAME=sidekey-keys-";
    char heard[128] = { 0 };
    int manager = socket(AF_UNIX, SOCK_DGRAM, 0);

    set_up();
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%.80s/m.sock",
                   folder);
    (void)snprintf(variable, sizeof variable, "NOTIFY_SOCKET=%s",
                   address.sun_path);
    ck_assert_int_eq(bind(manager, (const struct sockaddr *)&address,
                          (socklen_t)sizeof address),
                     0);
    write_config("t", "\"" SEED_ONE "\"");
    agent = skt_spawn((const char *const[]){ skt_program("sidekeyd"),
                                             "--config", config_path, NULL },
                      env, log_path);
    /* Kept before they are served: see test_keep.c. */
    ck_assert_int_gt(recv(manager, heard, sizeof heard - 1, 0), 0);
    ck_assert_mem_eq(heard, stores, sizeof stores - 1);
    memset(heard, 0, sizeof heard);
    ck_assert_int_gt(recv(manager, heard, sizeof heard - 1, 0), 0);
    ck_assert_str_eq(heard, "READY=1");
    ck_assert(has_key_id("t", KEY_ID_ONE));
    ck_assert_int_eq(kill(agent, SIGTERM), 0);
    memset(heard, 0, sizeof heard);
    ck_assert_int_gt(recv(manager, heard, sizeof heard - 1, 0), 0);
    ck_assert_str_eq(heard, "STOPPING=1");
    (void)close(manager);
    tear_down();
}
END_TEST

SKT_SUITE("agent",
          dev_mode_makes_a_key_per_tenant_on_first_use,
          sigterm_ends_with_0_and_removes_the_socket,
          a_second_agent_leaves_the_first_one_s_socket_alone,
          the_socket_of_a_killed_agent_is_taken_over,
          an_option_names_another_socket_than_the_configuration,
          local_keys_are_those_of_the_golden_derivation,
          a_changed_file_is_taken_over_and_old_envelopes_still_open,
          a_bad_new_configuration_is_refused_and_the_old_one_stays,
          one_key_serves_every_tenant_in_single_key_mode,
          check_config_prints_no_secret_and_lists_every_error,
          wrong_usage_ends_with_64,
          the_service_manager_is_told_when_keys_are_there)
