/* cli_text.h - times, sizes and JSON for people and scripts. */
#ifndef SKC_CLI_TEXT_H
#define SKC_CLI_TEXT_H

#include <stdio.h>

#include "protocol/bytes.h"

#define SKC_TEXT_SPAN_MAX 64u

/* Write a span of seconds as people say it: "45s", "3m 20s", "2h 5m",
 * "4d 3h"; a negative one as "0s". */
void skc_cli_text_span(int64_t span_s, char ret[SKC_TEXT_SPAN_MAX]);

/* Write "45s ago", or "never" when @then_s is 0. */
void skc_cli_text_ago(int64_t now_s,
                      int64_t then_s,
                      char ret[SKC_TEXT_SPAN_MAX]);

/* Write a number of bytes as people say it: "17 B", "1.5 KiB", "300.0 MiB". */
void skc_cli_text_size(uint64_t n_bytes, char ret[SKC_TEXT_SPAN_MAX]);

/* Print @text for people: control characters, with which a text from elsewhere
 * could repaint a terminal, become '?'. */
void skc_cli_text_plain(FILE *file, const char *text);

/* Print @text as a JSON string, RFC 8259 section 7; bytes that are no printable
 * ASCII become \u00XX. */
void skc_cli_text_json(FILE *file, const char *text);

#endif /* SKC_CLI_TEXT_H */
