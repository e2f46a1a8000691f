/* wire.c - golden messages, and ways to spoil one; see wire.h. */
#include "tests/lib/wire.h"

#include <stdlib.h>
#include <string.h>

#include "tests/lib/suite.h"

const struct skt_wire skt_wires[SKT_WIRE_COUNT] = {
    [SKT_WIRE_REQUEST(SKP_METHOD_HELLO)] = { "request hello",
                                             "940000a568656c6c6f9180" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_HELLO)] = { "response hello",
                               "940100c084a870726f746f636f6c01a56167656e74ae736964656b6579642f30"
                               "2e312e30a67375697465739282a66e756d62657201a46e616d65b07832353531"
                               "392d61657332353663747282a66e756d62657202a46e616d65b5783235353139"
                               "2d68706b652d61657332353667636da66c696d69747383a76d657373616765ce"
                               "00040000a77061796c6f6164ce00010000a3616164cd1000" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_PUBKEY)] = { "request pubkey",
                                "940001a67075626b65799181a674656e616e74d92436376631616466332d3038"
                                "65352d346565612d393465332d653631316632363363383762" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_PUBKEY)] = { "response pubkey",
                                "940101c083aa7075626c69635f6b6579c4206b7b89e070340fc0566acbc4df10"
                                "f83c53a77f858a24a5359129d4c98868c723a66b65795f6964c4083e79bd828a"
                                "6533d9aa67656e65726174696f6e01" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_ENCRYPT)] = { "request encrypt",
                                 "940002a7656e63727970749184a674656e616e74d92436376631616466332d30"
                                 "3865352d346565612d393465332d653631316632363363383762a9706c61696e"
                                 "74657874c4110726456483a2c1e0ff1e3d5c7b9ab9d8f7a3616164c419627563"
                                 "6b65742f6f626a6563743f76657273696f6e49643d37a5737569746502" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_ENCRYPT)] = { "response encrypt",
                                 "940102c082aa63697068657274657874c4b9534b4531020000003e79bd828a65"
                                 "33d94d4a7c23c31f908cc42124a178d14e5fc561841cd493dc1c2cc98dbc557d"
                                 "0e32aad6ce446f4f626e71b2b00abf23da21e807a580f192ffb4d90a26eef765"
                                 "9101e682e84803e4975df2e32549a35b68e5ca0d9ffa55573ace924e2e536da6"
                                 "4d4deb7c5f813fbae9c8ce2bf6a544ab6194a3b9742445d5df110486bffd477b"
                                 "922093185b19c173b7a425d446c2ade4c4a43ae6d9dd78b91a916141441e92dd"
                                 "a189e6ac5f90f31b91f8b9a66b65795f6964c4083e79bd828a6533d9" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_DECRYPT)] = { "request decrypt",
                                 "940003a7646563727970749184a674656e616e74d92436376631616466332d30"
                                 "3865352d346565612d393465332d653631316632363363383762aa6369706865"
                                 "7274657874c4b9534b4531020000003e79bd828a6533d94d4a7c23c31f908cc4"
                                 "2124a178d14e5fc561841cd493dc1c2cc98dbc557d0e32aad6ce446f4f626e71"
                                 "b2b00abf23da21e807a580f192ffb4d90a26eef7659101e682e84803e4975df2"
                                 "e32549a35b68e5ca0d9ffa55573ace924e2e536da64d4deb7c5f813fbae9c8ce"
                                 "2bf6a544ab6194a3b9742445d5df110486bffd477b922093185b19c173b7a425"
                                 "d446c2ade4c4a43ae6d9dd78b91a916141441e92dda189e6ac5f90f31b91f8b9"
                                 "a3616164c4196275636b65742f6f626a6563743f76657273696f6e49643d37a5"
                                 "737569746502" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_DECRYPT)] = { "response decrypt",
                                 "940103c083a9706c61696e74657874c4110726456483a2c1e0ff1e3d5c7b9ab9"
                                 "d8f7ad61757468656e74696361746564c3a66b65795f6964c4083e79bd828a65"
                                 "33d9" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_UNWRAP)] = { "request unwrap",
                                "940004a6756e777261709183a674656e616e74d92436376631616466332d3038"
                                "65352d346565612d393465332d653631316632363363383762a6686561646572"
                                "c460534b4531020000003e79bd828a6533d94d4a7c23c31f908cc42124a178d1"
                                "4e5fc561841cd493dc1c2cc98dbc557d0e32aad6ce446f4f626e71b2b00abf23"
                                "da21e807a580f192ffb4d90a26eef7659101e682e84803e4975df2e32549a35b"
                                "68e5a5737569746502" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_UNWRAP)] = { "response unwrap",
                                "940104c083a8646174615f6b6579c4202cf06fe5d32ccd7738a7037fb3bf56af"
                                "cb5b397df368eff49ecff460588deb85a5737569746502a66b65795f6964c408"
                                "3e79bd828a6533d9" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_REWRAP)] = { "request rewrap",
                                "940005a67265777261709182a674656e616e74d92430623963316635302d3761"
                                "34332d346335352d396330652d326431663661376238633964a6686561646572"
                                "c460534b4531020000000031586c913c476f3575287c727a0c4e387a68c0fd3d"
                                "7498521a94017ace3c6ce033c2cff2300523e050b3a40ef10469e32e3920e08c"
                                "9be57e0f4e49fa541b8bdd0a82901fc07b3d9c3d7716f0cb93ae2755b04989f2"
                                "aa7e" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_REWRAP)] = { "response rewrap",
                                "940105c082a6686561646572c460534b453102000000dd15cd4ae3affea584bd"
                                "78b9b1666c7f170a2f60ce50c41e42857a13d6c2d22dfeacb53b026bca2e451b"
                                "4aedaf52229e5c6465dbe1c12fb3f8847ecf938a1ba22665c964af9fe7736bc6"
                                "8c210e3b4e8f8f1343346415cab5a66b65795f6964c408dd15cd4ae3affea5" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_WATCH)] = { "request watch",
                               "940006a577617463689181a774656e616e747392d92436376631616466332d30"
                               "3865352d346565612d393465332d653631316632363363383762d92430623963"
                               "316635302d376134332d346335352d396330652d326431663661376238633964" },
    [SKT_WIRE_RESPONSE(SKP_METHOD_WATCH)] = { "response watch", "940106c080" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_TENANTS)] = { "request tenants",
                                 "940007a774656e616e74739181a6637572736f72d92436376631616466332d30"
                                 "3865352d346565612d393465332d653631316632363363383762" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_TENANTS)] = { "response tenants",
                                 "940107c082a774656e616e74739286a26964d92436376631616466332d303865"
                                 "352d346565612d393465332d653631316632363363383762a66b65795f6964c4"
                                 "083e79bd828a6533d9aa67656e65726174696f6e01a57374617465a661637469"
                                 "7665a6736f75726365a46b6d6970ac636f6e6669726d65645f6174ce6955b900"
                                 "86a26964d92430623963316635302d376134332d346335352d396330652d3264"
                                 "31663661376238633964a66b65795f6964c0aa67656e65726174696f6e00a573"
                                 "74617465ab756e617661696c61626c65a6736f75726365ab636f6f7264696e61"
                                 "746f72ac636f6e6669726d65645f617400a46e657874c0" },
    [SKT_WIRE_REQUEST(SKP_METHOD_STATUS)] = { "request status",
                                              "940008a67374617475739180" },
    [SKT_WIRE_RESPONSE(
        SKP_METHOD_STATUS)] = { "response status",
                                "940108c0de0017a56167656e74ae736964656b6579642f302e312e30a46d6f64"
                                "65b172656d6f74652d6d756c74692d6b657973a3706964cd1267aa7374617274"
                                "65645f6174ce6955b900ab6d656d6f72795f74696572a56d6c6f636bac6c6f63"
                                "6b65645f6279746573cd2000a8736e617073686f7403a57265616479c3aa7265"
                                "6672657368696e67c2ac6e6578745f72656672657368ce6955c710a774656e61"
                                "6e747384a661637469766502ac646563727970742d6f6e6c7901a57374616c65"
                                "00ab756e617661696c61626c6501ad6272616b655f6d697373696e6700ab636f"
                                "6e6e656374696f6e7301a7736f75726365739285a46e616d65ab636f6f726469"
                                "6e61746f72ac6c6173745f617474656d7074ce6955b900ac6c6173745f737563"
                                "63657373ce6955b900aa6c6173745f6572726f72c0a86661696c757265730085"
                                "a46e616d65a46b6d6970ac6c6173745f617474656d7074ce6955b900ac6c6173"
                                "745f7375636365737300aa6c6173745f6572726f72b2636f6e6e656374696f6e"
                                "2072656675736564a86661696c7572657303a87761726e696e677391b2637279"
                                "70746f2e6d6f646520697320646576a773616e64626f78d9206c616e646c6f63"
                                "6b2037202866696c65732c20746370292c20736563636f6d70ab756e72656672"
                                "657368656483a774656e616e747301a66f6c64657374d9243062396331663530"
                                "2d376134332d346335352d396330652d326431663661376238633964a573696e"
                                "6365ce6955aaf0a8726573746f72656482a774656e616e747302a26174ce6955"
                                "b900ac6365727469666963617465739282a46e616d65aa6b6d7320636c69656e"
                                "74a96e6f745f6166746572ce697d460082a46e616d65aa6b6d73207365727665"
                                "72a96e6f745f6166746572ce6b36ec80a5617564697485a6746172676574a673"
                                "7464657272a77772697474656e29a764726f7070656402a873657175656e6365"
                                "2ba76661696c696e67c2a571756f746182b3636f6e6e656374696f6e735f7265"
                                "667573656404b072657175657374735f7265667573656405a4676f6e6583a964"
                                "657374726f79656401a772656d6f76656402a9666f72676f7474656e03a6746f"
                                "74616c7384a9757074696d655f6d73ce0036ee80a7776f726b65727392ce0003"
                                "d09007a6626f756e647392cd1388cd2710a872657175657374739283a66d6574"
                                "686f64a6756e77726170a8616e73776572656496280000000002a66c61737465"
                                "64931e0b0183a66d6574686f64a46e6f6e65a8616e7377657265649400000001"
                                "a66c617374656493000001" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_REFRESH)] = { "request refresh",
                                 "940009a7726566726573689181af6163636570745f72656d6f76616c73c3" },
    [SKT_WIRE_RESPONSE(SKP_METHOD_REFRESH)] = { "response refresh",
                                                "940109c080" },
    [SKT_WIRE_REQUEST(
        SKP_METHOD_FORGET)] = { "request forget",
                                "94000aa6666f726765749181a674656e616e74d92430623963316635302d3761"
                                "34332d346335352d396330652d326431663661376238633964" },
    [SKT_WIRE_RESPONSE(SKP_METHOD_FORGET)] = { "response forget",
                                               "94010ac080" },
    [SKT_WIRE_ERROR] = { "error",
                         "94010bd9204e4f545f464f554e443a206e6f20737563682074656e616e74206f"
                         "72206b6579c0" },
    [SKT_WIRE_ORPHAN] = { "error without msgid",
                          "9401c0d92e494e56414c49445f415247554d454e543a2072657175657374206f"
                          "722064617461206973206d616c666f726d6564c0" },
    [SKT_WIRE_CHANGED] = { "notification",
                           "9302a76368616e6765649283a674656e616e74d92436376631616466332d3038"
                           "65352d346565612d393465332d653631316632363363383762a66b65795f6964"
                           "c408dd15cd4ae3affea5aa67656e65726174696f6e0283a674656e616e74d924"
                           "30623963316635302d376134332d346335352d396330652d3264316636613762"
                           "38633964a66b65795f6964c0aa67656e65726174696f6e00" },
};

#define ALPHA "67f1adf3-08e5-4eea-94e3-e611f263c87b"
#define BETA  "0b9c1f50-7a43-4c55-9c0e-2d1f6a7b8c9d"

struct skp_view skt_wire_bytes(unsigned index)
{
    return skt_hex(skt_wires[index].hex);
}

/* @len bytes of the golden message @index, from @offset. */
static struct skp_view part_of(unsigned index, size_t offset, size_t len)
{
    struct skp_view whole = skt_wire_bytes(index);

    ck_assert_uint_le(offset + len, whole.len);
    return (struct skp_view){ whole.ptr + offset, len };
}

static struct skp_view plaintext(void)
{
    return skt_hex("0726456483a2c1e0ff1e3d5c7b9ab9d8f7");
}

static struct skp_view aad(void)
{
    return skp_view_of("bucket/object?versionId=7");
}

/* The envelope stands once, in the request to decrypt it. */
static struct skp_view envelope(void)
{
    return part_of(SKT_WIRE_REQUEST(SKP_METHOD_DECRYPT), 71, 185);
}

static const uint8_t *key_id_of(const char *hex)
{
    return skt_hex(hex).ptr;
}

struct skp_request skt_wire_request(enum skp_method method)
{
    static struct skp_view watched[2];
    struct skp_request request = { .method = method, .msgid = method };

    watched[0] = skp_view_of(ALPHA);
    watched[1] = skp_view_of(BETA);
    switch (method) {
    case SKP_METHOD_PUBKEY:
        request.tenant = watched[0];
        break;
    case SKP_METHOD_ENCRYPT:
        request.tenant = watched[0];
        request.data = plaintext();
        request.aad = aad();
        request.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
        break;
    case SKP_METHOD_DECRYPT:
        request.tenant = watched[0];
        request.data = envelope();
        request.aad = aad();
        request.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
        break;
    case SKP_METHOD_UNWRAP:
        request.tenant = watched[0];
        request.data = (struct skp_view){ envelope().ptr, SKP_HEADER_2_LEN };
        request.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
        break;
    case SKP_METHOD_REWRAP:
        request.tenant = watched[1];
        request.data = part_of(SKT_WIRE_REQUEST(method), 66, 96);
        break;
    case SKP_METHOD_WATCH:
        request.tenants = watched;
        request.n_tenants = 2;
        break;
    case SKP_METHOD_TENANTS:
        request.cursor = watched[0];
        break;
    case SKP_METHOD_REFRESH:
        request.accept_removals = true;
        break;
    case SKP_METHOD_FORGET:
        request.tenant = watched[1];
        break;
    case SKP_METHOD_HELLO:
    case SKP_METHOD_STATUS:
    case SKP_METHOD_COUNT:
    default:
        break;
    }
    return request;
}

static struct skp_totals golden_totals(void)
{
    static const uint64_t workers_us[] = { 250000, 7 };
    static const uint64_t bounds_ns[] = { 5000, 10000 };
    static const uint64_t answered[] = { 40, 0, 0, 0, 0, 2 };
    static const uint64_t lasted[] = { 30, 11, 1 };
    static const uint64_t refused[] = { 0, 0, 0, 1 };
    static const uint64_t slow[] = { 0, 0, 1 };
    static struct skp_requests_row requests[2];

    requests[0] = (struct skp_requests_row){ skp_view_of("unwrap"),
                                             { answered, 6 },
                                             { lasted, 3 } };
    requests[1] = (struct skp_requests_row){ skp_view_of("none"),
                                             { refused, 4 },
                                             { slow, 3 } };
    return (struct skp_totals){ .uptime_ms = 3600000,
                                .workers_us = { workers_us, 2 },
                                .bounds_ns = { bounds_ns, 2 },
                                .requests = requests,
                                .n_requests = 2 };
}

static const struct skp_hello *golden_hello(void)
{
    static struct skp_hello hello;

    hello = (struct skp_hello){
        .agent = skp_view_of("sidekeyd/0.1.0"),
        .protocol = 1,
        .message_max = 262144,
        .payload_max = 65536,
        .aad_max = 4096,
    };
    return &hello;
}

static const struct skp_status *golden_status(void)
{
    static struct skp_status status;
    static struct skp_source_row sources[2];
    static struct skp_certificate_row certificates[2];
    static struct skp_view warning;

    sources[0] = (struct skp_source_row){
        .name = skp_view_of("coordinator"),
        .last_attempt_s = 1767225600,
        .last_success_s = 1767225600,
    };
    sources[1] = (struct skp_source_row){
        .name = skp_view_of("kmip"),
        .last_attempt_s = 1767225600,
        .last_error = skp_view_of("connection refused"),
        .failures = 3,
    };
    certificates[0] =
        (struct skp_certificate_row){ skp_view_of("kms client"), 1769817600 };
    certificates[1] =
        (struct skp_certificate_row){ skp_view_of("kms server"), 1798761600 };
    warning = skp_view_of("crypto.mode is dev");
    status = (struct skp_status){
        .agent = skp_view_of("sidekeyd/0.1.0"),
        .mode = skp_view_of("remote-multi-keys"),
        .pid = 4711,
        .started_at_s = 1767225600,
        .memory_tier = skp_view_of("mlock"),
        .locked_bytes = 8192,
        .snapshot = 3,
        .ready = true,
        .next_refresh_s = 1767229200,
        .tenants = { 2, 1, 0, 1 },
        .connections = 1,
        .sources = sources,
        .n_sources = 2,
        .warnings = &warning,
        .n_warnings = 1,
        .sandbox = skp_view_of("landlock 7 (files, tcp), seccomp"),
        .unrefreshed = { 1, skp_view_of(BETA), 1767222000 },
        .is_restored = true,
        .restored_tenants = 2,
        .restored_at_s = 1767225600,
        .certificates = certificates,
        .n_certificates = 2,
        .has_audit = true,
        .audit = { skp_view_of("stderr"), 41, 2, 43, false },
        .connections_refused = 4,
        .requests_refused = 5,
        .gone = { 1, 2, 3 },
        .has_totals = true,
        .totals = golden_totals(),
    };
    return &status;
}

static void set_rows(struct skp_response *response)
{
    static struct skp_tenant_row rows[2];

    rows[0] = (struct skp_tenant_row){
        .id = skp_view_of(ALPHA),
        .key_id = key_id_of("3e79bd828a6533d9"),
        .generation = 1,
        .state = SKP_TENANT_STATE_ACTIVE,
        .origin = SKP_ORIGIN_KMIP,
        .confirmed_at_s = 1767225600,
    };
    rows[1] = (struct skp_tenant_row){
        .id = skp_view_of(BETA),
        .state = SKP_TENANT_STATE_UNAVAILABLE,
        .origin = SKP_ORIGIN_COORDINATOR,
    };
    response->rows = rows;
    response->n_rows = 2;
}

struct skp_response skt_wire_response(enum skp_method method)
{
    struct skp_response response = { .has_msgid = true,
                                     .msgid = method,
                                     .method = method };

    switch (method) {
    case SKP_METHOD_HELLO:
        response.hello = golden_hello();
        break;
    case SKP_METHOD_PUBKEY:
        response.data = skt_hex("6b7b89e070340fc0566acbc4df10f83c"
                                "53a77f858a24a5359129d4c98868c723");
        response.key_id = key_id_of("3e79bd828a6533d9");
        response.generation = 1;
        break;
    case SKP_METHOD_ENCRYPT:
        response.data = envelope();
        response.key_id = key_id_of("3e79bd828a6533d9");
        break;
    case SKP_METHOD_DECRYPT:
        response.data = plaintext();
        response.authenticated = true;
        response.key_id = key_id_of("3e79bd828a6533d9");
        break;
    case SKP_METHOD_UNWRAP:
        response.data = skt_hex("2cf06fe5d32ccd7738a7037fb3bf56af"
                                "cb5b397df368eff49ecff460588deb85");
        response.suite = SKP_SUITE_X25519_HPKE_AES256GCM;
        response.key_id = key_id_of("3e79bd828a6533d9");
        break;
    case SKP_METHOD_REWRAP:
        response.data = part_of(SKT_WIRE_RESPONSE(method), 14, 96);
        response.key_id = key_id_of("dd15cd4ae3affea5");
        break;
    case SKP_METHOD_TENANTS:
        set_rows(&response);
        break;
    case SKP_METHOD_STATUS:
        response.status = golden_status();
        break;
    case SKP_METHOD_WATCH:
    case SKP_METHOD_REFRESH:
    case SKP_METHOD_FORGET:
    case SKP_METHOD_COUNT:
    default:
        break;
    }
    return response;
}

struct skp_response skt_wire_changed(void)
{
    static struct skp_tenant_row rows[2];
    struct skp_response response = { .method = SKP_METHOD_WATCH };

    rows[0] = (struct skp_tenant_row){
        .id = skp_view_of(ALPHA),
        .key_id = key_id_of("dd15cd4ae3affea5"),
        .generation = 2,
    };
    rows[1] = (struct skp_tenant_row){ .id = skp_view_of(BETA) };
    response.rows = rows;
    response.n_rows = 2;
    return response;
}

uint8_t *skt_wire_copy(struct skp_view bytes)
{
    uint8_t *copy = malloc(bytes.len > 0 ? bytes.len : 1);

    ck_assert_ptr_nonnull(copy);
    if (bytes.len > 0) {
        memcpy(copy, bytes.ptr, bytes.len);
    }
    return copy;
}

/* Value number @n that byte @was is changed to: each bit flipped, then bytes
 * that mean something to MessagePack. */
static uint8_t spoilt_byte(uint8_t was, unsigned n)
{
    static const uint8_t others[] = { 0x00, 0xff, 0x80, 0x90,
                                      0xa0, 0xc0, 0xc1, 0xc4 };

    if (n < 8) {
        return (uint8_t)(was ^ 1u << n);
    }
    return others[n - 8];
}

void skt_wire_mutate(struct skp_view bytes,
                     void (*visit)(struct skp_view spoilt, void *state),
                     void *state)
{
    uint8_t *copy = skt_wire_copy(bytes);

    for (size_t i = 0; i < bytes.len; i++) {
        for (unsigned n = 0; n < 16; n++) {
            copy[i] = spoilt_byte(bytes.ptr[i], n);
            visit((struct skp_view){ copy, bytes.len }, state);
        }
        copy[i] = bytes.ptr[i];
    }
    free(copy);
    for (size_t len = 0; len < bytes.len; len++) {
        struct skp_view head = { bytes.ptr, len };
        struct skp_view tail = { bytes.ptr + bytes.len - len, len };

        copy = skt_wire_copy(head);
        visit((struct skp_view){ copy, len }, state);
        free(copy);
        copy = skt_wire_copy(tail);
        visit((struct skp_view){ copy, len }, state);
        free(copy);
    }
}

bool skt_wire_within(struct skp_view part, struct skp_view whole)
{
    return part.len == 0 ||
           (part.ptr >= whole.ptr && part.len <= whole.len &&
            (size_t)(part.ptr - whole.ptr) <= whole.len - part.len);
}
