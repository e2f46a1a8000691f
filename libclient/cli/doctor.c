/* doctor.c - sidekey doctor: walks the whole chain, from the files to one
 * tenant's key, and says of each link what is wrong and how to mend it.
 *
 * Like kms.c it looks into the agent's folders: it reads the agent's
 * configuration and asks the Coordinator and the key server with the agent's
 * own code, as the user who runs it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/config/config.h"
#include "agent/sys/arena.h"
#include "libclient/cli/cli_colour.h"
#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"
#include "libclient/cli/doctor_hints.h"
#include "libclient/cli/doctor_parts.h"

/* ---- what is found ------------------------------------------------------ */

void skc_doctor_report(struct skc_doctor *doctor,
                       enum skc_verdict verdict,
                       const char *link,
                       const char *format,
                       ...)
{
    static const char *const words[] = { "ok   ", "hm   ", "WRONG" };
    static const enum skc_colour colours[] = { SKC_COLOUR_GOOD,
                                               SKC_COLOUR_CAUTION,
                                               SKC_COLOUR_BAD };
    char text[1024];
    va_list args;

    doctor->n_doubtful += verdict == SKC_DOCTOR_DOUBTFUL;
    doctor->n_wrong += verdict == SKC_DOCTOR_WRONG;
    if (verdict == SKC_DOCTOR_WELL && doctor->cli->args.quiet) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    skc_cli_colour_print(&doctor->pen, colours[verdict], "%s", words[verdict]);
    (void)fprintf(doctor->pen.out, "  %-13s  ", link);
    skc_cli_text_plain(doctor->pen.out, text);
    (void)fputc('\n', doctor->pen.out);
}

void skc_doctor_advise(struct skc_doctor *doctor, const char *hint)
{
    (void)fprintf(doctor->pen.out, "       %-13s  do: %s\n", "", hint);
}

/* ---- files -------------------------------------------------------------- */

static void
check_file(struct skc_doctor *doctor, const char *path, bool is_secret)
{
    struct stat there;

    if (path == NULL) {
        return;
    }
    if (access(path, R_OK) != 0 || stat(path, &there) != 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "files", "%s: %s", path,
                          strerrordesc_np(errno));
        skc_doctor_advise(doctor, "make it, or let the agent's user read it");
    } else if (is_secret && (there.st_mode & S_IROTH) != 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "files",
                          "%s: everybody can read this secret", path);
        skc_doctor_advise(doctor,
                          "chmod o= that file (Kubernetes: defaultMode), and "
                          "change the secret if others use this machine");
    } else if ((there.st_mode & (S_IWGRP | S_IWOTH)) != 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "files",
                          "%s: others than its owner can write it", path);
        skc_doctor_advise(doctor, "chmod go-w that file");
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "files", "%s", path);
    }
}

static void check_tls_files(struct skc_doctor *doctor,
                            const struct skd_tls_config *tls)
{
    check_file(doctor, tls->key_file, true);
    check_file(doctor, tls->cert_file, false);
    check_file(doctor, tls->ca_file, false);
}

/* A default path may be absent; one that was named is in the findings. */
static void check_config_file(struct skc_doctor *doctor,
                              const char *given,
                              const char *usual,
                              bool is_secret)
{
    const char *path = given == NULL ? usual : given;

    if (given != NULL || access(path, F_OK) == 0) {
        check_file(doctor, path, is_secret);
    }
}

static void check_files(struct skc_doctor *doctor)
{
    const struct skd_config *config = doctor->config;

    check_config_file(doctor, doctor->cli->args.config, SKD_CONFIG_DEFAULT,
                      false);
    check_config_file(doctor, doctor->cli->args.secret, SKD_SECRET_DEFAULT,
                      true);
    if (config->coordinator.present) {
        check_file(doctor, config->coordinator.token_file, true);
        check_tls_files(doctor, &config->coordinator.tls);
    }
    if (config->kmip.present) {
        check_tls_files(doctor, &config->kmip.tls);
    }
}

/* Each line of @lines is a finding. */
static void report_lines(struct skc_doctor *doctor,
                         enum skc_verdict verdict,
                         const char *lines)
{
    while (lines != NULL && *lines != '\0') {
        size_t len = strcspn(lines, "\n");
        char line[1024];

        (void)snprintf(line, sizeof line, "%.*s", (int)len, lines);
        skc_doctor_report(doctor, verdict, "configuration", "%s", line);
        if (verdict == SKC_DOCTOR_WRONG) {
            skc_doctor_advise(doctor, skc_doctor_hint_config(line));
        }
        lines += len + (lines[len] == '\n');
    }
}

static bool check_config(struct skc_doctor *doctor)
{
    const struct skd_config_paths paths = { doctor->cli->args.config,
                                            doctor->cli->args.secret };
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    enum skp_err err = skd_config_load(&paths, &doctor->config, &findings);

    report_lines(doctor, SKC_DOCTOR_WRONG, findings.errors);
    report_lines(doctor, SKC_DOCTOR_DOUBTFUL, findings.warnings);
    if (err != SKP_ERR_OK) {
        if (findings.n_errors == 0) {
            report_lines(doctor, SKC_DOCTOR_WRONG, skp_err_text(err));
        }
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "configuration", "mode %s",
                          skd_mode_name(doctor->config->mode));
    }
    skd_findings_done(&findings);
    return err == SKP_ERR_OK;
}

/* ---- memory ------------------------------------------------------------- */

static void check_memory(struct skc_doctor *doctor)
{
    struct skp_diag diag = { "" };
    enum skd_tier tier = SKD_TIER_NONE;

    skd_arena_require(doctor->config->require_memory);
    if (skd_arena_probe(&tier, &diag) != SKP_ERR_OK) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "memory",
                          "for this user: %s", diag.text);
        skc_doctor_advise(doctor,
                          "raise the lock limit (LimitMEMLOCK= of the unit, "
                          "ulimit -l), or lower sidekey.require_memory");
    } else if (tier == SKD_TIER_NONE) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "memory",
                          "keys can be swapped to a disk");
        skc_doctor_advise(doctor,
                          "raise the lock limit (LimitMEMLOCK=, ulimit -l)");
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "memory",
                          "this user gets %s memory for keys",
                          skd_tier_name(tier));
    }
}

/* ---- the agent ---------------------------------------------------------- */

/* In the words of the agent's log: one tenant stands for all. */
static void report_unrefreshed(struct skc_doctor *doctor,
                               const struct sidekey_agent_status *status)
{
    char ago[SKC_TEXT_SPAN_MAX];

    skc_cli_text_ago(doctor->cli->streams.now_s(), status->unrefreshed_since_s,
                     ago);
    skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "agent",
                      "periodical update: failed to get key for tenant %s: "
                      "last confirmed %s; %" PRIu64 " tenants in all",
                      status->unrefreshed_oldest, ago,
                      status->tenants_unrefreshed);
    skc_doctor_advise(doctor,
                      "mend the source that fails, see above and `sidekey "
                      "status`, then: sidekey refresh");
}

static void report_status(struct skc_doctor *doctor,
                          const struct sidekey_agent_status *status)
{
    const char *mode = skd_mode_name(doctor->config->mode);

    skc_doctor_report(doctor,
                      status->ready ? SKC_DOCTOR_WELL : SKC_DOCTOR_WRONG,
                      "agent", "%s, %s", status->agent,
                      status->ready ? "ready" : "no keys are loaded yet");
    if (!status->ready) {
        skc_doctor_advise(doctor,
                          "mend what is wrong above, then: sidekey refresh");
    }
    if (strcmp(status->mode, mode) != 0) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "agent",
                          "runs in mode %s, and not in %s", status->mode, mode);
        skc_doctor_advise(doctor,
                          "name its own files with --config and --secret, or "
                          "restart it");
    }
    if (status->tenants_unrefreshed > 0) {
        report_unrefreshed(doctor, status);
    }
    for (size_t i = 0; i < status->n_warnings; i++) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "agent", "%s",
                          status->warnings[i]);
    }
}

/* False when nobody answers. */
static bool check_agent(struct skc_doctor *doctor)
{
    struct skc_cli *cli = doctor->cli;
    struct sidekey_agent_status agent;
    enum sidekey_status status =
        sidekey_agent_status(cli->handle, cli->timeout_ms, &agent);

    if (status == SIDEKEY_OK) {
        report_status(doctor, &agent);
        return true;
    }
    if (status == SIDEKEY_PERMISSION_DENIED) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "agent",
                          "answers, but shows its state to others only");
        skc_doctor_advise(
            doctor, "run this as root or as the agent's user, or give the "
                    "right `admin` in sidekey.access");
        return true;
    }
    skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "agent", "%s",
                      sidekey_error_text(cli->handle));
    skc_doctor_advise(doctor,
                      "start sidekeyd; be in the group of its socket; --socket "
                      "names another one");
    return false;
}

/* ---- one tenant --------------------------------------------------------- */

static bool take_first(void *state, const struct sidekey_tenant *tenant)
{
    char *id = state;

    if (strcmp(tenant->state, "active") != 0) {
        return true;
    }
    (void)snprintf(id, SKP_TENANT_MAX + 1, "%s", tenant->id);
    return false;
}

static enum sidekey_status
round_trip(const struct skc_cli *cli, const char *tenant, bool *ret_is_same)
{
    static const uint8_t text[] = "sidekey doctor";
    struct sidekey_bytes envelope = { NULL, 0, 0 };
    struct sidekey_bytes opened = { NULL, 0, 0 };
    bool authenticated = false;
    enum sidekey_status status =
        sidekey_encrypt(cli->handle, tenant, text, sizeof text, NULL,
                        cli->timeout_ms, &envelope);

    if (status == SIDEKEY_OK) {
        status =
            sidekey_decrypt(cli->handle, tenant, envelope.ptr, envelope.len,
                            NULL, cli->timeout_ms, &opened, &authenticated);
    }
    *ret_is_same = status == SIDEKEY_OK && authenticated &&
                   skp_view_equal((struct skp_view){ opened.ptr, opened.len },
                                  (struct skp_view){ text, sizeof text });
    sidekey_bytes_free(&envelope);
    sidekey_bytes_free(&opened);
    return status;
}

static void check_tenant(struct skc_doctor *doctor)
{
    struct skc_cli *cli = doctor->cli;
    char first[SKP_TENANT_MAX + 1] = "";
    const char *tenant = cli->args.tenant;
    enum sidekey_status status;
    bool is_same = false;

    if (tenant == NULL && sidekey_tenants(cli->handle, cli->timeout_ms,
                                          take_first, first) == SIDEKEY_OK) {
        tenant = first;
    }
    if (tenant == NULL || tenant[0] == '\0') {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "tenant",
                          "none was tried");
        skc_doctor_advise(doctor, "name one with --tenant");
        return;
    }
    status = round_trip(cli, tenant, &is_same);
    if (is_same) {
        skc_doctor_report(doctor, SKC_DOCTOR_WELL, "tenant",
                          "%s encrypts and decrypts", tenant);
    } else if (status == SIDEKEY_PERMISSION_DENIED) {
        skc_doctor_report(doctor, SKC_DOCTOR_DOUBTFUL, "tenant",
                          "%s: this user may not use its key", tenant);
        skc_doctor_advise(doctor, "look at sidekey.access, if it should");
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "tenant", "%s: %s", tenant,
                          status == SIDEKEY_OK
                              ? "what came back is not what was sent"
                              : sidekey_error_text(cli->handle));
        skc_doctor_advise(doctor, "see: sidekey status");
    }
}

/* ---- the walk ----------------------------------------------------------- */

static void walk(struct skc_doctor *doctor)
{
    if (check_config(doctor)) {
        check_files(doctor);
        check_memory(doctor);
        skc_doctor_coordinator(doctor);
        skc_doctor_key_server(doctor);
    }
    if (doctor->config != NULL && check_agent(doctor)) {
        check_tenant(doctor);
    }
}

int skc_cmd_doctor(struct skc_cli *cli)
{
    struct skc_doctor doctor = {
        .cli = cli,
        .pen = { cli->streams.out, cli->streams.is_coloured },
    };
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    walk(&doctor);
    if (doctor.config == NULL) {
        return SKC_EXIT_CONFIG;
    }
    skd_config_unref(&doctor.config);
    if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out, "%u wrong, %u doubtful\n",
                      doctor.n_wrong, doctor.n_doubtful);
    }
    return doctor.n_wrong == 0 ? SKC_EXIT_OK : SKC_EXIT_FAILED;
}
