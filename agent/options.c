/* options.c - the command line of sidekeyd; see options.h. */
#include "agent/options.h"

#include <getopt.h>

#include "agent/config/config.h"

enum option_letter {
    OPTION_CONFIG = 'c',
    OPTION_SECRET = 's',
    OPTION_SOCKET = 'S',
    OPTION_DEV = 'd',
    OPTION_SUPERVISE = 'u',
    OPTION_CHECK = 'k',
    OPTION_STRICT = 't',
    OPTION_HELP = 'h',
    OPTION_VERSION = 'V',
};

static const struct option long_options[] = {
    { "config", required_argument, NULL, OPTION_CONFIG },
    { "secret", required_argument, NULL, OPTION_SECRET },
    { "socket", required_argument, NULL, OPTION_SOCKET },
    { "dev", no_argument, NULL, OPTION_DEV },
    { "supervise", no_argument, NULL, OPTION_SUPERVISE },
    { "check-config", no_argument, NULL, OPTION_CHECK },
    { "strict", no_argument, NULL, OPTION_STRICT },
    { "help", no_argument, NULL, OPTION_HELP },
    { "version", no_argument, NULL, OPTION_VERSION },
    { NULL, 0, NULL, 0 },
};

/* True when @letter was an option; what takes effect goes to @options. */
static bool take_option(int letter, struct skd_options *options)
{
    switch (letter) {
    case OPTION_CONFIG:
        options->config = optarg;
        return true;
    case OPTION_SECRET:
        options->secret = optarg;
        return true;
    case OPTION_SOCKET:
        options->socket = optarg;
        return true;
    case OPTION_DEV:
        options->dev = true;
        return true;
    case OPTION_SUPERVISE:
        options->supervise = true;
        return true;
    case OPTION_CHECK:
        options->action = SKD_ACTION_CHECK_CONFIG;
        return true;
    case OPTION_STRICT:
        options->strict = true;
        return true;
    case OPTION_HELP:
        options->action = SKD_ACTION_HELP;
        return true;
    case OPTION_VERSION:
        options->action = SKD_ACTION_VERSION;
        return true;
    default:
        return false;
    }
}

static enum skp_err refuse(FILE *err, const char *what, const char *which)
{
    (void)fprintf(err, "sidekeyd: %s%s; try --help\n", what, which);
    return SKP_ERR_INVALID_ARGUMENT;
}

/* Options that say two things at once. */
static enum skp_err check_together(const struct skd_options *options, FILE *err)
{
    if (options->dev && (options->config != NULL || options->secret != NULL)) {
        return refuse(err, "--dev takes no configuration", "");
    }
    if (options->dev && options->action == SKD_ACTION_CHECK_CONFIG) {
        return refuse(err, "--dev and --check-config exclude each other", "");
    }
    if (options->supervise &&
        (options->dev || options->action == SKD_ACTION_CHECK_CONFIG)) {
        return refuse(err, "--supervise goes with neither --dev nor ",
                      "--check-config");
    }
    if (options->strict && options->action != SKD_ACTION_CHECK_CONFIG) {
        return refuse(err, "--strict goes with --check-config", "");
    }
    return SKP_ERR_OK;
}

enum skp_err
skd_options_parse(int argc, char **argv, FILE *err, struct skd_options *ret)
{
    struct skd_options options = { .action = SKD_ACTION_SERVE };
    bool asks = false; /* --help or --version was seen: nothing else counts */

    optind = 0; /* makes getopt forget an earlier run */
    opterr = 0; /* the words are ours */
    for (;;) {
        int at = optind == 0 ? 1 : optind;
        int letter = getopt_long(argc, argv, "+hV", long_options, NULL);

        if (letter == -1) {
            break;
        }
        if (asks) {
            continue;
        }
        if (!take_option(letter, &options)) {
            return refuse(err, "no such option, or no value: ", argv[at]);
        }
        asks = letter == OPTION_HELP || letter == OPTION_VERSION;
    }
    if (asks) {
        *ret = options;
        return SKP_ERR_OK;
    }
    if (optind < argc) {
        return refuse(err, "unexpected argument: ", argv[optind]);
    }
    SKP_TRY(check_together(&options, err));
    *ret = options;
    return SKP_ERR_OK;
}

void skd_options_print_help(FILE *out)
{
    (void)fprintf(
        out,
        "Usage: sidekeyd [OPTIONS]\n"
        "\n"
        "Keep tenant keys fresh and serve them to local processes.\n"
        "\n"
        "  --config FILE   settings that are not sensitive\n"
        "                  (default " SKD_CONFIG_DEFAULT ")\n"
        "  --secret FILE   credentials and keys, merged over the former\n"
        "                  (default " SKD_SECRET_DEFAULT ")\n"
        "  --socket PATH   listen here, whatever the configuration says\n"
        "  --dev           no files, no servers: throw-away keys, made on first\n"
        "                  use, for trying things out\n"
        "  --supervise     run the agent in a child process, and again when it\n"
        "                  dies; its keys survive that.  For containers; systemd\n"
        "                  does the same by itself (FileDescriptorStoreMax=)\n"
        "  --check-config  print the merged configuration with secrets redacted\n"
        "                  and exit; or print every error and exit with 78\n"
        "  --strict        with --check-config: a key that cannot be used is an\n"
        "                  error, too\n"
        "  -h, --help      this text\n"
        "  -V, --version   the version\n"
        "\n"
        "SIGHUP reads the configuration again; SIGTERM answers what is in\n"
        "flight and exits.  Exit status: 0 done, 1 failed, 64 usage, 69\n"
        "another agent has the socket, 70 a bug of ours, 77 permission,\n"
        "78 configuration.\n");
}
