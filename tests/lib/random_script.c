/* random_script.c - scripted random bytes; see random_script.h. */
#include "tests/lib/random_script.h"

#include <string.h>

#include "tests/lib/suite.h"

static enum skp_err fill_from_script(void *state, uint8_t *buf, size_t len)
{
    struct skt_random_script *script = state;

    if (len > script->len - script->used) {
        return SKP_ERR_INTERNAL;
    }
    memcpy(buf, script->bytes + script->used, len);
    script->used += len;
    return SKP_ERR_OK;
}

void skt_random_script_init(struct skt_random_script *script)
{
    memset(script, 0, sizeof *script);
    script->table = (struct skp_random){ script, fill_from_script };
}

void skt_random_script_add(struct skt_random_script *script, const char *hex)
{
    struct skp_view bytes = skt_hex(hex);

    ck_assert(bytes.len <= sizeof script->bytes - script->len);
    memcpy(script->bytes + script->len, bytes.ptr, bytes.len);
    script->len += bytes.len;
}

void skt_random_script_set(struct skt_random_script *script, const char *hex)
{
    script->len = 0;
    script->used = 0;
    skt_random_script_add(script, hex);
}

void skt_random_script_used(const struct skt_random_script *script)
{
    ck_assert_uint_eq(script->used, script->len);
}
