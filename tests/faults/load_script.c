/* load_script.c - reads the script of requests and right answers: a count of
 * items, and per item one byte each of group and kind, a request, a count of
 * answers, and the answers; counts and lengths are little-endian uint32. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/faults/load.h"

struct reader {
    const uint8_t *at;
    size_t left;
    bool is_bad;
};

static const uint8_t *take(struct reader *reader, size_t len)
{
    const uint8_t *at = reader->at;

    if (reader->left < len) {
        reader->is_bad = true;
        return NULL;
    }
    reader->at += len;
    reader->left -= len;
    return at;
}

static uint32_t take_uint(struct reader *reader)
{
    const uint8_t *at = take(reader, sizeof(uint32_t));
    uint32_t value = 0;

    if (at != NULL) {
        memcpy(&value, at, sizeof value);
    }
    return value;
}

static void read_item(struct reader *reader, struct skl_item *item)
{
    const uint8_t *head = take(reader, 2);
    const uint8_t *request;

    item->request_len = take_uint(reader);
    request = take(reader, item->request_len);
    item->n_answers = take_uint(reader);
    if (head == NULL || request == NULL || item->n_answers > reader->left) {
        reader->is_bad = true;
        return;
    }
    item->group = head[0] % SKL_GROUPS;
    item->kind = (enum skl_kind)head[1];
    item->request = malloc(item->request_len);
    item->answers = calloc(item->n_answers, sizeof *item->answers);
    if (item->request == NULL || item->answers == NULL) {
        abort();
    }
    memcpy(item->request, request, item->request_len);
    for (size_t i = 0; i < item->n_answers; i++) {
        item->answers[i].len = take_uint(reader);
        item->answers[i].ptr = take(reader, item->answers[i].len);
    }
}

static uint8_t *read_file(const char *path, size_t *ret_len)
{
    FILE *file = fopen(path, "rb");
    uint8_t *bytes = NULL;
    long len;

    if (file == NULL) {
        return NULL;
    }
    if (fseek(file, 0, SEEK_END) == 0 && (len = ftell(file)) > 0 &&
        fseek(file, 0, SEEK_SET) == 0) {
        bytes = malloc((size_t)len);
        *ret_len = bytes == NULL ? 0 : fread(bytes, 1, (size_t)len, file);
    }
    (void)fclose(file);
    return bytes;
}

/* The bytes stay: the answers point into them until the program ends. */
bool skl_script_read(const char *path, struct skl_script *ret)
{
    size_t len = 0;
    const uint8_t *bytes = read_file(path, &len);
    struct reader reader = { bytes, len, bytes == NULL };

    ret->n_items = take_uint(&reader);
    if (reader.is_bad || ret->n_items == 0 || ret->n_items > len) {
        return false;
    }
    ret->items = calloc(ret->n_items, sizeof *ret->items);
    for (size_t i = 0; i < ret->n_items && !reader.is_bad; i++) {
        read_item(&reader, &ret->items[i]);
    }
    return !reader.is_bad;
}
