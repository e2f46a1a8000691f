/* mailbox.c - how two loops hand each other work; see mailbox.h. */
#include "agent/serve/mailbox.h"

static struct skd_mail *take_all(struct skd_mailbox *mailbox)
{
    struct skd_mail *first;

    uv_mutex_lock(&mailbox->lock);
    first = mailbox->first;
    mailbox->first = NULL;
    mailbox->last = &mailbox->first;
    uv_mutex_unlock(&mailbox->lock);
    return first;
}

/* Whoever gets a piece of mail may post it again at once, so its link is read
 * before. */
static void deliver(struct skd_mailbox *mailbox)
{
    struct skd_mail *mail = take_all(mailbox);

    while (mail != NULL) {
        struct skd_mail *next = mail->next;

        mail->next = NULL;
        mailbox->on_mail(mailbox->state, mail);
        mail = next;
    }
}

static void on_async(uv_async_t *async)
{
    struct skd_mailbox *mailbox = async->data;

    deliver(mailbox);
}

enum skp_err skd_mailbox_open(struct skd_mailbox *mailbox,
                              uv_loop_t *loop,
                              skd_on_mail on_mail,
                              void *state)
{
    *mailbox = (struct skd_mailbox){ .on_mail = on_mail, .state = state };
    mailbox->last = &mailbox->first;
    if (uv_mutex_init(&mailbox->lock) != 0) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (uv_async_init(loop, &mailbox->async, on_async) != 0) {
        uv_mutex_destroy(&mailbox->lock);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    mailbox->async.data = mailbox;
    return SKP_ERR_OK;
}

/* The wake-up is sent under the lock: once is_closed is set, nobody touches the
 * handle any more. */
bool skd_mailbox_post(struct skd_mailbox *mailbox, struct skd_mail *mail)
{
    bool is_closed;

    uv_mutex_lock(&mailbox->lock);
    is_closed = mailbox->is_closed;
    if (!is_closed) {
        mail->next = NULL;
        *mailbox->last = mail;
        mailbox->last = &mail->next;
        (void)uv_async_send(&mailbox->async);
    }
    uv_mutex_unlock(&mailbox->lock);
    return !is_closed;
}

static void on_async_closed(uv_handle_t *handle)
{
    struct skd_mailbox *mailbox = handle->data;

    if (mailbox->on_closed != NULL) {
        mailbox->on_closed(mailbox->state);
    }
}

void skd_mailbox_close(struct skd_mailbox *mailbox,
                       void (*on_closed)(void *state))
{
    uv_mutex_lock(&mailbox->lock);
    mailbox->is_closed = true;
    uv_mutex_unlock(&mailbox->lock);
    deliver(mailbox);
    mailbox->on_closed = on_closed;
    uv_close((uv_handle_t *)&mailbox->async, on_async_closed);
}

void skd_mailbox_done(struct skd_mailbox *mailbox)
{
    uv_mutex_destroy(&mailbox->lock);
}
