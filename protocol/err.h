/* err.h - the one set of errors, used by the agent, the library and the wire.
 *
 * The members are the canonical gRPC status codes with their numbers
 * (https://grpc.github.io/grpc/core/md_doc_statuscodes.html); on the wire an
 * error is the string "NAME: text for people".  Zero is success and there are
 * no negative members, so an int of libuv or OpenSSL returned by mistake is a
 * compiler warning.
 */
#ifndef SKP_ERR_H
#define SKP_ERR_H

#include <stddef.h>

#define SKP_MUST_CHECK __attribute__((warn_unused_result))

/* X(name, gRPC number, what the caller does next, text) */
#define SKP_ERR_MAP(X)                                                   \
    X(OK, 0, NONE, "success")                                            \
    X(INVALID_ARGUMENT, 3, FIX_CALLER, "request or data is malformed")   \
    X(DEADLINE_EXCEEDED, 4, RETRY, "deadline exceeded")                  \
    X(NOT_FOUND, 5, FIX_CALLER, "no such tenant or key")                 \
    X(ALREADY_EXISTS, 6, FIX_CALLER, "object exists already")            \
    X(PERMISSION_DENIED, 7, FIX_OPERATOR, "peer may not do this")        \
    X(RESOURCE_EXHAUSTED, 8, RETRY, "a limit was reached")               \
    X(FAILED_PRECONDITION, 9, FIX_OPERATOR, "state does not allow this") \
    X(UNIMPLEMENTED, 12, FIX_CALLER, "method or suite is unknown")       \
    X(INTERNAL, 13, FATAL, "internal error")                             \
    X(UNAVAILABLE, 14, RETRY, "key or service is not available")         \
    X(DATA_LOSS, 15, FIX_CALLER, "authentication failed")

enum skp_err {
#define SKP_ERR_ENUM(name, number, next, text) SKP_ERR_##name = (number),
    SKP_ERR_MAP(SKP_ERR_ENUM)
#undef SKP_ERR_ENUM
};

/* What a caller does about an error.  Retry logic asks this, never the
 * member itself. */
enum skp_next {
    SKP_NEXT_NONE,
    SKP_NEXT_RETRY,
    SKP_NEXT_FIX_CALLER,
    SKP_NEXT_FIX_OPERATOR,
    SKP_NEXT_FATAL,
};

/* The gRPC name of @err, "NOT_FOUND" say; "INTERNAL" for no member. */
const char *skp_err_name(enum skp_err err);

/* The fixed sentence of @err. */
const char *skp_err_text(enum skp_err err);

/* What the caller of a failed function does next. */
enum skp_next skp_err_next(enum skp_err err);

/* The error whose name is the @len bytes at @name; SKP_ERR_INTERNAL for an
 * unknown name, so that an agent newer than its client is still an error. */
enum skp_err skp_err_from_name(const char *name, size_t len);

#endif /* SKP_ERR_H */
