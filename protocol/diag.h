/* diag.h - words for the operator that travel beside an error code.
 *
 * A diag is filled where the failure happens, prefixed on the way up and
 * printed once by the file that owns the event.  It is a fixed buffer.
 *
 * Secrets:  a diag never holds key bytes, nor a length of them.
 */
#ifndef SKP_DIAG_H
#define SKP_DIAG_H

#include "protocol/base.h"

#define SKP_DIAG_MAX 512u

struct skp_diag {
    char text[SKP_DIAG_MAX]; /* NUL-terminated; "" when nothing was said */
};

/* Write the text of @diag (NULL is allowed) and return @err, so that a failing
 * function can end in `return skp_fail(diag, SKP_ERR_X, "...")`.  Longer texts
 * are cut; control characters become '?'. */
SKP_PRINTF(3, 4)
enum skp_err
skp_fail(struct skp_diag *diag, enum skp_err err, const char *format, ...);

/* Put "prefix: " in front of the text of @diag (NULL is allowed) and return
 * @err unchanged. */
SKP_PRINTF(3, 4)
enum skp_err
skp_prefix(struct skp_diag *diag, enum skp_err err, const char *format, ...);

#endif /* SKP_DIAG_H */
