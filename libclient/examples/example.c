/* example.c - encrypt and decrypt one value for a tenant.
 *
 *     cc example.c $(pkg-config --cflags --libs sidekey) -o example
 *     ./example 67f1adf3-08e5-4eea-94e3-e611f263c87b
 */
#include <sidekey.h>
#include <stdio.h>

#define DEADLINE_MS 5000

static int fail(struct sidekey **agent, enum sidekey_status status)
{
    fprintf(stderr, "%s: %s\n", sidekey_status_name(status),
            sidekey_error_text(*agent));
    sidekey_close(agent);
    return 1;
}

int main(int argc, char **argv)
{
    const char *tenant = argc > 1 ? argv[1] : "";
    const uint8_t secret[] = "4111 1111 1111 1111";
    struct sidekey_options options = { .aad = (const uint8_t *)"card",
                                       .aad_len = 4 };
    struct sidekey *agent = NULL;
    struct sidekey_public_key key;
    struct sidekey_bytes sealed = { 0 }, opened = { 0 };
    enum sidekey_status status;

    if (sidekey_open(NULL, &agent) != SIDEKEY_OK) {
        return 1;
    }
    status = sidekey_pubkey(agent, tenant, DEADLINE_MS, &key);
    if (status != SIDEKEY_OK) {
        return fail(&agent, status);
    }
    status = sidekey_encrypt(agent, tenant, secret, sizeof secret, &options,
                             DEADLINE_MS, &sealed);
    if (status == SIDEKEY_OK) {
        status = sidekey_decrypt(agent, tenant, sealed.ptr, sealed.len,
                                 &options, DEADLINE_MS, &opened, NULL);
    }
    if (status != SIDEKEY_OK) {
        return fail(&agent, status);
    }
    printf("generation %llu: %zu bytes sealed as %zu, opened as %zu\n",
           (unsigned long long)key.generation, sizeof secret, sealed.len,
           opened.len);
    sidekey_bytes_free(&opened); /* wiped */
    sidekey_bytes_free(&sealed);
    sidekey_close(&agent);
    return 0;
}
