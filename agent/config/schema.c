/* schema.c - the one table of all configuration keys; see schema.h. */
#include "agent/config/schema.h"

#include <string.h>

#include "agent/config/config.h"
#include "agent/config/suggest.h"

/* More than any distance between two names. */
#define FAR_OFF 10000u

#define FIELD(member) offsetof(struct skd_config, member)

/* NOLINTBEGIN(bugprone-macro-parentheses): parentheses would break the joining
 * of strings and the name of a member. */
/* The keys of one TLS connection; both servers have the same. */
#define TLS_KEYS(prefix, server)                                                 \
    { .path = prefix ".tls",                                                     \
      .type = SKD_TYPE_SECTION,                                                  \
      .field = SKD_NO_FIELD,                                                     \
      .meaning = "TLS to that server" },                                         \
        { .path = prefix ".tls.key",                                             \
          .type = SKD_TYPE_PEM,                                                  \
          .is_secret = true,                                                     \
          .field = FIELD(server.tls.key),                                        \
          .meaning = "private key of the client certificate" },                  \
        { .path = prefix ".tls.cert",                                            \
          .type = SKD_TYPE_PEM,                                                  \
          .field = FIELD(server.tls.cert),                                       \
          .meaning = "client certificate" },                                     \
        { .path = prefix ".tls.ca",                                              \
          .type = SKD_TYPE_PEM,                                                  \
          .field = FIELD(server.tls.ca),                                         \
          .meaning =                                                             \
              "certificate authorities; default is the system's store" },        \
        { .path = prefix ".tls.key_file",                                        \
          .type = SKD_TYPE_TEXT,                                                 \
          .field = FIELD(server.tls.key_file),                                   \
          .meaning = "the same from a file, read again at every refresh" },      \
        { .path = prefix ".tls.cert_file",                                       \
          .type = SKD_TYPE_TEXT,                                                 \
          .field = FIELD(server.tls.cert_file),                                  \
          .meaning = "the same from a file, read again at every refresh" },      \
        { .path = prefix ".tls.ca_file",                                         \
          .type = SKD_TYPE_TEXT,                                                 \
          .field = FIELD(server.tls.ca_file),                                    \
          .meaning = "the same from a file, read again at every refresh" },      \
        { .path = prefix ".tls.cipher_suites",                                   \
          .type = SKD_TYPE_SUITES,                                               \
          .field = FIELD(server.tls),                                            \
          .meaning = "IANA numbers; default is the library's choice" },          \
        { .path = prefix ".tls.server_name",                                     \
          .type = SKD_TYPE_TEXT,                                                 \
          .field = FIELD(server.tls.server_name),                                \
          .meaning =                                                             \
              "name in the server's certificate; default is from the address" }, \
    {                                                                            \
        .path = prefix ".tls.insecure_skip_verify", .type = SKD_TYPE_FLAG,       \
        .fallback = "false", .field = FIELD(server.tls.insecure_skip_verify),    \
        .meaning = "true skips verification"                                     \
    }

/* NOLINTEND(bugprone-macro-parentheses) */

const struct skd_key skd_schema[] = {
    { .path = "crypto",
      .type = SKD_TYPE_SECTION,
      .field = SKD_NO_FIELD,
      .meaning = "where the keys come from" },
    { .path = "crypto.mode",
      .type = SKD_TYPE_CHOICE,
      .fallback = "\"single-key\"",
      .choices = "single-key|local-multi-keys|remote-multi-keys",
      .field = FIELD(mode),
      .meaning = "which sources there are" },
    { .path = "crypto.update_period",
      .type = SKD_TYPE_DURATION,
      .min = 1,
      .field = FIELD(update_period_ms),
      .meaning = "refresh interval; required in the multi-keys modes" },
    { .path = "crypto.key",
      .type = SKD_TYPE_SEED,
      .is_secret = true,
      .field = SKD_NO_FIELD,
      .meaning = "the one key of single-key mode" },
    { .path = "crypto.tenant_keys",
      .type = SKD_TYPE_TENANT_KEYS,
      .is_secret = true,
      .field = SKD_NO_FIELD,
      .meaning =
          "tenant id to seed, or to seeds of which the first is current; in remote mode they win over the KMS" },
    { .path = "crypto.kms_config",
      .type = SKD_TYPE_SECTION,
      .field = FIELD(kmip.present),
      .meaning = "the key server of private tenants" },
    { .path = "crypto.kms_config.kmip",
      .type = SKD_TYPE_SECTION,
      .field = SKD_NO_FIELD,
      .meaning = "how to speak KMIP" },
    { .path = "crypto.kms_config.kmip.port",
      .type = SKD_TYPE_PORT,
      .fallback = "5696",
      .min = 1,
      .max = 65535,
      .field = SKD_NO_FIELD,
      .meaning = "port of hosts that give none" },
    { .path = "crypto.kms_config.kmip.address",
      .type = SKD_TYPE_ADDRESS,
      .field = SKD_NO_FIELD,
      .meaning = "the one KMIP server" },
    { .path = "crypto.kms_config.kmip.hosts",
      .type = SKD_TYPE_HOSTS,
      .field = SKD_NO_FIELD,
      .meaning = "instead of address: several servers, tried in order" },
    { .path = "crypto.kms_config.kmip.major_version",
      .type = SKD_TYPE_NUMBER,
      .fallback = "1",
      .max = 255,
      .field = FIELD(kmip.major_version),
      .meaning = "preferred protocol version" },
    { .path = "crypto.kms_config.kmip.minor_version",
      .type = SKD_TYPE_NUMBER,
      .fallback = "4",
      .max = 255,
      .field = FIELD(kmip.minor_version),
      .meaning = "preferred protocol version" },
    { .path = "crypto.kms_config.kmip.negotiate",
      .type = SKD_TYPE_FLAG,
      .fallback = "false",
      .field = FIELD(kmip.negotiate),
      .meaning = "speak 1.0 to 1.3 when the server offers no better" },
    { .path = "crypto.kms_config.kmip.require_active",
      .type = SKD_TYPE_FLAG,
      .fallback = "false",
      .field = FIELD(kmip.require_active),
      .meaning = "refuse Pre-Active objects" },
    { .path = "crypto.kms_config.kmip.pipeline_depth",
      .type = SKD_TYPE_NUMBER,
      .fallback = "8",
      .max = 1024,
      .field = FIELD(kmip.pipeline_depth),
      .meaning = "requests in flight on one connection; 0 means 1" },
    { .path = "crypto.kms_config.kmip.locate_every",
      .type = SKD_TYPE_NUMBER,
      .fallback = "10",
      .min = 1,
      .max = 1000000,
      .field = FIELD(kmip.locate_every),
      .meaning =
          "every so many refreshes each tenant's object is looked for by name; between them a key that is held is confirmed by its object's identifier; 1 means always by name" },
    { .path = "crypto.kms_config.kmip.compound_create",
      .type = SKD_TYPE_FLAG,
      .fallback = "false",
      .field = FIELD(kmip.compound_create),
      .meaning = "register and activate in one operation" },
    { .path = "crypto.kms_config.kmip.tenant_attribute_name",
      .type = SKD_TYPE_TEXT,
      .fallback = "\"\"",
      .field = FIELD(kmip.tenant_attribute_name),
      .meaning = "locate by this custom attribute (x-NAME) instead of Name" },
    { .path = "crypto.kms_config.kmip.timeout",
      .type = SKD_TYPE_DURATION,
      .fallback = "\"10s\"",
      .min = 1,
      .field = FIELD(kmip.timeout_ms),
      .meaning = "for one operation, connect included" },
    TLS_KEYS("crypto.kms_config", kmip),
    { .path = "coordinator",
      .type = SKD_TYPE_SECTION,
      .field = FIELD(coordinator.present),
      .meaning = "where the tenant list is" },
    { .path = "coordinator.url",
      .type = SKD_TYPE_URL,
      .field = FIELD(coordinator.url),
      .meaning =
          "https://, http:// or file://; required in remote-multi-keys mode" },
    { .path = "coordinator.token",
      .type = SKD_TYPE_TOKEN,
      .is_secret = true,
      .field = FIELD(coordinator.token),
      .meaning = "sent as Bearer" },
    { .path = "coordinator.token_file",
      .type = SKD_TYPE_TEXT,
      .field = FIELD(coordinator.token_file),
      .meaning = "the same from a file, read again at every refresh" },
    { .path = "coordinator.timeout",
      .type = SKD_TYPE_DURATION,
      .fallback = "\"10s\"",
      .min = 1,
      .field = FIELD(coordinator.timeout_ms),
      .meaning = "for one page" },
    { .path = "coordinator.max_page_bytes",
      .type = SKD_TYPE_SIZE,
      .fallback = "16777216",
      .min = 1024,
      .max = 1073741824,
      .field = FIELD(coordinator.max_page_bytes),
      .meaning = "a larger page is refused" },
    TLS_KEYS("coordinator", coordinator),
    { .path = "sidekey",
      .type = SKD_TYPE_SECTION,
      .field = SKD_NO_FIELD,
      .meaning = "the agent itself" },
    { .path = "sidekey.socket",
      .type = SKD_TYPE_SOCKET,
      .fallback = "\"/run/sidekey/sidekey.sock\"",
      .field = FIELD(socket),
      .meaning = "Unix stream socket" },
    { .path = "sidekey.workers",
      .type = SKD_TYPE_NUMBER,
      .min = 1,
      .max = 1024,
      .field = FIELD(workers),
      .meaning = "serving threads; default is the number of CPUs" },
    { .path = "sidekey.max_connections",
      .type = SKD_TYPE_NUMBER,
      .fallback = "4096",
      .min = 1,
      .max = 1000000,
      .field = FIELD(max_connections),
      .meaning = "more are refused" },
    { .path = "sidekey.max_connections_per_uid",
      .type = SKD_TYPE_NUMBER,
      .fallback = "1024",
      .min = 1,
      .max = 1000000,
      .field = FIELD(max_connections_per_uid),
      .meaning = "more of one user are refused" },
    { .path = "sidekey.max_requests_per_uid",
      .type = SKD_TYPE_NUMBER,
      .fallback = "0",
      .max = 1000000,
      .field = FIELD(max_requests_per_uid),
      .meaning =
          "requests of one user in a second, over all its connections; more are refused; 0 is no limit" },
    { .path = "sidekey.max_payload",
      .type = SKD_TYPE_SIZE,
      .fallback = "65536",
      .min = 1,
      .max = SKP_PAYLOAD_MAX,
      .field = FIELD(max_payload),
      .meaning = "bytes of plaintext in one encrypt" },
    { .path = "sidekey.keep_generations",
      .type = SKD_TYPE_NUMBER,
      .fallback = "4",
      .max = 1000,
      .field = FIELD(keep_generations),
      .meaning = "former keys of a tenant kept for decryption" },
    { .path = "sidekey.max_stale",
      .type = SKD_TYPE_DURATION,
      .fallback = "\"0s\"",
      .field = FIELD(max_stale_ms),
      .meaning =
          "how long a key is served after the last refresh that confirmed it; 0s is for ever" },
    { .path = "sidekey.removal_brake",
      .type = SKD_TYPE_SHARE,
      .fallback = "0.2",
      .field = FIELD(removal_brake),
      .meaning =
          "a refresh that would drop more than this share of tenants is held back" },
    { .path = "sidekey.require_memory",
      .type = SKD_TYPE_CHOICE,
      .fallback = "\"mlock\"",
      .choices = "none|mlock|memfd_secret",
      .field = FIELD(require_memory),
      .meaning = "refuse to start with less protected memory" },
    { .path = "sidekey.access",
      .type = SKD_TYPE_ACCESS,
      .field = SKD_NO_FIELD,
      .meaning = "who may do what; without it only the own user and root may" },
    { .path = "sidekey.audit",
      .type = SKD_TYPE_NONEMPTY,
      .fallback = "\"off\"",
      .field = FIELD(audit),
      .meaning = "audit log: off, stderr or a path" },
    { .path = "sidekey.audit_key_file",
      .type = SKD_TYPE_TEXT,
      .field = FIELD(audit_key_file),
      .meaning =
          "key of the audit log's hash; without it PATH.key is made beside the log" },
    { .path = "sidekey.audit_on_full",
      .type = SKD_TYPE_CHOICE_FLAG,
      .fallback = "\"drop\"",
      .choices = "drop|fail",
      .field = FIELD(audit_fails_when_full),
      .meaning =
          "when the audit log cannot be written: drop lines and count them, or fail requests that use private keys" },
    { .path = "sidekey.metrics",
      .type = SKD_TYPE_METRICS,
      .fallback = "\"127.0.0.1:9464\"",
      .field = FIELD(metrics),
      .meaning =
          "Prometheus text, /livez, /readyz: host:port, unix:/path, or empty for off" },
    { .path = "sidekey.sandbox",
      .type = SKD_TYPE_CHOICE_TEXT,
      .fallback = "\"best-effort\"",
      .choices = "require|best-effort|off",
      .field = FIELD(sandbox),
      .meaning =
          "Landlock, seccomp and no new code in memory; require refuses to start without one of them" },
    { .path = "sidekey.log_level",
      .type = SKD_TYPE_CHOICE,
      .fallback = "\"info\"",
      .choices = "debug|info|warn|error",
      .field = FIELD(log_level),
      .meaning = "least level that is written" },
    { .path = "sidekey.log_format",
      .type = SKD_TYPE_CHOICE_FLAG,
      .fallback = "\"text\"",
      .choices = "text|json",
      .field = FIELD(log_json),
      .meaning = "key=value or JSON" },
};
const size_t skd_schema_len = SKP_ARRAY_LEN(skd_schema);

const char *skd_type_name(enum skd_type type)
{
    static const char *const names[] = {
#define SKD_TYPE_NAME(name, text) [SKD_TYPE_##name] = (text),
        SKD_TYPE_MAP(SKD_TYPE_NAME)
#undef SKD_TYPE_NAME
    };

    skp_assert(type < SKD_TYPE_COUNT);
    return names[type];
}

const struct skd_key *skd_schema_find(const char *path)
{
    for (size_t i = 0; i < skd_schema_len; i++) {
        if (strcmp(skd_schema[i].path, path) == 0) {
            return &skd_schema[i];
        }
    }
    return NULL;
}

/* Bytes of @path up to its last name. */
static size_t section_len(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot == NULL ? 0 : (size_t)(dot - path) + 1;
}

/* How far @key is from @path.  The last names decide; among equals the same
 * section is nearer than the same file part, and that nearer than the rest.  A
 * name of another section must be at least half right. */
static size_t distance_to(const struct skd_key *key, const char *path)
{
    size_t len = section_len(path);
    size_t key_len = section_len(key->path);
    size_t top_len = strcspn(path, ".") + 1;
    size_t edits = skd_suggest_distance(path + len, key->path + key_len);

    if (key_len == len && strncmp(key->path, path, len) == 0) {
        return 3 * edits;
    }
    if (edits >= strlen(path + len)) {
        return 3 * edits + FAR_OFF;
    }
    return 3 * edits + (strncmp(key->path, path, top_len) == 0 ? 1 : 2);
}

const struct skd_key *skd_schema_closest(const char *path)
{
    const struct skd_key *closest = NULL;
    size_t least = SIZE_MAX;

    for (size_t i = 0; i < skd_schema_len; i++) {
        size_t distance = distance_to(&skd_schema[i], path);

        if (distance < least) {
            least = distance;
            closest = &skd_schema[i];
        }
    }
    return closest;
}
