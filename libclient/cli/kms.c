/* kms.c - sidekey kms: what an operator does with the seeds in the KMIP server.
 *
 * The one file of the command line that looks into the agent's folders: it
 * reads the agent's configuration and speaks KMIP with the agent's client, so
 * that the command and the agent agree on servers, certificates and names.
 *
 * Secrets:  the seed of put is in an array wiped here.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agent/config/config.h"
#include "agent/source/kmip/kmip_provision.h"
#include "libclient/cli/cli_output.h"
#include "libclient/cli/cli_seed.h"
#include "libclient/cli/commands.h"

/* Far more than any seed; what is longer is another file. */
#define SEED_TEXT_MAX 4096u

/* One subcommand of kms. */
struct kms_verb {
    const char *name;
    bool wants_tenant;
    enum skp_err (*run)(struct skc_cli *cli,
                        struct skd_kmip_provision *provision,
                        struct skp_view tenant,
                        struct skp_diag *diag);
};

/* ---- put ------------------------------------------------------------------
 */

static enum skp_err
read_fd(int fd, const char *name, struct skp_buf *ret, struct skp_diag *diag)
{
    while (ret->len < ret->cap) {
        ssize_t n = read(fd, ret->ptr + ret->len, ret->cap - ret->len);

        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return skc_cli_output_fail(diag, name, errno);
        }
        if (n == 0) {
            return SKP_ERR_OK;
        }
        ret->len += (size_t)n;
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s: too long for a seed",
                    name);
}

static enum skp_err
read_seed(const struct skc_cli *cli, struct skp_buf *ret, struct skp_diag *diag)
{
    const char *path = cli->args.input;
    enum skp_err err;
    int fd;

    if (cli->args.generate) {
        return skc_cli_seed_make(ret);
    }
    if (path == NULL || strcmp(path, "-") == 0) {
        return read_fd(cli->streams.in_fd, "standard input", ret, diag);
    }
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return skc_cli_output_fail(diag, path, errno);
    }
    err = read_fd(fd, path, ret, diag);
    (void)close(fd);
    return err;
}

/* Files end in a newline; the server keeps what it is given. */
static struct skp_view trim(const struct skp_buf *buf)
{
    struct skp_view view = { buf->ptr, buf->len };

    while (view.len > 0 && view.ptr[view.len - 1] <= ' ') {
        view.len--;
    }
    while (view.len > 0 && view.ptr[0] <= ' ') {
        view.ptr++;
        view.len--;
    }
    return view;
}

static enum skp_err run_put(struct skc_cli *cli,
                            struct skd_kmip_provision *provision,
                            struct skp_view tenant,
                            struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, text, SEED_TEXT_MAX);
    struct skp_buf buf = skp_buf_over(text, SEED_TEXT_MAX);
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];

    SKP_TRY(read_seed(cli, &buf, diag));
    SKP_TRY(skd_kmip_provision_put(provision, tenant, trim(&buf),
                                   !cli->args.pre_active, identifier, diag));
    if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out, "%s\n", identifier);
    }
    return SKP_ERR_OK;
}

/* ---- get-attributes and list ----------------------------------------------
 */

static enum skp_err run_attributes(struct skc_cli *cli,
                                   struct skd_kmip_provision *provision,
                                   struct skp_view tenant,
                                   struct skp_diag *diag)
{
    FILE *out = cli->streams.out;
    struct skd_kmip_object object;

    SKP_TRY(skd_kmip_provision_attributes(provision, tenant, &object, diag));
    (void)fprintf(out, "identifier %s\nname       %s\nstate      %s\n",
                  object.identifier, object.name, object.state);
    (void)fprintf(out, "initial    %" PRId64 "\nactivation %" PRId64 "\n",
                  object.initial_s, object.activation_s);
    return SKP_ERR_OK;
}

static void print_object(void *state, const struct skd_kmip_object *object)
{
    (void)fprintf(state, "%-36s  %-36s  %s\n", object->identifier,
                  object->name[0] == '\0' ? "-" : object->name, object->state);
}

static enum skp_err run_list(struct skc_cli *cli,
                             struct skd_kmip_provision *provision,
                             struct skp_view tenant,
                             struct skp_diag *diag)
{
    (void)tenant;
    if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out, "%-36s  %-36s  %s\n", "IDENTIFIER",
                      "NAME", "STATE");
    }
    return skd_kmip_provision_list(provision, print_object, cli->streams.out,
                                   diag);
}

/* ---- activate, revoke and destroy -----------------------------------------
 */

static enum skp_err run_activate(struct skc_cli *cli,
                                 struct skd_kmip_provision *provision,
                                 struct skp_view tenant,
                                 struct skp_diag *diag)
{
    (void)cli;
    return skd_kmip_provision_activate(provision, tenant, diag);
}

static enum skp_err find_reason(const char *name,
                                enum skd_kmip_revocation *ret,
                                struct skp_diag *diag)
{
    static const struct {
        const char *name;
        enum skd_kmip_revocation reason;
    } rows[] = {
        { "unspecified", SKD_REVOKED_UNSPECIFIED },
        { "key-compromise", SKD_REVOKED_KEY_COMPROMISE },
        { "superseded", SKD_REVOKED_SUPERSEDED },
        { "cessation-of-operation", SKD_REVOKED_CESSATION },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        if (name == NULL || strcmp(rows[i].name, name) == 0) {
            *ret = rows[i].reason;
            return SKP_ERR_OK;
        }
    }
    return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                    "--reason %s: no such reason", name);
}

static enum skp_err run_revoke(struct skc_cli *cli,
                               struct skd_kmip_provision *provision,
                               struct skp_view tenant,
                               struct skp_diag *diag)
{
    enum skd_kmip_revocation reason = SKD_REVOKED_UNSPECIFIED;

    SKP_TRY(find_reason(cli->args.reason, &reason, diag));
    return skd_kmip_provision_revoke(provision, tenant, reason,
                                     skp_view_of("sidekey kms revoke"), diag);
}

static enum skp_err run_destroy(struct skc_cli *cli,
                                struct skd_kmip_provision *provision,
                                struct skp_view tenant,
                                struct skp_diag *diag)
{
    (void)cli;
    return skd_kmip_provision_destroy(provision, tenant, diag);
}

/* ---- the run --------------------------------------------------------------
 */

static const struct kms_verb verbs[] = {
    { "put", true, run_put },
    { "activate", true, run_activate },
    { "get-attributes", true, run_attributes },
    { "list", false, run_list },
    { "revoke", true, run_revoke },
    { "destroy", true, run_destroy },
};

static const struct kms_verb *find_verb(const char *name)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(verbs); i++) {
        if (strcmp(verbs[i].name, name) == 0) {
            return &verbs[i];
        }
    }
    return NULL;
}

/* Every finding, as sidekeyd --check-config prints them. */
static int load_config(const struct skc_cli *cli, const struct skd_config **ret)
{
    const struct skd_config_paths paths = { cli->args.config,
                                            cli->args.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    enum skp_err err = skd_config_load(&paths, ret, &findings);

    if (err != SKP_ERR_OK) {
        (void)fprintf(cli->streams.err, "%s\n",
                      findings.errors == NULL ? skp_err_text(err)
                                              : findings.errors);
    }
    skd_findings_done(&findings);
    return err == SKP_ERR_OK ? SKC_EXIT_OK : SKC_EXIT_CONFIG;
}

static int run_with_config(struct skc_cli *cli,
                           const struct kms_verb *verb,
                           const struct skd_config *config)
{
    const char *tenant = skc_cli_word(cli, 1);
    struct skd_kmip_provision *provision = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err = skd_kmip_provision_new(&config->kmip, &skd_env_system,
                                              NULL, &provision, &diag);

    if (err == SKP_ERR_FAILED_PRECONDITION) {
        (void)skc_cli_fail(cli, tenant, err, diag.text);
        return SKC_EXIT_CONFIG;
    }
    if (err == SKP_ERR_OK) {
        err = verb->run(cli, provision,
                        skp_view_of(tenant == NULL ? "" : tenant), &diag);
    }
    skd_kmip_provision_free(&provision);
    return err == SKP_ERR_OK ? SKC_EXIT_OK
                             : skc_cli_fail(cli, tenant, err, diag.text);
}

int skc_cmd_kms(struct skc_cli *cli)
{
    const struct kms_verb *verb = find_verb(skc_cli_word(cli, 0));
    const struct skd_config *config = NULL;
    int code;

    if (verb == NULL) {
        return skc_cli_misuse(cli,
                              "%s: none of put, activate, "
                              "get-attributes, list, revoke, destroy",
                              skc_cli_word(cli, 0));
    }
    if (verb->wants_tenant != (skc_cli_word(cli, 1) != NULL)) {
        return skc_cli_misuse(cli, "%s: %s", verb->name,
                              verb->wants_tenant ? "which tenant?"
                                                 : "takes no tenant");
    }
    if (verb->run == run_put && !cli->args.generate &&
        cli->args.input == NULL && isatty(cli->streams.in_fd) == 1) {
        return skc_cli_misuse(cli, "a seed typed at a terminal is shown there; "
                                   "use -i FILE, a pipe, or --generate");
    }
    code = load_config(cli, &config);
    if (code != SKC_EXIT_OK) {
        return code;
    }
    code = run_with_config(cli, verb, config);
    skd_config_unref(&config);
    return code;
}
