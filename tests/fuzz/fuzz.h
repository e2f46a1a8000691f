/* fuzz.h - what the fuzz targets share.
 *
 * Each file fuzz_NAME.c is one door: it takes foreign bytes through the code
 * that reads them and asserts, with check's macros, what must hold for any
 * bytes.  A door is an ordinary function, so that replay.c runs the committed
 * corpus through it under any compiler; built with SKT_LIBFUZZER it also is the
 * entry of a libFuzzer program (https://llvm.org/docs/LibFuzzer.html).
 *
 * The lines "Reaches: FILE..." of a door name the parsers that it is the door
 * to: coverage.sh demands that its corpus runs nine of ten lines of each.
 *
 * Doors are deterministic: no clock, no randomness, nothing kept from one input
 * to the next that could be seen.
 */
#ifndef SKT_FUZZ_H
#define SKT_FUZZ_H

#include <check.h>

#include "protocol/bytes.h"
#include "protocol/random.h"

/* X(name of the file after fuzz_, and of the folder in corpus/) */
#define SKT_FUZZ_MAP(X) \
    X(frame)            \
    X(header)           \
    X(payload)          \
    X(range)            \
    X(stream)           \
    X(ttlv)             \
    X(kmip_answer)      \
    X(coordinator)      \
    X(config)           \
    X(duration)         \
    X(base64)           \
    X(http)             \
    X(page)             \
    X(connection)       \
    X(keep)             \
    X(x25519)

/* Take one input; returns when nothing is wrong. */
#define SKT_FUZZ_DECLARE(name) void skt_fuzz_##name(struct skp_view input);
SKT_FUZZ_MAP(SKT_FUZZ_DECLARE)
#undef SKT_FUZZ_DECLARE

#ifdef SKT_LIBFUZZER
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);
#define SKT_FUZZ_DOOR(name)                                      \
    int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len) \
    {                                                            \
        skt_fuzz_##name((struct skp_view){ bytes, len });        \
        return 0;                                                \
    }
#else
#define SKT_FUZZ_DOOR(name)
#endif

/* Take the next byte, or @n bytes as a number, most significant first, off
 * @rest; what is not there is 0. */
uint8_t skt_fuzz_byte(struct skp_view *rest);
uint64_t skt_fuzz_number(struct skp_view *rest, size_t n);

/* Take at most @n bytes off @rest. */
struct skp_view skt_fuzz_take(struct skp_view *rest, size_t n);

/* Take everything up to the first @separator off @rest, and drop that. */
struct skp_view skt_fuzz_until(struct skp_view *rest, uint8_t separator);

/* Apply @script, a list of edits (change, cut, remove, insert, repeat, swap),
 * to @message; an edit that does not fit is left out. */
void skt_fuzz_edit(struct skp_view script, struct skp_buf *message);

/* A heap copy of exactly @bytes.len bytes, so that a sanitizer sees a read
 * beyond them; free it. */
uint8_t *skt_fuzz_copy(struct skp_view bytes);

/* The same for a text without NULs: it ends at the first one in @bytes. */
char *skt_fuzz_text(struct skp_view bytes);

/* True when @part lies within @whole; an empty part always does. */
bool skt_fuzz_is_within(struct skp_view part, struct skp_view whole);

/* Gives the same bytes after each restart. */
extern const struct skp_random skt_fuzz_random;
void skt_fuzz_random_restart(void);

#endif /* SKT_FUZZ_H */
