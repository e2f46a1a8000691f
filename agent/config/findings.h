/* findings.h - the list of everything that is wrong with a configuration.
 *
 * Secrets:  a finding names places and what was expected there, never a value
 *           at a secret path.
 */
#ifndef SKD_FINDINGS_H
#define SKD_FINDINGS_H

#include <stdarg.h>

#include "agent/config/config.h"

/* Where a finding is. */
struct skd_place {
    const char *file;
    unsigned line;    /* from 1; 0: the file as a whole */
    const char *path; /* JSON path; NULL: none */
};

/* Append "FILE:LINE: PATH: words".  Control characters become '?', and a line
 * is cut at 1000 bytes; after 1000 of a kind the rest is only counted.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory; it is counted nevertheless. */
SKP_PRINTF(3, 4)
SKP_MUST_CHECK enum skp_err
skd_findings_add_error(struct skd_findings *findings,
                       const struct skd_place *place,
                       const char *format,
                       ...);

/* The same for warnings. */
SKP_PRINTF(3, 4)
SKP_MUST_CHECK enum skp_err
skd_findings_add_warning(struct skd_findings *findings,
                         const struct skd_place *place,
                         const char *format,
                         ...);

/* The same, with the arguments collected before. */
__attribute__((format(printf, 4, 0))) SKP_MUST_CHECK enum skp_err
skd_findings_add(struct skd_findings *findings,
                 bool is_error,
                 const struct skd_place *place,
                 const char *format,
                 va_list args);

#endif /* SKD_FINDINGS_H */
