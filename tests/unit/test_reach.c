/* test_reach.c - suite of agent/reach.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/reach.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static char folder[SKT_PATH_MAX];
static struct skd_config config;
static struct skd_config_paths files;
static struct skd_host host;

static const char *at(const char *name)
{
    static char paths[16][2 * SKT_PATH_MAX];
    static unsigned next;
    char *path = paths[next++ % SKP_ARRAY_LEN(paths)];

    (void)snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static void make_folder(const char *name)
{
    ck_assert_int_eq(mkdir(at(name), 0700), 0);
}

static void set_up(void)
{
    ck_assert(skt_tempdir(folder));
    make_folder("config");
    make_folder("secret");
    make_folder("tls");
    make_folder("other");
    ck_assert(skt_write_file(at("config/c.json"), "{}", 0600));
    ck_assert(skt_write_file(at("secret/s.json"), "{}", 0600));
    ck_assert(skt_write_file(at("tls/key.pem"), "", 0600));
    memset(&config, 0, sizeof config);
    files.config = at("config/c.json");
    files.secret = at("secret/s.json");
    host = (struct skd_host){ "kms", 5696 };
}

static struct skd_reach reach_of_config(void)
{
    struct skd_reach reach = { .n_paths = 0 };

    skt_ok(skd_reach_of(&config, &files, at("run/s.sock"), &reach));
    return reach;
}

/* What all rules for exactly @path allow. */
static unsigned use_of(const struct skd_reach *reach, const char *path)
{
    struct skd_landlock_path *paths = NULL;
    unsigned use = 0;

    skt_ok(skd_reach_paths(reach, &paths));
    for (size_t i = 0; i < reach->n_paths; i++) {
        use |= strcmp(paths[i].path, path) == 0 ? paths[i].use : 0;
    }
    free(paths);
    return use;
}

static void expect_use(const char *path, unsigned use)
{
    struct skd_reach reach = reach_of_config();

    ck_assert_uint_eq(use_of(&reach, path), use);
    skd_reach_done(&reach);
}

/* Compare a changed configuration with the one of the start; "" for covered. */
static void expect_covered(const struct skd_reach *granted, const char *why)
{
    struct skd_reach wanted = reach_of_config();
    struct skp_diag diag = { "" };
    enum skp_err err = skd_reach_covers_paths(granted, &wanted, &diag);

    if (err == SKP_ERR_OK) {
        err = skd_reach_covers_ports(granted, &wanted, &diag);
    }
    ck_assert_msg((err == SKP_ERR_OK) == (why[0] == '\0'), "%s", diag.text);
    ck_assert_msg(strstr(diag.text, why) != NULL, "%s", diag.text);
    skd_reach_done(&wanted);
}

START_TEST(the_folders_of_all_files_are_within_reach)
{
    set_up();
    expect_use(at("config"), SKD_LANDLOCK_READ);
    expect_use(at("secret"), SKD_LANDLOCK_READ);
    expect_use(at("run"),
               SKD_LANDLOCK_READ | SKD_LANDLOCK_WRITE | SKD_LANDLOCK_SOCKET);
    expect_use(at("tls"), 0);
    config.kmip.present = true;
    config.kmip.tls.key_file = at("tls/key.pem");
    expect_use(at("tls"), SKD_LANDLOCK_READ);
    config.coordinator.present = true;
    config.coordinator.url = "file:///lists/all/tenants.json";
    config.coordinator.token_file = "/tokens/one";
    expect_use("/lists/all", SKD_LANDLOCK_READ);
    expect_use("/tokens", SKD_LANDLOCK_READ);
    config.audit = "/var/log/sidekey/audit.log";
    config.audit_key_file = "/keys/audit/key";
    expect_use("/var/log/sidekey", SKD_LANDLOCK_READ | SKD_LANDLOCK_WRITE);
    expect_use("/keys/audit", SKD_LANDLOCK_READ);
    expect_use("/proc", 0);
    config.metrics = "unix:/run/metrics/m.sock";
    expect_use("/run/metrics", SKD_LANDLOCK_WRITE | SKD_LANDLOCK_SOCKET);
}
END_TEST

START_TEST(of_a_file_at_the_root_only_the_file_is_within_reach)
{
    set_up();
    config.coordinator.present = true;
    config.coordinator.token_file = "/token";
    expect_use("/token", SKD_LANDLOCK_READ);
    expect_use("/", 0);
}
END_TEST

START_TEST(a_link_is_within_reach_with_what_it_leads_to)
{
    char *target;

    set_up();
    ck_assert_int_eq(symlink(at("tls/key.pem"), at("other/key.pem")), 0);
    config.kmip.present = true;
    config.kmip.tls.key_file = at("other/key.pem");
    target = realpath(at("tls"), NULL);
    ck_assert_ptr_nonnull(target);
    expect_use(at("other"), SKD_LANDLOCK_READ);
    expect_use(target, SKD_LANDLOCK_READ);
    free(target);
}
END_TEST

START_TEST(ports_are_those_of_the_servers_and_of_dns)
{
    struct skd_reach reach;

    set_up();
    reach = reach_of_config();
    ck_assert_uint_eq(reach.n_connect_ports, 0);
    ck_assert_uint_eq(reach.n_bind_ports, 0);
    skd_reach_done(&reach);
    config.kmip.present = true;
    config.kmip.hosts = &host;
    config.kmip.n_hosts = 1;
    config.coordinator.present = true;
    config.coordinator.url = "https://c.example/tenants.json";
    config.metrics = "127.0.0.1:9464";
    reach = reach_of_config();
    ck_assert_uint_eq(reach.n_connect_ports, 3);
    ck_assert_uint_eq(reach.connect_ports[0], 5696);
    ck_assert_uint_eq(reach.connect_ports[1], 53);
    ck_assert_uint_eq(reach.connect_ports[2], 443);
    ck_assert_uint_eq(reach.bind_ports[0], 9464);
    skd_reach_done(&reach);
}
END_TEST

START_TEST(a_configuration_within_reach_needs_no_restart)
{
    struct skd_reach granted;

    set_up();
    config.kmip.present = true;
    config.kmip.hosts = &host;
    config.kmip.n_hosts = 1;
    config.kmip.tls.key_file = at("tls/key.pem");
    granted = reach_of_config();
    expect_covered(&granted, "");
    ck_assert(skt_write_file(at("tls/other.pem"), "", 0600));
    config.kmip.tls.key_file = at("tls/other.pem");
    expect_covered(&granted, "");
    /* As in Kubernetes: a link within the folder. */
    make_folder("tls/..2026");
    ck_assert(skt_write_file(at("tls/..2026/key.pem"), "", 0600));
    ck_assert_int_eq(symlink("..2026/key.pem", at("tls/linked.pem")), 0);
    config.kmip.tls.key_file = at("tls/linked.pem");
    expect_covered(&granted, "");
    /* What is not there is reported by whoever reads it. */
    config.kmip.tls.key_file = "/nonexistent/folder/key.pem";
    expect_covered(&granted, "");
    skd_reach_done(&granted);
}
END_TEST

START_TEST(a_configuration_out_of_reach_names_its_key)
{
    struct skd_reach granted;

    set_up();
    config.kmip.present = true;
    config.kmip.hosts = &host;
    config.kmip.n_hosts = 1;
    config.kmip.tls.key_file = at("tls/key.pem");
    config.metrics = "127.0.0.1:9464";
    granted = reach_of_config();
    ck_assert(skt_write_file(at("other/key.pem"), "", 0600));
    config.kmip.tls.key_file = at("other/key.pem");
    expect_covered(&granted, "crypto.kms_config.tls: ");
    config.kmip.tls.key_file = at("tls/key.pem");
    config.audit = at("config/audit.log"); /* may be read, not written */
    expect_covered(&granted, "needs a restart");
    config.audit = NULL;
    host.port = 5697;
    expect_covered(&granted, "TCP port 5697");
    host.port = 5696;
    config.metrics = "127.0.0.1:9465";
    expect_covered(&granted, "sidekey.metrics: TCP port 9465");
    skd_reach_done(&granted);
}
END_TEST

/* A rule is for the folder itself, not for its name. */
START_TEST(a_folder_that_was_replaced_is_out_of_reach)
{
    struct skd_reach granted;

    set_up();
    config.kmip.present = true;
    config.kmip.tls.key_file = at("tls/key.pem");
    granted = reach_of_config();
    ck_assert_int_eq(rename(at("tls"), at("tls.old")), 0);
    make_folder("tls");
    ck_assert(skt_write_file(at("tls/key.pem"), "", 0600));
    expect_covered(&granted, "needs a restart");
    skd_reach_done(&granted);
}
END_TEST

SKT_SUITE("reach",
          the_folders_of_all_files_are_within_reach,
          of_a_file_at_the_root_only_the_file_is_within_reach,
          a_link_is_within_reach_with_what_it_leads_to,
          ports_are_those_of_the_servers_and_of_dns,
          a_configuration_within_reach_needs_no_restart,
          a_configuration_out_of_reach_names_its_key,
          a_folder_that_was_replaced_is_out_of_reach)
