/* stream_script.h - streams that play a script: each message written is
 * answered with prepared bytes, in odd pieces if wanted.
 */
#ifndef SKT_STREAM_SCRIPT_H
#define SKT_STREAM_SCRIPT_H

#include "agent/source/kmip/kmip_client.h"

/* What happens when all that was prepared has been read. */
enum skt_script_end {
    SKT_SCRIPT_EOF,  /* the server closes */
    SKT_SCRIPT_HANG, /* it says nothing until the deadline */
};

struct skt_script {
    /* Answers to the first, second, ... message; after the last: nothing. */
    const struct skp_view *answers;
    size_t n_answers;
    /* Or: append the answer to @request to @out; instead of the above. */
    void (*serve)(void *state, struct skp_view request, struct skp_secret *out);
    void *serve_state;

    size_t piece; /* most bytes that one read gives; 0: all there are */
    enum skt_script_end end;
    unsigned refuse_opens; /* connections that fail before one is made */
    unsigned die_after;    /* messages after which a connection breaks; 0: none;
                              used up by the first connection */

    /* Seen so far. */
    unsigned n_opens;  /* tries, refused ones included */
    unsigned n_closes; /* of those that were made */
    unsigned n_writes;
    size_t peak_held;      /* most bytes held by secrets in a read */
    size_t last_host;      /* port of the last host tried */
    struct skp_secret out; /* the last message written */
};

/* A connector whose streams play @script, which is borrowed. */
struct skd_kmip_connector skt_script_connector(struct skt_script *script);

void skt_script_done(struct skt_script *script);

#endif /* SKT_STREAM_SCRIPT_H */
