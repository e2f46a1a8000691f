/* connection_parts.h - what the files of a connection share: connection.c (its
 * life, reading and writing) and batch.c (from bytes to answers).
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

/* Handle the whole messages in @bytes, as long as more may be handled, and send
 * their answers.  Returns how many bytes are done with: all, once nothing more
 * is wanted of the client. */
size_t skd_batch_run(struct skd_connection *connection, struct skp_view bytes);

/* Send one last error; what the client sends behind is not looked at.  The
 * connection is READING before, and FINISHING afterwards. */
void skd_batch_refuse(struct skd_connection *connection,
                      enum skp_err err,
                      const char *text);

#endif /* SKD_CONNECTION_PARTS_H */
