/* doctor_parts.h - what the files of sidekey doctor share: doctor.c (the walk,
 * and what is on this machine), doctor_coordinator.c and doctor_kmip.c (the key
 * server).  Nobody else includes it.
 */
#ifndef SKC_DOCTOR_PARTS_H
#define SKC_DOCTOR_PARTS_H

#include "agent/config/config.h"
#include "libclient/cli/cli_colour.h"
#include "libclient/cli/commands.h"

enum skc_verdict {
    SKC_DOCTOR_WELL,
    SKC_DOCTOR_DOUBTFUL,
    SKC_DOCTOR_WRONG
};

struct skc_doctor {
    struct skc_cli *cli;
    struct skc_pen pen;
    const struct skd_config *config;
    unsigned n_doubtful;
    unsigned n_wrong;
    char private_tenant[SKP_TENANT_MAX + 1]; /* of the list; "": none */
};

/* Print one line: the link of the chain, and what is to be said of it. */
SKP_PRINTF(4, 5)
void skc_doctor_report(struct skc_doctor *doctor,
                       enum skc_verdict verdict,
                       const char *link,
                       const char *format,
                       ...);

/* Print what to do about the last line. */
void skc_doctor_advise(struct skc_doctor *doctor, const char *hint);

/* doctor_coordinator.c: ask the Coordinator for its list. */
void skc_doctor_coordinator(struct skc_doctor *doctor);

/* doctor_kmip.c: ask the key server what it speaks and offers, and for the
 * object of the first private tenant of the list. */
void skc_doctor_key_server(struct skc_doctor *doctor);

#endif /* SKC_DOCTOR_PARTS_H */
