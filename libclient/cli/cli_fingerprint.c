/* cli_fingerprint.c - which key each tenant has; see cli_fingerprint.h. */
#include "libclient/cli/cli_fingerprint.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "libclient/client_status.h"
#include "libclient/deadline.h"
#include "protocol/digest.h"
#include "protocol/limits.h"

#define TITLE "sidekey fingerprint 1"
/* An id, a key id, a generation, spaces. */
#define LINE_MAX_LEN 256u
/* A list that changed while it was read is read again so many times. */
#define ATTEMPTS_MAX 5u

/* ---- the list ----------------------------------------------------------- */

static enum skp_err reserve(struct skc_fingerprint *fingerprint, size_t id_len)
{
    if (fingerprint->n_rows == fingerprint->rows_max) {
        size_t max = 2 * fingerprint->rows_max + 64;
        struct skc_fingerprint_row *rows =
            reallocarray(fingerprint->rows, max, sizeof *rows);

        if (rows == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        fingerprint->rows = rows;
        fingerprint->rows_max = max;
    }
    if (fingerprint->texts_max - fingerprint->texts_len <= id_len) {
        size_t max = 2 * fingerprint->texts_max + id_len + 4096;
        char *texts = realloc(fingerprint->texts, max);

        if (texts == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        fingerprint->texts = texts;
        fingerprint->texts_max = max;
    }
    return SKP_ERR_OK;
}

enum skp_err skc_fingerprint_add(struct skc_fingerprint *fingerprint,
                                 const char *id,
                                 const struct skc_fingerprint_row *row)
{
    size_t n = fingerprint->n_rows;
    size_t len = strlen(id);

    if (n > 0 && strcmp(skc_fingerprint_id(fingerprint, n - 1), id) >= 0) {
        return SKP_ERR_INTERNAL;
    }
    SKP_TRY(reserve(fingerprint, len));
    fingerprint->rows[n] = *row;
    fingerprint->rows[n].id = fingerprint->texts_len;
    memcpy(fingerprint->texts + fingerprint->texts_len, id, len + 1);
    fingerprint->texts_len += len + 1;
    fingerprint->n_rows++;
    return SKP_ERR_OK;
}

const char *skc_fingerprint_id(const struct skc_fingerprint *fingerprint,
                               size_t index)
{
    return fingerprint->texts + fingerprint->rows[index].id;
}

void skc_fingerprint_done(struct skc_fingerprint *fingerprint)
{
    free(fingerprint->rows);
    free(fingerprint->texts);
    *fingerprint = (struct skc_fingerprint){ .rows = NULL };
}

/* ---- from an agent ------------------------------------------------------ */

struct walk {
    struct skc_fingerprint *fingerprint;
    enum skp_err err;
};

static bool on_tenant(void *state, const struct sidekey_tenant *tenant)
{
    struct walk *walk = state;
    /* A key that may not be used reads nothing: it is as good as none. */
    struct skc_fingerprint_row row = {
        .has_key = tenant->has_key && strcmp(tenant->state, "unavailable") != 0,
        .generation = tenant->generation,
    };

    memcpy(row.key_id, tenant->key_id, sizeof row.key_id);
    walk->err = skc_fingerprint_add(walk->fingerprint, tenant->id, &row);
    return walk->err == SKP_ERR_OK;
}

/* What is left for the next call; an absolute time cannot be handed on. */
static uint32_t left_ms(uint64_t until_ms)
{
    uint64_t left = skc_deadline_left(until_ms);

    if (left == SKC_NEVER) {
        return SIDEKEY_NO_DEADLINE;
    }
    return left == 0 ? 1 : (uint32_t)left;
}

static enum skp_err take_status(struct sidekey *handle,
                                enum sidekey_status status,
                                struct skp_diag *diag)
{
    return status == SIDEKEY_OK ? SKP_ERR_OK
                                : skp_fail(diag, skc_status_err(status), "%s",
                                           sidekey_error_text(handle));
}

/* What changes with every change of keys.  The agent sends a connection its new
 * keys before it answers `status` with their number. */
struct moment {
    uint64_t pid;
    int64_t started_at_s;
    uint64_t snapshot;
};

static enum skp_err take_moment(struct sidekey *handle,
                                uint64_t until_ms,
                                struct moment *ret,
                                struct skp_diag *diag)
{
    struct sidekey_agent_status *agent = calloc(1, sizeof *agent);
    enum skp_err err;

    if (agent == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    err = take_status(
        handle, sidekey_agent_status(handle, left_ms(until_ms), agent), diag);
    *ret = (struct moment){ agent->pid, agent->started_at_s, agent->snapshot };
    free(agent);
    return err;
}

static bool is_same_moment(const struct moment *a, const struct moment *b)
{
    return a->pid == b->pid && a->started_at_s == b->started_at_s &&
           a->snapshot == b->snapshot;
}

static enum skp_err ask_once(struct sidekey *handle,
                             uint64_t until_ms,
                             struct skc_fingerprint *ret,
                             struct skp_diag *diag)
{
    struct walk walk = { ret, SKP_ERR_OK };

    SKP_TRY(take_status(
        handle, sidekey_tenants(handle, left_ms(until_ms), on_tenant, &walk),
        diag));
    if (walk.err == SKP_ERR_INTERNAL) {
        return skp_fail(diag, walk.err,
                        "the agent's tenants are not in the order of their "
                        "ids");
    }
    return walk.err;
}

enum skp_err skc_fingerprint_ask(struct sidekey *handle,
                                 uint32_t deadline_ms,
                                 struct skc_fingerprint *ret,
                                 struct skp_diag *diag)
{
    uint64_t until_ms = skc_deadline_after(deadline_ms);
    struct moment before;
    struct moment after;

    SKP_TRY(take_moment(handle, until_ms, &before, diag));
    for (unsigned i = 0; i < ATTEMPTS_MAX; i++) {
        SKP_TRY(ask_once(handle, until_ms, ret, diag));
        SKP_TRY(take_moment(handle, until_ms, &after, diag));
        if (is_same_moment(&before, &after)) {
            return SKP_ERR_OK;
        }
        skc_fingerprint_done(ret);
        before = after;
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE,
                    "the agent's keys changed while they were listed, %u times",
                    ATTEMPTS_MAX);
}

/* ---- as text ------------------------------------------------------------ */

void skc_fingerprint_key(const struct skc_fingerprint_row *row,
                         char ret[SKC_FINGERPRINT_KEY_MAX])
{
    if (row->has_key) {
        skp_hex(row->key_id, sizeof row->key_id, ret);
    } else {
        memcpy(ret, "-", 2);
    }
}

void skc_fingerprint_digest(const struct skc_fingerprint *fingerprint,
                            char ret[SKC_FINGERPRINT_DIGEST_MAX])
{
    struct skp_digest digest;
    uint8_t bytes[SKP_DIGEST_LEN];

    skp_digest_start(&digest);
    skp_digest_add(&digest, skp_view_of(TITLE "\n"));
    for (size_t i = 0; i < fingerprint->n_rows; i++) {
        char key[SKC_FINGERPRINT_KEY_MAX];

        skc_fingerprint_key(&fingerprint->rows[i], key);
        skp_digest_add(&digest,
                       skp_view_of(skc_fingerprint_id(fingerprint, i)));
        skp_digest_add(&digest, skp_view_of(" "));
        skp_digest_add(&digest, skp_view_of(key));
        skp_digest_add(&digest, skp_view_of("\n"));
    }
    skp_digest_end(&digest, bytes);
    skp_hex(bytes, sizeof bytes, ret);
}

void skc_fingerprint_print(FILE *out, const struct skc_fingerprint *fingerprint)
{
    char digest[SKC_FINGERPRINT_DIGEST_MAX];

    (void)fprintf(out, TITLE "\n");
    for (size_t i = 0; i < fingerprint->n_rows; i++) {
        const struct skc_fingerprint_row *row = &fingerprint->rows[i];
        char key[SKC_FINGERPRINT_KEY_MAX];

        skc_fingerprint_key(row, key);
        (void)fprintf(out, "%-36s  %-16s  %" PRIu64 "\n",
                      skc_fingerprint_id(fingerprint, i), key, row->generation);
    }
    skc_fingerprint_digest(fingerprint, digest);
    (void)fprintf(out, "digest  sha256:%s  %zu tenants\n", digest,
                  fingerprint->n_rows);
}

/* ---- reading it back ---------------------------------------------------- */

static int value_of_digit(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

static bool read_key(const char *text, struct skc_fingerprint_row *ret)
{
    if (strcmp(text, "-") == 0) {
        return true;
    }
    for (size_t i = 0; i < sizeof ret->key_id; i++) {
        int high = value_of_digit(text[2 * i]);
        int low = high < 0 ? -1 : value_of_digit(text[2 * i + 1]);

        if (low < 0) {
            return false;
        }
        ret->key_id[i] = (uint8_t)(high * 16 + low);
    }
    ret->has_key = true;
    return text[2 * sizeof ret->key_id] == '\0';
}

struct reading {
    const char *name; /* of the file */
    unsigned line;
    struct skc_fingerprint *fingerprint;
    struct skp_diag *diag;
    bool is_done; /* the digest has been read */
};

static enum skp_err refuse(const struct reading *reading, const char *what)
{
    return skp_fail(reading->diag, SKP_ERR_INVALID_ARGUMENT, "%s: line %u: %s",
                    reading->name, reading->line, what);
}

static enum skp_err read_digest(struct reading *reading, const char *text)
{
    char wanted[sizeof "sha256:" + SKC_FINGERPRINT_DIGEST_MAX];
    char digest[SKC_FINGERPRINT_DIGEST_MAX];

    skc_fingerprint_digest(reading->fingerprint, digest);
    (void)snprintf(wanted, sizeof wanted, "sha256:%s", digest);
    if (strcmp(text, wanted) != 0) {
        return refuse(reading, "the digest is not that of the lines above; the "
                               "file was changed");
    }
    reading->is_done = true;
    return SKP_ERR_OK;
}

static enum skp_err
add_line(struct reading *reading, const char *id, const char *key)
{
    struct skc_fingerprint_row row = { .has_key = false };
    enum skp_err err;

    if (strlen(id) > SKP_TENANT_MAX || !read_key(key, &row)) {
        return refuse(reading, "no tenant with its key id");
    }
    err = skc_fingerprint_add(reading->fingerprint, id, &row);
    return err == SKP_ERR_INTERNAL ? refuse(reading, "not in the order of ids")
                                   : err;
}

static enum skp_err read_line(struct reading *reading, const char *line)
{
    char id[LINE_MAX_LEN];
    char key[LINE_MAX_LEN];
    char last[LINE_MAX_LEN];

    reading->line++;
    if (reading->line == 1) {
        return strcmp(line, TITLE "\n") == 0
                   ? SKP_ERR_OK
                   : refuse(reading, "not what `sidekey fingerprint` prints");
    }
    if (reading->is_done || strchr(line, '\n') == NULL ||
        sscanf(line, "%255s %255s %255s", id, key, last) != 3) {
        return refuse(reading, "no tenant with its key id");
    }
    if (strcmp(id, "digest") == 0 && strncmp(key, "sha256:", 7) == 0) {
        return read_digest(reading, key);
    }
    return add_line(reading, id, key);
}

enum skp_err skc_fingerprint_read(FILE *file,
                                  const char *name,
                                  struct skc_fingerprint *ret,
                                  struct skp_diag *diag)
{
    struct reading reading = { name, 0, ret, diag, false };
    char line[LINE_MAX_LEN];

    while (fgets(line, sizeof line, file) != NULL) {
        SKP_TRY(read_line(&reading, line));
    }
    if (ferror(file) != 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s: cannot be read",
                        name);
    }
    return reading.is_done
               ? SKP_ERR_OK
               : refuse(&reading, "the list ends without its digest");
}

/* ---- comparing ---------------------------------------------------------- */

static bool is_same_key(const struct skc_fingerprint_row *a,
                        const struct skc_fingerprint_row *b)
{
    char a_key[SKC_FINGERPRINT_KEY_MAX];
    char b_key[SKC_FINGERPRINT_KEY_MAX];

    skc_fingerprint_key(a, a_key);
    skc_fingerprint_key(b, b_key);
    return strcmp(a_key, b_key) == 0;
}

/* Less than 0 when the next tenant is here only, greater when there only. */
static int order_of(const struct skc_fingerprint *here,
                    size_t i,
                    const struct skc_fingerprint *there,
                    size_t j)
{
    if (i == here->n_rows || j == there->n_rows) {
        return i == here->n_rows ? 1 : -1;
    }
    return strcmp(skc_fingerprint_id(here, i), skc_fingerprint_id(there, j));
}

size_t skc_fingerprint_compare(
    const struct skc_fingerprint *here,
    const struct skc_fingerprint *there,
    void (*visit)(void *state, const struct skc_fingerprint_pair *pair),
    void *state)
{
    size_t n_different = 0;
    size_t i = 0;
    size_t j = 0;

    while (i < here->n_rows || j < there->n_rows) {
        int order = order_of(here, i, there, j);
        const struct skc_fingerprint_pair pair = {
            order <= 0 ? skc_fingerprint_id(here, i)
                       : skc_fingerprint_id(there, j),
            order <= 0 ? &here->rows[i] : NULL,
            order >= 0 ? &there->rows[j] : NULL,
        };

        i += order <= 0;
        j += order >= 0;
        if (order != 0 || !is_same_key(pair.here, pair.there)) {
            visit(state, &pair);
            n_different++;
        }
    }
    return n_different;
}
