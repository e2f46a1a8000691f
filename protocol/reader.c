/* reader.c - the values of a message, one after the other; see reader.h. */
#include "protocol/reader.h"

static bool is_below_zero(const uint8_t *at, const struct skp_head *head)
{
    return head->len == 1 || (at[1] & 0x80u) != 0;
}

/* What @head, whose content begins at @content, says; false when no message
 * may hold it, or its content is cut off. */
static bool read_wide(const struct skp_head *head,
                      const uint8_t *content,
                      size_t left,
                      struct skp_value *ret)
{
    switch (head->kind) {
    case SKP_KIND_STR:
    case SKP_KIND_BIN:
        if (head->number > left) {
            return false;
        }
        ret->bytes = (struct skp_view){ content, (size_t)head->number };
        break;
    case SKP_KIND_ARRAY:
    case SKP_KIND_MAP:
        ret->count = (size_t)head->number;
        break;
    case SKP_KIND_UINT:
        ret->number = head->number;
        break;
    case SKP_KIND_NONE:
        return false;
    case SKP_KIND_NIL:
    case SKP_KIND_BOOL:
    case SKP_KIND_NEGATIVE:
    case SKP_KIND_FLOAT:
    default:
        break;
    }
    ret->kind = head->kind;
    return true;
}

void skp_reader_next_wide(struct skp_reader *reader, struct skp_value *ret)
{
    const uint8_t *at = reader->at;
    size_t left = (size_t)(reader->end - at);
    struct skp_head head;

    *ret = (struct skp_value){ .kind = SKP_KIND_NONE };
    if (left == 0) {
        return;
    }
    head = skp_head_of(*at);
    if (head.len > left) {
        return;
    }
    if (head.len > 1) {
        head.number = skp_head_number(at + 1, head.len - 1);
    }
    if (head.kind == SKP_KIND_NEGATIVE && !is_below_zero(at, &head)) {
        head.kind = SKP_KIND_UINT;
    }
    if (read_wide(&head, at + head.len, left - head.len, ret)) {
        ret->truth = *at == 0xc3;
        reader->at = at + head.len + ret->bytes.len;
    }
}
