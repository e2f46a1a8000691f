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
    void *other_state; /* of the host with other_port; NULL: the same */
    size_t other_port;

    size_t piece; /* most bytes that one read gives; 0: all there are */
    enum skt_script_end end;
    unsigned refuse_opens; /* connections that fail before one is made */
    unsigned die_after;    /* messages after which a connection breaks; 0: none;
                              used up by the first connection */
    size_t die_with;       /* bytes of the next answer that still come then */
    size_t refused_port;   /* host that refuses connections; 0: none */
    size_t mute_port;      /* host that breaks at the first message; 0: none */
    size_t stranger_port;  /* host that refuses the certificate then; 0: none */
    bool has_closed;       /* connections show that the server closed them;
                              those made from then on do not */
    struct skd_cert cert;  /* the server's; none: zeroed */

    /* Seen so far. */
    unsigned n_opens;  /* tries, refused ones included */
    unsigned n_closes; /* of those that were made */
    unsigned n_writes;
    unsigned most_in_flight;   /* messages written before one was read */
    size_t peak_held;          /* most bytes held by secrets in a read */
    size_t last_host;          /* port of the last host tried */
    struct skp_view last_cert; /* PEM that it was tried with; borrowed */
    struct skp_secret out;     /* the last message written */
};

/* A connector whose streams play @script, which is borrowed. */
struct skd_kmip_connector skt_script_connector(struct skt_script *script);

void skt_script_done(struct skt_script *script);

#endif /* SKT_STREAM_SCRIPT_H */
