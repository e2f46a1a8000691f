/* kms_seed.h - the seed that sidekey kms put is given, or makes. */
#ifndef SKC_KMS_SEED_H
#define SKC_KMS_SEED_H

#include "libclient/cli/cli.h"
#include "protocol/secret.h"

/* Far more than any seed; what is longer is another file. */
#define SKC_KMS_SEED_MAX 4096u

/* Read a seed from --input or standard input, or make one with --generate.
 * @buf  wiped by the caller, who gives it SKC_KMS_SEED_MAX bytes.
 * @ret  the seed in @buf, without white space around it.
 *   SKP_ERR_INVALID_ARGUMENT  too long for a seed.
 *   SKP_ERR_NOT_FOUND, ...    by skc_cli_output_fail: the file cannot be read.
 *   SKP_ERR_INTERNAL          the kernel gave no random bytes. */
SKP_MUST_CHECK enum skp_err skc_kms_seed_read(const struct skc_cli *cli,
                                              struct skp_buf *buf,
                                              struct skp_view *ret,
                                              struct skp_diag *diag);

#endif /* SKC_KMS_SEED_H */
