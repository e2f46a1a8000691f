/* error_text.c - last words per thread and handle; see error_text.h. */
#include "libclient/error_text.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define KEPT 4u

/* Slot 0 belongs to the handle used last. */
static _Thread_local struct kept_text {
    uint64_t serial; /* 0: unused */
    char text[SKP_DIAG_MAX];
} kept_texts[KEPT];

static atomic_uint_fast64_t last_serial;

uint64_t skc_error_text_serial(void)
{
    return atomic_fetch_add(&last_serial, 1) + 1;
}

void skc_error_text_set(uint64_t serial, const char *text)
{
    size_t place = 0;

    while (place < KEPT - 1 && kept_texts[place].serial != serial) {
        place++;
    }
    memmove(&kept_texts[1], &kept_texts[0], place * sizeof kept_texts[0]);
    kept_texts[0].serial = serial;
    (void)snprintf(kept_texts[0].text, sizeof kept_texts[0].text, "%s", text);
}

const char *skc_error_text_get(uint64_t serial)
{
    for (size_t i = 0; i < KEPT; i++) {
        if (kept_texts[i].serial == serial) {
            return kept_texts[i].text;
        }
    }
    return "";
}
