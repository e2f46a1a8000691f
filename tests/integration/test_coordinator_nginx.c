/* test_coordinator_nginx.c - the Coordinator source against a real nginx that
 * serves a static list, over HTTP and over mutual TLS. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/memory.h"
#include "agent/source/sources.h"
#include "protocol/key.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

#define ID_1   "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define ID_2   "0b9c1d2e-0000-4000-8000-00000000beef"
#define SEED_0 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
#define T_1    "{\"id\":\"" ID_1 "\",\"zero_knowledge\":true}"
#define T_2                                          \
    "{\"id\":\"" ID_2 "\",\"zero_knowledge\":false," \
    "\"key_seed\":\"" SEED_0 "\"}"

/* What main sets up and the tests use. */
static char folder[SKT_PATH_MAX];
static uint16_t http_port;
static uint16_t https_port;   /* wants a certificate of our authority */
static uint16_t expired_port; /* has a certificate of yesterday */

/* ---- the server ---------------------------------------------------------- */

static void path_of(const char *name, char ret[SKT_PATH_MAX])
{
    int len = snprintf(ret, SKT_PATH_MAX, "%s/%s", folder, name);

    if (len < 0 || len >= (int)SKT_PATH_MAX) {
        (void)fprintf(stderr, "the path of %s is too long\n", name);
        abort();
    }
}

static bool put(const char *name, const char *text)
{
    char path[SKT_PATH_MAX];

    path_of(name, path);
    return skt_write_file(path, text, 0600);
}

static bool run_openssl(const char *command)
{
    char line[2 * SKT_PATH_MAX];
    const char *const argv[] = { "sh", "-c", line, NULL };

    (void)snprintf(line, sizeof line,
                   "cd '%s' && openssl %s >>openssl.log 2>&1", folder, command);
    return skt_exec(argv, NULL, NULL, 60000) == 0;
}

/* NAME.key and NAME.pem, signed by AUTHORITY. */
static bool
make_leaf(const char *name, const char *authority, const char *names, int days)
{
    char command[512];

    (void)snprintf(command, sizeof command,
                   "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 "
                   "-nodes -keyout %s.key -out %s.csr -subj /CN=%s",
                   name, name, name);
    if (!run_openssl(command) || !put("names.ext", names)) {
        return false;
    }
    (void)snprintf(command, sizeof command,
                   "x509 -req -in %s.csr -CA %s.pem -CAkey %s.key "
                   "-set_serial %d -extfile names.ext -out %s.pem -days %d",
                   name, authority, authority, 1000 + days, name, days);
    return run_openssl(command);
}

static bool make_authority(const char *name)
{
    char command[512];

    (void)snprintf(command, sizeof command,
                   "req -x509 -newkey ec -pkeyopt "
                   "ec_paramgen_curve:prime256v1 -nodes -keyout %s.key "
                   "-out %s.pem -subj /CN=%s -days 2",
                   name, name, name);
    return run_openssl(command);
}

static bool make_certificates(void)
{
    return make_authority("ca") && make_authority("other") &&
           make_leaf("server", "ca", "subjectAltName=DNS:coordinator.test\n",
                     2) &&
           make_leaf("expired", "ca", "subjectAltName=IP:127.0.0.1\n", -1) &&
           make_leaf("client", "ca", "subjectAltName=DNS:agent\n", 2) &&
           make_leaf("stranger", "other", "subjectAltName=DNS:agent\n", 2);
}

static bool make_lists(void)
{
    return put("list.json", "{\"revision\":1,\"tenants\":[" T_1
                            "],\"next\":\"list-2.json\"}") &&
           put("list-2.json", "{\"revision\":1,\"tenants\":[" T_2 "]}") &&
           put("cut.json", "{\"revision\":1,\"tenants\":[" T_1 ",") &&
           put("alone.json", "{\"revision\":\"a\",\"tenants\":[" T_1 "]}");
}

static bool write_nginx_conf(void)
{
    char text[8192];
    int len = snprintf(
        text, sizeof text,
        "user root;\ndaemon off;\nmaster_process off;\npid %s/nginx.pid;\n"
        "error_log %s/error.log warn;\nevents { worker_connections 64; }\n"
        "http {\n  access_log off;\n  default_type application/json;\n"
        "  client_body_temp_path %s/t1; proxy_temp_path %s/t2;\n"
        "  fastcgi_temp_path %s/t3; uwsgi_temp_path %s/t4;\n"
        "  scgi_temp_path %s/t5;\n  root %s;\n"
        "  server {\n    listen 127.0.0.1:%u;\n"
        "    location /busy { add_header Retry-After 17 always; return 429; }\n"
        "    location /down { add_header Retry-After 3 always; return 503; }\n"
        "    location /moved { return 301 /list.json; }\n"
        "    location /auth/ {\n"
        "      if ($http_authorization != \"Bearer tok-1\") { return 401; }\n"
        "      alias %s/;\n    }\n"
        "    location /gone/ { return 444; }\n  }\n"
        "  server {\n    listen 127.0.0.1:%u ssl;\n"
        "    ssl_certificate %s/server.pem;\n"
        "    ssl_certificate_key %s/server.key;\n"
        "    ssl_client_certificate %s/ca.pem;\n    ssl_verify_client on;\n"
        "    ssl_protocols TLSv1.2 TLSv1.3;\n"
        "    location /named/ {\n"
        "      if ($http_host != \"127.0.0.1:%u\") { return 421; }\n"
        "      if ($ssl_server_name != \"coordinator.test\") { return 421; }\n"
        "      alias %s/;\n    }\n  }\n"
        "  server {\n    listen 127.0.0.1:%u ssl;\n"
        "    ssl_certificate %s/expired.pem;\n"
        "    ssl_certificate_key %s/expired.key;\n  }\n}\n",
        folder, folder, folder, folder, folder, folder, folder, folder,
        (unsigned)http_port, folder, (unsigned)https_port, folder, folder,
        folder, (unsigned)https_port, folder, (unsigned)expired_port, folder,
        folder);

    return len > 0 && (size_t)len < sizeof text && put("nginx.conf", text);
}

static pid_t start_nginx(void)
{
    char conf[SKT_PATH_MAX];
    char log[SKT_PATH_MAX];
    const char *const argv[] = { "nginx", "-c", conf, "-e", log, NULL };

    http_port = skt_free_port();
    https_port = skt_free_port();
    expired_port = skt_free_port();
    if (!skt_tempdir(folder) || !make_certificates() || !make_lists() ||
        !write_nginx_conf()) {
        return -1;
    }
    path_of("nginx.conf", conf);
    path_of("error.log", log);
    return skt_spawn(argv, NULL, log);
}

/* ---- the source ---------------------------------------------------------- */

struct bench {
    struct skd_config config;
    struct skd_source *source;
    struct skd_material *material;
    struct skp_diag diag;
    uint64_t retry_ms;
    char url[256];
    char paths[3][SKT_PATH_MAX];
    char *pems[3];
};

static void open_bench(struct bench *bench, uint16_t port, const char *target)
{
    memset(bench, 0, sizeof *bench);
    (void)snprintf(bench->url, sizeof bench->url, "%s://127.0.0.1:%u%s",
                   port == http_port ? "http" : "https", (unsigned)port,
                   target);
    skt_ok(skd_memory_new(&bench->config.memory));
    bench->config.coordinator = (struct skd_coordinator_config){
        .present = true,
        .url = bench->url,
        .timeout_ms = 60000,
        .max_page_bytes = 100000,
    };
    skt_ok(skd_source_coordinator_new(&bench->config, &bench->source));
}

static void close_bench(struct bench *bench)
{
    skd_material_free(&bench->material);
    bench->source->ops->free(&bench->source);
    skd_memory_unref(&bench->config.memory);
    for (size_t i = 0; i < SKP_ARRAY_LEN(bench->pems); i++) {
        free(bench->pems[i]);
    }
    ck_assert_uint_eq(skp_secret_held(), 0);
}

static enum skp_err fetch(struct bench *bench)
{
    struct skd_fetch fetch = { .env = &skd_env_system };

    skd_material_free(&bench->material);
    skt_ok(skd_material_new(&bench->material));
    bench->diag.text[0] = '\0';
    return bench->source->ops->fetch(bench->source, &fetch, bench->material,
                                     &bench->retry_ms, &bench->diag);
}

static void fetch_well(struct bench *bench)
{
    enum skp_err err = fetch(bench);

    ck_assert_msg(err == SKP_ERR_OK, "%s", bench->diag.text);
}

static void says(const struct bench *bench, const char *what)
{
    ck_assert_msg(strstr(bench->diag.text, what) != NULL, "%s",
                  bench->diag.text);
}

/* Our client with the authority, by files. */
static void use_files(struct bench *bench, const char *client)
{
    struct skd_tls_config *tls = &bench->config.coordinator.tls;
    char name[64];

    (void)snprintf(name, sizeof name, "%s.key", client);
    path_of(name, bench->paths[0]);
    (void)snprintf(name, sizeof name, "%s.pem", client);
    path_of(name, bench->paths[1]);
    path_of("ca.pem", bench->paths[2]);
    tls->key_file = bench->paths[0];
    tls->cert_file = bench->paths[1];
    tls->ca_file = bench->paths[2];
    tls->server_name = "coordinator.test";
}

static void has_both_tenants(struct bench *bench)
{
    uint8_t expected[SKP_KEY_LEN];

    ck_assert_uint_eq(skd_material_count(bench->material), 2);
    ck_assert_int_eq(skd_material_item(bench->material, 0)->said, SKD_SAID_ASK);
    ck_assert_int_eq(skd_material_item(bench->material, 1)->said,
                     SKD_SAID_KEYS);
    skt_ok(skp_key_from_seed(skp_view_of(SEED_0), expected, NULL));
    skt_bytes_eq(
        (struct skp_view){ skd_material_key(bench->material, 0), SKP_KEY_LEN },
        (struct skp_view){ expected, SKP_KEY_LEN });
}

START_TEST(a_static_list_is_read_and_then_unchanged)
{
    struct bench bench;

    open_bench(&bench, http_port, "/list.json");
    fetch_well(&bench);
    has_both_tenants(&bench);
    bench.source->ops->settle(bench.source, true);
    fetch_well(&bench);
    ck_assert(skd_material_is_unchanged(bench.material));
    bench.source->ops->settle(bench.source, true);
    /* nginx makes its ETag of time and length. */
    ck_assert(put("list-2.json", "{\"revision\":1,\"tenants\":[]}"));
    fetch_well(&bench);
    ck_assert(!skd_material_is_unchanged(bench.material));
    ck_assert_uint_eq(skd_material_count(bench.material), 1);
    ck_assert(make_lists());
    close_bench(&bench);
}
END_TEST

START_TEST(the_token_opens_the_list)
{
    struct bench bench;

    open_bench(&bench, http_port, "/auth/list.json");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 401");
    bench.config.coordinator.token = skp_view_of("tok-1");
    fetch_well(&bench);
    has_both_tenants(&bench);
    close_bench(&bench);
}
END_TEST

START_TEST(a_busy_server_says_when_to_come_back)
{
    struct bench bench;

    open_bench(&bench, http_port, "/busy");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(bench.retry_ms, 17000);
    close_bench(&bench);
    open_bench(&bench, http_port, "/down");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    ck_assert_uint_eq(bench.retry_ms, 3000);
    close_bench(&bench);
}
END_TEST

START_TEST(what_is_no_list_is_refused)
{
    struct bench bench;

    open_bench(&bench, http_port, "/moved");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 301, and redirects are not followed");
    close_bench(&bench);
    open_bench(&bench, http_port, "/cut.json");
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    says(&bench, "cut.json): tenants[1]: the text ends too early");
    close_bench(&bench);
    open_bench(&bench, http_port, "/list.json");
    bench.config.coordinator.max_page_bytes = 20;
    skt_err(fetch(&bench), SKP_ERR_INVALID_ARGUMENT);
    says(&bench, "longer than 20 bytes");
    close_bench(&bench);
    open_bench(&bench, http_port, "/gone/x");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "Empty reply");
    close_bench(&bench);
    open_bench(&bench, http_port, "/nothing.json");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 404");
    close_bench(&bench);
}
END_TEST

START_TEST(mutual_tls_works_with_files)
{
    struct bench bench;

    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    fetch_well(&bench);
    has_both_tenants(&bench);
    bench.source->ops->settle(bench.source, true);
    fetch_well(&bench);
    ck_assert(skd_material_is_unchanged(bench.material));
    close_bench(&bench);
}
END_TEST

START_TEST(mutual_tls_works_with_pem_text)
{
    struct bench bench;
    struct skd_tls_config *tls = &bench.config.coordinator.tls;
    struct skp_view views[3];

    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    for (size_t i = 0; i < 3; i++) {
        size_t len;

        bench.pems[i] = skt_read_file(bench.paths[i], &len);
        ck_assert_ptr_nonnull(bench.pems[i]);
        views[i] = (struct skp_view){ (const uint8_t *)bench.pems[i], len };
    }
    *tls = (struct skd_tls_config){ .key = views[0],
                                    .cert = views[1],
                                    .ca = views[2],
                                    .server_name = "coordinator.test" };
    fetch_well(&bench);
    has_both_tenants(&bench);
    close_bench(&bench);
}
END_TEST

START_TEST(the_servers_certificate_is_checked)
{
    struct bench bench;
    struct skd_tls_config *tls = &bench.config.coordinator.tls;

    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    tls->server_name = NULL; /* 127.0.0.1 is not in the certificate */
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "server certificate is for a wrong name");
    tls->server_name = "other.test";
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "server certificate is for a wrong name");
    tls->server_name = "coordinator.test";
    path_of("other.pem", bench.paths[2]);
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "server certificate is from a wrong authority");
    tls->ca_file = NULL; /* the system's store does not know it either */
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "server certificate is from a wrong authority");
    tls->insecure_skip_verify = true;
    tls->server_name = "whatever.test";
    fetch_well(&bench);
    close_bench(&bench);
}
END_TEST

START_TEST(an_expired_certificate_is_refused)
{
    struct bench bench;

    open_bench(&bench, expired_port, "/list.json");
    use_files(&bench, "client");
    bench.config.coordinator.tls.server_name = NULL;
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "server certificate has expired");
    close_bench(&bench);
}
END_TEST

START_TEST(without_our_certificate_there_is_no_list)
{
    struct bench bench;

    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    bench.config.coordinator.tls.key_file = NULL;
    bench.config.coordinator.tls.cert_file = NULL;
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 400");
    use_files(&bench, "stranger");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 400");
    close_bench(&bench);
    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    path_of("missing.key", bench.paths[0]);
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "missing.key: No such file");
    close_bench(&bench);
}
END_TEST

static struct skd_source_report report_of(const struct bench *bench)
{
    struct skd_source_report report = { .n_certs = 0 };

    bench->source->ops->report(bench->source, &report);
    return report;
}

/* Copy the file @from to @to, both in the folder. */
static void copy(const char *from, const char *to)
{
    char path[SKT_PATH_MAX];
    char *text;
    size_t len;

    path_of(from, path);
    text = skt_read_file(path, &len);
    ck_assert_ptr_nonnull(text);
    ck_assert(put(to, text));
    free(text);
}

START_TEST(a_bad_new_pair_keeps_the_old_one_in_use)
{
    struct skd_source_report report;
    struct bench bench;

    copy("client.key", "live.key");
    copy("client.pem", "live.pem");
    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "live");
    ck_assert_uint_eq(report_of(&bench).n_certs, 0);
    fetch_well(&bench);
    report = report_of(&bench);
    ck_assert_uint_eq(report.n_certs, 2);
    ck_assert_str_eq(report.certs[0].name, "coordinator client");
    ck_assert_str_eq(report.certs[1].name, "coordinator server");
    for (size_t i = 0; i < 2; i++) {
        int64_t left_s =
            report.certs[i].cert.not_after_s - skd_env_wall_s(&skd_env_system);

        ck_assert_int_gt(left_s, 86400); /* they are good for two days */
        ck_assert_int_le(left_s, 2 * 86400);
    }
    ck_assert_mem_ne(report.certs[0].cert.id, report.certs[1].cert.id,
                     SKD_CERT_ID_LEN);
    ck_assert_str_eq(report.tls_trouble.text, "");

    copy("stranger.key", "live.key"); /* without its certificate */
    fetch_well(&bench);
    has_both_tenants(&bench);
    ck_assert_str_eq(report_of(&bench).tls_trouble.text,
                     "tls key does not belong to tls cert");
    ck_assert(put("live.key", "garbage"));
    fetch_well(&bench);
    ck_assert(put("live.pem", ""));
    fetch_well(&bench);
    ck_assert_ptr_nonnull(strstr(report_of(&bench).tls_trouble.text, "live"));
    copy("client.key", "live.key");
    copy("client.pem", "live.pem");
    fetch_well(&bench);
    ck_assert_str_eq(report_of(&bench).tls_trouble.text, "");
    /* A good pair is used at once, whoever accepts it. */
    copy("stranger.key", "live.key");
    copy("stranger.pem", "live.pem");
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "status 400");
    close_bench(&bench);
}
END_TEST

START_TEST(the_name_is_for_tls_and_the_host_for_http)
{
    struct bench bench;

    open_bench(&bench, https_port, "/named/list.json");
    use_files(&bench, "client");
    fetch_well(&bench);
    has_both_tenants(&bench);
    close_bench(&bench);
}
END_TEST

START_TEST(cipher_suites_are_kept_to)
{
    static const uint16_t tls12[] = { 0xc02c };
    static const uint16_t mixed[] = { 0x1303, 0xc02b };
    static const uint16_t rsa[] = { 0xc02f };
    struct bench bench;
    struct skd_tls_config *tls = &bench.config.coordinator.tls;

    open_bench(&bench, https_port, "/list.json");
    use_files(&bench, "client");
    tls->cipher_suites = tls12;
    tls->n_cipher_suites = 1;
    fetch_well(&bench);
    tls->cipher_suites = mixed;
    tls->n_cipher_suites = 2;
    fetch_well(&bench);
    /* The server has no RSA certificate, so this suite finds no partner. */
    tls->cipher_suites = rsa;
    tls->n_cipher_suites = 1;
    skt_err(fetch(&bench), SKP_ERR_UNAVAILABLE);
    says(&bench, "handshake failure");
    close_bench(&bench);
}
END_TEST

int main(void)
{
    const TTest *const tests[] = {
        a_static_list_is_read_and_then_unchanged,
        the_token_opens_the_list,
        a_busy_server_says_when_to_come_back,
        what_is_no_list_is_refused,
        mutual_tls_works_with_files,
        mutual_tls_works_with_pem_text,
        the_servers_certificate_is_checked,
        an_expired_certificate_is_refused,
        without_our_certificate_there_is_no_list,
        a_bad_new_pair_keeps_the_old_one_in_use,
        the_name_is_for_tls_and_the_host_for_http,
        cipher_suites_are_kept_to,
    };
    pid_t nginx = start_nginx();
    int status = EXIT_FAILURE;

    if (nginx <= 0 || !skt_wait_tcp(nginx, http_port, 60000)) {
        (void)fprintf(stderr, "nginx did not start\n");
    } else {
        status = skt_run("coordinator_nginx", tests, SKP_ARRAY_LEN(tests));
    }
    (void)skt_stop(&nginx, SIGTERM, 60000);
    return status;
}
