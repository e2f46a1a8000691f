/* doctor_kmip.c - sidekey doctor: the key server, asked with the agent's own
 * code; see doctor_parts.h.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "agent/source/kmip/kmip_provision.h"
#include "libclient/cli/doctor_hints.h"
#include "libclient/cli/doctor_parts.h"

#define WORDS_MAX 512u

/* Append to the words in @ret, behind a comma unless they are the first; what
 * does not fit is cut. */
SKP_PRINTF(2, 3)
static void add_words(char ret[WORDS_MAX], const char *format, ...)
{
    size_t len = strlen(ret);
    va_list args;

    if (len > 0 && len + 2 < WORDS_MAX) {
        memcpy(ret + len, ", ", 3);
        len += 2;
    }
    va_start(args, format);
    (void)vsnprintf(ret + len, WORDS_MAX - len, format, args);
    va_end(args);
}

/* ---- version and profile --------------------------------------------------
 */

static void list_versions(const struct skd_kmip_versions *versions,
                          char ret[WORDS_MAX])
{
    ret[0] = '\0';
    for (size_t i = 0; i < versions->n; i++) {
        add_words(ret, "%" PRIu32 ".%" PRIu32, versions->rows[i].major,
                  versions->rows[i].minor);
    }
}

/* The best version that both sides speak, as its minor number; -1: none. */
static int find_version(const struct skd_kmip_config *config,
                        const struct skd_kmip_versions *versions)
{
    int best = -1;

    for (size_t i = 0; i < versions->n; i++) {
        const struct skd_kmip_version *row = &versions->rows[i];
        bool is_ours =
            row->major == 1 && row->minor <= config->minor_version &&
            (config->negotiate || row->minor == config->minor_version);

        if (is_ours && (int)row->minor > best) {
            best = (int)row->minor;
        }
    }
    return best;
}

/* With the minor version named, as a server may end the connection at a newer
 * one. */
static void advise_version(struct skc_doctor *doctor,
                           const struct skd_kmip_versions *versions)
{
    struct skd_kmip_config willing = doctor->config->kmip;
    char words[WORDS_MAX] = "";
    int minor;

    willing.negotiate = true;
    minor = find_version(&willing, versions);
    add_words(words, "upgrade the server");
    if (minor >= 0) {
        add_words(words,
                  "or set kms_config.kmip.negotiate to true and minor_version "
                  "to %d",
                  minor);
    }
    skc_doctor_advise(doctor, words);
}

static void report_version(struct skc_doctor *doctor,
                           const struct skd_kmip_versions *versions)
{
    const struct skd_kmip_config *config = &doctor->config->kmip;
    int minor = find_version(config, versions);
    char words[WORDS_MAX];

    list_versions(versions, words);
    if (versions->n == 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "key server",
                          "answers, and does not tell its KMIP versions");
    } else if (minor >= 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "key server",
                          "answers; KMIP 1.%d is spoken, it knows %s", minor,
                          words);
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "key server",
                          "unsupported KMIP version, use 1.4: it knows %s",
                          words);
        advise_version(doctor, versions);
    }
}

/* What sidekey uses of KMIP is less than any profile of the standard: it is
 * asked for piece by piece. */
static void report_profile(struct skc_doctor *doctor,
                           const struct skd_kmip_query *query)
{
    size_t n = 0;
    const uint32_t *needed = skd_kmip_query_needed(&n);
    const char *vendor = query->vendor[0] == '\0' ? "it" : query->vendor;
    char missing[WORDS_MAX] = "";

    for (size_t i = 0; i < n; i++) {
        if (!skd_kmip_query_offers(query, needed[i])) {
            add_words(missing, "%s", skd_kmip_operation_name(needed[i]));
        }
    }
    /* Some servers tell of no type at all. */
    if (query->object_types != 0 &&
        (query->object_types >> SKD_KMIP_OBJECT_SECRET_DATA & 1u) == 0) {
        add_words(missing, "%s objects",
                  skd_kmip_object_name(SKD_KMIP_OBJECT_SECRET_DATA));
    }
    if (missing[0] == '\0') {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "key server",
                          "%s offers all that sidekey uses, %zu profiles told",
                          vendor, query->n_profiles);
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "key server",
                          "%s does not tell of %s", vendor, missing);
        skc_doctor_advise(doctor,
                          "let our certificate's user do these, or use a "
                          "server that can; see: sidekey kms info");
    }
}

/* ---- asking ---------------------------------------------------------------
 */

static enum skp_err ask_info(const struct skd_kmip_config *config,
                             struct skd_kmip_info *ret,
                             struct skp_diag *diag)
{
    struct skd_kmip_provision *provision = NULL;
    enum skp_err err =
        skd_kmip_provision_new(config, &skd_env_system, NULL, &provision, diag);

    if (err == SKP_ERR_OK) {
        err = skd_kmip_provision_info(provision, ret, diag);
    }
    skd_kmip_provision_free(&provision);
    return err;
}

/* Servers that are older refuse a question in 1.4, or end the connection: ask
 * in 1.1, the first that has the question. */
static bool is_older(const struct skd_kmip_config *config,
                     struct skd_kmip_versions *ret)
{
    struct skd_kmip_config willing = *config;
    struct skp_diag diag = { "" };
    struct skd_kmip_info info;

    willing.negotiate = true;
    willing.minor_version = 1;
    if (config->negotiate || ask_info(&willing, &info, &diag) != SKP_ERR_OK ||
        info.versions.n == 0 || find_version(config, &info.versions) >= 0) {
        return false;
    }
    *ret = info.versions;
    return true;
}

static void
report_failure(struct skc_doctor *doctor, enum skp_err err, const char *words)
{
    struct skd_kmip_versions versions;
    /* A server that is away would only be waited for once more. */
    bool may_be_older = err == SKP_ERR_FAILED_PRECONDITION ||
                        strstr(words, "kms response") != NULL;

    if (may_be_older && is_older(&doctor->config->kmip, &versions)) {
        report_version(doctor, &versions);
        return;
    }
    if (words[0] == '\0') {
        words = skp_err_text(err);
    }
    skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "key server", "%s", words);
    skc_doctor_advise(doctor, skc_doctor_hint(words));
}

/* ---- one private tenant ---------------------------------------------------
 */

static enum skp_err ask_object(struct skc_doctor *doctor,
                               struct skd_kmip_object *ret,
                               struct skp_diag *diag)
{
    struct skd_kmip_provision *provision = NULL;
    enum skp_err err = skd_kmip_provision_new(
        &doctor->config->kmip, &skd_env_system, NULL, &provision, diag);

    if (err == SKP_ERR_OK) {
        err = skd_kmip_provision_attributes(
            provision, skp_view_of(doctor->private_tenant), ret, diag);
    }
    skd_kmip_provision_free(&provision);
    return err;
}

static void report_object(struct skc_doctor *doctor, const char *state)
{
    if (strcmp(state, "Active") == 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "key server",
                          "the object of private tenant %s is Active",
                          doctor->private_tenant);
        return;
    }
    skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "key server",
                      "the object of private tenant %s is %s",
                      doctor->private_tenant, state);
    skc_doctor_advise(doctor,
                      strcmp(state, "Pre-Active") == 0
                          ? "activate it with: sidekey kms activate TENANT"
                          : "its key only decrypts; for a new one see Rotation "
                            "in docs/operations.md");
}

static void check_private_tenant(struct skc_doctor *doctor)
{
    struct skp_diag diag = { "" };
    struct skd_kmip_object object;
    enum skp_err err;

    if (doctor->private_tenant[0] == '\0') {
        return;
    }
    err = ask_object(doctor, &object, &diag);
    if (err == SKP_ERR_OK) {
        report_object(doctor, object.state);
    } else if (err == SKP_ERR_NOT_FOUND) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "key server",
                          "key not found for private tenantID %s",
                          doctor->private_tenant);
        skc_doctor_advise(doctor,
                          "store its seed with: sidekey kms put TENANT");
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "key server",
                          "private tenant %s: %s", doctor->private_tenant,
                          diag.text[0] == '\0' ? skp_err_text(err) : diag.text);
        skc_doctor_advise(doctor, err == SKP_ERR_FAILED_PRECONDITION
                                      ? "see: sidekey kms list"
                                      : skc_doctor_hint(diag.text));
    }
}

/* ---- the link -------------------------------------------------------------
 */

static void check_server(struct skc_doctor *doctor)
{
    struct skp_diag diag = { "" };
    struct skd_kmip_info info;
    enum skp_err err = ask_info(&doctor->config->kmip, &info, &diag);

    if (err != SKP_ERR_OK) {
        report_failure(doctor, err, diag.text);
        return;
    }
    report_version(doctor, &info.versions);
    report_profile(doctor, &info.query);
    check_private_tenant(doctor);
}

void skc_doctor_key_server(struct skc_doctor *doctor)
{
    const struct skd_config *config = doctor->config;

    if (config->kmip.present && config->mode == SKD_MODE_REMOTE_MULTI_KEYS) {
        check_server(doctor);
    } else if (doctor->private_tenant[0] != '\0') {
        skc_doctor_report(
            doctor, SKC_DOCTOR_WRONG, "key server",
            "there are private tenants, and kms config is required for "
            "them");
        skc_doctor_advise(doctor, "set crypto.kms_config");
    }
    if (config->kmip.present && config->kmip.tls.insecure_skip_verify) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "key server",
                          "its certificate is not verified");
        skc_doctor_advise(doctor,
                          "remove insecure_skip_verify, and set tls.ca");
    }
}
