/* reach_system.c - what a configuration needs of the system's own files; see
 * reach_system.h. */
#include "agent/reach_system.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "agent/config/address.h"
#include "agent/source/net/http_url.h"
#include "agent/source/net/tls_context.h"

static enum skp_err add_all(struct skd_reach *reach,
                            const char *const *paths,
                            size_t n_paths,
                            const char *key)
{
    for (size_t i = 0; i < n_paths; i++) {
        SKP_TRY(skd_reach_add(reach, paths[i], SKD_LANDLOCK_READ, key));
    }
    return SKP_ERR_OK;
}

/* ---- files that others replace --------------------------------------------
 */

/* A file of its own mount, as containers have them, stays the same file.  That
 * /etc is read-only to us tells nothing: it may be another mount of a folder in
 * which others write. */
static bool stays_the_same(const char *file)
{
    struct statx status;

    return statx(AT_FDCWD, file, AT_SYMLINK_NOFOLLOW, 0, &status) == 0 &&
           (status.stx_attributes_mask & status.stx_attributes &
            STATX_ATTR_MOUNT_ROOT) != 0;
}

/* Files of /etc that programs replace by rename: a rule for such a file would
 * end with it, and so would every refresh. */
static enum skp_err add_replaced(struct skd_reach *reach,
                                 const char *const *files,
                                 size_t n_files,
                                 const char *key)
{
    for (size_t i = 0; i < n_files; i++) {
        SKP_TRY(skd_reach_add(reach,
                              stays_the_same(files[i]) ? files[i] : "/etc",
                              SKD_LANDLOCK_READ, key));
    }
    return SKP_ERR_OK;
}

/* ---- names ----------------------------------------------------------------
 */

/* Modules of the name service are loaded when they are needed first. */
static enum skp_err add_modules(struct skd_reach *reach, const char *key)
{
    static const char *const paths[] = {
        "/etc/nsswitch.conf",
        "/etc/ld.so.cache",
        "/usr/lib",
        "/usr/lib64",
        "/lib",
        "/lib64",
        "/var/lib/sss",
        "/run/nscd",
        "/var/db/nscd",
    };

    return add_all(reach, paths, SKP_ARRAY_LEN(paths), key);
}

static enum skp_err add_host_names(struct skd_reach *reach, const char *key)
{
    static const char *const replaced[] = { "/etc/hosts", "/etc/resolv.conf" };
    static const char *const paths[] = {
        "/etc/host.conf", "/etc/gai.conf",
        /* Where a resolv.conf in /etc leads to. */
        "/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"
    };

    SKP_TRY(add_replaced(reach, replaced, SKP_ARRAY_LEN(replaced), key));
    SKP_TRY(add_all(reach, paths, SKP_ARRAY_LEN(paths), key));
    return add_modules(reach, key);
}

static enum skp_err add_user_names(struct skd_reach *reach, const char *key)
{
    static const char *const replaced[] = { "/etc/passwd", "/etc/group" };
    static const char *const paths[] = { "/run/systemd/userdb", "/etc/userdb",
                                         "/usr/lib/userdb" };

    SKP_TRY(add_replaced(reach, replaced, SKP_ARRAY_LEN(replaced), key));
    SKP_TRY(add_all(reach, paths, SKP_ARRAY_LEN(paths), key));
    return add_modules(reach, key);
}

static enum skp_err
add_host(struct skd_reach *reach, const char *host, const char *key)
{
    uint8_t address[sizeof(struct in6_addr)];

    /* Only an IPv6 address has colons, and it may have a zone. */
    if (strchr(host, ':') != NULL || inet_pton(AF_INET, host, address) == 1) {
        return SKP_ERR_OK;
    }
    return add_host_names(reach, key);
}

/* ---- certificate authorities ---------------------------------------------
 */

static enum skp_err add_authorities(struct skd_reach *reach,
                                    const struct skd_tls_config *tls,
                                    const char *key)
{
    const char *const paths[] = {
        skd_tls_default_file(),
        skd_tls_default_folder(),
        "/etc/ssl/certs",
        "/etc/pki/tls/certs",
        "/etc/pki/ca-trust",
        "/etc/ca-certificates",
        "/usr/share/ca-certificates",
        "/usr/local/share/ca-certificates",
        "/var/lib/ca-certificates",
    };

    if (tls->insecure_skip_verify || tls->ca.len > 0 || tls->ca_file != NULL) {
        return SKP_ERR_OK;
    }
    return add_all(reach, paths, SKP_ARRAY_LEN(paths), key);
}

/* ---- parts of a configuration ---------------------------------------------
 */

static enum skp_err add_kmip(struct skd_reach *reach,
                             const struct skd_kmip_config *kmip)
{
    if (!kmip->present) {
        return SKP_ERR_OK;
    }
    for (size_t i = 0; i < kmip->n_hosts; i++) {
        SKP_TRY(add_host(reach, kmip->hosts[i].host, "crypto.kms_config.kmip"));
    }
    return add_authorities(reach, &kmip->tls, "crypto.kms_config.tls");
}

static enum skp_err
add_coordinator(struct skd_reach *reach,
                const struct skd_coordinator_config *coordinator)
{
    enum skd_http_scheme scheme = SKD_HTTP_SCHEME_NONE;
    char host[SKD_HTTP_URL_MAX];
    uint16_t port = 0;

    if (coordinator->present && coordinator->url != NULL) {
        scheme = skd_http_url_scheme(coordinator->url);
    }
    if (scheme != SKD_HTTP_SCHEME_HTTP && scheme != SKD_HTTP_SCHEME_HTTPS) {
        return SKP_ERR_OK;
    }
    SKP_TRY(skd_http_url_server(coordinator->url, host, &port));
    SKP_TRY(add_host(reach, host, "coordinator.url"));
    return scheme == SKD_HTTP_SCHEME_HTTP
               ? SKP_ERR_OK
               : add_authorities(reach, &coordinator->tls, "coordinator.tls");
}

static enum skp_err add_metrics(struct skd_reach *reach, const char *metrics)
{
    struct skd_address address = { { NULL, 0 }, 0 };
    const char *why = NULL;
    char *host;
    enum skp_err err;

    if (metrics == NULL || metrics[0] == '\0' ||
        skd_address_parse(skp_view_of(metrics), &address, &why) != SKP_ERR_OK) {
        return SKP_ERR_OK;
    }
    host = strndup((const char *)address.host.ptr, address.host.len);
    if (host == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    err = add_host(reach, host, "sidekey.metrics");
    free(host);
    return err;
}

enum skp_err skd_reach_system_add(struct skd_reach *reach,
                                  const struct skd_config *config)
{
    static const char *const always[] = {
        /* How many processors there are. */
        "/sys/devices/system/cpu", "/proc/stat",
        /* Ourselves; of /proc nobody else. */
        "/proc/self", "/dev/urandom", "/dev/random", "/dev/null"
    };

    SKP_TRY(add_all(reach, always, SKP_ARRAY_LEN(always), ""));
    SKP_TRY(add_kmip(reach, &config->kmip));
    SKP_TRY(add_coordinator(reach, &config->coordinator));
    SKP_TRY(add_metrics(reach, config->metrics));
    return config->names_users ? add_user_names(reach, "sidekey.access")
                               : SKP_ERR_OK;
}
