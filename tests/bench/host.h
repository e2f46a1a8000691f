/* host.h - the processes that are measured: sidekeyd, and its peers. */
#ifndef SKB_HOST_H
#define SKB_HOST_H

#include "libclient/sidekey.h"
#include "tests/bench/cpu.h"
#include "tests/bench/load.h"
#include "tests/lib/daemon.h"

struct skb_host {
    char socket[SKT_PATH_MAX + 16];
    char log[SKT_PATH_MAX + 16];
    pid_t pid;
    struct sidekey *client; /* NULL for peers */
    double start_s;         /* until the first refresh had ended */
};

/* Where the seeds of the tenants come from. */
enum skb_seeds {
    SKB_SEEDS_LOCAL, /* crypto.tenant_keys of the configuration */
    SKB_SEEDS_LIST,  /* a Coordinator's list, read from files */
};

struct skb_host_config {
    const char *name; /* of the socket; may be used once */
    size_t n_tenants;
    enum skb_seeds seeds;
    unsigned workers;
    enum skb_cores cores;
    bool is_single; /* requests of one read are not multiplied together */
    /* Of a list; may be NULL. */
    const char *url;        /* instead of files */
    const char *period;     /* instead of an hour */
    const char *kms_config; /* where the seeds are: JSON */
};

/* Start sidekeyd and wait for its keys; false, with its log on stderr, when
 * that fails. */
bool skb_host_start(struct skb_host *host,
                    const struct skb_host_config *config);

/* Where sockets, logs and keys of this run lie; removed when it ends. */
const char *skb_folder(void);

/* A server that is not started: the paths of its socket and log. */
void skb_host_name(struct skb_host *host, const char *name);

/* Start a peer on the server's core, as skt_spawn does, and wait until it
 * listens at host->socket; false, with its log on stderr, when that fails. */
bool skb_host_spawn(struct skb_host *host,
                    const char *const argv[],
                    const char *const env[]);

/* Start redis-server, or memcached with one thread, holding 32 bytes of 'a'
 * under "key"; false when it is not installed or does not start. */
bool skb_host_start_redis(struct skb_host *host);
bool skb_host_start_memcached(struct skb_host *host);

/* Start a libuv server that answers each @request_len bytes with @answer_len
 * bytes of 'a'. */
bool skb_host_start_echo(struct skb_host *host,
                         const char *name,
                         size_t request_len,
                         size_t answer_len);

void skb_host_stop(struct skb_host *host);

/* True when @program is in PATH. */
bool skb_is_installed(const char *program);

#endif /* SKB_HOST_H */
