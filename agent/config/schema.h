/* schema.h - the one table of all configuration keys.
 *
 * The parser, the search for unknown keys, redaction and the documentation all
 * read this table; no key is named in a second list.
 */
#ifndef SKD_SCHEMA_H
#define SKD_SCHEMA_H

#include "protocol/base.h"

/* X(name, what people call it).  The type says how a value is checked and what
 * its field in struct skd_config is. */
#define SKD_TYPE_MAP(X)                                                  \
    X(SECTION, "object")              /* bool: was given; or no field */ \
    X(TEXT, "string")                 /* const char *, NULL: empty */    \
    X(NONEMPTY, "string")             /* const char * */                 \
    X(TOKEN, "string")                /* struct skp_view */              \
    X(PEM, "PEM text")                /* struct skp_view */              \
    X(URL, "URL")                     /* const char * */                 \
    X(SOCKET, "path")                 /* const char * */                 \
    X(METRICS, "address")             /* const char * */                 \
    X(CHOICE, "one of")               /* int-sized enum, in order */     \
    X(CHOICE_TEXT, "one of")          /* const char * */                 \
    X(CHOICE_FLAG, "one of")          /* bool: the second of two */      \
    X(FLAG, "true or false")          /* bool */                         \
    X(NUMBER, "integer")              /* uint32_t */                     \
    X(SIZE, "integer")                /* size_t */                       \
    X(PORT, "integer")                /* no field: for HOSTS */          \
    X(SHARE, "number")                /* double */                       \
    X(DURATION, "duration")           /* uint64_t, milliseconds */       \
    X(SUITES, "array of integers")    /* struct skd_tls_config */        \
    X(ADDRESS, "host:port")           /* kmip.hosts, one */              \
    X(HOSTS, "array of strings")      /* kmip.hosts */                   \
    X(SEED, "base64 seed")            /* local_keys, one */              \
    X(TENANT_KEYS, "object of seeds") /* local_keys */                   \
    X(ACCESS, "array of rules")       /* access */

enum skd_type {
#define SKD_TYPE_ENUM(name, text) SKD_TYPE_##name,
    SKD_TYPE_MAP(SKD_TYPE_ENUM)
#undef SKD_TYPE_ENUM
    SKD_TYPE_COUNT,
};

/* The name of @type for people. */
const char *skd_type_name(enum skd_type type);

#define SKD_NO_FIELD SIZE_MAX

struct skd_key {
    const char *path; /* "crypto.kms_config.kmip.timeout" */
    enum skd_type type;
    bool is_secret;       /* no value at or below this path is ever shown */
    const char *fallback; /* the default as JSON; NULL: none */
    const char *choices;  /* CHOICE*: "none|mlock|memfd_secret" */
    uint32_t min;         /* NUMBER, SIZE; DURATION in ms */
    uint32_t max;         /* NUMBER, SIZE */
    size_t field;         /* offset in struct skd_config, or SKD_NO_FIELD */
    const char *meaning;  /* one line for people */
};

/* Every key, each section before its members; a key that
 * another one needs before that one. */
extern const struct skd_key skd_schema[];
extern const size_t skd_schema_len;

/* The key at @path; NULL for none. */
const struct skd_key *skd_schema_find(const char *path);

/* The key whose path is closest to @path: by its last name first, and among
 * equals one in the same section.  Never NULL. */
const struct skd_key *skd_schema_closest(const char *path);

#endif /* SKD_SCHEMA_H */
