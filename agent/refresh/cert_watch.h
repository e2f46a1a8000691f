/* cert_watch.h - certificates and TLS files of the sources: until when they are
 * good, and one line of log when that is not for long.
 *
 * A certificate is told of when 30 days, 7 days and 1 day are left, each once
 * (warn), and when it has expired, once (error).  TLS files that are not used
 * are told of once, and once more when they are.  Looked at after each refresh:
 * a source says in its run what it has seen, so that nothing of its is read
 * while it works.
 *
 * Thread:   main loop.
 */
#ifndef SKD_CERT_WATCH_H
#define SKD_CERT_WATCH_H

#include "agent/refresh/run.h"

#define SKD_CERT_ROWS (SKD_RUN_SOURCES * SKD_SOURCE_CERTS)

/* How near the end is; each stage has its line of log. */
enum skd_cert_stage {
    SKD_CERT_GOOD,
    SKD_CERT_30_DAYS,
    SKD_CERT_7_DAYS,
    SKD_CERT_1_DAY,
    SKD_CERT_EXPIRED,
};

/* Open; zeroed: nothing was seen. */
struct skd_cert_watch {
    struct {
        struct skd_source_report report; /* the last */
        enum skd_cert_stage told[SKD_SOURCE_CERTS];
    } sources[SKD_RUN_SOURCES];
};

/* The stage at @wall_s (Unix seconds) of a certificate good until
 * @not_after_s. */
enum skd_cert_stage skd_cert_watch_stage(int64_t not_after_s, int64_t wall_s);

/* Take over what the sources of @run reported, at @wall_s, and log what is
 * new. */
void skd_cert_watch_add(struct skd_cert_watch *watch,
                        const struct skd_run *run,
                        int64_t wall_s);

/* Copy the certificates seen last to @ret and return how many. */
size_t skd_cert_watch_rows(const struct skd_cert_watch *watch,
                           struct skd_cert_row ret[SKD_CERT_ROWS]);

#endif /* SKD_CERT_WATCH_H */
