/* kmip_fake.h - a KMIP server of a few objects, to be served by a script.
 *
 * Reads requests with the agent's TTLV reader and answers Locate, Get, Get
 * Attributes, Register, Activate, Revoke, Destroy, Discover Versions and Query
 * as a right server does, with faults where a test sets them.
 */
#ifndef SKT_KMIP_FAKE_H
#define SKT_KMIP_FAKE_H

#include "agent/source/kmip/kmip_names.h"
#include "protocol/secret.h"

#define SKT_FAKE_OBJECTS 64u

struct skt_fake_object {
    char identifier[64];
    char name[64];
    char seed[128];    /* base64 */
    uint32_t state;    /* enum skd_kmip_state */
    int64_t initial_s; /* Initial Date; 0: not told */
    bool is_lost;      /* Get and Get Attributes say Item Not Found */
    bool is_denied;    /* they say Permission Denied */
    bool is_poison;    /* Get answers with bytes that are no KMIP */
    bool is_misnamed;  /* Get Attributes tells another name */
};

struct skt_fake {
    struct skt_fake_object objects[SKT_FAKE_OBJECTS];
    size_t n;
    bool refuses_batches;  /* Invalid Message to more than one item */
    bool stops_at_failure; /* whatever the request says */
    bool answers_backwards;
    bool takes_activation_date; /* in Register; else Invalid Field */
    bool refuses_all;           /* Authentication Not Successful */
    uint32_t minor_max;         /* 0: refuses Discover Versions */
    bool refuses_newer;         /* Invalid Message to versions beyond it */
    uint64_t query_operations;  /* bits of what Query tells; 0: refuses it */
    const char *vendor;         /* Vendor Identification; NULL: none */
    bool has_profiles;          /* Query tells profiles 7 and 9 */
    /* Seen. */
    unsigned n_messages;
    unsigned n_items;
    size_t largest_batch;
    uint32_t last_minor;
    unsigned n_versions_offered; /* in the last Discover Versions */
    uint32_t query_functions;    /* of the last Query, as bits */
};

struct skt_fake_object *skt_fake_add(struct skt_fake *fake,
                                     const char *identifier,
                                     const char *name,
                                     const char *seed);

/* For skt_script.serve, with the fake as its state. */
void skt_fake_serve(void *state,
                    struct skp_view request,
                    struct skp_secret *out);

#endif /* SKT_KMIP_FAKE_H */
