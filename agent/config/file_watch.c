/* file_watch.c - tells when a configuration file has become another; see
 * file_watch.h. */
#include "agent/config/file_watch.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define N_FILES 2u
/* A directory that is never quiet does not put a change off for ever. */
#define BURST_MAX_MS 2000u

/* What a path leads to; all zero when it leads nowhere. */
struct fingerprint {
    dev_t device;
    ino_t inode;
    off_t size;
    struct timespec changed;
};

struct skd_file_watch {
    uv_timer_t quiet;
    uv_fs_event_t events[N_FILES];
    uint64_t burst_ms; /* loop time of the first event of this burst */
    size_t n_open;     /* handles that have not been closed yet */
    char *files[N_FILES];
    struct fingerprint seen[N_FILES];
    bool is_blind; /* in a folder that may not be read */
    void (*on_change)(void *state);
    void *state;
    bool is_closing;
};

static struct fingerprint look_at(const char *file)
{
    struct fingerprint print;
    struct stat found;

    memset(&print, 0, sizeof print);
    if (stat(file, &found) == 0) {
        print.device = found.st_dev;
        print.inode = found.st_ino;
        print.size = found.st_size;
        print.changed = found.st_mtim;
    }
    return print;
}

static bool is_same(const struct fingerprint *a, const struct fingerprint *b)
{
    return a->device == b->device && a->inode == b->inode &&
           a->size == b->size && a->changed.tv_sec == b->changed.tv_sec &&
           a->changed.tv_nsec == b->changed.tv_nsec;
}

static void on_quiet(uv_timer_t *timer)
{
    struct skd_file_watch *watch = timer->data;
    bool has_changed = false;

    if (watch->is_closing) {
        return;
    }
    for (size_t i = 0; i < N_FILES; i++) {
        struct fingerprint now = look_at(watch->files[i]);

        has_changed = has_changed || !is_same(&now, &watch->seen[i]);
        watch->seen[i] = now;
    }
    if (has_changed) {
        watch->on_change(watch->state);
    }
}

static void
on_event(uv_fs_event_t *handle, const char *name, int events, int status)
{
    struct skd_file_watch *watch = handle->data;

    (void)name;
    (void)events;
    (void)status; /* an event that was lost is an event too */
    if (watch->is_closing) {
        return;
    }
    if (!uv_is_active((uv_handle_t *)&watch->quiet)) {
        watch->burst_ms = uv_now(watch->quiet.loop);
    } else if (uv_now(watch->quiet.loop) - watch->burst_ms > BURST_MAX_MS) {
        return;
    }
    (void)uv_timer_start(&watch->quiet, on_quiet, SKD_FILE_WATCH_QUIET_MS, 0);
}

static void release(struct skd_file_watch *watch)
{
    for (size_t i = 0; i < N_FILES; i++) {
        free(watch->files[i]);
    }
    free(watch);
}

static void on_closed(uv_handle_t *handle)
{
    struct skd_file_watch *watch = handle->data;

    watch->n_open--;
    if (watch->n_open == 0) {
        release(watch);
    }
}

void skd_file_watch_free(struct skd_file_watch **watch)
{
    struct skd_file_watch *old = *watch;

    if (old == NULL) {
        return;
    }
    *watch = NULL;
    old->is_closing = true;
    uv_close((uv_handle_t *)&old->quiet, on_closed);
    for (size_t i = 0; i < N_FILES; i++) {
        uv_close((uv_handle_t *)&old->events[i], on_closed);
    }
}

/* The directory that holds @file, for free(); NULL when there is no memory. */
static char *directory_of(const char *file)
{
    const char *slash = strrchr(file, '/');

    if (slash == NULL) {
        return strdup(".");
    }
    return slash == file ? strdup("/") : strndup(file, (size_t)(slash - file));
}

static enum skp_err
start_event(struct skd_file_watch *watch, size_t index, struct skp_diag *diag)
{
    char *directory = directory_of(watch->files[index]);
    enum skp_err err = SKP_ERR_OK;
    int status;

    if (directory == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory");
    }
    status = uv_fs_event_start(&watch->events[index], on_event, directory, 0);
    watch->is_blind = watch->is_blind || status == UV_EACCES;
    if (status != 0 && status != UV_ENOENT && status != UV_ENOTDIR &&
        status != UV_EACCES) {
        err = skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED,
                       "cannot watch %s for changes: %s", directory,
                       uv_strerror(status));
    }
    free(directory);
    return err;
}

bool skd_file_watch_is_blind(const struct skd_file_watch *watch)
{
    return watch->is_blind;
}

/* Copy the paths and note what they lead to now. */
static enum skp_err note_files(struct skd_file_watch *watch,
                               const struct skd_config_paths *paths)
{
    const char *files[N_FILES] = {
        paths->config == NULL ? SKD_CONFIG_DEFAULT : paths->config,
        paths->secret == NULL ? SKD_SECRET_DEFAULT : paths->secret,
    };

    for (size_t i = 0; i < N_FILES; i++) {
        watch->files[i] = strdup(files[i]);
        if (watch->files[i] == NULL) {
            return SKP_ERR_RESOURCE_EXHAUSTED;
        }
        watch->seen[i] = look_at(watch->files[i]);
    }
    return SKP_ERR_OK;
}

static void init_handles(struct skd_file_watch *watch, uv_loop_t *loop)
{
    /* Neither can fail: they only fill the struct in. */
    (void)uv_timer_init(loop, &watch->quiet);
    watch->quiet.data = watch;
    watch->n_open = 1 + N_FILES;
    for (size_t i = 0; i < N_FILES; i++) {
        (void)uv_fs_event_init(loop, &watch->events[i]);
        watch->events[i].data = watch;
    }
}

enum skp_err skd_file_watch_new(uv_loop_t *loop,
                                const struct skd_config_paths *paths,
                                void (*on_change)(void *state),
                                void *state,
                                struct skd_file_watch **ret,
                                struct skp_diag *diag)
{
    struct skd_file_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory");
    }
    watch->on_change = on_change;
    watch->state = state;
    if (note_files(watch, paths) != SKP_ERR_OK) {
        release(watch);
        return skp_fail(diag, SKP_ERR_RESOURCE_EXHAUSTED, "no memory");
    }
    init_handles(watch, loop);
    for (size_t i = 0; i < N_FILES; i++) {
        enum skp_err err = start_event(watch, i, diag);

        if (err != SKP_ERR_OK) {
            skd_file_watch_free(&watch);
            return err;
        }
    }
    *ret = watch;
    return SKP_ERR_OK;
}
