/* echo.h - the least that a libuv server can do: a peer to measure against. */
#ifndef SKB_ECHO_H
#define SKB_ECHO_H

#include <stddef.h>

/* Serve the socket at @path until killed: each @request_len bytes are answered
 * with @answer_len bytes of 'a'.  The exit status. */
int skb_echo_run(const char *path, size_t request_len, size_t answer_len);

#endif /* SKB_ECHO_H */
