/* conn.h - one connection to the agent, and one question and answer on it.
 *
 * The socket never blocks; every wait is a poll with the call's deadline.
 * After any doubt (a broken connection, a deadline in the middle, bytes that
 * nobody asked for) the connection is dropped, so that a late answer can never
 * be taken for the answer to the next question.
 *
 * Thread:   one at a time; client.c takes turns.
 * Secrets:  both buffers are locked memory, wiped by skc_conn_wipe after each
 *           call.
 */
#ifndef SKC_CONN_H
#define SKC_CONN_H

#include <sys/types.h>

#include "protocol/diag.h"
#include "protocol/secret.h"

struct skc_conn {
    int fd;    /* -1: not connected */
    pid_t pid; /* the process that this connection belongs to */
    struct skp_secret in;
    struct skp_secret out; /* the request; filled by the caller */
};

/* Make it: not connected, buffers empty.  Always ends in skc_conn_done. */
void skc_conn_init(struct skc_conn *conn);

/* Close the connection, if there is one; the buffers stay. */
void skc_conn_drop(struct skc_conn *conn);

/* Wipe what the buffers hold. */
void skc_conn_wipe(struct skc_conn *conn);

/* Close, wipe and release. */
void skc_conn_done(struct skc_conn *conn);

/* Call first of all: after a fork the child forgets the parent's connection
 * and its buffers, which children do not inherit. */
void skc_conn_notice_fork(struct skc_conn *conn);

/* True when connected, the agent has not hung up, and nothing unasked waits to
 * be read.  Otherwise the connection is dropped. */
bool skc_conn_is_usable(struct skc_conn *conn);

/* Connect to @path, once.
 *   SKP_ERR_UNAVAILABLE         nobody listens there.
 *   SKP_ERR_PERMISSION_DENIED   the file system does not let this user.
 *   SKP_ERR_DEADLINE_EXCEEDED   the agent accepts too slowly.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no file descriptor. */
SKP_MUST_CHECK enum skp_err skc_conn_connect(struct skc_conn *conn,
                                             const char *path,
                                             uint64_t deadline_ms,
                                             struct skp_diag *diag);

/* Send the request in conn->out and receive one whole message.
 * @ret             a view into conn->in, until the next call on @conn.
 * @ret_unanswered  set on every return: the connection broke before a single
 *                  byte of the answer.
 * The connection is dropped on every error, and kept on success.
 *   SKP_ERR_UNAVAILABLE         the connection broke.
 *   SKP_ERR_DEADLINE_EXCEEDED   no whole answer in time.
 *   SKP_ERR_INTERNAL            not a message, or over a limit.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no memory for the answer. */
SKP_MUST_CHECK enum skp_err skc_conn_exchange(struct skc_conn *conn,
                                              uint64_t deadline_ms,
                                              struct skp_view *ret,
                                              bool *ret_unanswered,
                                              struct skp_diag *diag);

#endif /* SKC_CONN_H */
