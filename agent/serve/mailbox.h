/* mailbox.h - how two loops hand each other work: a queue and a wake-up.
 *
 * Mail is intrusive: the sender owns memory for it and must not touch it until
 * it comes back.  Nothing is allocated, so posting cannot fail for want of
 * memory.
 *
 * Thread:   post: any.  Everything else: the loop's own.
 */
#ifndef SKD_MAILBOX_H
#define SKD_MAILBOX_H

#include <uv.h>

#include "protocol/base.h"

enum skd_mail_kind {
    SKD_MAIL_CONNECTION, /* to a worker: serve; back: closed */
    SKD_MAIL_VIEW,       /* to a worker: something else is served now */
    SKD_MAIL_ASK,        /* from a worker: a question; back: its answer */
    SKD_MAIL_STOP,       /* to a worker: drain and end; back: ended */
};

/* The first member of what is sent. */
struct skd_mail {
    struct skd_mail *next;
    enum skd_mail_kind kind;
};

/* Called on the loop for each piece of mail, in the order of posting. */
typedef void (*skd_on_mail)(void *state, struct skd_mail *mail);

/* Open, so that it can be embedded in what outlives its handle. */
struct skd_mailbox {
    uv_async_t async;
    uv_mutex_t lock; /* guards the rest */
    struct skd_mail *first;
    struct skd_mail **last;
    bool is_closed;
    skd_on_mail on_mail;
    void *state;
    void (*on_closed)(void *state);
};

/* Open a mailbox on @loop; its handle keeps the loop running.
 *   SKP_ERR_RESOURCE_EXHAUSTED  descriptors or memory; nothing is to be
 *                               closed. */
SKP_MUST_CHECK enum skp_err skd_mailbox_open(struct skd_mailbox *mailbox,
                                             uv_loop_t *loop,
                                             skd_on_mail on_mail,
                                             void *state);

/* Post @mail; false, with @mail still the caller's, when the mailbox was
 * closed. */
bool skd_mailbox_post(struct skd_mailbox *mailbox, struct skd_mail *mail);

/* Deliver what was posted, refuse what comes later, and close the handle;
 * @on_closed may be NULL. */
void skd_mailbox_close(struct skd_mailbox *mailbox,
                       void (*on_closed)(void *state));

/* Release the lock, once nobody can post any more. */
void skd_mailbox_done(struct skd_mailbox *mailbox);

#endif /* SKD_MAILBOX_H */
