/* address.h - "host:port" as people write it. */
#ifndef SKD_ADDRESS_H
#define SKD_ADDRESS_H

#include "protocol/bytes.h"

#define SKD_HOST_MAX 253u /* a DNS name, RFC 1035 section 2.3.4 */

struct skd_address {
    struct skp_view host; /* without brackets; into the text */
    uint16_t port;        /* 0: none was given */
};

/* Split "host", "host:port", "[ipv6]" or "[ipv6]:port".  A name is letters,
 * digits, '.', '-' and '_'; an IPv6 address needs its brackets, and may have a
 * zone.
 * @ret_why  on failure: what is wrong, in words.
 *   SKP_ERR_INVALID_ARGUMENT  it is none of these, or the port is not 1 to
 *                             65535. */
SKP_MUST_CHECK enum skp_err skd_address_parse(struct skp_view text,
                                              struct skd_address *ret,
                                              const char **ret_why);

#endif /* SKD_ADDRESS_H */
