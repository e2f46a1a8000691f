/* vectors.h - shared test data that is too big to restate here.
 *
 * It lies in the folder named by SIDEKEY_SHARED, "../shared" unless set.  Where
 * that folder is missing the tests that need it skip, and say so; with
 * SIDEKEY_REQUIRE_SHARED set they fail instead.
 */
#ifndef SKT_VECTORS_H
#define SKT_VECTORS_H

#include <cjson/cJSON.h>

#include "protocol/bytes.h"

/* The parsed JSON file, "vectors/envelope.json" say; NULL when there is no
 * shared folder and the test is to return at once.  Kept until the process
 * ends. */
const cJSON *skt_shared_json(const char *name);

/* Members that must be there; the test fails when they are not. */
const cJSON *skt_member(const cJSON *object, const char *name);
const char *skt_text(const cJSON *object, const char *name);
double skt_number(const cJSON *object, const char *name);

/* The member's hex digits as bytes. */
struct skp_view skt_hex_of(const cJSON *object, const char *name);

#endif /* SKT_VECTORS_H */
