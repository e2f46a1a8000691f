/* cli_place.h - a file in an open folder. */
#ifndef SKC_CLI_PLACE_H
#define SKC_CLI_PLACE_H

/* All borrowed. */
struct skc_cli_place {
    int folder_fd;    /* for openat(2) */
    const char *name; /* in that folder */
    const char *path; /* for words */
};

#endif /* SKC_CLI_PLACE_H */
