/* random_script.h - a random table that hands out bytes written down before, so
 * that an envelope comes out as its golden vector says.
 */
#ifndef SKT_RANDOM_SCRIPT_H
#define SKT_RANDOM_SCRIPT_H

#include "protocol/random.h"

/* Open, so that it can stand on the stack of a test. */
struct skt_random_script {
    struct skp_random table; /* hand out &script.table */
    uint8_t bytes[512];
    size_t len;
    size_t used;
};

/* Start an empty script.  Drawing more than it holds is SKP_ERR_INTERNAL, as if
 * the kernel gave nothing. */
void skt_random_script_init(struct skt_random_script *script);

/* Add the bytes of @hex to what will be drawn. */
void skt_random_script_add(struct skt_random_script *script, const char *hex);

/* Forget what is left and start anew with @hex. */
void skt_random_script_set(struct skt_random_script *script, const char *hex);

/* Assert that everything was drawn. */
void skt_random_script_used(const struct skt_random_script *script);

#endif /* SKT_RANDOM_SCRIPT_H */
