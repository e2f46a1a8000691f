/* serving.h - keys, snapshots and requests made by hand, to test what serves
 * them.
 */
#ifndef SKT_SERVING_H
#define SKT_SERVING_H

#include "agent/config/config.h"
#include "agent/store/snapshot.h"
#include "protocol/rpc.h"

/* Key number @number: private key bytes all @number. */
struct skt_key {
    uint8_t private_key[SKP_KEY_LEN];
    uint8_t public_key[SKP_KEY_LEN];
    uint8_t key_id[SKP_KEY_ID_LEN];
};
struct skt_key skt_key_number(unsigned number);

/* One tenant of a snapshot made by hand. */
struct skt_tenant {
    const char *id;
    enum skd_use use;
    unsigned keys[4]; /* numbers, current first; 0 ends */
    uint64_t confirmed_ms;
    const char *reason;
};

/* A snapshot of them; generations count down to 1 from the current key. */
struct skd_snapshot *
skt_snapshot_of(const struct skt_tenant *tenants, size_t n, bool single);

/* A snapshot of @n tenants "t00000", "t00001", ... all with key @number. */
struct skd_snapshot *skt_snapshot_many(size_t n, unsigned number);

/* A counted configuration with @socket that the test may edit, to be given
 * back with skd_config_unref: one worker, 64 connections, 64 KiB payloads, no
 * access rules. */
struct skd_config *skt_config_new(const char *socket);

/* ---- a client that works on bytes ---------------------------------------- */

struct skt_client {
    int fd;
    struct skp_scratch *scratch;
    uint8_t *bytes; /* what was received and not taken yet */
    size_t len;
    size_t used; /* of the message given last */
};

/* Over @fd, which is moved in; or connected to the socket at @path, waiting
 * for it at most 10 s. */
void skt_client_init(struct skt_client *client, int fd);
void skt_client_connect(struct skt_client *client, const char *path);
void skt_client_done(struct skt_client *client);

/* Encode @request. */
struct skp_view skt_request_bytes(const struct skp_request *request,
                                  uint8_t *place,
                                  size_t cap);

/* Send all of it; waits for room. */
void skt_client_send(struct skt_client *client,
                     const struct skp_request *request);
void skt_client_send_bytes(struct skt_client *client, struct skp_view bytes);

/* The next message, decoded as the answer to @asked; views hold until the next
 * call.  Waits 20 s at most. */
enum skp_message skt_client_next(struct skt_client *client,
                                 enum skp_method asked,
                                 struct skp_response *ret);

/* Assert that the agent closed the connection, with nothing more to read. */
void skt_client_is_closed(struct skt_client *client);

/* Send, and take the answer. */
struct skp_response skt_client_ask(struct skt_client *client,
                                   const struct skp_request *request);

#endif /* SKT_SERVING_H */
