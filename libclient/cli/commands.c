/* commands.c - the table of commands; see commands.h. */
#include "libclient/cli/commands.h"

#include <string.h>

#define DEFAULT_MS 5000u
/* A refresh asks every source, and a large key server takes its time. */
#define REFRESH_MS 60000u

/* A key is only looked at between two answers. */
#define TOP_MS 2000u

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
    { "fingerprint", skc_cmd_fingerprint, "[--compare FILE|SOCKET]", 0, 0,
      SKC_BIT(COMPARE) | SKC_BIT(JSON), REFRESH_MS,
      "print which key each tenant has, or how two agents differ",
      "A line for each tenant (id, key id, generation) and a digest over all.\n"
      "Nothing of it is secret.  An agent with other keys than its neighbours\n"
      "writes what they cannot read; this finds it before:\n"
      "    ssh gateway-2 sidekey fingerprint | sidekey fingerprint --compare -\n"
      "The digest is SHA-256 of \"sidekey fingerprint 1\" and one \"ID KEY-ID\"\n"
      "for each tenant, each ended by a newline; KEY-ID is - where there is no\n"
      "key that may be used.  Generations count within one run of an agent:\n"
      "they are for people and not compared, and neither is where keys came\n"
      "from.  Exit codes of --compare: 0 the same keys, 1 they differ, 64 FILE\n"
      "cannot be used.  Waits 60s unless --timeout is given.  Needs the right\n"
      "`admin`.\n" },
    { "status", skc_cmd_status, "", 0, 0, SKC_BIT(JSON), DEFAULT_MS,
      "print the state of the agent",
      "What is well, what is not, since when, and what to do about it.  On a\n"
      "terminal in colour, unless NO_COLOR is set.  Needs the right `admin`.\n" },
    { "top", skc_cmd_top, "", 0, 0, SKC_BIT(INTERVAL) | SKC_BIT(COUNT), TOP_MS,
      "watch the agent at work",
      "Requests and errors a second, what they lasted, workers, connections,\n"
      "tenants, sources and memory, every second anew.  Rates are differences\n"
      "of two answers to `status`, and top's own are among them; p50 and p99\n"
      "are what half, and 99 of 100, lasted at most, as far as the agent's\n"
      "bounds tell.  A restart of the agent is noticed.  On a terminal it\n"
      "takes the whole window, and q quits; elsewhere one text follows the\n"
      "other, with an empty line between.  Waits 2s for each answer unless\n"
      "--timeout is given.  Needs the right `admin`.\n" },
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
    { "doctor", skc_cmd_doctor, "", 0, 0,
      SKC_BIT(CONFIG) | SKC_BIT(SECRET) | SKC_BIT(TENANT), DEFAULT_MS,
      "walk the whole chain and say what is wrong, and how to mend it",
      "Looks at the configuration, its files and their permissions, memory that\n"
      "can be locked, the Coordinator and the key server with TLS to both, the\n"
      "object of one private tenant, the agent, and one tenant's key (of\n"
      "--tenant, or the first that is active) end to end.  Files, memory and\n"
      "servers are tried as the user who runs this: run it as the agent's.\n"
      "Changes nothing.  Exit codes: 0 nothing is wrong, 1 something is, 78 the\n"
      "configuration cannot be used.\n" },
    { "keygen", skc_cmd_keygen, "", 0, 0, SKC_BIT(OUTPUT) | SKC_BIT(FORCE),
      DEFAULT_MS, "make a new seed: 48 random bytes in base64",
      "A seed is a secret: it is not printed to a terminal without --force,\n"
      "and -o creates FILE readable by you only and never overwrites one.\n" },
    { "audit", skc_cmd_audit, "verify FILE...", 2, -1,
      SKC_BIT(KEY_FILE) | SKC_BIT(EXPECT_LAST), DEFAULT_MS,
      "verify the chain of an audit log",
      "The FILEs of a rotated log in the order in which they were written, the\n"
      "oldest first; - is standard input.  Every line must carry the hash of\n"
      "--key-file and follow the line before it.  Says which line is the first\n"
      "that was changed, removed, reordered or torn, and exits 1.  Lines cut\n"
      "off the end leave no trace in the log: remember how far it was, which\n"
      "this command, `status` and the agent's own log say, and give it as\n"
      "--expect-last.  Does not talk to the agent.\n" },
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
