/* client_status.c - names of statuses, and the small memory helpers of the
 * public header; see sidekey.h. */
#include "libclient/client_status.h"

#include "protocol/secret.h"

#define SAME_NUMBER(name)                                      \
    _Static_assert((int)SIDEKEY_##name == (int)SKP_ERR_##name, \
                   #name " has one number in sidekey.h and in err.h")

SAME_NUMBER(OK);
SAME_NUMBER(INVALID_ARGUMENT);
SAME_NUMBER(DEADLINE_EXCEEDED);
SAME_NUMBER(NOT_FOUND);
SAME_NUMBER(ALREADY_EXISTS);
SAME_NUMBER(PERMISSION_DENIED);
SAME_NUMBER(RESOURCE_EXHAUSTED);
SAME_NUMBER(FAILED_PRECONDITION);
SAME_NUMBER(UNIMPLEMENTED);
SAME_NUMBER(INTERNAL);
SAME_NUMBER(UNAVAILABLE);
SAME_NUMBER(DATA_LOSS);

enum sidekey_status skc_status_of(enum skp_err err)
{
    return (enum sidekey_status)err;
}

enum skp_err skc_status_err(enum sidekey_status status)
{
    return (enum skp_err)status;
}

const char *sidekey_status_name(enum sidekey_status status)
{
    return skp_err_name(skc_status_err(status));
}

void sidekey_bytes_free(struct sidekey_bytes *bytes)
{
    struct skp_secret secret;

    if (bytes == NULL) {
        return;
    }
    secret = (struct skp_secret){ bytes->ptr, bytes->len, bytes->cap };
    skp_secret_done(&secret);
    *bytes = (struct sidekey_bytes){ NULL, 0, 0 };
}

void sidekey_wipe(void *bytes, size_t len)
{
    if (len > 0) {
        skp_wipe(bytes, len);
    }
}
