/* landlock.c - rules for the kernel's Landlock; see landlock.h.
 *
 * The structs and bits are our own: the kernel's headers of a build machine are
 * often older than the kernel that runs.
 */
#include "agent/sys/landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The same on every architecture. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule       445
#define SYS_landlock_restrict_self  446
#endif

#define CREATE_VERSION 1u

enum rule_type {
    RULE_PATH = 1,
    RULE_PORT = 2,
};

enum file_bit {
    FILE_EXECUTE = 1u << 0,
    FILE_WRITE = 1u << 1,
    FILE_READ = 1u << 2,
    FOLDER_READ = 1u << 3,
    REMOVE_FOLDER = 1u << 4,
    REMOVE_FILE = 1u << 5,
    MAKE_CHAR = 1u << 6,
    MAKE_FOLDER = 1u << 7,
    MAKE_FILE = 1u << 8,
    MAKE_SOCKET = 1u << 9,
    MAKE_FIFO = 1u << 10,
    MAKE_BLOCK = 1u << 11,
    MAKE_LINK = 1u << 12,
    REFER = 1u << 13,          /* ABI 2 */
    TRUNCATE = 1u << 14,       /* ABI 3 */
    DEVICE_CONTROL = 1u << 15, /* ABI 5 */
};

/* Of these only what applies to a file may be in a rule for a file. */
#define FOR_FILES \
    (FILE_EXECUTE | FILE_WRITE | FILE_READ | TRUNCATE | DEVICE_CONTROL)

enum port_bit {
    PORT_BIND = 1u << 0,
    PORT_CONNECT = 1u << 1,
};

enum scope_bit {
    SCOPE_ABSTRACT = 1u << 0,
    SCOPE_SIGNAL = 1u << 1,
};

struct ruleset {
    uint64_t files; /* what is forbidden unless a rule allows it */
    uint64_t ports; /* ABI 4 */
    uint64_t scope; /* ABI 6 */
};

struct path_rule {
    uint64_t allowed;
    int32_t parent_fd;
} __attribute__((packed));

struct port_rule {
    uint64_t allowed;
    uint64_t port;
};

int skd_landlock_abi(void)
{
    long abi =
        syscall(SYS_landlock_create_ruleset, NULL, (size_t)0, CREATE_VERSION);

    return abi < 0 ? 0 : (int)abi;
}

static void close_fd(const int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
    }
}

/* Files, links and device controls of all kinds that @abi knows. */
static uint64_t file_bits(int abi)
{
    uint64_t bits = REFER - 1u;

    bits |= abi >= 2 ? REFER : 0;
    bits |= abi >= 3 ? TRUNCATE : 0;
    bits |= abi >= 5 ? DEVICE_CONTROL : 0;
    return bits;
}

static struct ruleset forbid_all(const struct skd_landlock_rules *rules,
                                 int abi)
{
    struct ruleset set = { .files = file_bits(abi) };

    set.ports = abi >= 4 ? PORT_BIND | PORT_CONNECT : 0;
    if (abi >= 6) {
        set.scope = SCOPE_SIGNAL | (rules->keep_abstract ? 0 : SCOPE_ABSTRACT);
    }
    return set;
}

/* A kernel takes no more of the struct than it knows. */
static size_t ruleset_len(int abi)
{
    if (abi >= 6) {
        return sizeof(struct ruleset);
    }
    return abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
}

static uint64_t bits_of_use(unsigned use)
{
    uint64_t bits = 0;

    if ((use & SKD_LANDLOCK_READ) != 0) {
        bits |= FILE_READ | FOLDER_READ;
    }
    if ((use & SKD_LANDLOCK_WRITE) != 0) {
        bits |= FILE_READ | FILE_WRITE | MAKE_FILE | REMOVE_FILE | TRUNCATE;
    }
    if ((use & SKD_LANDLOCK_SOCKET) != 0) {
        bits |= MAKE_SOCKET | REMOVE_FILE;
    }
    return bits;
}

static enum skp_err
fail_errno(struct skp_diag *diag, const char *what, const char *which)
{
    enum skp_err err = errno == ENOMEM || errno == EMFILE || errno == ENFILE
                           ? SKP_ERR_RESOURCE_EXHAUSTED
                           : SKP_ERR_FAILED_PRECONDITION;

    return skp_fail(diag, err, "Landlock: %s%s: %s", what, which,
                    strerrordesc_np(errno));
}

static enum skp_err allow_path(int set,
                               const struct skd_landlock_path *path,
                               uint64_t known,
                               struct skp_diag *diag)
{
    SKP_CLEANUP(close_fd) int fd = open(path->path, O_PATH | O_CLOEXEC);
    struct path_rule rule = { bits_of_use(path->use) & known, fd };
    struct stat status;

    if (fd < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
        return fail_errno(diag, "cannot open ", path->path);
    }
    if (fd < 0 || fstat(fd, &status) != 0) {
        return SKP_ERR_OK; /* what is not there needs no rule */
    }
    if (!S_ISDIR(status.st_mode)) {
        rule.allowed &= FOR_FILES;
    }
    if (syscall(SYS_landlock_add_rule, set, RULE_PATH, &rule, 0) != 0) {
        return fail_errno(diag, "no rule for ", path->path);
    }
    return SKP_ERR_OK;
}

static enum skp_err allow_ports(int set,
                                const uint16_t *ports,
                                size_t n_ports,
                                uint64_t allowed,
                                struct skp_diag *diag)
{
    for (size_t i = 0; i < n_ports; i++) {
        const struct port_rule rule = { allowed, ports[i] };

        if (syscall(SYS_landlock_add_rule, set, RULE_PORT, &rule, 0) != 0) {
            return fail_errno(diag, "no rule for a port", "");
        }
    }
    return SKP_ERR_OK;
}

static enum skp_err add_rules(int set,
                              const struct skd_landlock_rules *rules,
                              const struct ruleset *forbidden,
                              struct skp_diag *diag)
{
    for (size_t i = 0; i < rules->n_paths; i++) {
        SKP_TRY(allow_path(set, &rules->paths[i], forbidden->files, diag));
    }
    if (forbidden->ports == 0) {
        return SKP_ERR_OK;
    }
    SKP_TRY(allow_ports(set, rules->connect_ports, rules->n_connect_ports,
                        PORT_CONNECT, diag));
    return allow_ports(set, rules->bind_ports, rules->n_bind_ports, PORT_BIND,
                       diag);
}

enum skp_err skd_landlock_restrict(const struct skd_landlock_rules *rules,
                                   int abi,
                                   struct skd_landlock_state *ret,
                                   struct skp_diag *diag)
{
    const struct ruleset forbidden = forbid_all(rules, abi);
    SKP_CLEANUP(close_fd) int set = -1;

    if (abi < 1) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "Landlock: the kernel has none");
    }
    set = (int)syscall(SYS_landlock_create_ruleset, &forbidden,
                       ruleset_len(abi), 0);
    if (set < 0) {
        return fail_errno(diag, "no rule set", "");
    }
    SKP_TRY(add_rules(set, rules, &forbidden, diag));
    if (syscall(SYS_landlock_restrict_self, set, 0) != 0) {
        return fail_errno(diag, "cannot restrict", "");
    }
    *ret = (struct skd_landlock_state){
        .abi = abi,
        .files = true,
        .tcp = forbidden.ports != 0,
        .scoped = forbidden.scope != 0,
    };
    return SKP_ERR_OK;
}
