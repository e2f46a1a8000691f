/* stream_seal.h - sidekey_seal_new with a random table of the caller. */
#ifndef SKC_STREAM_SEAL_H
#define SKC_STREAM_SEAL_H

#include "libclient/sidekey_stream.h"
#include "protocol/random.h"

/* As sidekey_seal_new; @random must outlive the seal. */
SIDEKEY_MUST_CHECK enum sidekey_status
skc_stream_seal_new(const struct sidekey_public_key *key,
                    const char *tenant,
                    const struct sidekey_options *options,
                    const struct skp_random *random,
                    struct sidekey_seal **ret);

#endif /* SKC_STREAM_SEAL_H */
