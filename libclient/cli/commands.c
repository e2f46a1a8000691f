/* commands.c - the table of commands; see commands.h. */
#include "libclient/cli/commands.h"

#include <string.h>

#define DEFAULT_MS 5000u
/* A refresh asks every source, and a large key server takes its time. */
#define REFRESH_MS 60000u

#define CRYPT_OPTIONS                                                   \
    (SKC_BIT(INPUT) | SKC_BIT(OUTPUT) | SKC_BIT(FORCE) | SKC_BIT(AAD) | \
     SKC_BIT(SUITE) | SKC_BIT(RAW))

const struct skc_command skc_commands[] = {
    { "pubkey", skc_cmd_pubkey, "TENANT", 1, 1, SKC_BIT(JSON), DEFAULT_MS,
      "print a tenant's current public key", "" },
    { "encrypt", skc_cmd_encrypt, "TENANT [-i FILE] [-o FILE] [FILE...]", 1, -1,
      CRYPT_OPTIONS, DEFAULT_MS, "encrypt files or standard input",
      "FILEs become FILE.ske, beside them or, with -o, in that folder; one FILE\n"
      "may become any -o FILE.  Without FILEs -i is read, or standard input.\n"
      "The data is encrypted here, with the tenant's public key: it may be of\n"
      "any length, and does not reach the agent.  An output appears once it is\n"
      "whole; a run that fails or is interrupted leaves none.  A file that\n"
      "changes while it is read is an error.  Needs the right `pubkey`.\n" },
    { "decrypt", skc_cmd_decrypt, "TENANT [-i FILE] [-o FILE] [FILE...]", 1, -1,
      CRYPT_OPTIONS | SKC_BIT(ANY_SUITE) | SKC_BIT(RANGE), DEFAULT_MS,
      "decrypt files or standard input",
      "FILE.ske becomes FILE, beside it or, with -o, in that folder; one FILE\n"
      "may become any -o FILE.  Without FILEs -i is read, or standard input.\n"
      "The agent opens the header, the data is decrypted here.  Nothing is\n"
      "written before all of it is verified: an output appears at the end, and\n"
      "for standard output more than 1 MiB waits in an unlinked file of TMPDIR.\n"
      "With --range the output is -o or standard output, and only the header\n"
      "and the chunks that hold the range are read, from a file that can seek.\n"
      "Suite 2 is demanded unless --suite, --raw or --any-suite is given;\n"
      "suite 1 cannot tell whether data was changed.  Needs the right\n"
      "`unwrap`.\n" },
    { "inspect", skc_cmd_inspect, "FILE...", 1, -1,
      SKC_BIT(TENANT) | SKC_BIT(JSON), DEFAULT_MS,
      "print what an envelope says of itself",
      "Suite, key id, lengths, salt and commitment are read from the file; none\n"
      "of it is verified.  Whether the agent holds the key: with --tenant the\n"
      "agent is asked to open the header (right `unwrap`), else the key id is\n"
      "looked for among the tenants' current keys (right `admin`); where\n"
      "neither tells, it is unknown.\n" },
    { "rewrap", skc_cmd_rewrap, "TENANT FILE..., or: rewrap TENANT -r DIR...",
      1, -1, SKC_BIT(RECURSIVE) | SKC_BIT(ALL_FILE_SYSTEMS) | SKC_BIT(JSON),
      DEFAULT_MS, "seal the headers of files for the tenant's current key",
      "The first 96 bytes of each file are replaced in place; its data stays as\n"
      "it is.  Suite 2 only.  Both headers are kept in FILE.ske-rewrap until the\n"
      "new one is on the disk: whatever interrupts a run, running it again ends\n"
      "what it began.  Folders must be writable for that.\n"
      "With --recursive all files of folders are looked at.  Those that are no\n"
      "envelopes of suite 2, or current already, are left alone.  Links are not\n"
      "followed.  Counts are printed at the end, failures at once; the exit code\n"
      "is 1 when a file failed.  Needs the rights `rewrap` and, with\n"
      "--recursive, `pubkey`.\n" },
    { "tenants", skc_cmd_tenants, "", 0, 0, SKC_BIT(JSON), DEFAULT_MS,
      "list the tenants that the agent knows", "Needs the right `admin`.\n" },
    { "status", skc_cmd_status, "", 0, 0, SKC_BIT(JSON), DEFAULT_MS,
      "print the state of the agent", "Needs the right `admin`.\n" },
    { "refresh", skc_cmd_refresh, "", 0, 0, SKC_BIT(ACCEPT_REMOVALS),
      REFRESH_MS, "ask all sources now, and wait for the end of it",
      "Waits 60s unless --timeout is given.  Needs the right `admin`.\n" },
    { "forget", skc_cmd_forget, "TENANT", 1, 1, 0, DEFAULT_MS,
      "drop one tenant's keys from the agent at once",
      "Needs the right `admin`.\n" },
    { "health", skc_cmd_health, "", 0, 0, SKC_BIT(LIVE), DEFAULT_MS,
      "exit 0 when the agent answers and has loaded keys, else 69",
      "Whether keys are loaded is only told to those with the right `admin`;\n"
      "for others it is enough that the agent answers.\n" },
    { "keygen", skc_cmd_keygen, "", 0, 0, SKC_BIT(OUTPUT) | SKC_BIT(FORCE),
      DEFAULT_MS, "make a new seed: 48 random bytes in base64",
      "A seed is a secret: it is not printed to a terminal without --force,\n"
      "and -o creates FILE readable by you only and never overwrites one.\n" },
    { "kms", skc_cmd_kms,
      "put|activate|get-attributes|revoke|destroy TENANT, or: kms list|info", 1,
      2,
      SKC_BIT(CONFIG) | SKC_BIT(SECRET) | SKC_BIT(INPUT) | SKC_BIT(GENERATE) |
          SKC_BIT(PRE_ACTIVE) | SKC_BIT(REASON) | SKC_BIT(JSON),
      DEFAULT_MS, "store and retire seeds in the KMIP server",
      "Talks to the key server itself, as the agent's configuration says, and\n"
      "not to the agent.  `put` reads the seed in base64 from standard input\n"
      "or -i FILE, or makes one with --generate, and never prints it.  `info`\n"
      "prints what the server offers, and what of it sidekey would miss.\n" },
    { NULL, NULL, NULL, 0, 0, 0, 0, NULL, NULL },
};

const struct skc_command *skc_commands_find(const char *name)
{
    for (const struct skc_command *row = skc_commands; row->name != NULL;
         row++) {
        if (strcmp(row->name, name) == 0) {
            return row;
        }
    }
    return NULL;
}
