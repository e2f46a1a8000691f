/* ttlv_write.c - writes TTLV; see ttlv.h. */
#include "agent/source/kmip/ttlv.h"

void skd_ttlv_start(struct skd_ttlv_writer *writer, struct skp_secret *out)
{
    *writer = (struct skd_ttlv_writer){ .out = out };
}

static void write_number(uint8_t *ret, uint64_t number, size_t len)
{
    for (size_t i = len; i > 0; i--) {
        ret[i - 1] = (uint8_t)number;
        number >>= 8;
    }
}

static void put_bytes(struct skd_ttlv_writer *writer, struct skp_view bytes)
{
    if (writer->err == SKP_ERR_OK) {
        writer->err = skp_secret_append(writer->out, bytes.ptr, bytes.len);
    }
}

static void put_header(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       enum skd_ttlv_type type,
                       size_t len)
{
    uint8_t header[SKD_TTLV_HEADER_LEN];

    if (len > UINT32_MAX) {
        writer->err = SKP_ERR_RESOURCE_EXHAUSTED;
    }
    write_number(header, tag, 3);
    header[3] = (uint8_t)type;
    write_number(header + 4, len, 4);
    put_bytes(writer, (struct skp_view){ header, sizeof header });
}

static void put_item(struct skd_ttlv_writer *writer,
                     uint32_t tag,
                     enum skd_ttlv_type type,
                     struct skp_view value)
{
    static const uint8_t zeros[8] = { 0 };

    put_header(writer, tag, type, value.len);
    put_bytes(writer, value);
    put_bytes(writer, (struct skp_view){ zeros, (8 - value.len % 8) % 8 });
}

static void put_number(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       enum skd_ttlv_type type,
                       uint64_t number,
                       size_t len)
{
    uint8_t bytes[8];

    write_number(bytes, number, len);
    put_item(writer, tag, type, (struct skp_view){ bytes, len });
}

void skd_ttlv_begin(struct skd_ttlv_writer *writer, uint32_t tag)
{
    if (writer->depth == SKD_TTLV_DEPTH_MAX) {
        writer->err = SKP_ERR_RESOURCE_EXHAUSTED;
    }
    if (writer->err != SKP_ERR_OK) {
        return;
    }
    writer->open[writer->depth++] = writer->out->len;
    put_header(writer, tag, SKD_TTLV_STRUCTURE, 0);
}

void skd_ttlv_end(struct skd_ttlv_writer *writer)
{
    size_t start;
    size_t len;

    if (writer->err != SKP_ERR_OK) {
        return;
    }
    skp_assert(writer->depth > 0);
    start = writer->open[--writer->depth];
    len = writer->out->len - start - SKD_TTLV_HEADER_LEN;
    if (len > UINT32_MAX) {
        writer->err = SKP_ERR_RESOURCE_EXHAUSTED;
        return;
    }
    write_number(writer->out->bytes + start + 4, len, 4);
}

void skd_ttlv_put_int(struct skd_ttlv_writer *writer,
                      uint32_t tag,
                      int32_t value)
{
    put_number(writer, tag, SKD_TTLV_INTEGER, (uint32_t)value, 4);
}

void skd_ttlv_put_long(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       int64_t value)
{
    put_number(writer, tag, SKD_TTLV_LONG_INTEGER, (uint64_t)value, 8);
}

void skd_ttlv_put_enum(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       uint32_t value)
{
    put_number(writer, tag, SKD_TTLV_ENUMERATION, value, 4);
}

void skd_ttlv_put_bool(struct skd_ttlv_writer *writer, uint32_t tag, bool value)
{
    put_number(writer, tag, SKD_TTLV_BOOLEAN, value ? 1 : 0, 8);
}

void skd_ttlv_put_text(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       struct skp_view value)
{
    put_item(writer, tag, SKD_TTLV_TEXT, value);
}

void skd_ttlv_put_bytes(struct skd_ttlv_writer *writer,
                        uint32_t tag,
                        struct skp_view value)
{
    put_item(writer, tag, SKD_TTLV_BYTES, value);
}

void skd_ttlv_put_date(struct skd_ttlv_writer *writer,
                       uint32_t tag,
                       int64_t unix_s)
{
    put_number(writer, tag, SKD_TTLV_DATE_TIME, (uint64_t)unix_s, 8);
}

void skd_ttlv_put_interval(struct skd_ttlv_writer *writer,
                           uint32_t tag,
                           uint32_t value_s)
{
    put_number(writer, tag, SKD_TTLV_INTERVAL, value_s, 4);
}

void skd_ttlv_put_big(struct skd_ttlv_writer *writer,
                      uint32_t tag,
                      struct skp_view value)
{
    skp_assert(value.len > 0 && value.len % 8 == 0);
    put_item(writer, tag, SKD_TTLV_BIG_INTEGER, value);
}

enum skp_err skd_ttlv_finish(struct skd_ttlv_writer *writer)
{
    skp_assert(writer->err != SKP_ERR_OK || writer->depth == 0);
    return writer->err;
}
