/* test_json_lines.c - the suite of agent/config/json_lines.c. */
#include "agent/config/json_lines.h"
#include "tests/lib/suite.h"

static void expect_fault(const char *text, unsigned line, const char *what)
{
    struct skd_json_lines lines = { NULL, 0, 0 };
    struct skd_json_fault fault = { 0, NULL };

    skt_err(skd_json_lines_read(skp_view_of(text), &lines, &fault),
            SKP_ERR_INVALID_ARGUMENT);
    ck_assert_str_eq(fault.what, what);
    ck_assert_uint_eq(fault.line, line);
    skd_json_lines_done(&lines);
}

START_TEST(names_the_fault_and_its_line)
{
    expect_fault("", 1, "the file is empty");
    expect_fault("  \n ", 2, "the text ends too early");
    expect_fault("{\n\"a\": 1,\n}", 3, "the name of a member is expected");
    expect_fault("{\n\"a\" 1}", 2, "a colon is expected");
    expect_fault("{\n\"a\": 1\n\"b\": 2}", 3, "a comma or } is expected");
    expect_fault("{}\n\n# end", 3, "something follows the JSON");
    expect_fault("[\"a\nb\"]", 1, "a line ends inside a string");
    expect_fault("[\n1,\n\"abc", 3, "the text ends inside a string");
}
END_TEST

static const char text[] = "{\n"
                           " \"a\": 1, \"b\":\n"
                           "  [2,\n"
                           "   3, {\"c\": 4}],\n"
                           " \"d\": null}\n";

START_TEST(gives_the_line_of_each_value)
{
    static const uint32_t expected[] = { 1, 2, 2, 3, 4, 4, 4, 5 };
    struct skd_json_lines lines = { NULL, 0, 0 };
    struct skd_json_fault fault;

    skt_ok(skd_json_lines_read(skp_view_of(text), &lines, &fault));
    ck_assert_uint_eq(lines.n, SKP_ARRAY_LEN(expected));
    for (size_t i = 0; i < lines.n; i++) {
        ck_assert_uint_eq(lines.lines[i], expected[i]);
    }
    skd_json_lines_done(&lines);
    ck_assert_ptr_null(lines.lines);
}
END_TEST

/* As many values as a text can have, also one that ends too early. */
START_TEST(there_is_room_for_the_lines_of_any_text)
{
    static const struct {
        const char *text;
        size_t n;
    } rows[] = {
        { "1", 1 },         { "[]", 1 },           { "[1]", 2 },
        { "[1,2,3,4]", 5 }, { "[[[]],[],[]]", 5 }, { "{\"\":1,\"\":{}}", 3 },
    };

    for (size_t i = 0; i < SKP_ARRAY_LEN(rows); i++) {
        struct skd_json_lines lines = { NULL, 0, 0 };
        struct skd_json_fault fault;

        skt_ok(skd_json_lines_read(skp_view_of(rows[i].text), &lines, &fault));
        ck_assert_uint_eq(lines.n, rows[i].n);
        skd_json_lines_done(&lines);
    }
    expect_fault("[", 1, "the text ends too early");
    expect_fault("[[[[", 1, "the text ends too early");
    expect_fault("[[[,", 1, "a value is expected");
}
END_TEST

SKT_SUITE("json_lines",
          names_the_fault_and_its_line,
          gives_the_line_of_each_value,
          there_is_room_for_the_lines_of_any_text)
