/* cmd_fingerprint.c - sidekey fingerprint: which key each tenant has, and how
 * two agents differ. */
#include <inttypes.h>
#include <sys/stat.h>
#include <unistd.h>

#include "libclient/cli/cli_fingerprint.h"
#include "libclient/cli/cli_input.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"
#include "libclient/client_status.h"

/* What is printed about differences, and where. */
struct report {
    struct skc_cli *cli;
    bool is_first;
};

/* ---- the two lists ------------------------------------------------------ */

/* A path that names a socket is another agent. */
static bool is_socket(const char *path)
{
    struct stat there;

    return stat(path, &there) == 0 && S_ISSOCK(there.st_mode);
}

static enum skp_err ask_agent(const char *path,
                              uint32_t timeout_ms,
                              struct skc_fingerprint *ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(sidekey_close) struct sidekey *handle = NULL;
    struct skp_diag words = { "" };
    enum skp_err err = skc_status_err(sidekey_open(path, &handle));

    if (err == SKP_ERR_OK) {
        err = skc_fingerprint_ask(handle, timeout_ms, ret, &words);
    }
    return err == SKP_ERR_OK
               ? SKP_ERR_OK
               : skp_fail(diag, err, "%s: %s", path,
                          words.text[0] == '\0' ? skp_err_text(err)
                                                : words.text);
}

static enum skp_err read_file(const struct skc_cli *cli,
                              const char *path,
                              struct skc_fingerprint *ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skc_cli_input_done) struct skc_cli_input input = { .fd = -1 };
    FILE *file;
    enum skp_err err;

    SKP_TRY(skc_cli_input_open(&input, path, cli->streams.in_fd, diag));
    file = fdopen(dup(input.fd), "r");
    if (file == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "%s: out of memory",
                        input.name);
    }
    err = skc_fingerprint_read(file, input.name, ret, diag);
    (void)fclose(file);
    return err;
}

/* ---- differences -------------------------------------------------------- */

static void print_difference_json(FILE *out,
                                  const struct skc_fingerprint_pair *pair)
{
    const struct skc_fingerprint_row *rows[2] = { pair->here, pair->there };
    static const char *const names[2] = { "here", "there" };

    (void)fprintf(out, "{\"id\": ");
    skc_cli_text_json(out, pair->id);
    (void)fprintf(out, ", \"difference\": \"%s\"",
                  pair->there == NULL  ? "only-here"
                  : pair->here == NULL ? "only-there"
                                       : "other-key");
    for (size_t i = 0; i < 2; i++) {
        char key[SKC_FINGERPRINT_KEY_MAX];

        if (rows[i] == NULL || !rows[i]->has_key) {
            (void)fprintf(out, ", \"%s\": null", names[i]);
            continue;
        }
        skc_fingerprint_key(rows[i], key);
        (void)fprintf(out, ", \"%s\": \"%s\"", names[i], key);
    }
    (void)fputc('}', out);
}

static void print_difference(FILE *out, const struct skc_fingerprint_pair *pair)
{
    char here[SKC_FINGERPRINT_KEY_MAX] = "-";
    char there[SKC_FINGERPRINT_KEY_MAX] = "-";
    const char *what = "other key";

    if (pair->here == NULL || pair->there == NULL) {
        what = pair->there == NULL ? "only here" : "only there";
    } else if (!pair->here->has_key || !pair->there->has_key) {
        what = pair->there->has_key ? "no key here" : "no key there";
    }
    if (pair->here != NULL) {
        skc_fingerprint_key(pair->here, here);
    }
    if (pair->there != NULL) {
        skc_fingerprint_key(pair->there, there);
    }
    (void)fprintf(out, "%-12s  %-36s  here %-16s  there %s\n", what, pair->id,
                  here, there);
}

static void on_difference(void *state, const struct skc_fingerprint_pair *pair)
{
    struct report *report = state;
    FILE *out = report->cli->streams.out;

    if (report->cli->args.json) {
        (void)fprintf(out, "%s\n    ", report->is_first ? "" : ",");
        print_difference_json(out, pair);
    } else if (!report->cli->args.quiet) {
        print_difference(out, pair);
    }
    report->is_first = false;
}

static void print_comparison(struct skc_cli *cli,
                             const struct skc_fingerprint *here,
                             const struct skc_fingerprint *there,
                             size_t *ret_different)
{
    struct report report = { cli, true };
    char digests[2][SKC_FINGERPRINT_DIGEST_MAX];
    FILE *out = cli->streams.out;

    skc_fingerprint_digest(here, digests[0]);
    skc_fingerprint_digest(there, digests[1]);
    if (cli->args.json) {
        (void)fprintf(out, "{\n  \"differences\": [");
    }
    *ret_different =
        skc_fingerprint_compare(here, there, on_difference, &report);
    if (cli->args.json) {
        (void)fprintf(out,
                      "],\n  \"same\": %s,\n  \"digest\": \"sha256:%s\",\n"
                      "  \"digest_there\": \"sha256:%s\"\n}\n",
                      *ret_different == 0 ? "true" : "false", digests[0],
                      digests[1]);
    } else if (!cli->args.quiet && *ret_different == 0) {
        (void)fprintf(out, "the same keys: %zu tenants, sha256:%s\n",
                      here->n_rows, digests[0]);
    } else if (!cli->args.quiet) {
        (void)fprintf(out, "%zu tenants differ\n", *ret_different);
    }
}

/* 1 says that two agents differ, so it must not say anything else. */
static int fail_to_compare(const struct skc_cli *cli,
                           enum skp_err err,
                           const struct skp_diag *diag)
{
    int code = skc_cli_fail(cli, NULL, err, diag->text);

    if (code != SKC_EXIT_FAILED) {
        return code;
    }
    return err == SKP_ERR_RESOURCE_EXHAUSTED ? SKC_EXIT_UNAVAILABLE
                                             : SKC_EXIT_USAGE;
}

static int compare(struct skc_cli *cli, const struct skc_fingerprint *here)
{
    SKP_CLEANUP(skc_fingerprint_done)
    struct skc_fingerprint there = { .rows = NULL };
    const char *path = cli->args.compare;
    struct skp_diag diag = { "" };
    size_t n_different = 0;
    enum skp_err err = is_socket(path)
                           ? ask_agent(path, cli->timeout_ms, &there, &diag)
                           : read_file(cli, path, &there, &diag);

    if (err != SKP_ERR_OK) {
        return fail_to_compare(cli, err, &diag);
    }
    print_comparison(cli, here, &there, &n_different);
    return n_different == 0 ? SKC_EXIT_OK : SKC_EXIT_FAILED;
}

/* ---- one list ----------------------------------------------------------- */

static void print_json(FILE *out, const struct skc_fingerprint *fingerprint)
{
    char digest[SKC_FINGERPRINT_DIGEST_MAX];

    skc_fingerprint_digest(fingerprint, digest);
    (void)fprintf(out, "{\n  \"digest\": \"sha256:%s\",\n  \"tenants\": [",
                  digest);
    for (size_t i = 0; i < fingerprint->n_rows; i++) {
        const struct skc_fingerprint_row *row = &fingerprint->rows[i];
        char key[SKC_FINGERPRINT_KEY_MAX];

        skc_fingerprint_key(row, key);
        (void)fprintf(out, "%s\n    {\"id\": ", i == 0 ? "" : ",");
        skc_cli_text_json(out, skc_fingerprint_id(fingerprint, i));
        (void)fprintf(out, ", \"key_id\": %s%s%s, \"generation\": %" PRIu64 "}",
                      row->has_key ? "\"" : "", row->has_key ? key : "null",
                      row->has_key ? "\"" : "", row->generation);
    }
    (void)fprintf(out, "]\n}\n");
}

int skc_cmd_fingerprint(struct skc_cli *cli)
{
    SKP_CLEANUP(skc_fingerprint_done)
    struct skc_fingerprint here = { .rows = NULL };
    struct skp_diag diag = { "" };
    enum skp_err err;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    err = skc_fingerprint_ask(cli->handle, cli->timeout_ms, &here, &diag);
    if (err != SKP_ERR_OK && cli->args.compare != NULL) {
        return fail_to_compare(cli, err, &diag);
    }
    if (err != SKP_ERR_OK) {
        return skc_cli_fail(cli, NULL, err, diag.text);
    }
    if (cli->args.compare != NULL) {
        return compare(cli, &here);
    }
    if (cli->args.json) {
        print_json(cli->streams.out, &here);
    } else {
        skc_fingerprint_print(cli->streams.out, &here);
    }
    return SKC_EXIT_OK;
}
