/* cli_names.h - the names of outputs that are made from those of inputs. */
#ifndef SKC_CLI_NAMES_H
#define SKC_CLI_NAMES_H

#include <limits.h>

#include "protocol/diag.h"

/* What an envelope's file ends in. */
#define SKC_ENVELOPE_SUFFIX ".ske"

/* Whether @path is a folder, or a link to one. */
bool skc_cli_names_folder(const char *path);

/* The output for the input @path: FILE.ske when encrypting, without .ske when
 * decrypting, beside the input or in @folder.
 * @folder  NULL: beside the input.
 *   SKP_ERR_INVALID_ARGUMENT    encrypting what ends in .ske already, or
 *                               decrypting what does not.
 *   SKP_ERR_RESOURCE_EXHAUSTED  longer than PATH_MAX. */
SKP_MUST_CHECK enum skp_err skc_cli_names_output(const char *path,
                                                 const char *folder,
                                                 bool is_decrypting,
                                                 char ret[PATH_MAX],
                                                 struct skp_diag *diag);

#endif /* SKC_CLI_NAMES_H */
