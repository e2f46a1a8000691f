/* vectors.c - reads shared test data; see vectors.h. */
#include "tests/lib/vectors.h"

#include <stdio.h>
#include <stdlib.h>

#include "tests/lib/suite.h"

static cJSON *kept_json[8];

static char *read_all(FILE *file)
{
    size_t len = 0;
    size_t cap = 1u << 20;
    char *text = malloc(cap + 1);

    ck_assert_ptr_nonnull(text);
    for (;;) {
        size_t got = fread(text + len, 1, cap - len, file);

        len += got;
        if (got == 0) {
            break;
        }
        if (len == cap) {
            cap *= 2;
            text = realloc(text, cap + 1);
            ck_assert_ptr_nonnull(text);
        }
    }
    text[len] = '\0';
    return text;
}

static void keep(cJSON *json)
{
    for (size_t i = 0; i < SKP_ARRAY_LEN(kept_json); i++) {
        if (kept_json[i] == NULL) {
            kept_json[i] = json;
            return;
        }
    }
    ck_abort_msg("too many shared files in one suite");
}

const cJSON *skt_shared_json(const char *name)
{
    const char *folder = getenv("SIDEKEY_SHARED");
    char path[4096];
    FILE *file;
    char *text;
    cJSON *json;

    (void)snprintf(path, sizeof path, "%s/%s",
                   folder == NULL ? "../shared" : folder, name);
    file = fopen(path, "re");
    if (file == NULL) {
        ck_assert_msg(getenv("SIDEKEY_REQUIRE_SHARED") == NULL,
                      "%s is not there", path);
        (void)printf("SKIPPED: %s is not there\n", path);
        return NULL;
    }
    text = read_all(file);
    (void)fclose(file);
    json = cJSON_Parse(text);
    free(text);
    ck_assert_msg(json != NULL, "%s is no JSON", path);
    keep(json);
    return json;
}

const cJSON *skt_member(const cJSON *object, const char *name)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, name);

    ck_assert_msg(member != NULL, "no member %s", name);
    return member;
}

const char *skt_text(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(skt_member(object, name));

    ck_assert_msg(text != NULL, "%s is no string", name);
    return text;
}

double skt_number(const cJSON *object, const char *name)
{
    const cJSON *member = skt_member(object, name);

    ck_assert_msg(cJSON_IsNumber(member), "%s is no number", name);
    return member->valuedouble;
}

struct skp_view skt_hex_of(const cJSON *object, const char *name)
{
    return skt_hex(skt_text(object, name));
}
