/* cli_run.h - run the command line inside a test. */
#ifndef SKT_CLI_RUN_H
#define SKT_CLI_RUN_H

#include "protocol/bytes.h"

#define SKT_RUN_MAX 400000u

/* One run, and what it left behind. */
struct skt_run {
    struct skp_view input; /* of standard input; zero: none */
    bool is_coloured;      /* as at a terminal */
    int code;
    size_t out_len;
    char *out; /* standard output, with a NUL behind it */
    char err[4096];
};

/* Run `sidekey --socket SOCKET words...`; SOCKET may be NULL.  Unix time is
 * 1700000200 in there. */
#define skt_cli(run, socket, ...)                                   \
    skt_cli_words((run), (socket), (const char *[]){ __VA_ARGS__ }, \
                  sizeof((const char *[]){ __VA_ARGS__ }) /         \
                      sizeof(const char *))
void skt_cli_words(struct skt_run *run,
                   const char *socket,
                   const char *const *words,
                   size_t n_words);

/* Free what the run left behind. */
void skt_run_done(struct skt_run *run);

/* A folder of the test's own, with the path of @name in it (kept until the
 * process ends). */
const char *skt_file(const char *name);

/* Write and read whole files. */
void skt_file_write(const char *path, struct skp_view bytes);
size_t skt_file_read(const char *path, uint8_t *ret, size_t cap);

#endif /* SKT_CLI_RUN_H */
