/* cli_names.c - FILE and FILE.ske; see cli_names.h. */
#include "libclient/cli/cli_names.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define SUFFIX_LEN (sizeof SKC_ENVELOPE_SUFFIX - 1)

bool skc_cli_names_folder(const char *path)
{
    struct stat there;

    return stat(path, &there) == 0 && S_ISDIR(there.st_mode);
}

/* A file that is called ".ske" and nothing more has no name without it. */
static bool has_suffix(const char *name)
{
    size_t len = strlen(name);

    return len > SUFFIX_LEN &&
           strcmp(name + len - SUFFIX_LEN, SKC_ENVELOPE_SUFFIX) == 0;
}

enum skp_err skc_cli_names_output(const char *path,
                                  const char *folder,
                                  bool is_decrypting,
                                  char ret[PATH_MAX],
                                  struct skp_diag *diag)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    const char *kept = folder == NULL ? path : name;
    size_t kept_len = strlen(kept) - (is_decrypting ? SUFFIX_LEN : 0);
    int len;

    if (is_decrypting != has_suffix(name)) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        is_decrypting
                            ? "%s: does not end in .ske; say -o FILE"
                            : "%s: ends in .ske already; say -o FILE to "
                              "encrypt it once more",
                        path);
    }
    len = snprintf(ret, PATH_MAX, "%s%s%.*s%s", folder == NULL ? "" : folder,
                   folder == NULL ? "" : "/", (int)kept_len, kept,
                   is_decrypting ? "" : SKC_ENVELOPE_SUFFIX);
    if (len < 0 || len >= PATH_MAX) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                        "%s: the name of the output is too long", path);
    }
    return SKP_ERR_OK;
}
