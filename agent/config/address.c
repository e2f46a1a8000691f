/* address.c - "host:port" as people write it; see address.h. */
#include "agent/config/address.h"

#include <string.h>

static bool is_alnum(uint8_t c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* True when @host is 1 to 253 letters, digits and characters of @others. */
static bool is_host(struct skp_view host, const char *others)
{
    if (host.len == 0 || host.len > SKD_HOST_MAX) {
        return false;
    }
    for (size_t i = 0; i < host.len; i++) {
        uint8_t c = host.ptr[i];

        if (!is_alnum(c) && (c == 0 || strchr(others, c) == NULL)) {
            return false;
        }
    }
    return true;
}

/* The port in @text, or 0. */
static uint16_t port_of(struct skp_view text)
{
    uint32_t port = 0;

    if (text.len == 0 || text.len > 5) {
        return 0;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') {
            return 0;
        }
        port = port * 10 + (uint32_t)(text.ptr[i] - '0');
    }
    return port <= UINT16_MAX ? (uint16_t)port : 0;
}

/* Where the host ends: at the bracket, the colon or the end. */
static size_t host_end(struct skp_view text, char mark)
{
    size_t end = 0;

    while (end < text.len && text.ptr[end] != (uint8_t)mark) {
        end++;
    }
    return end;
}

static enum skp_err refuse(const char **ret_why, const char *why)
{
    *ret_why = why;
    return SKP_ERR_INVALID_ARGUMENT;
}

enum skp_err skd_address_parse(struct skp_view text,
                               struct skd_address *ret,
                               const char **ret_why)
{
    struct skd_address address = { text, 0 };
    bool bracketed = text.len > 0 && text.ptr[0] == '[';
    size_t end = host_end(text, bracketed ? ']' : ':');
    size_t rest = end;

    address.host.len = end;
    if (bracketed) {
        if (end == text.len) {
            return refuse(ret_why, "address lacks its closing bracket");
        }
        address.host = (struct skp_view){ text.ptr + 1, end - 1 };
        rest = end + 1;
    }
    if (!is_host(address.host, bracketed ? ".:%-_" : ".-_")) {
        return refuse(ret_why, "no host name or address");
    }
    if (rest < text.len) {
        if (text.ptr[rest] != ':') {
            return refuse(ret_why, "text after the closing bracket");
        }
        rest++;
        address.port =
            port_of((struct skp_view){ text.ptr + rest, text.len - rest });
        if (address.port == 0) {
            return refuse(ret_why, "port must be a number from 1 to 65535 "
                                   "(an IPv6 address needs brackets)");
        }
    }
    *ret = address;
    return SKP_ERR_OK;
}
