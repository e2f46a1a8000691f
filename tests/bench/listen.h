/* listen.h - a TCP socket of loopback. */
#ifndef SKB_LISTEN_H
#define SKB_LISTEN_H

#include <stdint.h>

/* Listen at a free port of 127.0.0.1; the socket, or -1. */
int skb_listen(uint16_t *ret_port);

#endif /* SKB_LISTEN_H */
