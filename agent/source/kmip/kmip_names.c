/* kmip_names.c - words of KMIP 1.4; see kmip_names.h. */
#include "agent/source/kmip/kmip_names.h"

#include "protocol/base.h"

struct name_row {
    uint32_t number;
    const char *name;
};

static const struct name_row operations[] = {
    { 0x01, "Create" },
    { 0x02, "Create Key Pair" },
    { 0x03, "Register" },
    { 0x04, "Re-key" },
    { 0x05, "Derive Key" },
    { 0x06, "Certify" },
    { 0x07, "Re-certify" },
    { 0x08, "Locate" },
    { 0x09, "Check" },
    { 0x0A, "Get" },
    { 0x0B, "Get Attributes" },
    { 0x0C, "Get Attribute List" },
    { 0x0D, "Add Attribute" },
    { 0x0E, "Modify Attribute" },
    { 0x0F, "Delete Attribute" },
    { 0x10, "Obtain Lease" },
    { 0x11, "Get Usage Allocation" },
    { 0x12, "Activate" },
    { 0x13, "Revoke" },
    { 0x14, "Destroy" },
    { 0x15, "Archive" },
    { 0x16, "Recover" },
    { 0x17, "Validate" },
    { 0x18, "Query" },
    { 0x19, "Cancel" },
    { 0x1A, "Poll" },
    { 0x1B, "Notify" },
    { 0x1C, "Put" },
    { 0x1D, "Re-key Key Pair" },
    { 0x1E, "Discover Versions" },
    { 0x1F, "Encrypt" },
    { 0x20, "Decrypt" },
    { 0x21, "Sign" },
    { 0x22, "Signature Verify" },
    { 0x23, "MAC" },
    { 0x24, "MAC Verify" },
    { 0x25, "RNG Retrieve" },
    { 0x26, "RNG Seed" },
    { 0x27, "Hash" },
    { 0x28, "Create Split Key" },
    { 0x29, "Join Split Key" },
    { 0x2A, "Import" },
    { 0x2B, "Export" },
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

static const struct name_row object_types[] = {
    { 1, "Certificate" }, { 2, "Symmetric Key" }, { 3, "Public Key" },
    { 4, "Private Key" }, { 5, "Split Key" },     { 6, "Template" },
    { 7, "Secret Data" }, { 8, "Opaque Object" }, { 9, "PGP Key" },
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

const char *skd_kmip_object_name(uint32_t object_type)
{
    return find_name(object_types, SKP_ARRAY_LEN(object_types), object_type);
}
