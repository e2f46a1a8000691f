/* redact.h - a configuration that may be shown. */
#ifndef SKD_REDACT_H
#define SKD_REDACT_H

#include "agent/config/json_tree.h"

#define SKD_REDACTED "<redacted>"

/* Replace in @root whatever stands at a secret path (schema.h), of whatever
 * type it is; of crypto.tenant_keys the ids stay.  Remove everything outside
 * our own three sections: others may keep their secrets there.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; @root must not be shown. */
SKP_MUST_CHECK enum skp_err skd_redact(cJSON *root);

#endif /* SKD_REDACT_H */
