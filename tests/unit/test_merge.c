/* test_merge.c - the suite of agent/config/merge.c. */
#include "agent/config/json_file.h"
#include "agent/config/merge.h"
#include "agent/sys/json_heap.h"
#include "tests/lib/suite.h"

static void expect(const char *into, const char *over, const char *merged)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *first = NULL;
    cJSON *second = NULL;
    char *printed;

    skt_ok(skd_json_file_parse(skp_view_of(into), "c", 0, &findings, &first));
    skt_ok(skd_json_file_parse(skp_view_of(over), "s", 1, &findings, &second));
    skd_merge(first, &second);
    ck_assert_ptr_null(second);
    skd_json_tree_unmark(first);
    printed = cJSON_PrintUnformatted(first);
    ck_assert_str_eq(printed, merged);
    cJSON_free(printed);
    skd_json_free(&first);
    ck_assert_uint_eq(skd_json_heap_blocks(), 0);
}

START_TEST(adds_and_replaces_members)
{
    expect("{}", "{}", "{}");
    expect("{\"a\":1}", "{}", "{\"a\":1}");
    expect("{}", "{\"a\":1,\"b\":2}", "{\"a\":1,\"b\":2}");
    expect("{\"a\":1,\"b\":2}", "{\"b\":3,\"c\":4}",
           "{\"a\":1,\"b\":3,\"c\":4}");
    expect("{\"a\":1}", "{\"A\":2}", "{\"a\":1,\"A\":2}");
}
END_TEST

START_TEST(merges_objects_inside_objects)
{
    expect("{\"a\":{\"b\":{\"x\":1,\"y\":2},\"c\":3}}",
           "{\"a\":{\"b\":{\"y\":9,\"z\":8},\"d\":7},\"e\":{}}",
           "{\"a\":{\"b\":{\"x\":1,\"y\":9,\"z\":8},\"c\":3,\"d\":7},"
           "\"e\":{}}");
}
END_TEST

START_TEST(replaces_arrays_and_scalars_whole)
{
    expect("{\"a\":[1,2,3]}", "{\"a\":[4]}", "{\"a\":[4]}");
    expect("{\"a\":[{\"b\":1}]}", "{\"a\":[{\"c\":2}]}", "{\"a\":[{\"c\":2}]}");
    expect("{\"a\":{\"b\":1}}", "{\"a\":2}", "{\"a\":2}");
    expect("{\"a\":2}", "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1}}");
    expect("{\"a\":2}", "{\"a\":null}", "{\"a\":null}");
}
END_TEST

START_TEST(nodes_keep_the_place_they_came_from)
{
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    cJSON *into = NULL;
    cJSON *over = NULL;

    skt_ok(skd_json_file_parse(skp_view_of("{\"a\":{\n\"b\":1,\n\"c\":1}}"),
                               "c", 0, &findings, &into));
    skt_ok(skd_json_file_parse(skp_view_of("\n\n\n{\"a\":{\n\n\"c\":2}}"), "s",
                               1, &findings, &over));
    skd_merge(into, &over);
    ck_assert_uint_eq(skd_json_line(skd_json_find(into, "a.b", NULL)), 2);
    ck_assert_uint_eq(skd_json_file_index(skd_json_find(into, "a.b", NULL)), 0);
    ck_assert_uint_eq(skd_json_line(skd_json_find(into, "a.c", NULL)), 6);
    ck_assert_uint_eq(skd_json_file_index(skd_json_find(into, "a.c", NULL)), 1);
    ck_assert_uint_eq(skd_json_file_index(skd_json_find(into, "a", NULL)), 0);
    skd_json_free(&into);
}
END_TEST

SKT_SUITE("merge",
          adds_and_replaces_members,
          merges_objects_inside_objects,
          replaces_arrays_and_scalars_whole,
          nodes_keep_the_place_they_came_from)
