/* secrets.c - what is secret and what is public; see secrets.h.
 *
 * The linker's --wrap leads calls of a few functions here, whose answer, one
 * bit, is public on purpose: whoever sent the bytes is told it.  What they do
 * inside is still watched.
 */
#include "tests/ct/secrets.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "protocol/base64.h"
#include "protocol/x25519_batch.h"

bool __real_skp_equal_ct(const void *a, const void *b, size_t len);
bool __wrap_skp_equal_ct(const void *a, const void *b, size_t len);
int __real_crypto_scalarmult_curve25519(uint8_t *ret,
                                        const uint8_t *scalar,
                                        const uint8_t *point);
int __wrap_crypto_scalarmult_curve25519(uint8_t *ret,
                                        const uint8_t *scalar,
                                        const uint8_t *point);
void __real_skp_x25519_batch(struct skp_x25519_job *jobs, size_t n);
void __wrap_skp_x25519_batch(struct skp_x25519_job *jobs, size_t n);
enum skp_err __real_skp_base64_decode(struct skp_view text,
                                      struct skp_secret *ret);
enum skp_err __wrap_skp_base64_decode(struct skp_view text,
                                      struct skp_secret *ret);
enum skp_err __real_skp_base64_decode_to(struct skp_view text,
                                         struct skp_buf *ret);
enum skp_err __wrap_skp_base64_decode_to(struct skp_view text,
                                         struct skp_buf *ret);
int __real_EVP_DecryptFinal_ex(EVP_CIPHER_CTX *ctx, uint8_t *ret, int *len);
int __wrap_EVP_DecryptFinal_ex(EVP_CIPHER_CTX *ctx, uint8_t *ret, int *len);

/* Commitments, keys and key ids. */
bool __wrap_skp_equal_ct(const void *a, const void *b, size_t len)
{
    bool is_equal = __real_skp_equal_ct(a, b, len);

    skt_public(&is_equal, sizeof is_equal);
    return is_equal;
}

/* Whether the result is all zero, which says that the point was of low order.
 */
int __wrap_crypto_scalarmult_curve25519(uint8_t *ret,
                                        const uint8_t *scalar,
                                        const uint8_t *point)
{
    int status = __real_crypto_scalarmult_curve25519(ret, scalar, point);

    skt_public(&status, sizeof status);
    return status;
}

/* The same of each. */
void __wrap_skp_x25519_batch(struct skp_x25519_job *jobs, size_t n)
{
    __real_skp_x25519_batch(jobs, n);
    for (size_t i = 0; i < n; i++) {
        skt_public(&jobs[i].is_low_order, sizeof jobs[i].is_low_order);
    }
}

/* Whether all of it is base64. */
enum skp_err __wrap_skp_base64_decode(struct skp_view text,
                                      struct skp_secret *ret)
{
    enum skp_err err = __real_skp_base64_decode(text, ret);

    skt_public(&err, sizeof err);
    return err;
}

enum skp_err __wrap_skp_base64_decode_to(struct skp_view text,
                                         struct skp_buf *ret)
{
    enum skp_err err = __real_skp_base64_decode_to(text, ret);

    skt_public(&err, sizeof err);
    return err;
}

/* Whether the tag is right. */
int __wrap_EVP_DecryptFinal_ex(EVP_CIPHER_CTX *ctx, uint8_t *ret, int *len)
{
    int is_right = __real_EVP_DecryptFinal_ex(ctx, ret, len);

    skt_public(&is_right, sizeof is_right);
    return is_right;
}

bool skt_is_secret(const void *bytes, size_t len)
{
    const uint8_t *byte = bytes;
    bool is_secret = false;

    for (size_t i = 0; i < len; i++) {
        uint8_t undefined = 0;

        /* Asking about the bytes themselves would count as a complaint. */
        (void)VALGRIND_GET_VBITS(byte + i, &undefined, 1);
        is_secret = is_secret || undefined != 0;
    }
    return is_secret;
}

static enum skp_err fill(void *state, uint8_t *buf, size_t len)
{
    static uint8_t next = 1;

    (void)state;
    for (size_t i = 0; i < len; i++) {
        buf[i] = next++;
    }
    skt_secret(buf, len);
    return SKP_ERR_OK;
}

const struct skp_random skt_secret_random = { NULL, fill };

void skt_under_valgrind(char **argv)
{
    if (RUNNING_ON_VALGRIND != 0) {
        return;
    }
    (void)execlp("valgrind", "valgrind", "--quiet", "--trace-children=yes",
                 "--suppressions=tests/ct/ct.supp", argv[0], (char *)NULL);
    (void)fprintf(stderr, "valgrind is not there\n");
    exit(77);
}

unsigned skt_complaints(void)
{
    static unsigned seen;
    unsigned all = (unsigned)VALGRIND_COUNT_ERRORS;
    unsigned n = all - seen;

    seen = all;
    return n;
}
