/* kmip_request.h - what sidekey asks a KMIP server, and how that is written.
 *
 * Every question names its object: by identifier, or (Locate, Register) by the
 * tenant.  The ID Placeholder of KMIP is never used, because servers have been
 * seen to answer it with another tenant's key.  Every item of a request has a
 * Unique Batch Item ID, also when it is alone, so that an answer can be told to
 * belong to its question.
 *
 * Secrets:  a Register request holds the seed and is written to locked memory.
 */
#ifndef SKD_KMIP_REQUEST_H
#define SKD_KMIP_REQUEST_H

#include "agent/source/kmip/kmip_names.h"
#include "protocol/secret.h"

/* Questions in one request message. */
#define SKD_KMIP_BATCH_MAX 16u
/* The longest response taken, in bytes, header included; also what requests
 * ask for as Maximum Response Size.  16 seeds with their attributes take about
 * 10 KiB. */
#define SKD_KMIP_MESSAGE_MAX 65536u
/* The longest Unique Identifier taken, in bytes. */
#define SKD_KMIP_IDENTIFIER_MAX 256u

struct skd_kmip_version {
    uint32_t major;
    uint32_t minor;
};

/* One operation.  Views are borrowed for as long as the question is asked. */
struct skd_kmip_question {
    /* Not for Locate, Register, Discover Versions, Query. */
    struct skp_view identifier;
    /* Locate: what to look for; empty: every Secret Data.  Register: the
     * name to give. */
    struct skp_view tenant;
    struct skp_view seed; /* Register: base64 text; secret */
    struct skp_view text; /* Revoke; empty: not sent */
    /* A custom attribute ("x-...") that holds the tenant id; NULL: Name.
     * Locate looks for it, Register sets it beside Name, Get Attributes asks
     * for it. */
    const char *attribute;
    int64_t activation_s; /* Register: Activation Date; 0: not sent */
    enum skd_kmip_operation operation;
    enum skd_kmip_revocation revocation; /* Revoke */
    uint32_t maximum_items;              /* Locate; 0: not sent */
    /* Discover Versions: offers 1.x down to 1.0, unless discover_all, which
     * offers nothing and so asks for all that the server speaks. */
    uint32_t discover_minor;
    uint32_t query_functions; /* Query: SKD_KMIP_QUERY_ bits, one at least;
                               * Profiles is sent from KMIP 1.3 on */
    bool discover_all;
    bool all_attributes; /* Get Attributes: not only those of a fetch */
};

/* True when asking twice does no harm. */
bool skd_kmip_question_is_repeatable(const struct skd_kmip_question *question);

/* Replace the contents of @out by one request message.
 * @n         1 to SKD_KMIP_BATCH_MAX.
 * @first_id  batch item id of the first question; the others count up.
 *   SKP_ERR_INVALID_ARGUMENT    a question that needs an identifier has none:
 *                               servers would use the ID Placeholder; or a
 *                               Query asks for nothing.
 *   SKP_ERR_RESOURCE_EXHAUSTED  no locked memory. */
SKP_MUST_CHECK enum skp_err
skd_kmip_request_write(struct skd_kmip_version version,
                       const struct skd_kmip_question *questions,
                       size_t n,
                       uint32_t first_id,
                       struct skp_secret *out);

#endif /* SKD_KMIP_REQUEST_H */
