/* check_values.c - checks and reads values that stand for themselves; see
 * check.h. */
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "agent/config/address.h"
#include "agent/config/check.h"
#include "agent/config/config.h"
#include "agent/config/duration.h"

#define CHOICES_CAP 128u

/* The TLS 1.0 to 1.3 suites of Go's crypto/tls, by IANA number: the key
 * servers' other clients are configured with the same numbers. */
static const uint16_t known_suites[] = {
    0x0005, 0x000a, 0x002f, 0x0035, 0x003c, 0x009c, 0x009d, 0xc007, 0xc009,
    0xc00a, 0xc011, 0xc012, 0xc013, 0xc014, 0xc023, 0xc027, 0xc02f, 0xc02b,
    0xc030, 0xc02c, 0xcca8, 0xcca9, 0x1301, 0x1302, 0x1303,
};

static bool starts_with(struct skp_view text, const char *start)
{
    size_t len = strlen(start);

    return text.len >= len && strncmp((const char *)text.ptr, start, len) == 0;
}

static struct skp_view after(struct skp_view text, size_t len)
{
    return (struct skp_view){ text.ptr + len, text.len - len };
}

static void set_text(struct skd_check *check,
                     const struct skd_key *key,
                     struct skp_view text)
{
    const char **field = skd_check_field(check, key);

    *field = skd_check_text(check, text);
}

static void
read_text(struct skd_check *check, const struct skd_key *key, const cJSON *node)
{
    struct skp_view text;

    if (!skd_check_string(check, node, key->path, &text)) {
        return;
    }
    if (text.len > 0) {
        set_text(check, key, text);
    } else if (key->type == SKD_TYPE_NONEMPTY) {
        skd_check_error(check, node, key->path, "must not be empty");
    }
}

static void read_secret(struct skd_check *check,
                        const struct skd_key *key,
                        const cJSON *node)
{
    struct skp_view *field = skd_check_field(check, key);
    struct skp_view text;

    if (!skd_check_string(check, node, key->path, &text) || text.len == 0) {
        return;
    }
    if (key->type == SKD_TYPE_PEM &&
        strstr(node->valuestring, "-----BEGIN ") == NULL) {
        skd_check_error(check, node, key->path,
                        "must be PEM text (for a path use %s_file)",
                        strrchr(key->path, '.') + 1);
        return;
    }
    *field = skd_check_secret(check, text);
}

/* What is wrong with @url, or NULL. */
static const char *fault_of_url(struct skp_view url)
{
    static const char *const schemes[] = { "https://", "http://", "file:///" };
    struct skp_view rest = { NULL, 0 };
    size_t authority_len = 0;

    for (size_t i = 0; i < SKP_ARRAY_LEN(schemes); i++) {
        if (starts_with(url, schemes[i])) {
            rest = after(url, strlen(schemes[i]));
        }
    }
    if (rest.len == 0 || rest.ptr[0] == '/') {
        return "must be an https://, http:// or file:// URL";
    }
    for (size_t i = 0; i < rest.len; i++) {
        if (rest.ptr[i] <= ' ' || rest.ptr[i] == 0x7f) {
            return "must not hold spaces or control characters";
        }
    }
    while (authority_len < rest.len && rest.ptr[authority_len] != '/') {
        authority_len++;
    }
    if (memchr(rest.ptr, '@', authority_len) != NULL) {
        return "must not hold a user name or password; use coordinator.token";
    }
    return NULL;
}

static const char *fault_of_socket(struct skp_view path)
{
    if (path.len == 0) {
        return "must not be empty";
    }
    return path.len >= sizeof((struct sockaddr_un *)NULL)->sun_path
               ? "is too long for the path of a socket"
               : NULL;
}

static const char *fault_of_metrics(struct skp_view text)
{
    struct skd_address address = { { NULL, 0 }, 0 };
    const char *why = NULL;

    if (text.len == 0) {
        return NULL;
    }
    if (starts_with(text, "unix:")) {
        return fault_of_socket(after(text, strlen("unix:")));
    }
    if (skd_address_parse(text, &address, &why) == SKP_ERR_OK &&
        address.port > 0) {
        return NULL;
    }
    return "must be host:port, unix:/path, or empty for off";
}

/* A text with a form of its own. */
static void read_formed(struct skd_check *check,
                        const struct skd_key *key,
                        const cJSON *node)
{
    struct skp_view text;
    const char *fault;

    if (!skd_check_string(check, node, key->path, &text)) {
        return;
    }
    if (key->type == SKD_TYPE_URL) {
        fault = fault_of_url(text);
    } else if (key->type == SKD_TYPE_SOCKET) {
        fault = fault_of_socket(text);
    } else {
        fault = fault_of_metrics(text);
    }
    if (fault != NULL) {
        skd_check_error(check, node, key->path, "%s", fault);
        return;
    }
    set_text(check, key, text);
}

/* The place of @text among @choices ("a|b|c"), or -1. */
static int index_of_choice(const char *choices, const char *text)
{
    for (int i = 0;; i++) {
        size_t len = strcspn(choices, "|");

        if (strlen(text) == len && strncmp(choices, text, len) == 0) {
            return i;
        }
        if (choices[len] == '\0') {
            return -1;
        }
        choices += len + 1;
    }
}

static void refuse_choice(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node)
{
    char list[CHOICES_CAP] = "";
    size_t len = 0;

    for (const char *at = key->choices; *at != '\0'; at++) {
        int added = snprintf(list + len, sizeof list - len, "%s",
                             *at == '|' ? ", " : (char[2]){ *at, '\0' });

        len += added > 0 ? (size_t)added : 0;
        skp_assert(len < sizeof list);
    }
    skd_check_error(check, node, key->path, "invalid %s value, use one of: %s",
                    key->path, list);
}

static void read_choice(struct skd_check *check,
                        const struct skd_key *key,
                        const cJSON *node)
{
    int index = cJSON_IsString(node)
                    ? index_of_choice(key->choices, node->valuestring)
                    : -1;

    if (index < 0) {
        refuse_choice(check, key, node);
    } else if (key->type == SKD_TYPE_CHOICE_TEXT) {
        set_text(check, key, skp_view_of(node->valuestring));
    } else if (key->type == SKD_TYPE_CHOICE_FLAG) {
        bool *field = skd_check_field(check, key);

        *field = index == 1;
    } else {
        /* An enum without negative members is an unsigned int to both
         * compilers. */
        unsigned *field = skd_check_field(check, key);

        *field = (unsigned)index;
    }
}

static void
read_flag(struct skd_check *check, const struct skd_key *key, const cJSON *node)
{
    bool *field = skd_check_field(check, key);

    if (!cJSON_IsBool(node)) {
        skd_check_error(check, node, key->path, "must be true or false");
        return;
    }
    *field = cJSON_IsTrue(node);
}

static void read_number(struct skd_check *check,
                        const struct skd_key *key,
                        const cJSON *node)
{
    uint32_t value = 0;

    if (!skd_check_is_integer(node, key->min, key->max, &value)) {
        skd_check_error(check, node, key->path,
                        "must be an integer from %u to %u", key->min, key->max);
    } else if (key->type == SKD_TYPE_SIZE) {
        size_t *field = skd_check_field(check, key);

        *field = value;
    } else {
        uint32_t *field = skd_check_field(check, key);

        *field = value;
    }
}

static void read_share(struct skd_check *check,
                       const struct skd_key *key,
                       const cJSON *node)
{
    double *field = skd_check_field(check, key);

    if (!cJSON_IsNumber(node) || !(node->valuedouble >= 0) ||
        !(node->valuedouble <= 1)) {
        skd_check_error(check, node, key->path, "must be a number from 0 to 1");
        return;
    }
    *field = node->valuedouble;
}

static void read_duration(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node)
{
    uint64_t *field = skd_check_field(check, key);
    struct skp_view text;
    const char *why = NULL;
    int64_t ns = 0;

    if (!skd_check_string(check, node, key->path, &text)) {
        return;
    }
    if (skd_duration_parse(text, &ns, &why) != SKP_ERR_OK) {
        skd_check_error(check, node, key->path, "%s", why);
    } else if (ns < 0) {
        skd_check_error(check, node, key->path, "must not be negative");
    } else if (skd_duration_to_ms(ns) < key->min) {
        skd_check_error(check, node, key->path, "must be more than 0");
    } else {
        *field = skd_duration_to_ms(ns);
    }
}

static bool is_known_suite(uint32_t number)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(known_suites); i++) {
        if (known_suites[i] == number) {
            return true;
        }
    }
    return false;
}

static void read_suites(struct skd_check *check,
                        const struct skd_key *key,
                        const cJSON *node)
{
    struct skd_tls_config *field = skd_check_field(check, key);
    uint16_t *suites;
    size_t n = 0;

    if (!cJSON_IsArray(node)) {
        skd_check_error(check, node, key->path, "must be an array of numbers");
        return;
    }
    suites = skd_check_block(check,
                             (size_t)cJSON_GetArraySize(node) * sizeof *suites);
    if (suites == NULL) {
        return;
    }
    for (const cJSON *at = node->child; at != NULL; at = at->next, n++) {
        uint32_t number = 0;

        if (!skd_check_is_integer(at, 0, UINT16_MAX, &number) ||
            !is_known_suite(number)) {
            char path[SKD_JSON_PATH_CAP];

            (void)snprintf(path, sizeof path, "%s[%zu]", key->path, n);
            skd_check_error(check, at, path,
                            "is the number of no known cipher suite");
        }
        suites[n] = (uint16_t)number;
    }
    field->cipher_suites = suites;
    field->n_cipher_suites = n;
}

void skd_check_values_read(struct skd_check *check,
                           const struct skd_key *key,
                           const cJSON *node)
{
    static void (*const readers[SKD_TYPE_COUNT])(
        struct skd_check *, const struct skd_key *, const cJSON *) = {
        [SKD_TYPE_TEXT] = read_text,
        [SKD_TYPE_NONEMPTY] = read_text,
        [SKD_TYPE_TOKEN] = read_secret,
        [SKD_TYPE_PEM] = read_secret,
        [SKD_TYPE_URL] = read_formed,
        [SKD_TYPE_SOCKET] = read_formed,
        [SKD_TYPE_METRICS] = read_formed,
        [SKD_TYPE_CHOICE] = read_choice,
        [SKD_TYPE_CHOICE_TEXT] = read_choice,
        [SKD_TYPE_CHOICE_FLAG] = read_choice,
        [SKD_TYPE_FLAG] = read_flag,
        [SKD_TYPE_NUMBER] = read_number,
        [SKD_TYPE_SIZE] = read_number,
        [SKD_TYPE_SHARE] = read_share,
        [SKD_TYPE_DURATION] = read_duration,
        [SKD_TYPE_SUITES] = read_suites,
    };

    skp_assert(key->type < SKD_TYPE_COUNT && readers[key->type] != NULL);
    readers[key->type](check, key, node);
}
