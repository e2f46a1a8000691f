/* pki.h - throw-away certificates for tests, made when they are needed. */
#ifndef SKT_PKI_H
#define SKT_PKI_H

#include "protocol/bytes.h"

/* PEM texts and where they were written; kept until the process ends. */
struct skt_cert {
    struct skt_cert *next; /* so that leak checkers see it as reachable */
    char *cert;
    char *key;
    char *cert_file;
    char *key_file;
};

struct skt_cert_wish {
    const char *name;        /* files NAME.crt and NAME.key; also the subject */
    const char *san;         /* "DNS:kms.test,IP:127.0.0.1", or NULL */
    bool is_ca;              /* an authority, signed by @issuer or itself */
    bool is_client;          /* clientAuth instead of serverAuth */
    bool is_rsa;             /* RSA 2048; else EC P-256 */
    long not_before_s;       /* seconds from now; 0: an hour ago */
    long not_after_s;        /* seconds from now; 0: in a day */
    struct skt_cert *issuer; /* NULL: itself */
};

/* Make a key and a certificate and write both to the folder @dir. */
struct skt_cert *skt_pki_make(const char *dir,
                              const struct skt_cert_wish *wish);

#endif /* SKT_PKI_H */
