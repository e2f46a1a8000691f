/* cmd_inspect.c - sidekey inspect: what an envelope says of itself, and whether
 * the agent could open it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_input.h"
#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"
#include "libclient/client_status.h"
#include "protocol/envelope.h"

#define READ_MAX (SKP_HEADER_MAX + SKP_CHUNKED_HEAD_LEN)

enum holds {
    HOLDS_UNKNOWN,
    HOLDS_NO,
    HOLDS_YES,
};

/* What is known of one file. */
struct found {
    const char *path;
    uint8_t bytes[READ_MAX];
    size_t len;
    struct skp_header header; /* views into bytes */
    uint64_t size;
    uint64_t plain_len;
    enum holds holds;
    char holder[129]; /* whose current key it is; "" when not known */
    char why[256];    /* why the agent's part is unknown, or no */
};

struct inspection {
    struct skc_cli *cli;
    struct found *found;
    size_t n_found;
    bool is_silent; /* the agent does not answer: it is not asked again */
    char silence[256];
};

/* ---- the file -------------------------------------------------------------
 */

static enum skp_err read_start(const struct skc_cli_input *input,
                               struct found *found,
                               struct skp_diag *diag)
{
    while (found->len < sizeof found->bytes) {
        ssize_t n = pread(input->fd, found->bytes + found->len,
                          sizeof found->bytes - found->len, (off_t)found->len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, found->path, errno);
        }
        if (n == 0) {
            break;
        }
        found->len += (size_t)n;
    }
    found->size = input->size;
    return SKP_ERR_OK;
}

static enum skp_err read_file(struct found *found, struct skp_diag *diag)
{
    struct skc_cli_input input;
    enum skp_err err = skc_cli_input_open(&input, found->path, -1, diag);

    if (err == SKP_ERR_OK && !input.is_regular) {
        err = skp_fail(diag, SKP_ERR_FAILED_PRECONDITION, "%s: no regular file",
                       found->path);
    }
    if (err == SKP_ERR_OK) {
        err = read_start(&input, found, diag);
    }
    skc_cli_input_done(&input);
    return err;
}

static enum skp_err look(struct found *found, struct skp_diag *diag)
{
    enum skp_err err;

    SKP_TRY(read_file(found, diag));
    err = skp_header_parse((struct skp_view){ found->bytes, found->len }, false,
                           SKP_SUITE_ANY, &found->header, diag);
    if (err != SKP_ERR_OK) {
        return skp_prefix(diag, err, "%s", found->path);
    }
    if (found->size < found->header.len ||
        skp_plaintext_len(found->header.suite, found->size - found->header.len,
                          &found->plain_len) != SKP_ERR_OK) {
        return skp_fail(diag, SKP_ERR_DATA_LOSS,
                        "%s: cut or extended: no plaintext makes an envelope "
                        "of %" PRIu64 " bytes",
                        found->path, found->size);
    }
    return SKP_ERR_OK;
}

/* ---- the agent ------------------------------------------------------------
 */

static void keep_words(struct inspection *inspection, char ret[256])
{
    (void)snprintf(ret, 256, "%s", sidekey_error_text(inspection->cli->handle));
}

/* Have the header opened, as decrypt would; the key is dropped at once. */
static void ask_by_header(struct inspection *inspection, struct found *found)
{
    struct skc_cli *cli = inspection->cli;
    const struct sidekey_options options = { .any_suite = true };
    struct sidekey_data_key key;
    enum sidekey_status status;

    if (inspection->is_silent) {
        memcpy(found->why, inspection->silence, sizeof found->why);
        return;
    }
    status = sidekey_unwrap(cli->handle, cli->args.tenant, found->bytes,
                            found->header.len, &options, cli->timeout_ms, &key);
    sidekey_wipe(&key, sizeof key);
    if (status == SIDEKEY_OK) {
        found->holds = HOLDS_YES;
        return;
    }
    keep_words(inspection, found->why);
    if (status == SIDEKEY_NOT_FOUND || status == SIDEKEY_DATA_LOSS ||
        status == SIDEKEY_INVALID_ARGUMENT) {
        found->holds = HOLDS_NO;
    }
    if (status == SIDEKEY_UNAVAILABLE || status == SIDEKEY_DEADLINE_EXCEEDED) {
        inspection->is_silent = true;
        memcpy(inspection->silence, found->why, sizeof inspection->silence);
    }
}

static bool match_tenant(void *state, const struct sidekey_tenant *tenant)
{
    struct inspection *inspection = state;

    for (size_t i = 0; i < inspection->n_found; i++) {
        struct found *found = &inspection->found[i];

        if (tenant->has_key && found->header.key_id != NULL &&
            skp_view_equal(
                (struct skp_view){ tenant->key_id, SKP_KEY_ID_LEN },
                (struct skp_view){ found->header.key_id, SKP_KEY_ID_LEN })) {
            found->holds = HOLDS_YES;
            (void)snprintf(found->holder, sizeof found->holder, "%s",
                           tenant->id);
        }
    }
    return true;
}

/* The list has current keys only: of another key it says nothing. */
static void ask_by_list(struct inspection *inspection)
{
    struct skc_cli *cli = inspection->cli;
    char why[256] = "no tenant's current key; --tenant asks about former ones";
    enum sidekey_status status =
        sidekey_tenants(cli->handle, cli->timeout_ms, match_tenant, inspection);

    if (status != SIDEKEY_OK) {
        keep_words(inspection, why);
    }
    for (size_t i = 0; i < inspection->n_found; i++) {
        struct found *found = &inspection->found[i];

        if (found->holds == HOLDS_UNKNOWN) {
            memcpy(found->why, why, sizeof found->why);
        }
    }
}

static void ask_agent(struct inspection *inspection)
{
    if (inspection->n_found == 0) {
        return;
    }
    if (inspection->cli->args.tenant == NULL) {
        ask_by_list(inspection);
        return;
    }
    for (size_t i = 0; i < inspection->n_found; i++) {
        ask_by_header(inspection, &inspection->found[i]);
    }
}

/* ---- printing -------------------------------------------------------------
 */

static const char *word_of(enum holds holds)
{
    switch (holds) {
    case HOLDS_YES:
        return "yes";
    case HOLDS_NO:
        return "no";
    case HOLDS_UNKNOWN:
        break;
    }
    return "unknown";
}

/* Salt and commitment of suite 2, in hex; false for suite 1. */
static bool print_head(const struct found *found,
                       char salt[2 * SKP_SALT_LEN + 1],
                       char commitment[2 * SKP_COMMITMENT_LEN + 1])
{
    const uint8_t *head = found->bytes + found->header.len;

    if (found->header.suite != SKP_SUITE_X25519_HPKE_AES256GCM) {
        return false;
    }
    skp_hex(head, SKP_SALT_LEN, salt);
    skp_hex(head + SKP_SALT_LEN, SKP_COMMITMENT_LEN, commitment);
    return true;
}

static void print_words(FILE *out, const struct found *found)
{
    char salt[2 * SKP_SALT_LEN + 1];
    char commitment[2 * SKP_COMMITMENT_LEN + 1];
    char key_id[2 * SKP_KEY_ID_LEN + 1];
    char size[SKC_TEXT_SPAN_MAX];

    skp_hex(found->header.key_id, SKP_KEY_ID_LEN, key_id);
    skc_cli_text_size(found->plain_len, size);
    (void)fprintf(out,
                  "%s\n  suite       %d, %s\n  key id      %s\n"
                  "  envelope    %" PRIu64 " bytes\n"
                  "  plaintext   %" PRIu64 " bytes (%s)\n",
                  found->path, (int)found->header.suite,
                  skp_suite_name(found->header.suite), key_id, found->size,
                  found->plain_len, size);
    if (print_head(found, salt, commitment)) {
        (void)fprintf(out, "  salt        %s\n  commitment  %s\n", salt,
                      commitment);
    }
    (void)fprintf(out, "  key held    %s%s%s%s%s\n", word_of(found->holds),
                  found->holder[0] == '\0' ? "" : ", current key of ",
                  found->holder, found->why[0] == '\0' ? "" : ": ", found->why);
}

static void print_json(FILE *out, const struct found *found, bool is_first)
{
    char salt[2 * SKP_SALT_LEN + 1];
    char commitment[2 * SKP_COMMITMENT_LEN + 1];
    char key_id[2 * SKP_KEY_ID_LEN + 1];

    skp_hex(found->header.key_id, SKP_KEY_ID_LEN, key_id);
    (void)fprintf(out, "%s  {\"file\": ", is_first ? "\n" : ",\n");
    skc_cli_text_json(out, found->path);
    (void)fprintf(out,
                  ", \"suite\": %d, \"suite_name\": \"%s\", \"key_id\": "
                  "\"%s\", \"envelope_bytes\": %" PRIu64
                  ", \"plaintext_bytes\": %" PRIu64,
                  (int)found->header.suite, skp_suite_name(found->header.suite),
                  key_id, found->size, found->plain_len);
    if (print_head(found, salt, commitment)) {
        (void)fprintf(out, ", \"salt\": \"%s\", \"commitment\": \"%s\"", salt,
                      commitment);
    }
    (void)fprintf(out, ", \"key_held\": \"%s\"", word_of(found->holds));
    if (found->holder[0] != '\0') {
        (void)fprintf(out, ", \"tenant\": ");
        skc_cli_text_json(out, found->holder);
    }
    if (found->why[0] != '\0') {
        (void)fprintf(out, ", \"reason\": ");
        skc_cli_text_json(out, found->why);
    }
    (void)fputc('}', out);
}

static void print_all(const struct inspection *inspection)
{
    FILE *out = inspection->cli->streams.out;
    bool is_json = inspection->cli->args.json;

    if (is_json) {
        (void)fputc('[', out);
    }
    for (size_t i = 0; i < inspection->n_found; i++) {
        if (is_json) {
            print_json(out, &inspection->found[i], i == 0);
        } else {
            print_words(out, &inspection->found[i]);
        }
    }
    if (is_json) {
        (void)fprintf(out, "%s]\n", inspection->n_found == 0 ? "" : "\n");
    }
}

/* ---- the run --------------------------------------------------------------
 */

/* Every file is tried; the first failure's exit code is the command's. */
static int look_at_all(struct inspection *inspection)
{
    struct skc_cli *cli = inspection->cli;
    int code = SKC_EXIT_OK;

    for (int i = 0; skc_cli_word(cli, i) != NULL; i++) {
        struct found *found = &inspection->found[inspection->n_found];
        struct skp_diag diag = { "" };
        enum skp_err err;

        *found = (struct found){ .path = skc_cli_word(cli, i) };
        err = look(found, &diag);
        if (err == SKP_ERR_OK) {
            inspection->n_found++;
        } else {
            int failed = skc_cli_fail(cli, NULL, err, diag.text);

            code = code == SKC_EXIT_OK ? failed : code;
        }
    }
    return code;
}

int skc_cmd_inspect(struct skc_cli *cli)
{
    struct inspection inspection = { .cli = cli };
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    inspection.found =
        calloc((size_t)cli->args.n_words, sizeof *inspection.found);
    if (inspection.found == NULL) {
        return skc_cli_fail(cli, NULL, SKP_ERR_RESOURCE_EXHAUSTED, NULL);
    }
    code = look_at_all(&inspection);
    ask_agent(&inspection);
    print_all(&inspection);
    free(inspection.found);
    return code;
}
