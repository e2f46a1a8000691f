/* wire.h - golden messages of PROTOCOL.md, and ways to spoil a message.
 *
 * The bytes were made by another encoder (python3-msgpack) from the examples of
 * PROTOCOL.md; the structs say what they mean.
 */
#ifndef SKT_WIRE_H
#define SKT_WIRE_H

#include "protocol/rpc.h"

struct skt_wire {
    const char *name; /* of its block in PROTOCOL.md */
    const char *hex;
};

/* A request and a response of every method, an error, an error without msgid, a
 * notification. */
enum {
    SKT_WIRE_ERROR = 2 * SKP_METHOD_COUNT,
    SKT_WIRE_ORPHAN,
    SKT_WIRE_CHANGED,
    SKT_WIRE_COUNT,
};
extern const struct skt_wire skt_wires[SKT_WIRE_COUNT];

/* Index of a method's golden request and response. */
#define SKT_WIRE_REQUEST(method)  (2u * (unsigned)(method))
#define SKT_WIRE_RESPONSE(method) (2u * (unsigned)(method) + 1u)

/* Its bytes. */
struct skp_view skt_wire_bytes(unsigned index);

/* What the golden messages mean. */
struct skp_request skt_wire_request(enum skp_method method);
struct skp_response skt_wire_response(enum skp_method method);
struct skp_response skt_wire_changed(void);

/* A heap copy of exactly @bytes.len bytes, so that a sanitizer sees a read
 * beyond them; free it. */
uint8_t *skt_wire_copy(struct skp_view bytes);

/* Call @visit with every way to spoil @bytes: each bit flipped, each byte
 * replaced by others that start something else, each cut at the end, each cut
 * at the start. */
void skt_wire_mutate(struct skp_view bytes,
                     void (*visit)(struct skp_view spoilt, void *state),
                     void *state);

/* True when @part lies within @whole; an empty part always does. */
bool skt_wire_within(struct skp_view part, struct skp_view whole);

#endif /* SKT_WIRE_H */
