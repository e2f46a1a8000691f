/* async_wire.h - the socket of an async handle, and the bytes that came in.
 *
 * Nothing here blocks, and nothing here knows what a message means.
 *
 * Secrets:  what was received is in locked memory; a message is wiped when it
 *           is dropped, all of it when the connection is.
 */
#ifndef SKC_ASYNC_WIRE_H
#define SKC_ASYNC_WIRE_H

#include "protocol/frame.h"
#include "protocol/secret.h"

struct skc_async_wire {
    int fd; /* -1: not connected */
    struct skp_secret in;
    size_t start; /* of the first message in `in`; before it all is wiped */
    struct skp_frame_progress progress;
    bool is_full; /* the socket took less than was offered */
    bool is_cut;  /* the agent reads no more; what it said may be there */
};

/* What came of reading. */
enum skc_async_read {
    SKC_ASYNC_READ_SOME,  /* bytes, and perhaps more are there */
    SKC_ASYNC_READ_NONE,  /* not now */
    SKC_ASYNC_READ_END,   /* the agent has hung up */
    SKC_ASYNC_READ_NO_MEM /* no memory for what it says */
};

/* Connect to the socket at @path: the descriptor, which never blocks, or minus
 * the errno.  @state is not used; this is skc_async_env.connect. */
int skc_async_wire_connect(void *state, const char *path);

/* A connection on @fd, which is moved in and never blocks; -1: none. */
void skc_async_wire_init(struct skc_async_wire *wire, int fd);

/* Forget the connection and wipe what came from it.  Gives back its descriptor,
 * shut down but open; -1 when there is none. */
int skc_async_wire_drop(struct skc_async_wire *wire);

/* Release the memory; the descriptor was dropped before. */
void skc_async_wire_done(struct skc_async_wire *wire);

/* Send as much of @bytes as goes at once, 256 KiB at most. */
size_t skc_async_wire_send(struct skc_async_wire *wire, struct skp_view bytes);

/* Receive what is there, 64 KiB at most. */
enum skc_async_read skc_async_wire_receive(struct skc_async_wire *wire);

/* The first message, if it is whole; borrowed until it is dropped. */
enum skp_frame skc_async_wire_first(struct skc_async_wire *wire,
                                    struct skp_view *ret);

/* Drop the first @len bytes and wipe them. */
void skc_async_wire_consume(struct skc_async_wire *wire, size_t len);

#endif /* SKC_ASYNC_WIRE_H */
