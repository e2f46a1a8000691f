/* notice.c - what a worker tells its supervisor; see notice.h. */
#include "agent/notice.h"

#include <string.h>

/* True when @line begins with @key, and *ret_value is what follows. */
static bool
has_key(struct skp_view line, const char *key, struct skp_view *ret_value)
{
    size_t len = strlen(key);

    if (line.len < len ||
        !skp_view_equal((struct skp_view){ line.ptr, len }, skp_view_of(key))) {
        return false;
    }
    *ret_value = (struct skp_view){ line.ptr + len, line.len - len };
    return true;
}

/* Names become part of an environment variable that colons divide. */
static bool is_name(struct skp_view value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] <= ' ' || value.ptr[i] >= 0x7f ||
            value.ptr[i] == ':') {
            return false;
        }
    }
    return value.len > 0 && value.len < SKD_NOTIFY_NAME_LEN;
}

static void take_line(struct skp_view line, struct skd_notice *notice)
{
    struct skp_view value;

    notice->stores |= skp_view_equal(line, skp_view_of("FDSTORE=1"));
    notice->removes |= skp_view_equal(line, skp_view_of("FDSTOREREMOVE=1"));
    notice->is_ready |= skp_view_equal(line, skp_view_of("READY=1"));
    if (has_key(line, "FDNAME=", &value) && is_name(value)) {
        memcpy(notice->name, value.ptr, value.len);
        notice->name[value.len] = '\0';
    }
}

struct skd_notice skd_notice_parse(struct skp_view text)
{
    struct skd_notice notice = { .stores = false };

    while (text.len > 0) {
        const uint8_t *end = memchr(text.ptr, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.ptr);

        take_line((struct skp_view){ text.ptr, len }, &notice);
        len += len < text.len;
        text.ptr += len;
        text.len -= len;
    }
    return notice;
}
