/* check_hosts.c - checks and reads where the KMIP servers are; see check.h. */
#include <stdio.h>

#include "agent/config/address.h"
#include "agent/config/check.h"
#include "agent/config/config.h"

static void
read_port(struct skd_check *check, const struct skd_key *key, const cJSON *node)
{
    uint32_t port = 0;

    if (!skd_check_is_integer(node, key->min, key->max, &port)) {
        skd_check_error(check, node, key->path,
                        "must be an integer from %u to %u", key->min, key->max);
        return;
    }
    check->port = (uint16_t)port;
}

/* Read one server; @default_port 0: it must name its port. */
static void read_host(struct skd_check *check,
                      const cJSON *node,
                      const char *path,
                      uint16_t default_port,
                      struct skd_host *ret)
{
    struct skd_address address = { { NULL, 0 }, 0 };
    struct skp_view text;
    const char *why = NULL;

    if (!skd_check_string(check, node, path, &text)) {
        return;
    }
    if (skd_address_parse(text, &address, &why) != SKP_ERR_OK) {
        skd_check_error(check, node, path, "%s", why);
        return;
    }
    if (address.port == 0 && default_port == 0) {
        skd_check_error(check, node, path, "must be host:port");
        return;
    }
    ret->host = skd_check_text(check, address.host);
    ret->port = address.port == 0 ? default_port : address.port;
}

static void read_address(struct skd_check *check,
                         const struct skd_key *key,
                         const cJSON *node)
{
    struct skd_host *host = skd_check_block(check, sizeof *host);

    if (host == NULL) {
        return;
    }
    read_host(check, node, key->path, 0, host);
    check->config->kmip.hosts = host;
    check->config->kmip.n_hosts = 1;
}

static void read_hosts(struct skd_check *check,
                       const struct skd_key *key,
                       const cJSON *node)
{
    struct skd_host *hosts;
    size_t n = 0;

    if (!cJSON_IsArray(node) || node->child == NULL) {
        skd_check_error(check, node, key->path,
                        "must be an array of \"host\" or \"host:port\"");
        return;
    }
    hosts = skd_check_block(check,
                            (size_t)cJSON_GetArraySize(node) * sizeof *hosts);
    if (hosts == NULL) {
        return;
    }
    for (const cJSON *at = node->child; at != NULL; at = at->next, n++) {
        char path[SKD_JSON_PATH_CAP];

        (void)snprintf(path, sizeof path, "%s[%zu]", key->path, n);
        read_host(check, at, path, check->port, &hosts[n]);
    }
    check->config->kmip.hosts = hosts;
    check->config->kmip.n_hosts = n;
}

void skd_check_hosts_read(struct skd_check *check,
                          const struct skd_key *key,
                          const cJSON *node)
{
    if (key->type == SKD_TYPE_PORT) {
        read_port(check, key, node);
    } else if (key->type == SKD_TYPE_ADDRESS) {
        read_address(check, key, node);
    } else {
        read_hosts(check, key, node);
    }
}
