/* coordinator.c - reads the Coordinator's list page by page; see
 * coordinator.h. */
#include "agent/source/coordinator.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/source/coordinator_page.h"
#include "agent/source/coordinator_visits.h"
#include "agent/source/net/http.h"
#include "agent/source/net/http_url.h"
#include "agent/source/net/local_file.h"
#include "agent/source/net/tls_files.h"

struct coordinator {
    struct skd_source head;
    const struct skd_config *config; /* pinned */
    struct skd_visits published;     /* pages of the list in use */
    struct skd_visits offered;       /* pages of the list fetched last */
    struct skd_tls_files *tls;
    struct skd_cert server; /* its certificate, as last seen */
};

/* One fetch. */
struct reading {
    struct coordinator *coordinator;
    const struct skd_fetch *fetch;
    struct skd_material *material;
    struct skd_http *http;
    struct skp_secret token;
    struct skd_visits visits;
    char url[SKD_HTTP_URL_MAX]; /* of the page being read */
    struct skd_page page;       /* the page read last */
    char revision[sizeof((struct skd_page *)NULL)->revision]; /* of page 1 */
    uint64_t retry_ms;
};

/* ---- one page ------------------------------------------------------------ */

/* Put "page 2 (https://host/x): " in front of what went wrong. */
static enum skp_err name_page(enum skp_err err,
                              size_t number,
                              const char *url,
                              struct skp_diag *diag)
{
    char shown[SKD_HTTP_URL_MAX];

    if (diag != NULL && diag->text[0] == '\0') {
        (void)skp_fail(diag, err, "%s", skp_err_text(err));
    }
    skd_http_url_show(url, shown);
    return skp_prefix(diag, err, "page %zu (%.256s)", number, shown);
}

/* Is the status one of 200 and, when it was asked for, 304? */
static enum skp_err judge_status(struct reading *reading,
                                 const struct skd_http_answer *answer,
                                 bool is_conditional,
                                 struct skp_diag *diag)
{
    if (answer->status == 200 || (answer->status == 304 && is_conditional)) {
        return SKP_ERR_OK;
    }
    if (answer->status == 429 || answer->status == 503) {
        reading->retry_ms = answer->retry_ms;
    }
    return skp_fail(diag, SKP_ERR_UNAVAILABLE, "status %u%s", answer->status,
                    answer->status != 304 && answer->status / 100 == 3
                        ? ", and redirects are not followed"
                        : "");
}

static enum skp_err get_page(struct reading *reading,
                             const char *url,
                             const char *etag,
                             struct skd_http_answer *ret,
                             struct skp_diag *diag)
{
    const struct skd_coordinator_config *config =
        &reading->coordinator->config->coordinator;
    struct skd_http_request request = {
        .url = url,
        .token = skp_secret_view(&reading->token),
        .etag = etag,
        .deadline_ms = skd_env_now_ms(reading->fetch->env) + config->timeout_ms,
        .body_max = config->max_page_bytes,
    };

    SKP_TRY(skd_http_get(reading->http, &request, ret, diag));
    return judge_status(reading, ret, etag[0] != '\0', diag);
}

/* Take in the page that @answer holds, and find out where the next one is:
 * reading->url, "" after the last. */
static enum skp_err take_page(struct reading *reading,
                              const struct skd_http_answer *answer,
                              struct skp_diag *diag)
{
    char next[SKD_HTTP_URL_MAX];
    size_t seen;

    SKP_TRY(skd_page_parse(skp_secret_view(&answer->body), reading->material,
                           &reading->page, diag));
    if (reading->visits.n == 0) {
        memcpy(reading->revision, reading->page.revision,
               sizeof reading->revision);
    } else if (strcmp(reading->revision, reading->page.revision) != 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "its revision is not that of page 1");
    }
    SKP_TRY(skd_visits_add(&reading->visits, reading->url, answer->etag));
    if (reading->page.next[0] == '\0') {
        reading->url[0] = '\0';
        return SKP_ERR_OK;
    }
    if (skd_http_url_join(reading->url, reading->page.next, next, diag) !=
        SKP_ERR_OK) {
        return skp_prefix(diag, SKP_ERR_INVALID_ARGUMENT, "next");
    }
    seen = skd_visits_find(&reading->visits, next);
    if (seen != 0) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "next leads back to page %zu", seen);
    }
    if (reading->visits.n == SKD_LIST_PAGES_MAX) {
        return skp_fail(diag, SKP_ERR_INVALID_ARGUMENT,
                        "the list has more than %u pages", SKD_LIST_PAGES_MAX);
    }
    memcpy(reading->url, next, sizeof reading->url);
    return SKP_ERR_OK;
}

/* ---- the list ------------------------------------------------------------ */

/* Read the whole list.  @first is page 1 when its status is 200, else page 1
 * is asked for as well. */
static enum skp_err read_list(struct reading *reading,
                              struct skd_http_answer *first,
                              struct skp_diag *diag)
{
    size_t number = 1;

    while (reading->url[0] != '\0') {
        SKP_CLEANUP(skd_http_answer_done)
        struct skd_http_answer answer = { .status = 0 };
        char url[SKD_HTTP_URL_MAX];
        enum skp_err err = SKP_ERR_OK;

        memcpy(url, reading->url, sizeof url);
        if (number == 1 && first->status == 200) {
            answer = *first;
            *first = (struct skd_http_answer){ .status = 0 };
        } else {
            err = get_page(reading, url, "", &answer, diag);
        }
        if (err == SKP_ERR_OK) {
            err = take_page(reading, &answer, diag);
        }
        if (err == SKP_ERR_OK) {
            err = skd_fetch_more(reading->fetch);
        }
        if (err != SKP_ERR_OK) {
            return name_page(err, number, url, diag);
        }
        number++;
    }
    return SKP_ERR_OK;
}

/* Ask for the published pages with their ETags, until one has changed.
 * *ret_first is the answer for page 1. */
static enum skp_err ask_unchanged(struct reading *reading,
                                  struct skd_http_answer *ret_first,
                                  bool *ret,
                                  struct skp_diag *diag)
{
    const struct skd_visit *visit = reading->coordinator->published.first;

    *ret = false;
    for (size_t number = 1; visit != NULL; number++) {
        SKP_CLEANUP(skd_http_answer_done)
        struct skd_http_answer other = { .status = 0 };
        struct skd_http_answer *answer = number == 1 ? ret_first : &other;
        enum skp_err err =
            get_page(reading, visit->url, visit->etag, answer, diag);

        if (err != SKP_ERR_OK) {
            return name_page(err, number, visit->url, diag);
        }
        if (answer->status == 200) {
            return SKP_ERR_OK;
        }
        visit = visit->next;
    }
    *ret = true;
    return SKP_ERR_OK;
}

static enum skp_err read_or_keep(struct reading *reading, struct skp_diag *diag)
{
    SKP_CLEANUP(skd_http_answer_done)
    struct skd_http_answer first = { .status = 0 };
    struct coordinator *coordinator = reading->coordinator;
    bool is_unchanged = false;

    if (!reading->fetch->whole &&
        skd_visits_have_etags(&coordinator->published)) {
        SKP_TRY(ask_unchanged(reading, &first, &is_unchanged, diag));
    }
    if (is_unchanged) {
        skd_material_set_unchanged(reading->material);
        return SKP_ERR_OK;
    }
    SKP_TRY(read_list(reading, &first, diag));
    coordinator->offered = reading->visits;
    reading->visits = (struct skd_visits){ NULL, NULL, 0 };
    return SKP_ERR_OK;
}

/* The token, inline or from its file, without the newline that editors leave
 * at the end. */
static enum skp_err read_token(const struct skd_coordinator_config *config,
                               struct skp_secret *ret,
                               struct skp_diag *diag)
{
    if (config->token_file == NULL) {
        return skp_secret_append(ret, config->token.ptr, config->token.len);
    }
    if (skd_local_file_read(config->token_file, SKD_TOKEN_MAX, ret, diag) !=
        SKP_ERR_OK) {
        return skp_prefix(diag, SKP_ERR_UNAVAILABLE, "token_file");
    }
    while (ret->len > 0 && (ret->bytes[ret->len - 1] == '\n' ||
                            ret->bytes[ret->len - 1] == '\r')) {
        ret->len--;
    }
    if (ret->len == 0) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "token_file: %s: is empty",
                        config->token_file);
    }
    return SKP_ERR_OK;
}

/* A client with the TLS files that are in use; none are read without TLS. */
static enum skp_err open_http(struct coordinator *coordinator,
                              const struct skd_env *env,
                              struct skd_http **ret,
                              struct skp_diag *diag)
{
    const char *url = coordinator->config->coordinator.url;

    if (skd_http_url_scheme(url) == SKD_HTTP_SCHEME_HTTPS) {
        (void)skd_tls_files_read(coordinator->tls, skd_env_wall_s(env));
        if (!skd_tls_files_is_ready(coordinator->tls)) {
            return skp_fail(diag, SKP_ERR_UNAVAILABLE, "%s",
                            skd_tls_files_trouble(coordinator->tls));
        }
    }
    return skd_http_new(env, skd_tls_files_config(coordinator->tls), ret, diag);
}

static void done_reading(struct reading *reading)
{
    skd_http_free(&reading->http);
    skp_secret_done(&reading->token);
    skd_visits_drop(&reading->visits);
}

static enum skp_err fetch_list(struct skd_source *self,
                               const struct skd_fetch *fetch,
                               struct skd_material *material,
                               uint64_t *retry_ms,
                               struct skp_diag *diag)
{
    struct coordinator *coordinator = (struct coordinator *)self;
    const struct skd_coordinator_config *config =
        &coordinator->config->coordinator;
    SKP_CLEANUP(done_reading)
    struct reading reading = { .coordinator = coordinator,
                               .fetch = fetch,
                               .material = material };
    enum skp_err err;

    *retry_ms = 0;
    skd_visits_drop(&coordinator->offered);
    if (!config->present || strlen(config->url) >= sizeof reading.url) {
        return skp_fail(diag, SKP_ERR_UNAVAILABLE, "coordinator.url is %s",
                        config->present ? "too long" : "missing");
    }
    (void)snprintf(reading.url, sizeof reading.url, "%s", config->url);
    SKP_TRY(read_token(config, &reading.token, diag));
    SKP_TRY(open_http(coordinator, fetch->env, &reading.http, diag));
    err = read_or_keep(&reading, diag);
    (void)!skd_http_server_cert(reading.http, &coordinator->server);
    *retry_ms = reading.retry_ms;
    return err;
}

static void settle(struct skd_source *self, bool accepted)
{
    struct coordinator *coordinator = (struct coordinator *)self;

    if (accepted && coordinator->offered.n > 0) {
        skd_visits_drop(&coordinator->published);
        coordinator->published = coordinator->offered;
        coordinator->offered = (struct skd_visits){ NULL, NULL, 0 };
    }
    skd_visits_drop(&coordinator->offered);
}

static void report(const struct skd_source *self, struct skd_source_report *ret)
{
    const struct coordinator *coordinator = (const struct coordinator *)self;
    const struct skd_cert client = skd_tls_files_cert(coordinator->tls);

    skd_source_report_cert(ret, "coordinator client", &client);
    skd_source_report_cert(ret, "coordinator server", &coordinator->server);
    if (skd_tls_files_is_ready(coordinator->tls)) {
        (void)skp_fail(&ret->tls_trouble, SKP_ERR_OK, "%s",
                       skd_tls_files_trouble(coordinator->tls));
    }
}

static void free_source(struct skd_source **self)
{
    struct coordinator *coordinator = (struct coordinator *)*self;

    if (coordinator == NULL) {
        return;
    }
    *self = NULL;
    skd_visits_drop(&coordinator->published);
    skd_visits_drop(&coordinator->offered);
    skd_tls_files_free(&coordinator->tls);
    skd_config_unref(&coordinator->config);
    free(coordinator);
}

static const struct skd_source_ops coordinator_ops = {
    .name = "coordinator",
    .fetch = fetch_list,
    .settle = settle,
    .report = report,
    .free = free_source,
};

enum skp_err skd_source_coordinator_new(const struct skd_config *config,
                                        struct skd_source **ret)
{
    struct coordinator *coordinator = calloc(1, sizeof *coordinator);

    if (coordinator == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (skd_tls_files_new(&config->coordinator.tls, &coordinator->tls) !=
        SKP_ERR_OK) {
        free(coordinator);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    coordinator->head.ops = &coordinator_ops;
    coordinator->config = skd_config_ref(config);
    *ret = (struct skd_source *)coordinator;
    return SKP_ERR_OK;
}
