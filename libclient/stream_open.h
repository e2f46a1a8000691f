/* stream_open.h - a sidekey_open_stream that begins at a part; for ranges. */
#ifndef SKC_STREAM_OPEN_H
#define SKC_STREAM_OPEN_H

#include "libclient/file_open.h"
#include "libclient/sidekey_stream.h"

/* Begin at @part, which is copied.
 * @ret_failed_at  set with SKP_ERR_DATA_LOSS.
 * Errors as skc_file_open_part. */
SKP_MUST_CHECK enum skp_err
skc_stream_open_part(const struct skc_open_part *part,
                     struct sidekey_open_stream **ret,
                     uint64_t *ret_failed_at,
                     struct skp_diag *diag);

#endif /* SKC_STREAM_OPEN_H */
