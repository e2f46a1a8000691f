/* doctor_coordinator.c - sidekey doctor: the Coordinator, asked with the
 * agent's own code; see doctor_parts.h.
 *
 * Secrets:  seeds that the Coordinator gives are the material's, which wipes
 *           them; nothing of them is printed.
 */
#include <stdio.h>
#include <string.h>

#include "agent/source/sources.h"
#include "libclient/cli/doctor_hints.h"
#include "libclient/cli/doctor_parts.h"

static void note_tenants(struct skc_doctor *doctor,
                         struct skd_material *material)
{
    size_t n = skd_material_count(material);
    size_t n_private = 0;
    size_t n_bad = 0;

    for (size_t i = 0; i < n; i++) {
        const struct skd_item *item = skd_material_item(material, i);

        if (item->is_private && n_private++ == 0) {
            (void)snprintf(doctor->private_tenant,
                           sizeof doctor->private_tenant, "%.*s",
                           (int)item->tenant_len, item->tenant);
        }
        if (item->list_refused || item->said == SKD_SAID_UNUSABLE) {
            n_bad++;
        }
    }
    skc_doctor_report(doctor, n == 0 ? SKC_DOCTOR_DOUBTFUL : SKC_DOCTOR_WELL,
                      "coordinator", "%zu tenants, %zu of them private", n,
                      n_private);
    if (n_bad > 0) {
        skc_doctor_report(
            doctor, SKC_DOCTOR_WRONG, "coordinator",
            "%zu tenants have an unusable seed, or are private with a seed",
            n_bad);
        skc_doctor_advise(doctor,
                          "correct their entries; the agent's log names them");
    }
}

static enum skp_err fetch_list(struct skc_doctor *doctor,
                               struct skd_material *material,
                               struct skp_diag *diag)
{
    const struct skd_fetch fetch = { .env = &skd_env_system, .whole = true };
    struct skd_source *source = NULL;
    uint64_t retry_ms = 0;
    enum skp_err err = skd_source_coordinator_new(doctor->config, &source);

    if (err == SKP_ERR_OK) {
        err = source->ops->fetch(source, &fetch, material, &retry_ms, diag);
    }
    skd_source_free(&source);
    return err;
}

void skc_doctor_coordinator(struct skc_doctor *doctor)
{
    struct skd_material *material = NULL;
    struct skp_diag diag = { "" };
    enum skp_err err;

    if (doctor->config->mode != SKD_MODE_REMOTE_MULTI_KEYS) {
        return;
    }
    err = skd_material_new(&material);
    if (err == SKP_ERR_OK) {
        err = fetch_list(doctor, material, &diag);
    }
    if (err == SKP_ERR_OK) {
        note_tenants(doctor, material);
    } else {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "coordinator", "%s: %s",
                          doctor->config->coordinator.url,
                          diag.text[0] == '\0' ? skp_err_text(err) : diag.text);
        skc_doctor_advise(doctor,
                          err == SKP_ERR_INVALID_ARGUMENT
                              ? "correct the list; the whole of it is refused"
                              : skc_doctor_hint(diag.text));
    }
    if (doctor->config->coordinator.tls.insecure_skip_verify) {
        skc_doctor_report(doctor, SKC_DOCTOR_WRONG, "coordinator",
                          "its certificate is not verified");
        skc_doctor_advise(doctor,
                          "remove insecure_skip_verify, and set tls.ca");
    }
    skd_material_free(&material);
}
