/* config.c - two JSON files become one read-only struct; see config.h. */
#include "agent/config/config.h"

#include <stdlib.h>
#include <string.h>

#include "agent/config/check.h"
#include "agent/config/findings.h"
#include "agent/config/json_file.h"
#include "agent/config/merge.h"
#include "agent/config/redact.h"

#define N_FILES 2u

/* The two files, in the order in which they are laid over each other. */
struct files {
    const char *paths[N_FILES];
    bool named[N_FILES]; /* by the user, so it must be there */
    bool found[N_FILES];
};

const char *skd_mode_name(enum skd_mode mode)
{
    static const char *const names[] = {
        [SKD_MODE_SINGLE_KEY] = "single-key",
        [SKD_MODE_LOCAL_MULTI_KEYS] = "local-multi-keys",
        [SKD_MODE_REMOTE_MULTI_KEYS] = "remote-multi-keys",
        [SKD_MODE_DEV] = "dev",
    };

    skp_assert(mode < SKP_ARRAY_LEN(names));
    return names[mode];
}

static enum skp_err report_absent(const char *path,
                                  struct skd_findings *findings)
{
    const struct skd_place place = { path, 0, NULL };

    SKP_TRY(skd_findings_add_error(findings, &place, "there is no such file"));
    return SKP_ERR_NOT_FOUND;
}

/* Report what must be there and is not. */
static enum skp_err check_found(const struct files *files,
                                struct skd_findings *findings)
{
    bool none = !files->found[0] && !files->found[1];
    enum skp_err result = SKP_ERR_OK;

    for (size_t i = 0; i < N_FILES; i++) {
        enum skp_err err;

        if (files->found[i] || !(files->named[i] || none)) {
            continue;
        }
        err = report_absent(files->paths[i], findings);
        if (err != SKP_ERR_NOT_FOUND) {
            return err;
        }
        result = err;
    }
    return result;
}

static void lay_over(cJSON **into, cJSON **over)
{
    if (*over == NULL) {
        return;
    }
    if (*into == NULL) {
        *into = SKP_TAKE(*over);
        return;
    }
    skd_merge(*into, over);
}

/* Read and merge; a fault in one file does not hide those in the other. */
static enum skp_err
read_files(struct files *files, struct skd_findings *findings, cJSON **ret)
{
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;
    bool is_faulty = false;

    for (unsigned i = 0; i < N_FILES; i++) {
        SKP_CLEANUP(skd_json_free)
        cJSON *over = NULL;
        enum skp_err err =
            skd_json_file_read(files->paths[i], i, findings, &over);

        if (err != SKP_ERR_OK && err != SKP_ERR_NOT_FOUND &&
            err != SKP_ERR_INVALID_ARGUMENT) {
            return err;
        }
        files->found[i] = err != SKP_ERR_NOT_FOUND;
        is_faulty = is_faulty || err == SKP_ERR_INVALID_ARGUMENT;
        lay_over(&root, &over);
    }
    SKP_TRY(check_found(files, findings));
    if (is_faulty) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    *ret = SKP_TAKE(root);
    return SKP_ERR_OK;
}

static void give_back(struct skd_config **config)
{
    const struct skd_config *old = *config;

    *config = NULL;
    skd_config_unref(&old);
}

/* An empty config in a memory of its own. */
static enum skp_err new_config(struct skd_config **ret)
{
    struct skd_config_memory *memory = NULL;
    struct skd_config *config;

    SKP_TRY(skd_memory_new(&memory));
    config = skd_memory_block(memory, sizeof *config);
    if (config == NULL) {
        skd_memory_unref(&memory);
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    config->memory = memory;
    *ret = config;
    return SKP_ERR_OK;
}

static struct skd_check new_check(const struct files *files,
                                  cJSON *root,
                                  struct skd_config *config,
                                  struct skd_findings *findings)
{
    return (struct skd_check){
        .root = root,
        .files = { files->paths[0], files->paths[1] },
        .config = config,
        .memory = config->memory,
        .findings = findings,
    };
}

/* Load, and keep the merged tree for whoever prints it. */
static enum skp_err load_both(const struct skd_config_paths *paths,
                              struct skd_findings *findings,
                              const struct skd_config **ret,
                              cJSON **ret_root)
{
    SKP_CLEANUP(give_back)
    struct skd_config *config = NULL;
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;
    struct files files = {
        .paths = { paths->config, paths->secret },
        .named = { paths->config != NULL, paths->secret != NULL },
    };
    struct skd_check check;

    files.paths[0] = files.named[0] ? files.paths[0] : SKD_CONFIG_DEFAULT;
    files.paths[1] = files.named[1] ? files.paths[1] : SKD_SECRET_DEFAULT;
    SKP_TRY(read_files(&files, findings, &root));
    SKP_TRY(new_config(&config));
    check = new_check(&files, root, config, findings);
    SKP_TRY(skd_check_keys(&check));
    SKP_TRY(skd_check_rules(&check));
    if (findings->n_errors > 0) {
        return SKP_ERR_INVALID_ARGUMENT;
    }
    skd_memory_seal(config->memory);
    *ret = SKP_TAKE(config);
    *ret_root = SKP_TAKE(root);
    return SKP_ERR_OK;
}

enum skp_err skd_config_load(const struct skd_config_paths *paths,
                             const struct skd_config **ret,
                             struct skd_findings *findings)
{
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;

    return load_both(paths, findings, ret, &root);
}

/* @root as indented text in memory for free(). */
static enum skp_err print_tree(cJSON *root, char **ret)
{
    char *printed;
    char *text;

    skd_json_tree_unmark(root);
    printed = cJSON_Print(root);
    if (printed == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    text = strdup(printed);
    cJSON_free(printed);
    if (text == NULL) {
        return SKP_ERR_RESOURCE_EXHAUSTED;
    }
    *ret = text;
    return SKP_ERR_OK;
}

enum skp_err skd_config_print(const struct skd_config_paths *paths,
                              char **ret,
                              struct skd_findings *findings)
{
    SKP_CLEANUP(skd_config_unref)
    const struct skd_config *config = NULL;
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;

    SKP_TRY(load_both(paths, findings, &config, &root));
    SKP_TRY(skd_redact(root));
    return print_tree(root, ret);
}

enum skp_err skd_config_dev(const char *socket, const struct skd_config **ret)
{
    SKP_CLEANUP(give_back)
    struct skd_config *config = NULL;
    SKP_CLEANUP(skd_json_free)
    cJSON *root = NULL;
    SKP_CLEANUP(skd_findings_done)
    struct skd_findings findings = { NULL, 0, NULL, 0 };
    const struct files files = { .paths = { "--dev", "--dev" } };
    struct skd_check check;

    SKP_TRY(skd_json_file_parse(skp_view_of("{\"crypto\":{\"key\":\"\"}}"),
                                files.paths[0], 0, &findings, &root));
    SKP_TRY(new_config(&config));
    check = new_check(&files, root, config, &findings);
    SKP_TRY(skd_check_keys(&check));
    SKP_TRY(skd_check_rules(&check));
    skp_assert(findings.n_errors == 0);
    config->mode = SKD_MODE_DEV;
    config->local_keys = NULL;
    config->n_local_keys = 0;
    config->socket = skd_check_text(&check, skp_view_of(socket));
    SKP_TRY(check.err);
    *ret = SKP_TAKE(config);
    return SKP_ERR_OK;
}

const struct skd_config *skd_config_ref(const struct skd_config *config)
{
    skd_memory_ref(config->memory);
    return config;
}

void skd_config_unref(const struct skd_config **config)
{
    struct skd_config_memory *memory;

    if (*config == NULL) {
        return;
    }
    memory = (*config)->memory;
    *config = NULL;
    skd_memory_unref(&memory);
}
