/* json_file.c - reads one configuration file; see json_file.h. */
#include "agent/config/json_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/config/findings.h"
#include "agent/sys/json_heap.h"

#define READ_LEN 16384

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* Add an error about the file as a whole and return what the caller returns. */
static enum skp_err
refuse_file(const char *path, struct skd_findings *findings, int why)
{
    char room[128];
    const struct skd_place place = { path, 0, NULL };

    SKP_TRY(skd_findings_add_error(findings, &place, "cannot read: %s",
                                   strerror_r(why, room, sizeof room)));
    return SKP_ERR_INVALID_ARGUMENT;
}

/* Room for one more read, growing by doubling and not by steps. */
static enum skp_err make_room(struct skp_secret *text)
{
    if (text->cap - text->len >= READ_LEN) {
        return SKP_ERR_OK;
    }
    return skp_secret_reserve(text, 2 * text->cap + READ_LEN);
}

/* Append all that @fd holds; errno tells why not, EFBIG say. */
static enum skp_err read_all(int fd, struct skp_secret *text, int *ret_errno)
{
    for (;;) {
        ssize_t got;

        SKP_TRY(make_room(text));
        got = read(fd, text->bytes + text->len, READ_LEN);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            *ret_errno = got == 0 ? 0 : errno;
            return SKP_ERR_OK;
        }
        text->len += (size_t)got;
        if (text->len > SKD_JSON_FILE_MAX) {
            *ret_errno = EFBIG;
            return SKP_ERR_OK;
        }
    }
}

struct member {
    const cJSON *node;
};

static int compare_names(const void *a, const void *b)
{
    const struct member *left = a;
    const struct member *right = b;
    int order = strcmp(left->node->string, right->node->string);

    if (order != 0) {
        return order;
    }
    return skd_json_line(left->node) < skd_json_line(right->node) ? -1 : 1;
}

/* Report each member of the object at @walk that has a namesake before it. */
static enum skp_err find_namesakes(const struct skd_json_walk *walk,
                                   const char *name,
                                   struct skd_findings *findings,
                                   struct member *members)
{
    char path[SKD_JSON_PATH_CAP];
    size_t n = 0;

    for (const cJSON *at = walk->node->child; at != NULL; at = at->next) {
        members[n++].node = at;
    }
    qsort(members, n, sizeof members[0], compare_names);
    skd_json_walk_path(walk, path);
    for (size_t i = 1; i < n; i++) {
        const char *twin = members[i].node->string;
        const struct skd_place place = { name, skd_json_line(members[i].node),
                                         path[0] == '\0' ? NULL : path };

        if (strcmp(members[i - 1].node->string, twin) != 0) {
            continue;
        }
        SKP_TRY(skd_findings_add_error(findings, &place,
                                       "member \"%s\" is given twice", twin));
    }
    return SKP_ERR_OK;
}

static void free_members(struct member **members)
{
    free(*members);
}

static enum skp_err check_names(cJSON *root,
                                size_t n_nodes,
                                const char *name,
                                struct skd_findings *findings)
{
    SKP_CLEANUP(free_members)
    struct member *members = calloc(n_nodes, sizeof *members);
    struct skd_json_walk walk = { .node = NULL };
    size_t n_before = findings->n_errors;

    if (members == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    while (skd_json_walk_next(&walk, root) != NULL) {
        enum skp_err err = cJSON_IsObject(walk.node)
                               ? find_namesakes(&walk, name, findings, members)
                               : SKP_ERR_OK;

        SKP_TRY(err);
    }
    return findings->n_errors == n_before ? SKP_ERR_OK
                                          : SKP_ERR_INVALID_ARGUMENT;
}

/* Scan and parse; the tree is handed over even when names are given twice. */
static enum skp_err parse_marked(struct skp_view text,
                                 const char *name,
                                 unsigned index,
                                 struct skd_findings *findings,
                                 cJSON **ret,
                                 struct skd_json_lines *lines)
{
    struct skd_json_fault fault = { 0, NULL };
    enum skp_err err = skd_json_lines_read(text, lines, &fault);

    if (err == SKP_ERR_INVALID_ARGUMENT) {
        const struct skd_place place = { name, fault.line, NULL };

        SKP_TRY(skd_findings_add_error(findings, &place, "not valid JSON: %s",
                                       fault.what));
    }
    SKP_TRY(err);
    *ret = cJSON_ParseWithLength((const char *)text.ptr, text.len);
    if (*ret == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED; /* the text was right */
    }
    skd_json_tree_mark(*ret, lines, index);
    if (!cJSON_IsObject(*ret)) {
        const struct skd_place place = { name, skd_json_line(*ret), NULL };

        SKP_TRY(
            skd_findings_add_error(findings, &place, "must be a JSON object"));
        return SKP_ERR_INVALID_ARGUMENT;
    }
    return check_names(*ret, lines->n, name, findings);
}

enum skp_err skd_json_file_parse(struct skp_view text,
                                 const char *name,
                                 unsigned index,
                                 struct skd_findings *findings,
                                 cJSON **ret)
{
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;
    SKP_CLEANUP(skd_json_lines_done)
    struct skd_json_lines lines = { NULL, 0, 0 };

    skd_json_heap_install();
    SKP_TRY(parse_marked(text, name, index, findings, &root, &lines));
    *ret = SKP_TAKE(root);
    return SKP_ERR_OK;
}

enum skp_err skd_json_file_read(const char *path,
                                unsigned index,
                                struct skd_findings *findings,
                                cJSON **ret)
{
    SKP_CLEANUP(close_fd)
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    SKP_CLEANUP(skp_secret_done)
    struct skp_secret text = { NULL, 0, 0 };
    int why = 0;

    if (fd < 0 && errno == ENOENT) {
        return SKP_ERR_NOT_FOUND;
    }
    if (fd < 0) {
        return refuse_file(path, findings, errno);
    }
    SKP_TRY(read_all(fd, &text, &why));
    if (why != 0) {
        return refuse_file(path, findings, why);
    }
    return skd_json_file_parse(skp_secret_view(&text), path, index, findings,
                               ret);
}
