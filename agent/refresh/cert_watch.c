/* cert_watch.c - certificates that are near their end; see cert_watch.h. */
#include "agent/refresh/cert_watch.h"

#include <string.h>
#include <time.h>

#include "agent/sys/log.h"

#define DAY_S INT64_C(86400)

enum skd_cert_stage skd_cert_watch_stage(int64_t not_after_s, int64_t wall_s)
{
    int64_t left_s = not_after_s - wall_s;

    if (left_s < 0) {
        return SKD_CERT_EXPIRED;
    }
    if (left_s <= DAY_S) {
        return SKD_CERT_1_DAY;
    }
    if (left_s <= 7 * DAY_S) {
        return SKD_CERT_7_DAYS;
    }
    return left_s <= 30 * DAY_S ? SKD_CERT_30_DAYS : SKD_CERT_GOOD;
}

/* ---- the log ------------------------------------------------------------- */

static void date_of(int64_t unix_s, char ret[32])
{
    time_t at = (time_t)unix_s;
    struct tm parts;

    ret[0] = '\0';
    if (gmtime_r(&at, &parts) != NULL) {
        (void)strftime(ret, 32, "%Y-%m-%dT%H:%M:%SZ", &parts);
    }
}

static void log_stage(const struct skd_cert_row *row,
                      enum skd_cert_stage stage,
                      int64_t wall_s)
{
    int64_t left_s = row->cert.not_after_s - wall_s;
    bool is_far = left_s >= 2 * DAY_S;
    char date[32];

    date_of(row->cert.not_after_s, date);
    if (stage == SKD_CERT_EXPIRED) {
        skd_log(SKD_LOG_ERROR, "TLS: the %s certificate has expired, on %s",
                row->name, date);
    } else {
        skd_log(SKD_LOG_WARN,
                "TLS: the %s certificate expires in %lld %s, on %s", row->name,
                (long long)(is_far ? left_s / DAY_S : left_s / 3600),
                is_far ? "days" : "hours", date);
    }
}

static struct skp_view id_of(const struct skd_cert *cert)
{
    return (struct skp_view){ cert->id, sizeof cert->id };
}

/* Log the stage of certificate @nth of a source, unless it was logged: @told is
 * the stage told of the one that was there before, and the result that of this
 * one. */
static enum skd_cert_stage look_at_cert(const struct skd_source_report *before,
                                        const struct skd_source_report *now,
                                        size_t nth,
                                        enum skd_cert_stage told,
                                        int64_t wall_s)
{
    const struct skd_cert_row *row = &now->certs[nth];
    enum skd_cert_stage stage =
        skd_cert_watch_stage(row->cert.not_after_s, wall_s);
    bool is_same =
        nth < before->n_certs &&
        skp_view_equal(id_of(&before->certs[nth].cert), id_of(&row->cert));

    if (!is_same) {
        told = SKD_CERT_GOOD;
    }
    if (stage > told) {
        log_stage(row, stage, wall_s);
        told = stage;
    }
    return told;
}

static void look_at_trouble(const char *source,
                            const struct skd_source_report *before,
                            const struct skd_source_report *now)
{
    if (strcmp(before->tls_trouble.text, now->tls_trouble.text) == 0) {
        return;
    }
    if (now->tls_trouble.text[0] == '\0') {
        skd_log(SKD_LOG_INFO, "%s: the TLS files that are there are in use",
                source);
    } else {
        skd_log(SKD_LOG_WARN,
                "%s: new TLS files are not used, the former ones stay in use: "
                "%s",
                source, now->tls_trouble.text);
    }
}

/* ---- a run --------------------------------------------------------------- */

static const char *name_of(const struct skd_run *run, size_t nth)
{
    const struct skd_source *source =
        nth == 0 ? run->chain->list : run->chain->seeds[nth - 1];

    return source == NULL ? "?" : source->ops->name;
}

void skd_cert_watch_add(struct skd_cert_watch *watch,
                        const struct skd_run *run,
                        int64_t wall_s)
{
    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        const struct skd_source_report *now = &run->sources[i].report;
        struct skd_source_report *before = &watch->sources[i].report;

        if (!run->sources[i].was_asked) {
            continue;
        }
        for (size_t nth = 0; nth < now->n_certs; nth++) {
            watch->sources[i].told[nth] = look_at_cert(
                before, now, nth, watch->sources[i].told[nth], wall_s);
        }
        look_at_trouble(name_of(run, i), before, now);
        *before = *now;
    }
}

size_t skd_cert_watch_rows(const struct skd_cert_watch *watch,
                           struct skd_cert_row ret[SKD_CERT_ROWS])
{
    size_t n = 0;

    for (size_t i = 0; i < SKD_RUN_SOURCES; i++) {
        const struct skd_source_report *report = &watch->sources[i].report;

        for (size_t nth = 0; nth < report->n_certs; nth++) {
            ret[n++] = report->certs[nth];
        }
    }
    return n;
}
