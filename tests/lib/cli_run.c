/* cli_run.c - the command line inside a test; see cli_run.h. */
#include "tests/lib/cli_run.h"

#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <check.h>

#include "libclient/cli/cli.h"

#define WORDS_MAX 24u

static int64_t fixed_now(void)
{
    return 1700000200;
}

static size_t read_back(FILE *file, char *ret, size_t cap)
{
    size_t len;

    ck_assert_int_eq(fflush(file), 0);
    ck_assert_int_eq(fseek(file, 0, SEEK_SET), 0);
    len = fread(ret, 1, cap - 1, file);
    ret[len] = '\0';
    ck_assert_int_eq(fclose(file), 0);
    return len;
}

static int open_input(struct skp_view input)
{
    int fd = memfd_create("input", MFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    if (input.len > 0) {
        ck_assert_int_eq(write(fd, input.ptr, input.len), (ssize_t)input.len);
    }
    ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
    return fd;
}

void skt_cli_words(struct skt_run *run,
                   const char *socket,
                   const char *const *words,
                   size_t n_words)
{
    struct skc_streams streams = { .in_fd = open_input(run->input),
                                   .out = tmpfile(),
                                   .err = tmpfile(),
                                   .now_s = fixed_now,
                                   .is_coloured = run->is_coloured };
    char *argv[WORDS_MAX + 4];
    int argc = 0;

    ck_assert(streams.out != NULL && streams.err != NULL);
    ck_assert_uint_le(n_words, WORDS_MAX);
    argv[argc++] = strdup("sidekey");
    if (socket != NULL) {
        argv[argc++] = strdup("--socket");
        argv[argc++] = strdup(socket);
    }
    for (size_t i = 0; i < n_words; i++) {
        argv[argc++] = strdup(words[i]);
    }
    argv[argc] = NULL;
    skt_run_done(run);
    run->code = skc_cli_run(argc, argv, &streams);
    run->out = malloc(SKT_RUN_MAX);
    ck_assert_ptr_nonnull(run->out);
    run->out_len = read_back(streams.out, run->out, SKT_RUN_MAX);
    (void)read_back(streams.err, run->err, sizeof run->err);
    (void)close(streams.in_fd);
    /* getopt changes the order of argv but keeps every pointer. */
    for (int i = 0; i < argc; i++) {
        free(argv[i]);
    }
}

void skt_run_done(struct skt_run *run)
{
    free(run->out);
    run->out = NULL;
}

static char folder[64]; /* of skt_file; "" before its first call */

static int remove_entry(const char *path,
                        const struct stat *there,
                        int kind,
                        struct FTW *place)
{
    (void)there;
    (void)kind;
    (void)place;
    return remove(path);
}

static void remove_folder(void)
{
    (void)nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

const char *skt_file(const char *name)
{
    static char paths[8][PATH_MAX];
    static unsigned n;
    char *path = paths[n++ % SKP_ARRAY_LEN(paths)];

    if (folder[0] == '\0') {
        (void)snprintf(folder, sizeof folder, "/tmp/sidekey-test-XXXXXX");
        ck_assert_ptr_nonnull(mkdtemp(folder));
        ck_assert_int_eq(atexit(remove_folder), 0);
    }
    (void)snprintf(path, PATH_MAX, "%s/%s", folder, name);
    return path;
}

void skt_file_write(const char *path, struct skp_view bytes)
{
    FILE *file = fopen(path, "wb");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.ptr, 1, bytes.len, file), bytes.len);
    ck_assert_int_eq(fclose(file), 0);
}

size_t skt_file_read(const char *path, uint8_t *ret, size_t cap)
{
    FILE *file = fopen(path, "rb");
    size_t len;

    ck_assert_msg(file != NULL, "%s is not there", path);
    len = fread(ret, 1, cap, file);
    ck_assert_int_eq(fclose(file), 0);
    return len;
}
