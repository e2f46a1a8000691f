/* cli_rewrap.h - one envelope's header, sealed anew in its file. */
#ifndef SKC_CLI_REWRAP_H
#define SKC_CLI_REWRAP_H

#include "libclient/cli/cli.h"
#include "libclient/cli/cli_place.h"

enum skc_rewrap_outcome {
    SKC_REWRAPPED,
    SKC_REWRAP_CURRENT, /* sealed for the tenant's current key already */
    SKC_REWRAP_FOREIGN, /* no envelope of suite 2 */
};

/* What a run knows of its tenant. */
struct skc_rewrap {
    struct skc_cli *cli;
    const char *tenant;
    /* Leave alone what is no envelope of suite 2, or current; else such files
     * are asked about, too, and fail or are sealed again. */
    bool is_choosy;
    uint8_t key_id[SIDEKEY_KEY_ID_LEN]; /* the current key's, when choosy */
};

/* Bring one file up to date, crash-safe as cli_journal.h says; what a crash
 * left of an earlier run is mended first.
 *   SKP_ERR_FAILED_PRECONDITION  another program has locked it, or as
 *                                skc_cli_journal_recover.
 *   otherwise by sidekey_rewrap and skc_cli_output_fail. */
SKP_MUST_CHECK enum skp_err skc_cli_rewrap(struct skc_rewrap *rewrap,
                                           const struct skc_cli_place *place,
                                           enum skc_rewrap_outcome *ret,
                                           struct skp_diag *diag);

#endif /* SKC_CLI_REWRAP_H */
