/* stream.h - a connected byte stream with absolute deadlines, as a table.
 *
 * The KMIP client reads and writes through this and knows neither sockets nor
 * TLS; tests hand in a script.
 *
 * Thread:   one at a time; blocks.
 */
#ifndef SKD_STREAM_H
#define SKD_STREAM_H

#include "agent/source/cert.h"
#include "agent/sys/env.h"
#include "protocol/diag.h"

struct skd_stream;

struct skd_stream_ops {
    /* Read 1 to @cap bytes; *ret_len 0 is the orderly end of the stream.
     *   SKP_ERR_DEADLINE_EXCEEDED  @deadline_ms (monotonic) has passed.
     *   SKP_ERR_UNAVAILABLE        broken; @diag says how. */
    enum skp_err (*read)(struct skd_stream *self,
                         uint8_t *buf,
                         size_t cap,
                         uint64_t deadline_ms,
                         size_t *ret_len,
                         struct skp_diag *diag);

    /* Write all @len bytes; errors as read. */
    enum skp_err (*write)(struct skd_stream *self,
                          const uint8_t *bytes,
                          size_t len,
                          uint64_t deadline_ms,
                          struct skp_diag *diag);

    /* False when the other side has closed or cut the stream, or has sent
     * bytes that nobody asked for.  Does not wait; true may be out of date.
     * NULL: nobody knows. */
    bool (*is_open)(struct skd_stream *self);

    /* The certificate that the server has shown; false, with *ret untouched:
     * none.  NULL: there are none. */
    bool (*peer_cert)(struct skd_stream *self, struct skd_cert *ret);

    /* Close and free; accepts NULL and leaves NULL behind. */
    void (*free)(struct skd_stream **self);
};

struct skd_stream {
    const struct skd_stream_ops *ops;
};

#endif /* SKD_STREAM_H */
