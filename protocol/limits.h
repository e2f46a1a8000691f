/* limits.h - sizes and counts that agent and clients agree on.
 *
 * All are checked before anything is allocated.  PROTOCOL.md lists them.
 */
#ifndef SKP_LIMITS_H
#define SKP_LIMITS_H

/* One message, request or answer, in bytes. */
#define SKP_MESSAGE_MAX (256u * 1024u)
/* Nesting of a request: the request array is level 1. */
#define SKP_REQUEST_DEPTH_MAX 4u
/* Nesting of an answer: status holds maps in arrays in a map. */
#define SKP_ANSWER_DEPTH_MAX 8u
/* Entries of one map in a request. */
#define SKP_REQUEST_MAP_MAX 16u
/* Entries of one map in an answer. */
#define SKP_ANSWER_MAP_MAX 64u
#define SKP_AAD_MAX        4096u
#define SKP_STR_MAX        1024u
#define SKP_METHOD_MAX     64u
/* A tenant id: printable ASCII without spaces. */
#define SKP_TENANT_MAX 128u
/* Tenants that one watch may name. */
#define SKP_WATCH_MAX 1024u
/* Rows of one page of `tenants`. */
#define SKP_TENANTS_PAGE 500u
/* sidekey.max_payload: the default and the most it may be set to. */
#define SKP_PAYLOAD_DEFAULT 65536u
#define SKP_PAYLOAD_MAX     131072u

#define SKP_KEY_LEN    32u /* X25519 keys, data keys */
#define SKP_KEY_ID_LEN 8u
/* A seed shorter than this, decoded, is refused. */
#define SKP_SEED_MIN 32u

#define SKP_SOCKET_DEFAULT "/run/sidekey/sidekey.sock"

#endif /* SKP_LIMITS_H */
