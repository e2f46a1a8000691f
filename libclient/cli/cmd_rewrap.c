/* cmd_rewrap.c - sidekey rewrap: new headers for files and for whole trees, in
 * place.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/cli_interrupt.h"
#include "libclient/cli/cli_journal.h"
#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_progress.h"
#include "libclient/cli/cli_rewrap.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/cli_tree.h"
#include "libclient/cli/commands.h"

/* ---- files ----------------------------------------------------------------
 */

/* A file that the user named: links in the name are followed. */
static enum skp_err
rewrap_path(struct skc_rewrap *rewrap, const char *path, struct skp_diag *diag)
{
    struct skc_cli_place place = { .path = path };
    enum skc_rewrap_outcome outcome;
    char folder[PATH_MAX];
    enum skp_err err;
    char *slash;

    if (realpath(path, folder) == NULL) {
        return skc_cli_output_fail(diag, path, errno);
    }
    slash = strrchr(folder, '/');
    if (slash == NULL || slash[1] == '\0') {
        return skc_cli_output_fail(diag, path, EISDIR);
    }
    *slash = '\0';
    place.name = slash + 1;
    place.folder_fd = open(folder[0] == '\0' ? "/" : folder,
                           O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (place.folder_fd < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    err = skc_cli_rewrap(rewrap, &place, &outcome, diag);
    (void)close(place.folder_fd);
    return err;
}

/* Every file is tried; the first failure's exit code is the command's. */
static int rewrap_files(struct skc_rewrap *rewrap)
{
    struct skc_cli *cli = rewrap->cli;
    int code = SKC_EXIT_OK;

    for (int i = 1; skc_cli_word(cli, i) != NULL; i++) {
        struct skp_diag diag = { "" };
        enum skp_err err = rewrap_path(rewrap, skc_cli_word(cli, i), &diag);

        if (err == SKP_ERR_OK && !cli->args.quiet) {
            (void)fprintf(cli->streams.out, "%s: rewrapped\n",
                          skc_cli_word(cli, i));
        }
        if (err != SKP_ERR_OK) {
            int failed = skc_cli_fail(cli, rewrap->tenant, err, diag.text);

            code = code == SKC_EXIT_OK ? failed : code;
        }
    }
    return code;
}

/* ---- trees ----------------------------------------------------------------
 */

struct trees {
    struct skc_rewrap rewrap;
    struct skc_cli_progress progress;
    uint64_t n_files; /* of the count before the work */
    uint64_t n_rewrapped;
    uint64_t n_current;
    uint64_t n_foreign;
    uint64_t n_failed;
    int stopped_by; /* exit code of what ended the walk; 0: nothing */
};

static void print_failure(struct trees *trees,
                          const char *path,
                          enum skp_err err,
                          const char *text)
{
    struct skc_cli *cli = trees->rewrap.cli;
    FILE *out = cli->streams.out;

    skc_cli_progress_hide(&trees->progress);
    (void)skc_cli_fail(cli, trees->rewrap.tenant, err, text);
    if (cli->args.json) {
        (void)fprintf(out,
                      "%s    {\"file\": ", trees->n_failed == 0 ? "\n" : ",\n");
        skc_cli_text_json(out, path);
        (void)fprintf(out, ", \"error\": \"%s\"}", skp_err_name(err));
    }
    trees->n_failed++;
}

static void fail_walk(void *state, const char *path, int error)
{
    struct skp_diag diag = { "" };
    enum skp_err err = skc_cli_output_fail(&diag, path, error);

    print_failure(state, path, err, diag.text);
}

/* What would be said of every other file, too. */
static bool is_hopeless(enum skp_err err)
{
    return err == SKP_ERR_UNAVAILABLE || err == SKP_ERR_DEADLINE_EXCEEDED ||
           err == SKP_ERR_RESOURCE_EXHAUSTED;
}

static bool rewrap_in_tree(void *state, const struct skc_cli_place *place)
{
    struct trees *trees = state;
    enum skc_rewrap_outcome outcome;
    struct skp_diag diag = { "" };
    enum skp_err err;

    if (skc_cli_interrupt_asked() != 0) {
        return false;
    }
    if (skc_cli_journal_is_name(place->name)) {
        return true;
    }
    err = skc_cli_rewrap(&trees->rewrap, place, &outcome, &diag);
    if (err != SKP_ERR_OK) {
        print_failure(trees, place->path, err, diag.text);
        if (is_hopeless(err)) {
            trees->stopped_by = (int)skc_exit_code(err);
            return false;
        }
    } else if (outcome == SKC_REWRAPPED) {
        trees->n_rewrapped++;
    } else if (outcome == SKC_REWRAP_CURRENT) {
        trees->n_current++;
    } else {
        trees->n_foreign++;
    }
    skc_cli_progress_add(&trees->progress, 1);
    return true;
}

static bool count_in_tree(void *state, const struct skc_cli_place *place)
{
    uint64_t *n_files = state;

    *n_files += skc_cli_journal_is_name(place->name) ? 0 : 1;
    return skc_cli_interrupt_asked() == 0;
}

/* Only a bar needs the number before the work. */
static void begin_progress(struct trees *trees)
{
    struct skc_cli *cli = trees->rewrap.cli;
    struct skc_cli_tree tree = {
        .all_file_systems = cli->args.all_file_systems,
        .state = &trees->n_files,
        .file = count_in_tree,
    };

    if (cli->args.quiet || isatty(fileno(cli->streams.err)) != 1) {
        return;
    }
    for (int i = 1; skc_cli_word(cli, i) != NULL; i++) {
        (void)skc_cli_tree_walk(&tree, skc_cli_word(cli, i));
    }
    skc_cli_progress_begin(&trees->progress, cli, SKC_PROGRESS_FILES, "rewrap",
                           trees->n_files);
}

static void walk_trees(struct trees *trees)
{
    struct skc_cli *cli = trees->rewrap.cli;
    struct skc_cli_tree tree = {
        .all_file_systems = cli->args.all_file_systems,
        .state = trees,
        .file = rewrap_in_tree,
        .fail = fail_walk,
    };

    for (int i = 1; skc_cli_word(cli, i) != NULL; i++) {
        if (!skc_cli_tree_walk(&tree, skc_cli_word(cli, i))) {
            return;
        }
    }
}

static void print_counts(const struct trees *trees, bool is_whole)
{
    const struct skc_cli *cli = trees->rewrap.cli;
    FILE *out = cli->streams.out;

    if (cli->args.json) {
        (void)fprintf(out,
                      "%s],\n  \"rewrapped\": %" PRIu64
                      ",\n  \"already_current\": %" PRIu64
                      ",\n  \"not_an_envelope\": %" PRIu64
                      ",\n  \"failed\": %" PRIu64 ",\n  \"complete\": %s\n}\n",
                      trees->n_failed == 0 ? "" : "\n  ", trees->n_rewrapped,
                      trees->n_current, trees->n_foreign, trees->n_failed,
                      is_whole ? "true" : "false");
    } else if (!cli->args.quiet) {
        (void)fprintf(out,
                      "%" PRIu64 " rewrapped, %" PRIu64 " already current, "
                      "%" PRIu64 " not an envelope, %" PRIu64 " failed%s\n",
                      trees->n_rewrapped, trees->n_current, trees->n_foreign,
                      trees->n_failed,
                      is_whole ? "" : "; stopped before the end");
    }
}

/* A signal has its way, once everything is said and in order. */
static void end_by(const struct skc_cli *cli, int number)
{
    if (number != 0) {
        (void)fflush(cli->streams.out);
        (void)fflush(cli->streams.err);
        (void)raise(number);
    }
}

static int rewrap_trees(struct trees *trees)
{
    struct skc_cli *cli = trees->rewrap.cli;
    struct sidekey_public_key key;
    enum sidekey_status status = sidekey_pubkey(
        cli->handle, trees->rewrap.tenant, cli->timeout_ms, &key);
    int number;

    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, trees->rewrap.tenant, status);
    }
    memcpy(trees->rewrap.key_id, key.key_id, sizeof key.key_id);
    trees->rewrap.is_choosy = true;
    if (cli->args.json) {
        (void)fprintf(cli->streams.out, "{\n  \"failures\": [");
    }
    skc_cli_interrupt_watch();
    begin_progress(trees);
    walk_trees(trees);
    skc_cli_progress_hide(&trees->progress);
    number = skc_cli_interrupt_unwatch();
    print_counts(trees, number == 0 && trees->stopped_by == 0);
    end_by(cli, number);
    if (trees->stopped_by != 0) {
        return trees->stopped_by;
    }
    return trees->n_failed == 0 ? SKC_EXIT_OK : SKC_EXIT_FAILED;
}

int skc_cmd_rewrap(struct skc_cli *cli)
{
    struct trees trees = { .rewrap = { .cli = cli,
                                       .tenant = skc_cli_word(cli, 0) } };
    int code;

    if (skc_cli_word(cli, 1) == NULL) {
        return skc_cli_misuse(cli, cli->args.recursive ? "which folders?"
                                                       : "which files?");
    }
    if (!cli->args.recursive &&
        (cli->args.json || cli->args.all_file_systems)) {
        return skc_cli_misuse(cli, "--%s goes with --recursive",
                              cli->args.json ? "json" : "all-file-systems");
    }
    code = skc_cli_connect(cli);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    return cli->args.recursive ? rewrap_trees(&trees)
                               : rewrap_files(&trees.rewrap);
}
