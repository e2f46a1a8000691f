/* cmd_pubkey.c - sidekey pubkey. */
#include <inttypes.h>

#include "libclient/cli/commands.h"
#include "protocol/bytes.h"

int skc_cmd_pubkey(struct skc_cli *cli)
{
    const char *tenant = skc_cli_word(cli, 0);
    struct sidekey_public_key key;
    char public_key[2 * SIDEKEY_KEY_LEN + 1];
    char key_id[2 * SIDEKEY_KEY_ID_LEN + 1];
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    status = sidekey_pubkey(cli->handle, tenant, cli->timeout_ms, &key);
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, tenant, status);
    }
    skp_hex(key.public_key, sizeof key.public_key, public_key);
    skp_hex(key.key_id, sizeof key.key_id, key_id);
    (void)fprintf(cli->streams.out,
                  cli->args.json
                      ? "{\"public_key\": \"%s\", \"key_id\": \"%s\", "
                        "\"generation\": %" PRIu64 "}\n"
                      : "public_key %s\nkey_id     %s\ngeneration %" PRIu64
                        "\n",
                  public_key, key_id, key.generation);
    return SKC_EXIT_OK;
}
