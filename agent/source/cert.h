/* cert.h - what is told about a certificate and about TLS files, for log,
 * status and metrics.
 *
 * Secrets:  none; certificates are public.
 */
#ifndef SKD_CERT_H
#define SKD_CERT_H

#include "protocol/diag.h"

#define SKD_CERT_ID_LEN 8u

/* Zeroed: no certificate. */
struct skd_cert {
    int64_t not_after_s;         /* Unix seconds */
    uint8_t id[SKD_CERT_ID_LEN]; /* the first bytes of its SHA-256 */
};

struct skd_cert_row {
    const char *name; /* "kms client", "coordinator server", ...; static */
    struct skd_cert cert;
};

#define SKD_SOURCE_CERTS 2u

/* What a source has to say beside its answers. */
struct skd_source_report {
    /* Our certificate in use, and the server's as last seen. */
    struct skd_cert_row certs[SKD_SOURCE_CERTS];
    size_t n_certs;
    /* Why the TLS files that are there now are not used, and the former ones
     * are; empty: they are used. */
    struct skp_diag tls_trouble;
};

/* Add a row, unless @cert is none. */
static inline void skd_source_report_cert(struct skd_source_report *report,
                                          const char *name,
                                          const struct skd_cert *cert)
{
    if (cert->not_after_s != 0) {
        report->certs[report->n_certs++] = (struct skd_cert_row){ name, *cert };
    }
}

#endif /* SKD_CERT_H */
