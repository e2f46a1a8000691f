/* kmip_names.c - words of KMIP 1.4; see kmip_names.h. */
#include "agent/source/kmip/kmip_names.h"

#include "protocol/base.h"

struct name_row {
    uint32_t number;
    const char *name;
};

static const struct name_row operations[] = {
    { SKD_OP_REGISTER, "Register" },
    { SKD_OP_LOCATE, "Locate" },
    { SKD_OP_GET, "Get" },
    { SKD_OP_GET_ATTRIBUTES, "Get Attributes" },
    { SKD_OP_ACTIVATE, "Activate" },
    { SKD_OP_REVOKE, "Revoke" },
    { SKD_OP_DESTROY, "Destroy" },
    { SKD_OP_DISCOVER_VERSIONS, "Discover Versions" },
};

static const struct name_row reasons[] = {
    { 0x01, "Item Not Found" },
    { 0x02, "Response Too Large" },
    { 0x03, "Authentication Not Successful" },
    { 0x04, "Invalid Message" },
    { 0x05, "Operation Not Supported" },
    { 0x06, "Missing Data" },
    { 0x07, "Invalid Field" },
    { 0x08, "Feature Not Supported" },
    { 0x09, "Operation Canceled By Requester" },
    { 0x0A, "Cryptographic Failure" },
    { 0x0B, "Illegal Operation" },
    { 0x0C, "Permission Denied" },
    { 0x0D, "Object archived" },
    { 0x0E, "Index Out of Bounds" },
    { 0x0F, "Application Namespace Not Supported" },
    { 0x10, "Key Format Type Not Supported" },
    { 0x11, "Key Compression Type Not Supported" },
    { 0x12, "Encoding Option Error" },
    { 0x13, "Key Value Not Present" },
    { 0x14, "Attestation Required" },
    { 0x15, "Attestation Failed" },
    { 0x16, "Sensitive" },
    { 0x17, "Not Extractable" },
    { 0x18, "Object Already Exists" },
    { 0x100, "General Failure" },
};

static const struct name_row states[] = {
    { SKD_STATE_PRE_ACTIVE, "Pre-Active" },
    { SKD_STATE_ACTIVE, "Active" },
    { SKD_STATE_DEACTIVATED, "Deactivated" },
    { SKD_STATE_COMPROMISED, "Compromised" },
    { SKD_STATE_DESTROYED, "Destroyed" },
    { SKD_STATE_DESTROYED_COMPROMISED, "Destroyed Compromised" },
};

static const char *
find_name(const struct name_row *rows, size_t n_rows, uint32_t number)
{
    for (size_t i = 0; i < n_rows; i++) {
        if (rows[i].number == number) {
            return rows[i].name;
        }
    }
    return "unknown";
}

const char *skd_kmip_operation_name(uint32_t operation)
{
    return find_name(operations, SKP_ARRAY_LEN(operations), operation);
}

const char *skd_kmip_reason_name(uint32_t reason)
{
    return find_name(reasons, SKP_ARRAY_LEN(reasons), reason);
}

const char *skd_kmip_state_name(uint32_t state)
{
    return find_name(states, SKP_ARRAY_LEN(states), state);
}
