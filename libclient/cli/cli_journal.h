/* cli_journal.h - a new header for an envelope in place, in a way that a crash
 * at any moment leaves an object that opens, or one that the next run mends.
 *
 * Why not just write.  96 bytes in one sector mostly reach a disk whole or not
 * at all, but no standard and no network file system promises that, and half an
 * old and half a new header is an object lost for ever.  Why not write a copy
 * and rename it: objects may be larger than the free space, and a copy loses
 * hard links, owner and attributes.  So the two headers are first written to a
 * file of their own:
 *
 *   1. FILE.ske-rewrap: the old header, the new one, and what tells the object
 *      (salt and commitment); fsync, and fsync of the folder
 *   2. the new header over the old; fdatasync
 *   3. FILE.ske-rewrap is removed
 *
 * A crash in 1 leaves a journal that is not whole and a file that is as it was;
 * one in 2 leaves a whole journal, and the next run puts the new header in; one
 * in 3 leaves a whole journal and a file that has the new header.
 *
 * Files are named by their folder and their name in it, so that nobody can put
 * a link in the way meanwhile.
 */
#ifndef SKC_CLI_JOURNAL_H
#define SKC_CLI_JOURNAL_H

#include "libclient/cli/cli_place.h"
#include "protocol/diag.h"
#include "protocol/envelope.h"

#define SKC_JOURNAL_SUFFIX ".ske-rewrap"

/* What a journal tells of an object: its first bytes; zeroes where the file is
 * shorter. */
#define SKC_JOURNAL_HEAD_LEN (SKP_HEADER_2_LEN + SKP_CHUNKED_HEAD_LEN)

/* What was there at the beginning of a run. */
enum skc_journal_found {
    SKC_JOURNAL_NONE,   /* no journal: the file is as somebody left it */
    SKC_JOURNAL_DONE,   /* a whole journal; the file needed nothing */
    SKC_JOURNAL_MENDED, /* a whole journal; the new header was put in */
    /* A journal that is not whole, so that the file should be as it was: ask
     * the agent before believing it.  The next replace overwrites the journal.
     */
    SKC_JOURNAL_BROKEN,
};

/* Whether a journal is beside the file at @path. */
bool skc_cli_journal_exists(const char *path);

/* Whether @name, without folder, is one of a journal. */
bool skc_cli_journal_is_name(const char *name);

/* Finish what a crash left unfinished, and remove the journal.
 * @fd  the file, to read and to write, locked by the caller.
 *   SKP_ERR_FAILED_PRECONDITION  a journal of another user or another object;
 *                                both files are left as they are.
 *   otherwise by skc_cli_output_fail. */
SKP_MUST_CHECK enum skp_err
skc_cli_journal_recover(const struct skc_cli_place *place,
                        int fd,
                        enum skc_journal_found *ret,
                        struct skp_diag *diag);

/* Replace the header, in the three steps.
 * @head     the first SKC_JOURNAL_HEAD_LEN bytes of the file.
 * @found    what recover gave.
 * When it fails in step 2 the journal stays for the next run.
 *   SKP_ERR_ALREADY_EXISTS  another journal is there.
 *   otherwise by skc_cli_output_fail. */
SKP_MUST_CHECK enum skp_err
skc_cli_journal_replace(const struct skc_cli_place *place,
                        int fd,
                        enum skc_journal_found found,
                        const uint8_t head[SKC_JOURNAL_HEAD_LEN],
                        const uint8_t header[SKP_HEADER_2_LEN],
                        struct skp_diag *diag);

#endif /* SKC_CLI_JOURNAL_H */
