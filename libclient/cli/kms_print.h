/* kms_print.h - lines that sidekey kms prints: what was done, dates, and lists
 * of the words for numbers. */
#ifndef SKC_KMS_PRINT_H
#define SKC_KMS_PRINT_H

#include "libclient/cli/cli.h"

/* Print "NAME DATE", the date in ISO 8601 and UTC; nothing for a date of 0,
 * which the server did not give. */
void skc_kms_print_date(FILE *out, const char *name, int64_t unix_s);

/* Print the member @name of a JSON object, a comma before it: Unix seconds, or
 * null. */
void skc_kms_print_json_date(FILE *out, const char *name, int64_t unix_s);

/* Numbers by their bits, and the word for each. */
struct skc_kms_words {
    uint64_t bits;
    const char *(*name)(uint32_t number);
};

/* Print "TITLE word, word", or "TITLE none told". */
void skc_kms_print_words(FILE *out,
                         const char *title,
                         struct skc_kms_words words);

/* Print the member @title of a JSON object, a comma before it: an array. */
void skc_kms_print_json_words(FILE *out,
                              const char *title,
                              struct skc_kms_words words);

/* Print that the seed of the tenant, word 1 of @cli, was registered as object
 * @identifier, and in which state; as JSON with --json, not at all with
 * --quiet. */
void skc_kms_print_put(const struct skc_cli *cli, const char *identifier);

/* The same for what was @done ("revoked", say) to the tenant's object. */
void skc_kms_print_done(const struct skc_cli *cli, const char *done);

#endif /* SKC_KMS_PRINT_H */
