/* tls_files.c - TLS files with a last good state; see tls_files.h. */
#include "agent/source/net/tls_files.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/ssl.h>

#include "agent/config/memory.h"
#include "agent/source/net/local_file.h"
#include "agent/source/net/tls_cert.h"
#include "agent/source/net/tls_context.h"

/* A PEM file longer than this is not one: system bundles have 200 KiB. */
#define PEM_MAX ((size_t)4 * 1024 * 1024)

/* Certificates are public: lockable memory is too scarce for a bundle. */
struct text {
    char *bytes; /* NULL: not given */
    size_t len;
};

/* What was read. */
struct texts {
    struct skp_secret key;
    struct text cert;
    struct text ca;
};

/* What is in use: the key lies where private keys lie, for it stays. */
struct used {
    struct skd_config_memory *memory; /* of the key; NULL: there is none */
    struct skp_view key;
    struct text cert;
    struct text ca;
};

struct skd_tls_files {
    const struct skd_tls_config *config;
    struct used used;
    struct skd_tls_config effective; /* its views are of used */
    struct skd_cert cert;
    bool is_ready;
    struct skp_diag trouble;
};

static void done_texts(struct texts *texts)
{
    skp_secret_done(&texts->key);
    free(texts->cert.bytes);
    free(texts->ca.bytes);
    memset(texts, 0, sizeof *texts);
}

static void done_used(struct used *used)
{
    skd_memory_unref(&used->memory);
    free(used->cert.bytes);
    free(used->ca.bytes);
    memset(used, 0, sizeof *used);
}

enum skp_err skd_tls_files_new(const struct skd_tls_config *config,
                               struct skd_tls_files **ret)
{
    struct skd_tls_files *files = calloc(1, sizeof *files);

    if (files == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    files->config = config;
    *ret = files;
    return SKP_ERR_OK;
}

void skd_tls_files_free(struct skd_tls_files **files)
{
    if (*files == NULL) {
        return;
    }
    done_used(&(*files)->used);
    free(*files);
    *files = NULL;
}

/* ---- reading ------------------------------------------------------------- */

/* The text of @inline_text, or of @file, into @ret, which is empty. */
static enum skp_err read_key(struct skp_view inline_text,
                             const char *file,
                             struct skp_secret *ret,
                             struct skp_diag *diag)
{
    enum skp_err err;

    if (inline_text.len > 0) {
        err = skp_secret_append(ret, inline_text.ptr, inline_text.len);
    } else if (file != NULL) {
        err = skd_local_file_read(file, PEM_MAX, ret, diag);
    } else {
        return SKP_ERR_OK;
    }
    if (err == SKP_ERR_OK && ret->len == 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "%s: is empty", file);
    }
    return err;
}

static enum skp_err read_text(struct skp_view inline_text,
                              const char *file,
                              struct text *ret,
                              struct skp_diag *diag)
{
    SKP_CLEANUP(skp_secret_done) struct skp_secret bytes = { NULL, 0, 0 };

    SKP_TRY(read_key(inline_text, file, &bytes, diag));
    if (bytes.len == 0) {
        return SKP_ERR_OK;
    }
    ret->bytes = malloc(bytes.len);
    if (ret->bytes == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    memcpy(ret->bytes, bytes.bytes, bytes.len);
    ret->len = bytes.len;
    return SKP_ERR_OK;
}

static enum skp_err read_texts(const struct skd_tls_config *config,
                               struct texts *ret,
                               struct skp_diag *diag)
{
    SKP_TRY(read_key(config->key, config->key_file, &ret->key, diag));
    SKP_TRY(read_text(config->cert, config->cert_file, &ret->cert, diag));
    return read_text(config->ca, config->ca_file, &ret->ca, diag);
}

/* ---- judging ------------------------------------------------------------- */

static struct skp_view view_of(const struct text *text)
{
    return (struct skp_view){ (const uint8_t *)text->bytes, text->len };
}

static struct skd_tls_config config_with(const struct skd_tls_config *config,
                                         struct skp_view key,
                                         const struct text *cert,
                                         const struct text *ca)
{
    struct skd_tls_config with = *config;

    with.key = key;
    with.cert = view_of(cert);
    with.ca = view_of(ca);
    with.key_file = NULL;
    with.cert_file = NULL;
    with.ca_file = NULL;
    return with;
}

static bool are_same(const struct texts *a, const struct used *b)
{
    return a->key.len == b->key.len &&
           skp_equal_ct(a->key.bytes, b->key.ptr, a->key.len) &&
           skp_view_equal(view_of(&a->cert), view_of(&b->cert)) &&
           skp_view_equal(view_of(&a->ca), view_of(&b->ca));
}

static void free_ssl(SSL **ssl)
{
    SSL_free(*ssl);
    *ssl = NULL;
}

/* Can a connection be made with @texts?  *ret is the certificate in them. */
static enum skp_err judge(const struct skd_tls_files *files,
                          const struct texts *texts,
                          int64_t wall_s,
                          struct skd_cert *ret,
                          struct skp_diag *diag)
{
    SKP_CLEANUP(skd_tls_context_free) SSL_CTX *context = NULL;
    SKP_CLEANUP(free_ssl) SSL *ssl = NULL;
    const struct skd_tls_config config = config_with(
        files->config, skp_secret_view(&texts->key), &texts->cert, &texts->ca);
    const X509 *x509;
    const char *why;

    SKP_TRY(skd_tls_context_new(&config, &context, diag));
    ssl = SSL_new(context);
    if (ssl == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "out of memory");
    }
    SKP_TRY(skd_tls_context_identify(ssl, &config, diag));
    x509 = SSL_get_certificate(ssl);
    if (x509 == NULL) {
        return SKP_ERR_OK;
    }
    why = skd_tls_cert_dated(x509, wall_s);
    if (why != NULL && files->is_ready) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT, "tls cert %s", why);
    }
    return skd_tls_cert_read(x509, ret)
               ? SKP_ERR_OK
               : skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                          "tls cert has no date that can be read");
}

/* Move @texts to *ret, in place of what is there. */
static enum skp_err
keep(struct texts *texts, struct used *ret, struct skp_diag *diag)
{
    SKP_CLEANUP(done_used) struct used next = { .memory = NULL };

    if (texts->key.len > 0) {
        enum skp_err err = skd_memory_new(&next.memory);

        if (err == SKP_ERR_OK) {
            err = skd_memory_secret(next.memory, skp_secret_view(&texts->key),
                                    &next.key);
        }
        if (err != SKP_ERR_OK) {
            return skp_fail(diag, err, "no locked memory for the tls key");
        }
        skd_memory_seal(next.memory);
    }
    next.cert = texts->cert;
    next.ca = texts->ca;
    memset(&texts->cert, 0, sizeof texts->cert);
    memset(&texts->ca, 0, sizeof texts->ca);
    done_used(ret);
    *ret = next;
    memset(&next, 0, sizeof next);
    return SKP_ERR_OK;
}

static enum skp_err take(struct skd_tls_files *files,
                         int64_t wall_s,
                         bool *ret_is_new,
                         struct skp_diag *diag)
{
    SKP_CLEANUP(done_texts)
    struct texts texts = { .key = { NULL, 0, 0 } };
    struct skd_cert cert = { .not_after_s = 0 };

    SKP_TRY(read_texts(files->config, &texts, diag));
    if (files->is_ready && are_same(&texts, &files->used)) {
        return SKP_ERR_OK;
    }
    SKP_TRY(judge(files, &texts, wall_s, &cert, diag));
    SKP_TRY(keep(&texts, &files->used, diag));
    files->cert = cert;
    files->is_ready = true;
    *ret_is_new = true;
    return SKP_ERR_OK;
}

bool skd_tls_files_read(struct skd_tls_files *files, int64_t wall_s)
{
    struct skp_diag diag = { "" };
    bool is_new = false;
    enum skp_err err = take(files, wall_s, &is_new, &diag);

    if (err != SKP_ERR_OK && diag.text[0] == '\0') {
        (void)skp_fail(&diag, err, "%s", skp_err_text(err));
    }
    files->trouble = diag;
    files->effective = config_with(files->config, files->used.key,
                                   &files->used.cert, &files->used.ca);
    return is_new;
}

/* ---- what is in use ------------------------------------------------------ */

const struct skd_tls_config *
skd_tls_files_config(const struct skd_tls_files *files)
{
    return files->is_ready ? &files->effective : files->config;
}

bool skd_tls_files_is_ready(const struct skd_tls_files *files)
{
    return files->is_ready;
}

const char *skd_tls_files_trouble(const struct skd_tls_files *files)
{
    return files->trouble.text;
}

struct skd_cert skd_tls_files_cert(const struct skd_tls_files *files)
{
    return files->cert;
}
