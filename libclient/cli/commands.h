/* commands.h - the commands of sidekey; the table is in commands.c.
 *
 * Each returns the exit code, after it has printed what there is to print.
 */
#ifndef SKC_COMMANDS_H
#define SKC_COMMANDS_H

#include "libclient/cli/cli.h"

/* All commands, in the order of the help, ended by a row without a name. */
extern const struct skc_command skc_commands[];

/* The command of that name; NULL for none. */
const struct skc_command *skc_commands_find(const char *name);

/* Print a public key: cmd_pubkey.c. */
int skc_cmd_pubkey(struct skc_cli *cli);
/* Make an envelope: cmd_crypt.c. */
int skc_cmd_encrypt(struct skc_cli *cli);
/* Open an envelope: cmd_crypt.c. */
int skc_cmd_decrypt(struct skc_cli *cli);
/* Seal headers of files anew: cmd_rewrap.c. */
int skc_cmd_rewrap(struct skc_cli *cli);
/* Say what is known of envelopes: cmd_inspect.c. */
int skc_cmd_inspect(struct skc_cli *cli);
/* List tenants: cmd_tenants.c. */
int skc_cmd_tenants(struct skc_cli *cli);
/* Print and compare which key each tenant has: cmd_fingerprint.c. */
int skc_cmd_fingerprint(struct skc_cli *cli);
/* Print the state of the agent: cmd_status.c. */
int skc_cmd_status(struct skc_cli *cli);
/* Show the agent at work: cmd_top.c. */
int skc_cmd_top(struct skc_cli *cli);
/* Ask all sources: cmd_admin.c. */
int skc_cmd_refresh(struct skc_cli *cli);
/* Drop a key: cmd_admin.c. */
int skc_cmd_forget(struct skc_cli *cli);
/* Probe the agent: cmd_admin.c. */
int skc_cmd_health(struct skc_cli *cli);
/* Make a seed: cmd_keygen.c. */
int skc_cmd_keygen(struct skc_cli *cli);
/* Walk the whole chain: doctor.c. */
int skc_cmd_doctor(struct skc_cli *cli);
/* Verify an audit log: cmd_audit.c. */
int skc_cmd_audit(struct skc_cli *cli);
/* Work in the KMIP server: kms.c. */
int skc_cmd_kms(struct skc_cli *cli);

#endif /* SKC_COMMANDS_H */
