/* test_reach_system.c - suite of agent/reach_system.c: the system's own files
 * are within reach only of a configuration that needs them. */
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "agent/reach_system.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

static struct skd_config config;
static struct skd_host hosts[2];

static void set_up(void)
{
    memset(&config, 0, sizeof config);
    hosts[0] = (struct skd_host){ "192.0.2.1", 5696 };
    hosts[1] = (struct skd_host){ "2001:db8::1", 5696 };
    config.kmip.hosts = hosts;
    config.kmip.n_hosts = SKP_ARRAY_LEN(hosts);
    config.kmip.tls.ca_file = "/tls/ca.pem";
    config.coordinator.url = "http://198.51.100.7/tenants.json";
}

static bool reaches(const char *path)
{
    struct skd_reach reach = { .n_paths = 0 };
    bool is_there = false;

    skt_ok(skd_reach_system_add(&reach, &config));
    for (size_t i = 0; i < reach.n_paths; i++) {
        ck_assert_uint_eq(reach.paths[i].use, SKD_LANDLOCK_READ);
        is_there = is_there || strcmp(reach.paths[i].path, path) == 0;
    }
    skd_reach_done(&reach);
    ck_assert_uint_eq(reach.n_paths, 0);
    return is_there;
}

/* Those of the name service, and those of the system's authorities. */
static void expect_reach(bool has_names, bool has_authorities)
{
    ck_assert_int_eq(reaches("/etc/nsswitch.conf"), has_names);
    ck_assert_int_eq(reaches("/usr/lib"), has_names);
    ck_assert_int_eq(reaches("/etc/ssl/certs"), has_authorities);
    ck_assert_int_eq(reaches("/usr/share/ca-certificates"), has_authorities);
    ck_assert(reaches("/proc/self"));
    ck_assert(!reaches("/usr"));
    ck_assert(!reaches("/proc"));
    ck_assert(!reaches("/"));
    if (!has_names) {
        ck_assert(!reaches("/etc"));
        ck_assert(!reaches("/lib"));
    }
}

START_TEST(addresses_and_given_authorities_need_nothing)
{
    set_up();
    expect_reach(false, false);
    config.kmip.present = true;
    config.coordinator.present = true;
    expect_reach(false, false);
    config.coordinator.url = "https://[2001:db8::2]:8443/tenants.json";
    config.coordinator.tls.ca = skp_view_of("PEM");
    config.metrics = "127.0.0.1:9464";
    expect_reach(false, false);
    config.metrics = "unix:/run/metrics.sock";
    config.coordinator.url = "file:///lists/tenants.json";
    config.coordinator.tls.ca = (struct skp_view){ NULL, 0 };
    expect_reach(false, false);
}
END_TEST

START_TEST(names_of_hosts_need_the_name_service)
{
    set_up();
    config.coordinator.present = true;
    config.coordinator.url = "http://coordinator.example/tenants.json";
    expect_reach(true, false);
    set_up();
    config.kmip.present = true;
    hosts[1].host = "kms.example";
    expect_reach(true, false);
    ck_assert(reaches("/run/systemd/resolve"));
    set_up();
    config.metrics = "localhost:9464";
    expect_reach(true, false);
    config.metrics = "";
    expect_reach(false, false);
}
END_TEST

START_TEST(names_of_users_need_the_name_service)
{
    set_up();
    config.names_users = true;
    expect_reach(true, false);
    ck_assert(reaches("/run/systemd/userdb"));
    ck_assert(!reaches("/run/systemd/resolve"));
}
END_TEST

START_TEST(without_a_given_authority_the_systems_are_needed)
{
    set_up();
    config.kmip.present = true;
    config.kmip.tls.ca_file = NULL;
    expect_reach(false, true);
    config.kmip.tls.insecure_skip_verify = true;
    expect_reach(false, false);
    set_up();
    config.coordinator.present = true;
    config.coordinator.url = "https://198.51.100.7/tenants.json";
    expect_reach(false, true);
    ck_assert_int_eq(setenv("SSL_CERT_DIR", "/own/authorities", 1), 0);
    ck_assert(reaches("/own/authorities"));
    config.coordinator.tls.ca_file = "/ca.pem";
    ck_assert(!reaches("/own/authorities"));
}
END_TEST

/* ---- files that cannot be replaced ----------------------------------------
 */

static bool mount_over(const char *place, const char *from)
{
    return mount(from, place, NULL, MS_BIND, NULL) == 0;
}

/* As in a container: each of the files is a mount of its own. */
static bool try_mounts(void)
{
    char folder[SKT_PATH_MAX];
    char file[SKT_PATH_MAX + 8];

    ck_assert(skt_tempdir(folder));
    (void)snprintf(file, sizeof file, "%s/file", folder);
    ck_assert(skt_write_file(file, "", 0644));
    config.names_users = true;
    ck_assert(reaches("/etc"));
    if (!mount_over("/etc/passwd", file)) {
        return false;
    }
    ck_assert(reaches("/etc/passwd"));
    ck_assert(reaches("/etc")); /* for the other one */
    ck_assert(mount_over("/etc/group", file));
    ck_assert(reaches("/etc/group"));
    ck_assert(!reaches("/etc"));
    return true;
}

/* As under a unit with a root of its own: in the folder that is mounted
 * read-only others go on replacing files. */
static bool try_read_only(void)
{
    config.names_users = true;
    if (!mount_over("/etc", "/etc")) {
        return false;
    }
    ck_assert_int_eq(
        mount(NULL, "/etc", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL), 0);
    ck_assert(reaches("/etc"));
    return true;
}

/* Run @body where mounts are nobody else's. */
static void with_mounts(bool (*body)(void))
{
    set_up();
    if (unshare(CLONE_NEWNS) != 0 ||
        mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || !body()) {
        (void)printf("SKIPPED: mounting needs root (%s)\n",
                     strerrordesc_np(errno));
    }
}

START_TEST(a_file_of_its_own_mount_is_within_reach_alone)
{
    with_mounts(try_mounts);
}
END_TEST

START_TEST(a_read_only_mount_is_within_reach_as_a_whole)
{
    with_mounts(try_read_only);
}
END_TEST

SKT_SUITE("reach_system",
          addresses_and_given_authorities_need_nothing,
          names_of_hosts_need_the_name_service,
          names_of_users_need_the_name_service,
          without_a_given_authority_the_systems_are_needed,
          a_file_of_its_own_mount_is_within_reach_alone,
          a_read_only_mount_is_within_reach_as_a_whole)
