/* doctor_hints.h - from the words of a failure to what mends it. */
#ifndef SKC_DOCTOR_HINTS_H
#define SKC_DOCTOR_HINTS_H

/* What to do about a connection that failed with @words, which are those of
 * OpenSSL, libcurl, the C library or ours; a general advice for words that are
 * not known. */
const char *skc_doctor_hint(const char *words);

/* What to do about a finding in the configuration, which says @words. */
const char *skc_doctor_hint_config(const char *words);

#endif /* SKC_DOCTOR_HINTS_H */
