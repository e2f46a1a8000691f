/* reach.c - from a configuration to paths and ports; see reach.h. */
#include "agent/reach.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config/address.h"
#include "agent/source/net/http_url.h"

#define DNS_PORT 53u /* over TCP: an answer that does not fit a datagram */

/* ---- paths --------------------------------------------------------------- */

/* @path is moved, also on failure. */
static enum skp_err
add_moved(struct skd_reach *reach, char *path, unsigned use, const char *key)
{
    struct skd_reach_path *row = &reach->paths[reach->n_paths];
    struct stat status;

    if (path == NULL || reach->n_paths == SKD_REACH_PATHS_MAX) {
        free(path);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    reach->n_paths++;
    *row = (struct skd_reach_path){ .path = path, .use = use, .key = key };
    if (stat(path, &status) == 0) {
        row->device = status.st_dev;
        row->inode = status.st_ino;
    }
    return SKP_ERR_OK;
}

enum skp_err skd_reach_add(struct skd_reach *reach,
                           const char *path,
                           unsigned use,
                           const char *key)
{
    return add_moved(reach, strdup(path), use, key);
}

/* The folder of @file; of a file at the root of the file system the file
 * itself, or nothing would be forbidden. */
static char *folder_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    if (slash == NULL) {
        return strdup(".");
    }
    return slash == file ? strdup(file) : strndup(file, (size_t)(slash - file));
}

/* Where @file is, and where it leads to. */
static enum skp_err add_file(struct skd_reach *reach,
                             const char *file,
                             unsigned use,
                             const char *key)
{
    char *target;
    enum skp_err err;

    if (file == NULL) {
        return SKP_ERR_OK;
    }
    SKP_TRY(add_moved(reach, folder_of(file), use, key));
    target = realpath(file, NULL);
    if (target == NULL) {
        return SKP_ERR_OK;
    }
    err = add_moved(reach, folder_of(target), use, key);
    free(target);
    return err;
}

static enum skp_err add_tls(struct skd_reach *reach,
                            const struct skd_tls_config *tls,
                            const char *key)
{
    SKP_TRY(add_file(reach, tls->key_file, SKD_LANDLOCK_READ, key));
    SKP_TRY(add_file(reach, tls->cert_file, SKD_LANDLOCK_READ, key));
    return add_file(reach, tls->ca_file, SKD_LANDLOCK_READ, key);
}

/* ---- ports --------------------------------------------------------------- */

static bool has_port(const uint16_t *ports, size_t n_ports, uint16_t port)
{
    for (size_t i = 0; i < n_ports; i++) {
        if (ports[i] == port) {
            return true;
        }
    }
    return false;
}

static enum skp_err add_port(struct skd_reach *reach, uint16_t port)
{
    if (has_port(reach->connect_ports, reach->n_connect_ports, port)) {
        return SKP_ERR_OK;
    }
    if (reach->n_connect_ports == SKD_REACH_PORTS_MAX) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    reach->connect_ports[reach->n_connect_ports++] = port;
    return SKP_ERR_OK;
}

/* ---- parts of a configuration -------------------------------------------- */

static enum skp_err add_kmip(struct skd_reach *reach,
                             const struct skd_kmip_config *kmip)
{
    if (!kmip->present) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < kmip->n_hosts; i++) {
        SKP_TRY(add_port(reach, kmip->hosts[i].port));
    }
    SKP_TRY(add_port(reach, DNS_PORT));
    return add_tls(reach, &kmip->tls, "crypto.kms_config.tls");
}

static enum skp_err
add_coordinator(struct skd_reach *reach,
                const struct skd_coordinator_config *coordinator)
{
    char part[SKD_HTTP_URL_MAX]; /* its path, or its host */
    uint16_t port = 0;

    if (!coordinator->present) {
        return SKP_ERR_OK;
    }
    SKP_TRY(add_file(reach, coordinator->token_file, SKD_LANDLOCK_READ,
                     "coordinator.token_file"));
    SKP_TRY(add_tls(reach, &coordinator->tls, "coordinator.tls"));
    if (coordinator->url == NULL) {
        return SKP_ERR_OK;
    }
    if (skd_http_url_path(coordinator->url, part) == SKP_ERR_OK) {
        return add_file(reach, part, SKD_LANDLOCK_READ, "coordinator.url");
    }
    if (skd_http_url_server(coordinator->url, part, &port) == SKP_ERR_OK) {
        SKP_TRY(add_port(reach, port));
        SKP_TRY(add_port(reach, DNS_PORT));
    }
    return SKP_ERR_OK;
}

static enum skp_err add_metrics(struct skd_reach *reach, const char *metrics)
{
    static const char unix_prefix[] = "unix:";
    struct skd_address address = { { NULL, 0 }, 0 };
    const char *why = NULL;

    if (metrics == NULL || metrics[0] == '\0') {
        return SKP_ERR_OK;
    }
    if (strncmp(metrics, unix_prefix, sizeof unix_prefix - 1) == 0) {
        return add_file(reach, metrics + sizeof unix_prefix - 1,
                        SKD_LANDLOCK_WRITE | SKD_LANDLOCK_SOCKET,
                        "sidekey.metrics");
    }
    if (skd_address_parse(skp_view_of(metrics), &address, &why) == SKP_ERR_OK) {
        reach->bind_ports[0] = address.port;
        reach->n_bind_ports = 1;
    }
    return SKP_ERR_OK;
}

static enum skp_err add_audit(struct skd_reach *reach,
                              const struct skd_config *config)
{
    const char *audit = config->audit;

    if (audit == NULL || strcmp(audit, "off") == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(add_file(reach, config->audit_key_file, SKD_LANDLOCK_READ,
                     "sidekey.audit_key_file"));
    if (strcmp(audit, "stderr") == 0) {
        return SKP_ERR_OK;
    }
    return add_file(reach, audit, SKD_LANDLOCK_READ | SKD_LANDLOCK_WRITE,
                    "sidekey.audit");
}

static enum skp_err fill_reach(struct skd_reach *reach,
                               const struct skd_config *config,
                               const struct skd_config_paths *files,
                               const char *socket)
{
    SKP_TRY(add_file(reach,
                     files->config == NULL ? SKD_CONFIG_DEFAULT : files->config,
                     SKD_LANDLOCK_READ, "--config"));
    SKP_TRY(add_file(reach,
                     files->secret == NULL ? SKD_SECRET_DEFAULT : files->secret,
                     SKD_LANDLOCK_READ, "--secret"));
    SKP_TRY(
        add_file(reach, socket,
                 SKD_LANDLOCK_READ | SKD_LANDLOCK_WRITE | SKD_LANDLOCK_SOCKET,
                 "sidekey.socket"));
    SKP_TRY(add_kmip(reach, &config->kmip));
    SKP_TRY(add_coordinator(reach, &config->coordinator));
    SKP_TRY(add_metrics(reach, config->metrics));
    return add_audit(reach, config);
}

enum skp_err skd_reach_of(const struct skd_config *config,
                          const struct skd_config_paths *files,
                          const char *socket,
                          struct skd_reach *ret)
{
    SKP_CLEANUP(skd_reach_done)
    struct skd_reach reach = { .n_paths = 0 };

    SKP_TRY(fill_reach(&reach, config, files, socket));
    *ret = reach;
    reach.n_paths = 0; /* moved */
    return SKP_ERR_OK;
}

enum skp_err skd_reach_paths(const struct skd_reach *reach,
                             struct skd_landlock_path **ret)
{
    struct skd_landlock_path *paths = calloc(reach->n_paths + 1, sizeof *paths);

    if (paths == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    for (size_t i = 0; i < reach->n_paths; i++) {
        paths[i] = (struct skd_landlock_path){ reach->paths[i].path,
                                               reach->paths[i].use };
    }
    *ret = paths;
    return SKP_ERR_OK;
}

/* ---- comparing ----------------------------------------------------------- */

/* What the kernel asks at each step up from a file. */
static unsigned granted_at(const struct skd_reach *granted,
                           const struct stat *status)
{
    unsigned use = 0;

    for (size_t i = 0; i < granted->n_paths; i++) {
        const struct skd_reach_path *path = &granted->paths[i];

        if (path->inode == status->st_ino && path->device == status->st_dev) {
            use |= path->use;
        }
    }
    return use;
}

/* Cut the last name off; false at the root. */
static bool step_up(char *path)
{
    char *slash = strrchr(path, '/');

    if (slash == NULL || path[1] == '\0') {
        return false;
    }
    slash[slash == path ? 1 : 0] = '\0';
    return true;
}

static bool is_granted(const struct skd_reach *granted,
                       const struct skd_reach_path *wanted)
{
    char *path = realpath(wanted->path, NULL);
    unsigned use = 0;
    struct stat status;
    bool is_below = path != NULL;

    while (is_below) {
        if (stat(path, &status) == 0) {
            use |= granted_at(granted, &status);
        }
        is_below = step_up(path);
    }
    free(path);
    return (use & wanted->use) == wanted->use;
}

enum skp_err skd_reach_covers_paths(const struct skd_reach *granted,
                                    const struct skd_reach *wanted,
                                    struct skp_diag *diag)
{
    for (size_t i = 0; i < wanted->n_paths; i++) {
        const struct skd_reach_path *path = &wanted->paths[i];

        if (path->inode != 0 && !is_granted(granted, path)) {
            return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                            "%s: %s is outside of the sandbox that was made at "
                            "the start: this needs a restart",
                            path->key, path->path);
        }
    }
    return SKP_ERR_OK;
}

enum skp_err skd_reach_covers_ports(const struct skd_reach *granted,
                                    const struct skd_reach *wanted,
                                    struct skp_diag *diag)
{
    for (size_t i = 0; i < wanted->n_connect_ports; i++) {
        uint16_t port = wanted->connect_ports[i];

        if (!has_port(granted->connect_ports, granted->n_connect_ports, port)) {
            return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                            "connecting to TCP port %u is outside of the "
                            "sandbox that was made at the start: this needs a "
                            "restart",
                            (unsigned)port);
        }
    }
    if (wanted->n_bind_ports > 0 &&
        !has_port(granted->bind_ports, granted->n_bind_ports,
                  wanted->bind_ports[0])) {
        return skp_fail(
            diag, SKP_ERR_FAILED_PRECONDITION,
            "sidekey.metrics: TCP port %u is outside of the sandbox "
            "that was made at the start: this needs a restart",
            (unsigned)wanted->bind_ports[0]);
    }
    return SKP_ERR_OK;
}

void skd_reach_done(struct skd_reach *reach)
{
    for (size_t i = 0; i < reach->n_paths; i++) {
        free(reach->paths[i].path);
    }
    *reach = (struct skd_reach){ .n_paths = 0 };
}
