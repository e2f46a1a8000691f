/* test_json_tree.c - the suite of agent/config/json_tree.c. */
#include <stdio.h>
#include <string.h>

#include "agent/config/json_tree.h"
#include "tests/lib/suite.h"

static const char text[] = "{\n"
                           "\"a\": [1,\n"
                           " {\"b.c\": [[true]]}],\n"
                           "\"d\": {\n"
                           " \"e\": \"x\"}}";

/* The marked tree of @text. */
static cJSON *tree(unsigned file_index)
{
    struct skd_json_lines lines = { NULL, 0, 0 };
    struct skd_json_fault fault;
    cJSON *root = cJSON_Parse(text);

    ck_assert_ptr_nonnull(root);
    skt_ok(skd_json_lines_read(skp_view_of(text), &lines, &fault));
    skd_json_tree_mark(root, &lines, file_index);
    skd_json_lines_done(&lines);
    return root;
}

START_TEST(walks_in_the_order_of_the_text_and_knows_paths)
{
    static const struct {
        const char *path;
        unsigned line;
    } expected[] = {
        { "", 1 },
        { "a", 2 },
        { "a[0]", 2 },
        { "a[1]", 3 },
        { "a[1].b.c", 3 },
        { "a[1].b.c[0]", 3 },
        { "a[1].b.c[0][0]", 3 },
        { "d", 4 },
        { "d.e", 5 },
    };
    struct skd_json_walk walk = { .node = NULL };
    cJSON *root = tree(1);

    for (size_t i = 0; i < SKP_ARRAY_LEN(expected); i++) {
        char path[SKD_JSON_PATH_CAP];
        const cJSON *node = skd_json_walk_next(&walk, root);

        ck_assert_ptr_nonnull(node);
        skd_json_walk_path(&walk, path);
        ck_assert_str_eq(path, expected[i].path);
        ck_assert_uint_eq(skd_json_line(node), expected[i].line);
        ck_assert_uint_eq(skd_json_file_index(node), 1);
    }
    ck_assert_ptr_null(skd_json_walk_next(&walk, root));
    skd_json_free(&root);
}
END_TEST

START_TEST(long_paths_are_cut)
{
    static const char start[] = "{\"";
    char long_text[1024];
    struct skd_json_walk walk = { .node = NULL };
    char path[SKD_JSON_PATH_CAP];
    cJSON *root;

    memset(long_text, 'n', sizeof long_text);
    memcpy(long_text, start, sizeof start - 1);
    (void)snprintf(long_text + 900, sizeof long_text - 900,
                   "\":{\"m\":{\"l\":1}}}");
    root = cJSON_Parse(long_text);
    ck_assert_ptr_nonnull(root);
    while (skd_json_walk_next(&walk, root) != NULL) {
        skd_json_walk_path(&walk, path);
        ck_assert_uint_lt(strlen(path), SKD_JSON_PATH_CAP);
    }
    skd_json_free(&root);
}
END_TEST

START_TEST(finds_nodes_and_says_how_far_it_came)
{
    cJSON *root = tree(0);
    cJSON *deepest = NULL;

    ck_assert_str_eq(skd_json_find(root, "d.e", &deepest)->valuestring, "x");
    ck_assert_uint_eq(skd_json_line(deepest), 5);
    ck_assert_ptr_null(skd_json_find(root, "d.f", &deepest));
    ck_assert_uint_eq(skd_json_line(deepest), 4);
    ck_assert_ptr_null(skd_json_find(root, "x.y.z", &deepest));
    ck_assert_ptr_eq(deepest, root);
    ck_assert_ptr_null(skd_json_find(root, "D", NULL));
    ck_assert_ptr_null(skd_json_find(root, "a.b", NULL));
    ck_assert_ptr_null(skd_json_find(root, "d.e.f", &deepest));
    ck_assert_uint_eq(skd_json_line(deepest), 5);
    skd_json_free(&root);
    ck_assert_ptr_null(root);
    skd_json_free(&root);
}
END_TEST

START_TEST(an_unmarked_tree_prints_its_numbers)
{
    cJSON *root = tree(1);
    char *printed;

    skd_json_tree_unmark(root);
    ck_assert_int_eq(skd_json_find(root, "a", NULL)->child->valueint, 1);
    printed = cJSON_PrintUnformatted(root);
    ck_assert_str_eq(printed,
                     "{\"a\":[1,{\"b.c\":[[true]]}],\"d\":{\"e\":\"x\"}}");
    cJSON_free(printed);
    skd_json_free(&root);
}
END_TEST

SKT_SUITE("json_tree",
          walks_in_the_order_of_the_text_and_knows_paths,
          long_paths_are_cut,
          finds_nodes_and_says_how_far_it_came,
          an_unmarked_tree_prints_its_numbers)
