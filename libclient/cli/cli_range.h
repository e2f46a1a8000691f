/* cli_range.h - a part of an envelope's plaintext, out of a file that can seek.
 *
 * Read are the header, salt and commitment, and the chunks that the part lies
 * in; nothing else of the file is touched.  Each of these chunks is verified.
 * How long the plaintext is, the file's size tells and the last chunk proves:
 * that chunk is opened, too, whenever the part depends on the length.
 *
 * Secrets:  data key and plaintext live in locked memory, wiped at the end.
 */
#ifndef SKC_CLI_RANGE_H
#define SKC_CLI_RANGE_H

#include "libclient/cli/cli_input.h"
#include "libclient/cli/cli_progress.h"
#include "libclient/file_seal.h"
#include "libclient/sidekey_stream.h"

/* Parse "A-B", "A-" or "-N", as RFC 9110 section 14.1.2 means them: bytes from
 * 0 on, B included; the last N.
 *   SKP_ERR_INVALID_ARGUMENT  none of these, B is before A, or N is 0. */
SKP_MUST_CHECK enum skp_err skc_cli_range_parse(const char *text,
                                                struct sidekey_range *ret);

/* Where from and where to. */
struct skc_range_copy {
    struct skc_cli *cli; /* connected */
    const char *tenant;
    const struct sidekey_options *options; /* aad and suite */
    struct sidekey_range range;
    const struct skc_cli_input *input;
    struct skc_sink sink;
    struct skc_cli_progress *progress;
};

/* Write the part to the sink; where the plaintext ends before the part does,
 * less of it.
 *   SKP_ERR_FAILED_PRECONDITION  the input cannot seek, or was changed.
 *   SKP_ERR_INVALID_ARGUMENT     no envelope, another suite than demanded, or
 *                                the part begins at the end or behind it.
 *   SKP_ERR_DATA_LOSS            changed or cut.
 *   otherwise what sidekey_unwrap or the sink returned. */
SKP_MUST_CHECK enum skp_err
skc_cli_range_copy(const struct skc_range_copy *copy, struct skp_diag *diag);

#endif /* SKC_CLI_RANGE_H */
