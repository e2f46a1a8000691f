/* test_config_document.c - agent/config/CONFIG.md shows the table of keys as it
 * is.  After a change of the table: `make docs`. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/schema.h"
#include "tests/lib/daemon.h"
#include "tests/lib/suite.h"

#define DOCUMENT "agent/config/CONFIG.md"
#define BEGIN    "<!-- begin of the table -->\n"
#define END      "<!-- end of the table -->\n"

static void print_type(FILE *out, const struct skd_key *key)
{
    if (key->choices == NULL) {
        (void)fprintf(out, "%s", skd_type_name(key->type));
        return;
    }
    (void)fprintf(out, "one of `");
    for (const char *c = key->choices; *c != '\0'; c++) {
        (void)fputs(*c == '|' ? "`, `" : (char[]){ *c, '\0' }, out);
    }
    (void)fprintf(out, "`");
}

/* The table as Markdown, for free(). */
static char *render(void)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);

    (void)fprintf(out, "| key | type | default | meaning |\n"
                       "|---|---|---|---|\n");
    for (size_t i = 0; i < skd_schema_len; i++) {
        const struct skd_key *key = &skd_schema[i];

        (void)fprintf(out, "| `%s` | ", key->path);
        print_type(out, key);
        (void)fprintf(out, " | %s%s%s | %s%s |\n",
                      key->fallback == NULL ? "" : "`",
                      key->fallback == NULL ? "" : key->fallback,
                      key->fallback == NULL ? "" : "`", key->meaning,
                      key->is_secret ? " (secret)" : "");
    }
    (void)fclose(out);
    return text;
}

/* Put the table into the document, when asked to. */
static void write_document(char *document, const char *table)
{
    char *begin = strstr(document, BEGIN);
    char *end = strstr(document, END);
    FILE *out = fopen(DOCUMENT, "we");

    ck_assert(begin != NULL && end != NULL && out != NULL);
    begin += strlen(BEGIN);
    (void)fwrite(document, 1, (size_t)(begin - document), out);
    (void)fputs(table, out);
    (void)fputs(end, out);
    (void)fclose(out);
}

START_TEST(the_document_has_the_table_of_the_parser)
{
    char *document = skt_read_file(DOCUMENT, NULL);
    char *table = render();

    ck_assert_ptr_nonnull(document);
    if (getenv("SIDEKEY_WRITE_DOCUMENTS") != NULL) {
        write_document(document, table);
        free(document);
        document = skt_read_file(DOCUMENT, NULL);
    }
    ck_assert_msg(strstr(document, table) != NULL,
                  "%s is out of date: make docs", DOCUMENT);
    free(document);
    free(table);
}
END_TEST

SKT_SUITE("config_document", the_document_has_the_table_of_the_parser)
