/* cmd_tenants.c - sidekey tenants. */
#include <inttypes.h>

#include "libclient/cli/cli_text.h"
#include "libclient/cli/commands.h"
#include "protocol/bytes.h"

struct list {
    struct skc_cli *cli;
    int64_t now_s;
    bool is_first;
};

static void print_json(const struct sidekey_tenant *tenant,
                       const char *key_id,
                       struct list *list)
{
    FILE *out = list->cli->streams.out;

    (void)fprintf(out, "%s  {\"id\": ", list->is_first ? "\n" : ",\n");
    skc_cli_text_json(out, tenant->id);
    (void)fprintf(out, ", \"state\": ");
    skc_cli_text_json(out, tenant->state);
    (void)fprintf(out, ", \"source\": ");
    skc_cli_text_json(out, tenant->source);
    if (tenant->has_key) {
        (void)fprintf(out, ", \"key_id\": \"%s\"", key_id);
    } else {
        (void)fprintf(out, ", \"key_id\": null");
    }
    (void)fprintf(
        out, ", \"generation\": %" PRIu64 ", \"confirmed_at\": %" PRId64 "}",
        tenant->generation, tenant->confirmed_at_s);
}

static bool print_tenant(void *state, const struct sidekey_tenant *tenant)
{
    struct list *list = state;
    char key_id[2 * SIDEKEY_KEY_ID_LEN + 1];
    char ago[SKC_TEXT_SPAN_MAX];

    skp_hex(tenant->key_id, sizeof tenant->key_id, key_id);
    if (list->cli->args.json) {
        print_json(tenant, key_id, list);
    } else {
        skc_cli_text_ago(list->now_s, tenant->confirmed_at_s, ago);
        (void)fprintf(list->cli->streams.out,
                      "%-36s  %-12s  %-11s  %-16s  %3" PRIu64 "  %s\n",
                      tenant->id, tenant->state, tenant->source,
                      tenant->has_key ? key_id : "-", tenant->generation, ago);
    }
    list->is_first = false;
    return true;
}

int skc_cmd_tenants(struct skc_cli *cli)
{
    struct list list = { cli, cli->streams.now_s(), true };
    enum sidekey_status status;
    int code = skc_cli_connect(cli);

    if (code != SKC_EXIT_OK) {
        return code;
    }
    if (cli->args.json) {
        (void)fputc('[', cli->streams.out);
    } else if (!cli->args.quiet) {
        (void)fprintf(cli->streams.out, "%-36s  %-12s  %-11s  %-16s  %s  %s\n",
                      "TENANT", "STATE", "SOURCE", "KEY ID", "GEN",
                      "CONFIRMED");
    }
    status = sidekey_tenants(cli->handle, cli->timeout_ms, print_tenant, &list);
    if (cli->args.json) {
        (void)fprintf(cli->streams.out, "%s]\n", list.is_first ? "" : "\n");
    }
    if (status != SIDEKEY_OK) {
        return skc_cli_fail_call(cli, NULL, status);
    }
    return SKC_EXIT_OK;
}
