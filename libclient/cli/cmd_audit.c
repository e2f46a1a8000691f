/* cmd_audit.c - sidekey audit verify: whether an audit log is whole.
 *
 * Secrets:  the key of the log is in locked memory.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "libclient/cli/commands.h"
#include "protocol/audit_verify.h"

#define PIECE_LEN 65536u

/* Feed @take with all that @fd has. */
static enum skp_err read_all(int fd,
                             const char *path,
                             void (*take)(void *state, struct skp_view bytes),
                             void *state,
                             struct skp_diag *diag)
{
    uint8_t piece[PIECE_LEN];
    ssize_t len;

    while ((len = read(fd, piece, sizeof piece)) != 0) {
        if (len > 0) {
            take(state, (struct skp_view){ piece, (size_t)len });
        } else if (errno != EINTR) {
            return skp_fail(diag, SKP_ERR_NOT_FOUND, "%s: %s", path,
                            strerrordesc_np(errno));
        }
    }
    return SKP_ERR_OK;
}

/* ---- the key ------------------------------------------------------------ */

static enum skp_err read_text(int fd,
                              const char *path,
                              struct skp_secret *text,
                              struct skp_diag *diag)
{
    ssize_t len;

    SKP_TRY(skp_secret_reserve(text, SKP_AUDIT_KEY_MAX + 1));
    len = read(fd, text->bytes, SKP_AUDIT_KEY_MAX + 1);
    if (len < 0) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND, "%s: %s", path,
                        strerrordesc_np(errno));
    }
    if ((size_t)len > SKP_AUDIT_KEY_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "%s: longer than any key of an audit log", path);
    }
    text->len = (size_t)len;
    return SKP_ERR_OK;
}

static enum skp_err
read_key(const char *path, struct skp_secret *ret, struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret text = { NULL, 0, 0 };
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    enum skp_err err;

    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND, "%s: %s", path,
                        strerrordesc_np(errno));
    }
    err = read_text(fd, path, &text, diag);
    (void)close(fd);
    SKP_TRY(err);
    return skp_prefix(diag,
                      skp_audit_key_take(skp_secret_view(&text), ret, diag),
                      "%s", path);
}

/* ---- the files ---------------------------------------------------------- */

static void feed(void *state, struct skp_view bytes)
{
    skp_audit_verify_feed(state, bytes);
}

static enum skp_err verify_file(struct skc_cli *cli,
                                const char *path,
                                struct skp_audit_verify *verify,
                                struct skp_diag *diag)
{
    bool is_standard = strcmp(path, "-") == 0;
    int fd =
        is_standard ? cli->streams.in_fd : open(path, O_RDONLY | O_CLOEXEC);
    enum skp_err err;

    if (fd < 0) {
        return skp_fail(diag, SKP_ERR_NOT_FOUND, "%s: %s", path,
                        strerrordesc_np(errno));
    }
    err = read_all(fd, path, feed, verify, diag);
    if (!is_standard) {
        (void)close(fd);
    }
    skp_audit_verify_end_file(verify);
    return err;
}

/* ---- what was expected -------------------------------------------------- */

/* What --expect-last names. */
struct expected {
    uint64_t seq;
    const char *hash; /* NULL: any */
};

static bool read_expected(const char *text, struct expected *ret)
{
    char *end = NULL;

    errno = 0;
    ret->seq = strtoull(text, &end, 10);
    if (errno != 0 || end == text || text[0] == '-' || ret->seq == 0 ||
        (*end != '\0' && *end != ':')) {
        return false;
    }
    ret->hash = *end == ':' ? end + 1 : NULL;
    return ret->hash == NULL ||
           strlen(ret->hash) == (size_t)(2 * SKP_AUDIT_HASH_LEN);
}

/* A log that ends before the line that somebody remembers was cut off there. */
static bool is_expected(const struct skp_audit_verify *verify,
                        const struct expected *expected,
                        const char *hex)
{
    return verify->last.seq > expected->seq ||
           (verify->last.seq == expected->seq &&
            (expected->hash == NULL || strcmp(expected->hash, hex) == 0));
}

/* ---- the report --------------------------------------------------------- */

static void print_fault(const struct skc_cli *cli,
                        const struct skp_audit_verify *verify)
{
    const struct skp_audit_finding *first = &verify->first;
    FILE *err = cli->streams.err;

    (void)fprintf(err, "%s:%" PRIu64 ": %s",
                  skc_cli_word(cli, (int)first->file + 1), first->line,
                  skp_audit_fault_text(first->fault));
    if (first->n_missing > 0) {
        (void)fprintf(err, " (%" PRIu64 ")", first->n_missing);
    }
    if (first->seq > 0) {
        (void)fprintf(err, "; seq %" PRIu64, first->seq);
    }
    (void)fprintf(err,
                  "\nsidekey: audit: %" PRIu64 " of %" PRIu64
                  " lines are wrong; this is the first\n",
                  verify->n_wrong, verify->n_lines);
}

static int report(const struct skc_cli *cli,
                  const struct skp_audit_verify *verify,
                  const struct expected *expected)
{
    char hex[2 * SKP_AUDIT_HASH_LEN + 1];

    skp_hex(verify->last.hash, SKP_AUDIT_HASH_LEN, hex);
    if (verify->n_wrong > 0) {
        print_fault(cli, verify);
        return SKC_EXIT_FAILED;
    }
    if (expected != NULL && !is_expected(verify, expected, hex)) {
        (void)fprintf(cli->streams.err,
                      "sidekey: audit: cut off: the log ends with seq %" PRIu64
                      " and another hash or before seq %" PRIu64 "\n",
                      verify->last.seq, expected->seq);
        return SKC_EXIT_FAILED;
    }
    if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out,
                      "%" PRIu64 " lines are right, seq %" PRIu64 " to %" PRIu64
                      ", %" PRIu64 " torn by a crash\nlast %" PRIu64 ":%s\n",
                      verify->n_lines - verify->n_torn, verify->first_seq,
                      verify->last.seq, verify->n_torn, verify->last.seq, hex);
    }
    return SKC_EXIT_OK;
}

static enum skp_err verify_files(struct skc_cli *cli,
                                 struct skp_audit_verify *verify,
                                 struct skp_diag *diag)
{
    const char *path;

    for (int i = 1; (path = skc_cli_word(cli, i)) != NULL; i++) {
        SKP_TRY(verify_file(cli, path, verify, diag));
    }
    (void)skp_audit_verify_finish(verify);
    return SKP_ERR_OK;
}

int skc_cmd_audit(struct skc_cli *cli)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret key = { NULL, 0, 0 };
    const struct skc_args *args = &cli->args;
    struct expected expected = { 0, NULL };
    struct skp_audit_verify verify;
    struct skp_diag diag = { "" };
    enum skp_err err;

    if (strcmp(skc_cli_word(cli, 0), "verify") != 0) {
        return skc_cli_misuse(cli, "%s: no such word; wants: verify",
                              skc_cli_word(cli, 0));
    }
    if (args->key_file == NULL) {
        return skc_cli_misuse(cli, "--key-file is missing");
    }
    if (args->expect_last != NULL &&
        !read_expected(args->expect_last, &expected)) {
        return skc_cli_misuse(cli, "--expect-last %s: wants SEQ or SEQ:HASH",
                              args->expect_last);
    }
    err = read_key(args->key_file, &key, &diag);
    if (err == SKP_ERR_OK) {
        skp_audit_verify_init(&verify, skp_secret_view(&key));
        err = verify_files(cli, &verify, &diag);
    }
    if (err != SKP_ERR_OK) {
        return skc_cli_fail(cli, NULL, err, diag.text);
    }
    return report(cli, &verify, args->expect_last == NULL ? NULL : &expected);
}
