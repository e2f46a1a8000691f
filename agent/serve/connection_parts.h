/* connection_parts.h - what the files of a connection share: connection.c (its
 * life, reading and writing), batch.c (from bytes to answers) and account.c
 * (what the audit log is told of them).
 */
#ifndef SKD_CONNECTION_PARTS_H
#define SKD_CONNECTION_PARTS_H

#include "agent/serve/connection.h"

/* Move to @state; a move that the table of states does not allow is our own
 * mistake and stops the process. */
void skd_connection_move(struct skd_connection *connection,
                         enum skd_connection_state state);

/* True from opening until closing. */
bool skd_connection_is_open(const struct skd_connection *connection);

/* Handle the whole messages in @bytes, as long as more may be handled and the
 * turn lasts, and send their answers.  has_more tells whether the turn ended
 * before the bytes did.  Returns how many bytes are done with: all, once
 * nothing more is wanted of the client. */
size_t skd_batch_run(struct skd_connection *connection, struct skp_view bytes);

/* Send one last error; what the client sends behind is not looked at.  The
 * connection is READING before, and FINISHING afterwards. */
void skd_batch_refuse(struct skd_connection *connection,
                      enum skp_err err,
                      const char *text);

/* How many requests of @connection its user's quota lets pass now, @n_max at
 * most. */
size_t skd_connection_may_ask(const struct skd_connection *connection,
                              uint64_t now_ms,
                              size_t n_max);

/* skd_handler_run, for a request of @connection; the audit log, where there is
 * one, is asked whether keys may be used, and told what was done. */
enum skd_handled skd_account_run(struct skd_connection *connection,
                                 const struct skp_request *request,
                                 const struct skd_tenant *found,
                                 uint64_t now_ms,
                                 struct skp_response *ret,
                                 bool *ret_wants);

/* Tell the audit log that @request was refused with @err before anybody looked
 * at it. */
void skd_account_refusal(struct skd_connection *connection,
                         const struct skp_request *request,
                         enum skp_err err);

#endif /* SKD_CONNECTION_PARTS_H */
