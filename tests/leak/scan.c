/* scan.c - looks for secrets in the memory and the registers of another
 * process, or in a file.
 *
 *     scan pid PID SECRETS [FROM-TO ...]
 *     scan file PATH SECRETS
 *
 * SECRETS has a line "NAME HEX" for each secret of 16 bytes or more.  A secret
 * counts as found when any of its 16-byte pieces that start at a multiple of 8
 * is: what an allocator or a later call leaves of a secret are its later
 * bytes, seldom the whole.  Mappings FROM-TO (hexadecimal, as in
 * /proc/PID/maps) are left out.
 * Of the vector registers each 16 bytes are compared with every 16 bytes of
 * every secret: a copy may have begun anywhere.
 *
 * Prints "FOUND NAME" and some places for each secret that was found, then a
 * line of what was read.  Exits 0 when nothing was
 * found, 1 when something was, 2 when it could not look.
 */
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#define PIECE_LEN   16u
#define STEP        8u
#define NAME_MAX_   96u
#define READ_LEN    ((size_t)1 << 20)
#define PAGE_LEN    4096u
#define FILTER_BITS 24u
#define PLACES      4u

struct secret {
    char name[NAME_MAX_];
    uint8_t *bytes;
    size_t len;
    uint64_t n_found;
    size_t n_places; /* of those that are kept */
    struct {
        uint64_t address;
        char mapping[128];
    } places[PLACES];
};

struct piece {
    uint8_t bytes[PIECE_LEN];
    size_t secret;
};

struct search {
    struct secret *secrets;
    size_t n_secrets;
    struct piece *pieces; /* sorted by their bytes */
    size_t n_pieces;
    uint8_t *filter; /* a bit for each hash of a piece's first 8 bytes */
    uint64_t n_bytes;
    uint64_t n_hidden; /* bytes that even root may not read */
    uint64_t n_skipped;
    size_t n_mappings;
};

static void die(const char *what)
{
    fprintf(stderr, "scan: %s: %s\n", what, strerror(errno));
    exit(2);
}

static void *grow(void *old, size_t n, size_t len)
{
    void *grown = reallocarray(old, n, len);

    if (grown == NULL) {
        die("memory");
    }
    return grown;
}

/* ---- secrets ------------------------------------------------------------- */

static uint32_t hash_of(const uint8_t *bytes)
{
    uint64_t head;

    memcpy(&head, bytes, sizeof head);
    return (uint32_t)(head * UINT64_C(0x9e3779b97f4a7c15) >>
                      (64 - FILTER_BITS));
}

static int nibble_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode up to the end of the line; the number of bytes, or 0 if that is not
 * hex. */
static size_t decode_hex(const char *hex, uint8_t *ret)
{
    size_t len = 0;

    while (nibble_of(hex[0]) >= 0 && nibble_of(hex[1]) >= 0) {
        ret[len++] = (uint8_t)(nibble_of(hex[0]) << 4 | nibble_of(hex[1]));
        hex += 2;
    }
    return *hex == '\n' || *hex == '\0' ? len : 0;
}

static void add_pieces(struct search *search, const uint8_t *bytes, size_t len)
{
    for (size_t at = 0; at + PIECE_LEN <= len; at += STEP) {
        struct piece *piece;
        uint32_t hash = hash_of(bytes + at);

        if ((search->n_pieces & (search->n_pieces + 1)) == 0) {
            search->pieces =
                grow(search->pieces, 2 * search->n_pieces + 2, sizeof *piece);
        }
        piece = &search->pieces[search->n_pieces++];
        memcpy(piece->bytes, bytes + at, PIECE_LEN);
        piece->secret = search->n_secrets - 1;
        search->filter[hash / 8] |= (uint8_t)(1u << hash % 8);
    }
}

static void add_secret(struct search *search, char *line)
{
    char *hex = strchr(line, ' ');
    uint8_t *bytes = grow(NULL, strlen(line) / 2 + 1, 1);
    size_t len = hex == NULL ? 0 : decode_hex(hex + 1, bytes);
    struct secret *secret;

    if (len < PIECE_LEN || (size_t)(hex - line) >= NAME_MAX_) {
        fprintf(stderr, "scan: no secret: %.40s\n", line);
        exit(2);
    }
    search->secrets =
        grow(search->secrets, search->n_secrets + 1, sizeof *secret);
    secret = &search->secrets[search->n_secrets++];
    memset(secret, 0, sizeof *secret);
    memcpy(secret->name, line, (size_t)(hex - line));
    secret->bytes = bytes;
    secret->len = len;
    add_pieces(search, bytes, len);
}

static int compare_pieces(const void *a, const void *b)
{
    const struct piece *left = a;
    const struct piece *right = b;

    return memcmp(left->bytes, right->bytes, PIECE_LEN);
}

static void read_secrets(struct search *search, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t cap = 0;

    search->filter = grow(NULL, (size_t)1 << FILTER_BITS, 1);
    memset(search->filter, 0, (size_t)1 << FILTER_BITS);
    if (file == NULL) {
        die(path);
    }
    while (getline(&line, &cap, file) > 0) {
        add_secret(search, line);
    }
    free(line);
    (void)fclose(file);
    qsort(search->pieces, search->n_pieces, sizeof *search->pieces,
          compare_pieces);
}

/* ---- looking ------------------------------------------------------------- */

static void
note(struct search *search, size_t index, uint64_t address, const char *where)
{
    struct secret *secret = &search->secrets[index];

    size_t n = secret->n_places;

    secret->n_found++;
    /* The pieces of one copy lie close together. */
    if (n == PLACES ||
        (n > 0 && address - secret->places[n - 1].address < PAGE_LEN / 8)) {
        return;
    }
    secret->places[n].address = address;
    (void)snprintf(secret->places[n].mapping, sizeof secret->places[n].mapping,
                   "%s", where);
    secret->n_places++;
}

static void look_at(struct search *search,
                    const uint8_t *bytes,
                    uint64_t address,
                    const char *where)
{
    struct piece key;
    const struct piece *found;

    memcpy(key.bytes, bytes, PIECE_LEN);
    found = bsearch(&key, search->pieces, search->n_pieces, sizeof key,
                    compare_pieces);
    if (found != NULL) {
        note(search, found->secret, address, where);
    }
}

static void look_through(struct search *search,
                         const uint8_t *bytes,
                         size_t len,
                         uint64_t address,
                         const char *where)
{
    for (size_t i = 0; i + PIECE_LEN <= len; i++) {
        uint32_t hash = hash_of(bytes + i);

        if ((search->filter[hash / 8] & 1u << hash % 8) != 0) {
            look_at(search, bytes + i, address + i, where);
        }
    }
}

/* Read and search [from, to) of @fd, in blocks that overlap by a piece. */
static void search_range(struct search *search,
                         int fd,
                         uint64_t from,
                         uint64_t to,
                         const char *where)
{
    static uint8_t block[READ_LEN + PIECE_LEN];
    size_t kept = 0;

    while (from < to) {
        size_t wanted = to - from < READ_LEN ? (size_t)(to - from) : READ_LEN;
        ssize_t got = pread(fd, block + kept, wanted, (off_t)from);

        if (got <= 0) {
            search->n_hidden += PAGE_LEN;
            from += PAGE_LEN;
            kept = 0;
            continue;
        }
        look_through(search, block, kept + (size_t)got, from - kept, where);
        search->n_bytes += (uint64_t)got;
        from += (uint64_t)got;
        if (kept + (size_t)got >= PIECE_LEN - 1) {
            memmove(block, block + kept + got - (PIECE_LEN - 1), PIECE_LEN - 1);
            kept = PIECE_LEN - 1;
        } else {
            kept += (size_t)got;
        }
    }
}

/* ---- registers ------------------------------------------------------------
 */

#define STATE_MAX 16384u
#define LANES_MAX 65536u

struct lanes {
    struct piece *pieces; /* sorted before they are searched */
    size_t n;
    uint64_t n_threads;
};

static void add_lanes(struct lanes *lanes, const uint8_t *state, size_t len)
{
    for (size_t at = 0; at + PIECE_LEN <= len; at += PIECE_LEN) {
        static const uint8_t zeroes[PIECE_LEN];

        if (memcmp(state + at, zeroes, PIECE_LEN) == 0 ||
            lanes->n == LANES_MAX) {
            continue;
        }
        memcpy(lanes->pieces[lanes->n].bytes, state + at, PIECE_LEN);
        lanes->pieces[lanes->n++].secret = lanes->n_threads;
    }
}

/* Stop one thread, take its floating-point and vector state, let it go on. */
static void take_state(struct lanes *lanes, pid_t thread)
{
#ifdef __x86_64__
    const long kind = NT_X86_XSTATE;
#else
    const long kind = NT_PRFPREG;
#endif
    static _Alignas(64) uint8_t state[STATE_MAX];
    struct iovec out = { state, sizeof state };
    int status = 0;

    if (ptrace(PTRACE_SEIZE, thread, NULL, NULL) != 0) {
        die("ptrace");
    }
    if (ptrace(PTRACE_INTERRUPT, thread, NULL, NULL) != 0 ||
        waitpid(thread, &status, __WALL) != thread ||
        ptrace(PTRACE_GETREGSET, thread, kind, &out) != 0) {
        die("the registers");
    }
    add_lanes(lanes, state, out.iov_len);
    lanes->n_threads++;
    (void)ptrace(PTRACE_DETACH, thread, NULL, NULL);
}

static void
look_at_secret(struct search *search, const struct lanes *lanes, size_t index)
{
    const struct secret *secret = &search->secrets[index];
    struct piece key;

    for (size_t at = 0; at + PIECE_LEN <= secret->len; at++) {
        memcpy(key.bytes, secret->bytes + at, PIECE_LEN);
        if (bsearch(&key, lanes->pieces, lanes->n, sizeof key,
                    compare_pieces) != NULL) {
            note(search, index, at, "a vector register");
        }
    }
}

static uint64_t search_registers(struct search *search, const char *pid)
{
    struct lanes lanes = { grow(NULL, LANES_MAX, sizeof *lanes.pieces), 0, 0 };
    char path[64];
    DIR *tasks;
    const struct dirent *entry;

    (void)snprintf(path, sizeof path, "/proc/%s/task", pid);
    tasks = opendir(path);
    if (tasks == NULL) {
        die(path);
    }
    for (entry = readdir(tasks); entry != NULL; entry = readdir(tasks)) {
        if (entry->d_name[0] != '.') {
            take_state(&lanes, (pid_t)atoi(entry->d_name));
        }
    }
    (void)closedir(tasks);
    qsort(lanes.pieces, lanes.n, sizeof *lanes.pieces, compare_pieces);
    for (size_t i = 0; i < search->n_secrets && lanes.n > 0; i++) {
        look_at_secret(search, &lanes, i);
    }
    free(lanes.pieces);
    return lanes.n_threads;
}

/* ---- processes and files --------------------------------------------------
 */

static bool is_left_out(const char *line, char **ranges, int n_ranges)
{
    for (int i = 0; i < n_ranges; i++) {
        size_t len = strlen(ranges[i]);

        if (strncmp(line, ranges[i], len) == 0 && line[len] == ' ') {
            return true;
        }
    }
    return false;
}

static void search_mapping(
    struct search *search, int mem, char *line, char **ranges, int n_ranges)
{
    char *end = NULL;
    uint64_t from = strtoull(line, &end, 16);
    uint64_t to = strtoull(end + 1, &end, 16);

    line[strcspn(line, "\n")] = '\0';
    /* Pages of the kernel, the same in each process. */
    if (end[1] != 'r' || strstr(line, "[v") != NULL) {
        return;
    }
    if (is_left_out(line, ranges, n_ranges)) {
        search->n_skipped += to - from;
        return;
    }
    search->n_mappings++;
    search_range(search, mem, from, to, line);
}

static void
search_process(struct search *search, const char *pid, char **ranges, int n)
{
    char path[64];
    char line[1024];
    FILE *maps;
    int mem;

    (void)snprintf(path, sizeof path, "/proc/%s/maps", pid);
    maps = fopen(path, "r");
    (void)snprintf(path, sizeof path, "/proc/%s/mem", pid);
    mem = open(path, O_RDONLY | O_CLOEXEC);
    if (maps == NULL || mem < 0) {
        die(path);
    }
    while (fgets(line, sizeof line, maps) != NULL) {
        search_mapping(search, mem, line, ranges, n);
    }
    (void)fclose(maps);
    (void)close(mem);
}

static void search_file(struct search *search, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat status;

    if (fd < 0 || fstat(fd, &status) != 0) {
        die(path);
    }
    search->n_mappings = 1;
    search_range(search, fd, 0, (uint64_t)status.st_size, path);
    (void)close(fd);
}

static void print_found(const struct secret *secret)
{
    printf("FOUND %s in %" PRIu64 " pieces\n", secret->name, secret->n_found);
    for (size_t i = 0; i < secret->n_places; i++) {
        printf("    at %" PRIx64 " in %s\n", secret->places[i].address,
               secret->places[i].mapping);
    }
}

int main(int argc, char **argv)
{
    struct search search = { NULL, 0, NULL, 0, NULL, 0, 0, 0, 0 };
    uint64_t n_threads = 0;
    bool is_clean = true;

    if (argc < 4) {
        fprintf(stderr, "usage: scan pid|file PID|PATH SECRETS [FROM-TO]\n");
        return 2;
    }
    read_secrets(&search, argv[3]);
    if (strcmp(argv[1], "pid") == 0) {
        n_threads = search_registers(&search, argv[2]);
        search_process(&search, argv[2], argv + 4, argc - 4);
    } else {
        search_file(&search, argv[2]);
    }
    for (size_t i = 0; i < search.n_secrets; i++) {
        const struct secret *secret = &search.secrets[i];

        if (secret->n_found > 0) {
            is_clean = false;
            print_found(secret);
        }
    }
    printf("read %" PRIu64 " bytes of %zu mappings and %" PRIu64
           " threads, hidden %" PRIu64 ", left out %" PRIu64 ", secrets %zu\n",
           search.n_bytes, search.n_mappings, n_threads, search.n_hidden,
           search.n_skipped, search.n_secrets);
    return search.n_bytes == 0 ? 2 : is_clean ? 0 : 1;
}
