/* client_status.h - from our errors to those of the public header. */
#ifndef SKC_CLIENT_STATUS_H
#define SKC_CLIENT_STATUS_H

#include "libclient/sidekey.h"
#include "protocol/base.h"

/* Both enums have the gRPC numbers; client_status.c checks that at compile
 * time. */
enum sidekey_status skc_status_of(enum skp_err err);
enum skp_err skc_status_err(enum sidekey_status status);

#endif /* SKC_CLIENT_STATUS_H */
