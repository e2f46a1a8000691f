/* cli_options.h - the options of the command line, as one table.
 *
 * A command names the options it takes by their bits; parsing and help both
 * read the table.
 */
#ifndef SKC_CLI_OPTIONS_H
#define SKC_CLI_OPTIONS_H

#include <stdio.h>

#include "protocol/diag.h"

/* X(NAME, member of struct skc_args, long name, letter or 0, value, sentence)
 * A NULL value makes a flag (a bool member), another one a text. */
#define SKC_OPTION_MAP(X)                                                      \
    X(SOCKET, socket, "socket", 0, "PATH",                                     \
      "the agent's socket; else SIDEKEY_SOCKET, else the user's own agent, "   \
      "else the system's")                                                     \
    X(TIMEOUT, timeout, "timeout", 0, "DURATION",                              \
      "wait at most so long for each answer: 5s, 250ms, 2m, or seconds")       \
    X(QUIET, quiet, "quiet", 'q', NULL, "print errors only")                   \
    X(HELP, help, "help", 'h', NULL, "print this text")                        \
    X(JSON, json, "json", 0, NULL, "print JSON")                               \
    X(INPUT, input, "input", 'i', "FILE", "read FILE; - is standard input")    \
    X(OUTPUT, output, "output", 'o', "FILE",                                   \
      "write FILE, once all of it is right; - is standard output")             \
    X(FORCE, force, "force", 'f', NULL,                                        \
      "overwrite FILE, or write to a terminal")                                \
    X(AAD, aad, "aad", 0, "TEXT",                                              \
      "bind the envelope to TEXT: it opens with the same TEXT only")           \
    X(SUITE, suite, "suite", 0, "1|2|NAME",                                    \
      "envelope suite: 2, x25519-hpke-aes256gcm, unless given")                \
    X(RAW, raw, "raw", 0, NULL,                                                \
      "suite 1 without its first 16 bytes, as the gateway writes it")          \
    X(ANY_SUITE, any_suite, "any-suite", 0, NULL,                              \
      "accept what the header says, unauthenticated suite 1 included")         \
    X(ACCEPT_REMOVALS, accept_removals, "accept-removals", 0, NULL,            \
      "let removals of tenants through that are held back")                    \
    X(LIVE, live, "live", 0, NULL, "ask only whether the agent answers")       \
    X(CONFIG, config, "config", 0, "FILE",                                     \
      "the agent's configuration; /opt/config/application.json unless given")  \
    X(SECRET, secret, "secret", 0, "FILE",                                     \
      "its secret half; /opt/secret/application.json unless given")            \
    X(GENERATE, generate, "generate", 0, NULL,                                 \
      "make the seed here, of 48 random bytes")                                \
    X(PRE_ACTIVE, pre_active, "pre-active", 0, NULL,                           \
      "do not activate the new object")                                        \
    X(RANGE, range, "range", 0, "A-B",                                         \
      "bytes A to B of the plaintext only, counted from 0, B included; A- is " \
      "all from A on, -N the last N bytes")                                    \
    X(RECURSIVE, recursive, "recursive", 'r', NULL,                            \
      "work through the files of whole folders")                               \
    X(ALL_FILE_SYSTEMS, all_file_systems, "all-file-systems", 0, NULL,         \
      "go on where another file system is mounted")                            \
    X(TENANT, tenant, "tenant", 0, "TENANT", "the tenant whose key is tried")  \
    X(COMPARE, compare, "compare", 0, "FILE|SOCKET",                           \
      "compare with the saved output of another agent, - being standard "      \
      "input, or with the agent at a socket")                                  \
    X(KEY_FILE, key_file, "key-file", 0, "FILE",                               \
      "the key of the log's hash: sidekey.audit_key_file, or LOG.key")         \
    X(EXPECT_LAST, expect_last, "expect-last", 0, "SEQ[:HASH]",                \
      "the log must reach at least this line")                                 \
    X(INTERVAL, interval, "interval", 0, "SECONDS",                            \
      "ask again after so many seconds, or 250ms, 2m; 1 unless given")         \
    X(COUNT, count, "count", 0, "N", "end after N times")                      \
    X(REASON, reason, "reason", 0, "TEXT",                                     \
      "why: unspecified (the default), key-compromise, superseded, "           \
      "cessation-of-operation")

/* Indices, to make bits of. */
enum skc_option_index {
#define SKC_OPTION_INDEX(name, member, text, letter, value, sentence) \
    SKC_OPTION_INDEX_##name,
    SKC_OPTION_MAP(SKC_OPTION_INDEX)
#undef SKC_OPTION_INDEX
    SKC_OPTION_COUNT,
};

#define SKC_BIT(name) (1u << SKC_OPTION_INDEX_##name)

/* Every command takes these, and they may stand before its name. */
#define SKC_GLOBAL_OPTIONS \
    (SKC_BIT(SOCKET) | SKC_BIT(TIMEOUT) | SKC_BIT(QUIET) | SKC_BIT(HELP))

/* What was given; texts are borrowed from argv, NULL when not given. */
struct skc_args {
    const char *socket;
    const char *timeout;
    const char *input;
    const char *output;
    const char *aad;
    const char *suite;
    const char *config;
    const char *secret;
    const char *reason;
    const char *compare;
    const char *range;
    const char *tenant;
    const char *key_file;
    const char *expect_last;
    const char *interval;
    const char *count;
    bool quiet;
    bool help;
    bool json;
    bool force;
    bool raw;
    bool any_suite;
    bool accept_removals;
    bool live;
    bool generate;
    bool pre_active;
    bool recursive;
    bool all_file_systems;
    char **words; /* what is no option */
    int n_words;
};

/* Parse @argv from element 1 on into @args, adding to what it holds.
 * @allowed      bits of the options that may be there.
 * @only_leading stop at the first word, which stays in words.
 *   SKP_ERR_INVALID_ARGUMENT  an option that is not allowed, or lacks its
 *                             value; @diag says which. */
SKP_MUST_CHECK enum skp_err skc_cli_options_parse(int argc,
                                                  char **argv,
                                                  unsigned allowed,
                                                  bool only_leading,
                                                  struct skc_args *args,
                                                  struct skp_diag *diag);

/* Print one line for each of the options. */
void skc_cli_options_print(FILE *file, unsigned allowed);

/* Parse "5s", "250ms", "1.5m", "2h", or seconds, to milliseconds.
 *   SKP_ERR_INVALID_ARGUMENT  none of these, zero, or over 24 days. */
SKP_MUST_CHECK enum skp_err skc_cli_options_duration(const char *text,
                                                     uint32_t *ret_ms);

#endif /* SKC_CLI_OPTIONS_H */
