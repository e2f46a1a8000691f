/* kms.c - sidekey kms: what an operator does with the seeds in the KMIP server.
 *
 * The one file of the command line that looks into the agent's folders: it
 * reads the agent's configuration and speaks KMIP with the agent's client, so
 * that the command and the agent agree on servers, certificates and names.
 *
 * Secrets:  the seed of put is in an array wiped here.
 */
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "agent/config/config.h"
#include "agent/source/kmip/kmip_provision.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"
#include "libclient/cli/kms_print.h"
#include "libclient/cli/kms_seed.h"

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

static enum skp_err run_put(struct skc_cli *cli,
                            struct skd_kmip_provision *provision,
                            struct skp_view tenant,
                            struct skp_diag *diag)
{
    SKP_WIPED(uint8_t, text, SKC_KMS_SEED_MAX);
    struct skp_buf buf = skp_buf_over(text, SKC_KMS_SEED_MAX);
    struct skp_view seed = { NULL, 0 };
    char identifier[SKD_KMIP_IDENTIFIER_MAX + 1];

    SKP_TRY(skc_kms_seed_read(cli, &buf, &seed, diag));
    SKP_TRY(skd_kmip_provision_put(provision, tenant, seed,
                                   !cli->args.pre_active, identifier, diag));
    skc_kms_print_put(cli, identifier);
    return SKP_ERR_OK;
}

/* ---- activate, revoke and destroy -----------------------------------------
 */

static enum skp_err run_activate(struct skc_cli *cli,
                                 struct skd_kmip_provision *provision,
                                 struct skp_view tenant,
                                 struct skp_diag *diag)
{
    SKP_TRY(skd_kmip_provision_activate(provision, tenant, diag));
    skc_kms_print_done(cli, "activated");
    return SKP_ERR_OK;
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
    SKP_TRY(skd_kmip_provision_revoke(provision, tenant, reason,
                                      skp_view_of("sidekey kms revoke"), diag));
    skc_kms_print_done(cli, "revoked");
    return SKP_ERR_OK;
}

static enum skp_err run_destroy(struct skc_cli *cli,
                                struct skd_kmip_provision *provision,
                                struct skp_view tenant,
                                struct skp_diag *diag)
{
    SKP_TRY(skd_kmip_provision_destroy(provision, tenant, diag));
    skc_kms_print_done(cli, "destroyed");
    return SKP_ERR_OK;
}

/* ---- get-attributes and list ----------------------------------------------
 */

static void print_json_object(FILE *out, const struct skd_kmip_object *object)
{
    (void)fprintf(out, "{\"identifier\": ");
    skc_cli_text_json(out, object->identifier);
    (void)fprintf(out, ", \"name\": ");
    skc_cli_text_json(out, object->name);
    (void)fprintf(out, ", \"state\": ");
    skc_cli_text_json(out, object->state);
    skc_kms_print_json_date(out, "initial", object->initial_s);
    skc_kms_print_json_date(out, "activation", object->activation_s);
    (void)fputc('}', out);
}

static enum skp_err run_attributes(struct skc_cli *cli,
                                   struct skd_kmip_provision *provision,
                                   struct skp_view tenant,
                                   struct skp_diag *diag)
{
    FILE *out = cli->streams.out;
    struct skd_kmip_object object;

    SKP_TRY(skd_kmip_provision_attributes(provision, tenant, &object, diag));
    if (cli->args.json) {
        print_json_object(out, &object);
        (void)fputc('\n', out);
        return SKP_ERR_OK;
    }
    (void)fprintf(out, "identifier %s\nname       %s\nstate      %s\n",
                  object.identifier, object.name, object.state);
    skc_kms_print_date(out, "initial", object.initial_s);
    skc_kms_print_date(out, "activation", object.activation_s);
    return SKP_ERR_OK;
}

/* Where list prints to. */
struct listing {
    FILE *out;
    bool is_json;
    size_t n;
};

static void print_object(void *state, const struct skd_kmip_object *object)
{
    struct listing *listing = state;

    if (listing->is_json) {
        (void)fprintf(listing->out, listing->n == 0 ? "\n  " : ",\n  ");
        print_json_object(listing->out, object);
    } else {
        (void)fprintf(listing->out, "%-36s  %-36s  %s\n", object->identifier,
                      object->name[0] == '\0' ? "-" : object->name,
                      object->state);
    }
    listing->n++;
}

static enum skp_err run_list(struct skc_cli *cli,
                             struct skd_kmip_provision *provision,
                             struct skp_view tenant,
                             struct skp_diag *diag)
{
    FILE *out = cli->streams.out;
    struct listing listing = { out, cli->args.json, 0 };

    (void)tenant;
    if (cli->args.json) {
        (void)fputc('[', out);
    } else if (!cli->args.quiet) {
        (void)fprintf(out, "%-36s  %-36s  %s\n", "IDENTIFIER", "NAME", "STATE");
    }
    SKP_TRY(skd_kmip_provision_list(provision, print_object, &listing, diag));
    if (cli->args.json) {
        (void)fprintf(out, listing.n == 0 ? "]\n" : "\n]\n");
    }
    return SKP_ERR_OK;
}

/* ---- info -----------------------------------------------------------------
 */

/* The operations that sidekey needs and the server does not offer. */
static struct skc_kms_words find_missing(const struct skd_kmip_query *query)
{
    struct skc_kms_words missing = { 0, skd_kmip_operation_name };
    size_t n = 0;
    const uint32_t *needed = skd_kmip_query_needed(&n);

    for (size_t i = 0; i < n; i++) {
        if (!skd_kmip_query_offers(query, needed[i])) {
            missing.bits |= UINT64_C(1) << needed[i];
        }
    }
    return missing;
}

static void print_info(FILE *out, const struct skd_kmip_info *info)
{
    const struct skd_kmip_query *query = &info->query;
    struct skc_kms_words missing = find_missing(query);

    (void)fprintf(out, "versions  ");
    for (size_t i = 0; i < info->versions.n; i++) {
        (void)fprintf(out, " %" PRIu32 ".%" PRIu32,
                      info->versions.rows[i].major,
                      info->versions.rows[i].minor);
    }
    (void)fprintf(out, info->versions.n == 0 ? " none told\n" : "\n");
    (void)fprintf(out, "vendor     %s\n",
                  query->vendor[0] == '\0' ? "none told" : query->vendor);
    skc_kms_print_words(
        out, "operations",
        (struct skc_kms_words){ query->operations, skd_kmip_operation_name });
    skc_kms_print_words(
        out, "objects",
        (struct skc_kms_words){ query->object_types, skd_kmip_object_name });
    if (query->n_profiles > 0) {
        (void)fprintf(out, "profiles   %zu\n", query->n_profiles);
    }
    if (missing.bits == 0) {
        (void)fprintf(out, "needed     all operations are offered\n");
    } else {
        skc_kms_print_words(out, "missing", missing);
    }
}

static void print_json_info(FILE *out, const struct skd_kmip_info *info)
{
    const struct skd_kmip_query *query = &info->query;
    struct skc_kms_words missing = find_missing(query);

    (void)fprintf(out, "{\"versions\": [");
    for (size_t i = 0; i < info->versions.n; i++) {
        (void)fprintf(out, "%s\"%" PRIu32 ".%" PRIu32 "\"", i == 0 ? "" : ", ",
                      info->versions.rows[i].major,
                      info->versions.rows[i].minor);
    }
    (void)fprintf(out, "], \"vendor\": ");
    skc_cli_text_json(out, query->vendor);
    skc_kms_print_json_words(
        out, "operations",
        (struct skc_kms_words){ query->operations, skd_kmip_operation_name });
    skc_kms_print_json_words(
        out, "object_types",
        (struct skc_kms_words){ query->object_types, skd_kmip_object_name });
    (void)fprintf(out, ", \"profiles\": [");
    for (size_t i = 0; i < query->n_profiles; i++) {
        (void)fprintf(out, "%s%" PRIu32, i == 0 ? "" : ", ",
                      query->profiles[i]);
    }
    (void)fputc(']', out);
    skc_kms_print_json_words(out, "missing", missing);
    (void)fprintf(out, ", \"complete\": %s}\n",
                  missing.bits == 0 ? "true" : "false");
}

static enum skp_err run_info(struct skc_cli *cli,
                             struct skd_kmip_provision *provision,
                             struct skp_view tenant,
                             struct skp_diag *diag)
{
    struct skd_kmip_info info;

    (void)tenant;
    SKP_TRY(skd_kmip_provision_info(provision, &info, diag));
    if (cli->args.json) {
        print_json_info(cli->streams.out, &info);
    } else {
        print_info(cli->streams.out, &info);
    }
    return SKP_ERR_OK;
}

/* ---- the run --------------------------------------------------------------
 */

static const struct kms_verb verbs[] = {
    { "put", true, run_put },
    { "activate", true, run_activate },
    { "get-attributes", true, run_attributes },
    { "list", false, run_list },
    { "info", false, run_info },
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
                              "get-attributes, list, revoke, destroy, info",
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
