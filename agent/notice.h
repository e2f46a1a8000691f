/* notice.h - what a worker tells its supervisor: the lines of sd_notify(3). */
#ifndef SKD_NOTICE_H
#define SKD_NOTICE_H

#include "agent/sys/notify.h"
#include "protocol/bytes.h"

struct skd_notice {
    bool stores;                    /* FDSTORE=1 */
    bool removes;                   /* FDSTOREREMOVE=1 */
    bool is_ready;                  /* READY=1 */
    char name[SKD_NOTIFY_NAME_LEN]; /* FDNAME=; "" for none, or a bad one */
};

/* Read the lines of @text; those that say nothing to us are left out. */
struct skd_notice skd_notice_parse(struct skp_view text);

#endif /* SKD_NOTICE_H */
