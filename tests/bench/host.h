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
};

/* Start sidekeyd and wait for its keys; false, with its log on stderr, when
 * that fails. */
bool skb_host_start(struct skb_host *host,
                    const struct skb_host_config *config);

/* Start redis-server holding 32 bytes under "key"; false when it is not
 * installed or does not start. */
bool skb_host_start_redis(struct skb_host *host);

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
