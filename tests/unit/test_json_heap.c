/* test_json_heap.c - the suite of agent/sys/json_heap.c. */
#include <pthread.h>
#include <stdlib.h>

#include <cjson/cJSON.h>

#include "agent/sys/json_heap.h"
#include "protocol/secret.h"
#include "tests/lib/suite.h"

START_TEST(blocks_are_locked_memory_and_all_come_back)
{
    size_t held = skp_secret_held();
    cJSON *root;

    skd_json_heap_install();
    root = cJSON_Parse("{\"a\":[1,2,\"three\"]}");
    ck_assert_ptr_nonnull(root);
    /* Five nodes, a name and a text. */
    ck_assert_uint_eq(skd_json_heap_blocks(), 7);
    ck_assert_uint_gt(skp_secret_held(), held);
    cJSON_Delete(root);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    /* One chunk is kept for the next text, until it is given back. */
    ck_assert_uint_gt(skp_secret_held(), held);
    cJSON_Delete(cJSON_Parse("[1]"));
    skd_json_heap_trim();
    ck_assert_uint_eq(skp_secret_held(), held);
    skd_json_heap_trim();
    ck_assert_uint_eq(skp_secret_held(), held);
}
END_TEST

START_TEST(a_block_is_wiped_when_it_is_given_back)
{
    cJSON *keeper; /* keeps the chunk mapped */
    cJSON *text;
    const volatile char *place;

    skd_json_heap_install();
    keeper = cJSON_CreateNull();
    text = cJSON_CreateString("a secret that must go");
    place = text->valuestring;
    ck_assert_int_eq(place[2], 's');
    cJSON_Delete(text);
    for (size_t i = 0; i < sizeof "a secret that must go"; i++) {
        ck_assert_int_eq(place[i], 0);
    }
    cJSON_Delete(keeper);
}
END_TEST

START_TEST(blocks_of_every_size_are_aligned_and_apart)
{
    static char *blocks[200];
    size_t len;

    skd_json_heap_install();
    for (size_t i = 0; i < SKP_ARRAY_LEN(blocks); i++) {
        len = i * i * 7 + 1;
        blocks[i] = cJSON_malloc(len);
        ck_assert_ptr_nonnull(blocks[i]);
        ck_assert_uint_eq((uintptr_t)blocks[i] % 16, 0);
        memset(blocks[i], (int)i, len);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(blocks); i++) {
        len = i * i * 7 + 1;
        /* All bytes are the first, and the first is right. */
        ck_assert_uint_eq((uint8_t)blocks[i][0], (uint8_t)i);
        ck_assert_int_eq(memcmp(blocks[i], blocks[i] + 1, len - 1), 0);
        cJSON_free(blocks[i]);
    }
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    ck_assert_ptr_null(cJSON_malloc(SIZE_MAX / 2));
    cJSON_free(NULL);
}
END_TEST

static void *parse_many(void *has_failed)
{
    for (int i = 0; i < 300; i++) {
        cJSON *root = cJSON_Parse("{\"seed\":[\"one\",\"two\",{\"x\":1.5}]}");

        if (root == NULL) {
            *(bool *)has_failed = true;
            break;
        }
        cJSON_Delete(root);
    }
    return NULL;
}

START_TEST(threads_share_it)
{
    pthread_t threads[3];
    bool has_failed[3] = { false, false, false };
    size_t held;

    skd_json_heap_install();
    skd_json_heap_trim();
    held = skp_secret_held();
    for (size_t i = 0; i < SKP_ARRAY_LEN(threads); i++) {
        ck_assert_int_eq(
            pthread_create(&threads[i], NULL, parse_many, &has_failed[i]), 0);
    }
    for (size_t i = 0; i < SKP_ARRAY_LEN(threads); i++) {
        ck_assert_int_eq(pthread_join(threads[i], NULL), 0);
        ck_assert(!has_failed[i]);
    }
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
    skd_json_heap_trim();
    ck_assert_uint_eq(skp_secret_held(), held);
}
END_TEST

SKT_SUITE("json_heap",
          blocks_are_locked_memory_and_all_come_back,
          a_block_is_wiped_when_it_is_given_back,
          blocks_of_every_size_are_aligned_and_apart,
          threads_share_it)
