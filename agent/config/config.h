/* config.h - the configuration: two JSON files become one read-only struct.
 *
 * Everything that can be wrong with a configuration is found here, all of it
 * at once, and named by file, line and JSON path.  Whoever holds a config never
 * checks it again.
 *
 * Thread:   immutable once loaded; counted, so that a reload can replace it
 *           while a refresh still uses the old one.
 * Secrets:  seeds, tokens and inline PEM keys are views into locked memory of
 *           the config and go with it.
 */
#ifndef SKD_CONFIG_H
#define SKD_CONFIG_H

#include <sys/types.h>

#include "agent/sys/arena.h"
#include "agent/sys/log.h"
#include "protocol/diag.h"
#include "protocol/secret.h"

#define SKD_CONFIG_DEFAULT "/opt/config/application.json"
#define SKD_SECRET_DEFAULT "/opt/secret/application.json"

enum skd_mode {
    SKD_MODE_SINGLE_KEY,
    SKD_MODE_LOCAL_MULTI_KEYS,
    SKD_MODE_REMOTE_MULTI_KEYS,
    SKD_MODE_DEV, /* --dev only; no file can ask for it */
};

/* "single-key", ..., "dev". */
const char *skd_mode_name(enum skd_mode mode);

/* tls.* of kms_config and coordinator.  Of PEM text and file at most one is
 * set.  An empty view or NULL: not given. */
struct skd_tls_config {
    struct skp_view key; /* PEM; secret */
    struct skp_view cert;
    struct skp_view ca;
    const char *key_file;
    const char *cert_file;
    const char *ca_file;
    const uint16_t *cipher_suites; /* IANA numbers */
    size_t n_cipher_suites;        /* 0: the library's default */
    const char *server_name;       /* NULL: from the address */
    bool insecure_skip_verify;
};

struct skd_host {
    const char *host;
    uint16_t port;
};

struct skd_kmip_config {
    bool present; /* kms_config was given */
    const struct skd_host *hosts;
    size_t n_hosts;
    uint32_t major_version;
    uint32_t minor_version;
    bool negotiate;
    bool require_active;
    uint32_t pipeline_depth; /* 1 or more */
    uint32_t locate_every;   /* 1 or more */
    bool compound_create;
    const char *tenant_attribute_name; /* NULL: locate by Name */
    uint64_t timeout_ms;               /* one operation, connect included */
    struct skd_tls_config tls;
};

struct skd_coordinator_config {
    bool present;
    const char *url;
    struct skp_view token; /* secret; empty: none, or token_file */
    const char *token_file;
    uint64_t timeout_ms; /* one page */
    size_t max_page_bytes;
    struct skd_tls_config tls;
};

/* One tenant of crypto.tenant_keys, or crypto.key with tenant NULL. */
struct skd_local_key {
    const char *tenant;
    const struct skp_view *seeds; /* base64 text; secret; first is current */
    size_t n_seeds;               /* 1 or more */
};

/* Bits of sidekey.access[].allow. */
enum skd_right {
    SKD_RIGHT_PUBKEY = 1,
    SKD_RIGHT_ENCRYPT = 2,
    SKD_RIGHT_DECRYPT = 4,
    SKD_RIGHT_UNWRAP = 8,
    SKD_RIGHT_REWRAP = 16,
    SKD_RIGHT_WATCH = 32,
    SKD_RIGHT_ADMIN = 64,
    SKD_RIGHT_ALL = 127,
};

struct skd_access_rule {
    bool has_uid;
    uid_t uid; /* "user" is looked up when the file is read */
    bool has_gid;
    gid_t gid;
    const char *cgroup;         /* a pattern (glob.h); NULL: not given */
    bool any_tenant;            /* "*" */
    const char *const *tenants; /* when not any_tenant */
    size_t n_tenants;
    unsigned rights; /* of enum skd_right */
};

struct skd_config {
    enum skd_mode mode;
    uint64_t update_period_ms; /* 0 in single-key mode without one */
    const struct skd_local_key *local_keys;
    size_t n_local_keys;
    struct skd_kmip_config kmip;
    struct skd_coordinator_config coordinator;

    const char *socket;
    unsigned workers; /* 1 or more */
    unsigned max_connections;
    unsigned max_connections_per_uid;
    unsigned max_requests_per_uid; /* in a second; 0: no limit */
    size_t max_payload;
    unsigned keep_generations;
    uint64_t max_stale_ms; /* 0: for ever */
    double removal_brake;
    enum skd_tier require_memory;
    bool has_access; /* false: own uid and root may do all, others nothing */
    const struct skd_access_rule *access;
    size_t n_access;
    bool names_cgroup;          /* a rule gives one */
    bool names_users;           /* a rule gives a user or group by name */
    const char *audit;          /* "off", "stderr" or a path */
    const char *audit_key_file; /* NULL: made beside the log */
    bool audit_fails_when_full; /* else lines are dropped */
    const char *metrics;        /* "" is off */
    const char *sandbox;        /* "require", "best-effort", "off" */
    enum skd_log_level log_level;
    bool log_json;

    /* Owned; what the pointers above point into.  Not for readers. */
    struct skd_config_memory *memory;
};

/* Where the files are.  A path that the user named must exist; of the default
 * paths one may be absent. */
struct skd_config_paths {
    const char *config; /* NULL: SKD_CONFIG_DEFAULT */
    const char *secret; /* NULL: SKD_SECRET_DEFAULT */
};

/* Everything found wrong, one finding a line of "FILE:LINE: PATH: what". */
struct skd_findings {
    char *errors; /* NULL: none; heap, for skd_findings_done */
    size_t n_errors;
    char *warnings; /* seeds that no key can be made of, and the like */
    size_t n_warnings;
};
void skd_findings_done(struct skd_findings *findings);

/* Read, merge and check both files.
 * @findings  zeroed before; filled on success (warnings) and failure.
 *   SKP_ERR_INVALID_ARGUMENT    findings has the errors, in words.
 *   SKP_ERR_NOT_FOUND           neither file is there, or a named one is not;
 *                               findings says which.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory, or none that can be locked. */
SKP_MUST_CHECK enum skp_err
skd_config_load(const struct skd_config_paths *paths,
                const struct skd_config **ret,
                struct skd_findings *findings);

/* The configuration of --dev: defaults, @socket, no source but "dev". */
SKP_MUST_CHECK enum skp_err skd_config_dev(const char *socket,
                                           const struct skd_config **ret);

/* The merged configuration of both files as indented JSON, every secret
 * replaced by "<redacted>".  *ret is heap memory for free().  Errors as
 * skd_config_load. */
SKP_MUST_CHECK enum skp_err
skd_config_print(const struct skd_config_paths *paths,
                 char **ret,
                 struct skd_findings *findings);

/* Pin and give back; the last one wipes and frees.  Any thread. */
const struct skd_config *skd_config_ref(const struct skd_config *config);
void skd_config_unref(const struct skd_config **config);

#endif /* SKD_CONFIG_H */
