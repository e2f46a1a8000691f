/* host.c - the processes that are measured; see host.h. */
#include "tests/bench/host.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/echo.h"
#include "tests/bench/pages.h"

#define START_MS 120000u
#define STOP_MS  10000u

const char *skb_folder(void)
{
    static char path[SKT_PATH_MAX];

    if (path[0] == '\0' && !skt_tempdir(path)) {
        (void)fprintf(stderr, "bench: no folder for sockets\n");
        abort();
    }
    return path;
}

void skb_host_name(struct skb_host *host, const char *name)
{
    *host = (struct skb_host){ .pid = -1 };
    (void)snprintf(host->socket, sizeof host->socket, "%.400s/%.80s.sock",
                   skb_folder(), name);
    (void)snprintf(host->log, sizeof host->log, "%.400s/%.80s.log",
                   skb_folder(), name);
}

/* ---- configuration ------------------------------------------------------ */

static void write_pages(const struct skb_list *list)
{
    char path[SKT_PATH_MAX + 64];

    for (size_t i = 0; i < skb_list_pages(list); i++) {
        FILE *file;

        (void)snprintf(path, sizeof path, "%.400s/%.80s-%zu.json", skb_folder(),
                       list->name, i);
        file = fopen(path, "we");
        if (file != NULL) {
            skb_list_write(list, i, file);
            (void)fclose(file);
        }
    }
}

static void write_local(FILE *file, const struct skb_host_config *config)
{
    struct skb_tenant tenant;

    (void)fprintf(file, "{\"crypto\": {\"mode\": \"local-multi-keys\", "
                        "\"update_period\": \"1h\", \"tenant_keys\": {");
    for (size_t i = 0; i < config->n_tenants; i++) {
        skb_tenant_name(i, &tenant);
        (void)fprintf(file, "%s\"%s\":\"%s\"", i == 0 ? "" : ",\n", tenant.id,
                      tenant.seed);
    }
    (void)fprintf(file, "}}");
}

static void write_list(FILE *file, const struct skb_host_config *config)
{
    const struct skb_list list = { .name = config->name,
                                   .n_tenants = config->n_tenants,
                                   .is_private = config->kms_config != NULL };

    (void)fprintf(file,
                  "{\"crypto\": {\"mode\": \"remote-multi-keys\", "
                  "\"update_period\": \"%s\"",
                  config->period == NULL ? "1h" : config->period);
    if (config->kms_config != NULL) {
        (void)fprintf(file, ", \"kms_config\": %s", config->kms_config);
    }
    if (config->url != NULL) {
        (void)fprintf(file, "}, \"coordinator\": {\"url\": \"%s\"}",
                      config->url);
        return;
    }
    write_pages(&list);
    (void)fprintf(file,
                  "}, \"coordinator\": {\"url\": \"file://%s/%s-0.json\"}",
                  skb_folder(), config->name);
}

static bool write_config(const struct skb_host *host,
                         const struct skb_host_config *config,
                         const char *path)
{
    FILE *file = fopen(path, "we");

    if (file == NULL) {
        return false;
    }
    if (config->seeds == SKB_SEEDS_LOCAL) {
        write_local(file, config);
    } else {
        write_list(file, config);
    }
    (void)fprintf(file,
                  ", \"sidekey\": {\"socket\": \"%s\", \"workers\": %u, "
                  "\"metrics\": \"\", \"max_connections\": 12000, "
                  "\"max_connections_per_uid\": 12000, "
                  "\"require_memory\": \"none\", \"access\": [{\"tenants\": "
                  "[\"*\"], \"allow\": [\"pubkey\", \"encrypt\", \"decrypt\", "
                  "\"unwrap\", \"rewrap\", \"watch\", \"admin\"]}]}}\n",
                  host->socket, config->workers);
    return fclose(file) == 0;
}

/* ---- processes ---------------------------------------------------------- */

static void show_log(const struct skb_host *host)
{
    char *log = skt_read_file(host->log, NULL);

    (void)fprintf(stderr, "bench: no server at %s\n%s\n", host->socket,
                  log == NULL ? "" : log);
    free(log);
}

/* Wait for the end of the first refresh, to the hundredth of a second. */
static bool wait_for_keys(struct skb_host *host)
{
    const struct timespec nap = { 0, 10000000L };
    uint64_t end_ns = skb_now_ns() + START_MS * UINT64_C(1000000);
    struct sidekey_agent_status *status = calloc(1, sizeof *status);
    bool is_ready;

    if (status == NULL || !skt_wait_unix(host->pid, host->socket, START_MS) ||
        sidekey_open(host->socket, &host->client) != SIDEKEY_OK) {
        free(status);
        return false;
    }
    while (!status->ready && skb_now_ns() < end_ns &&
           sidekey_agent_status(host->client, START_MS, status) == SIDEKEY_OK) {
        (void)nanosleep(&nap, NULL);
    }
    is_ready = status->ready;
    free(status);
    return is_ready;
}

bool skb_host_start(struct skb_host *host, const struct skb_host_config *config)
{
    char program[SKT_PATH_MAX];
    char path[SKT_PATH_MAX + 64];
    const char *build = getenv("B");
    const char *argv[] = { program, "--config", path, NULL };
    uint64_t start_ns;

    skb_host_name(host, config->name);
    (void)snprintf(program, sizeof program, "%.400s/%s",
                   build == NULL ? "build/release" : build,
                   config->is_single ? "tests/bench/sidekeyd-single"
                                     : "sidekeyd");
    (void)snprintf(path, sizeof path, "%.400s/%.80s.conf.json", skb_folder(),
                   config->name);
    if (!write_config(host, config, path)) {
        return false;
    }
    start_ns = skb_now_ns();
    skb_pin(config->cores);
    host->pid = skt_spawn(argv, NULL, host->log);
    skb_pin(SKB_CORE_GENERATOR);
    if (!wait_for_keys(host)) {
        show_log(host);
        skb_host_stop(host);
        return false;
    }
    host->start_s = (double)(skb_now_ns() - start_ns) / 1e9;
    return true;
}

bool skb_host_spawn(struct skb_host *host,
                    const char *const argv[],
                    const char *const env[])
{
    skb_pin(SKB_CORE_SERVER);
    host->pid = skt_spawn(argv, env, host->log);
    skb_pin(SKB_CORE_GENERATOR);
    if (!skt_wait_unix(host->pid, host->socket, START_MS)) {
        show_log(host);
        skb_host_stop(host);
        return false;
    }
    return true;
}

/* Say @request, to which the server must answer @answer, or is stopped. */
static bool tell(struct skb_host *host, const char *request, const char *answer)
{
    size_t len = strlen(request);
    char said[16];
    int fd = skb_connect(host->socket);
    bool is_told = fd >= 0 && write(fd, request, len) == (ssize_t)len &&
                   read(fd, said, sizeof said) == (ssize_t)strlen(answer) &&
                   memcmp(said, answer, strlen(answer)) == 0;

    if (fd >= 0) {
        (void)close(fd);
    }
    if (!is_told) {
        skb_host_stop(host);
    }
    return is_told;
}

bool skb_host_start_redis(struct skb_host *host)
{
    const char *argv[] = { "redis-server", "--port", "0", "--unixsocket",
                           host->socket,   "--save", "",  NULL };

    skb_host_name(host, "redis");
    return skb_host_spawn(host, argv, NULL) &&
           tell(host,
                "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n"
                "$32\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
                "+OK\r\n");
}

bool skb_host_start_memcached(struct skb_host *host)
{
    /* As root it asks for a user by name. */
    const char *argv[] = { "memcached",  "-t", "1",    "-s",
                           host->socket, "-u", "root", NULL };

    skb_host_name(host, "memcached");
    return skb_host_spawn(host, argv, NULL) &&
           tell(host, "set key 0 0 32\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
                "STORED\r\n");
}

bool skb_host_start_echo(struct skb_host *host,
                         const char *name,
                         size_t request_len,
                         size_t answer_len)
{
    skb_host_name(host, name);
    skb_pin(SKB_CORE_SERVER);
    (void)fflush(NULL);
    host->pid = fork();
    if (host->pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
        _exit(skb_echo_run(host->socket, request_len, answer_len));
    }
    skb_pin(SKB_CORE_GENERATOR);
    return skt_wait_unix(host->pid, host->socket, START_MS);
}

void skb_host_stop(struct skb_host *host)
{
    if (host->client != NULL) {
        sidekey_close(&host->client);
    }
    if (host->pid > 0) {
        (void)skt_stop(&host->pid, SIGTERM, STOP_MS);
    }
}

bool skb_is_installed(const char *program)
{
    const char *path = getenv("PATH");
    char file[SKT_PATH_MAX];

    while (path != NULL && *path != '\0') {
        size_t len = strcspn(path, ":");

        (void)snprintf(file, sizeof file, "%.*s/%s", (int)len, path, program);
        if (access(file, X_OK) == 0) {
            return true;
        }
        path += len + (path[len] == ':' ? 1 : 0);
    }
    return false;
}
