/* sandbox.c - one layer after the other; see sandbox.h. */
#include "agent/sys/sandbox.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>

#include "agent/sys/seccomp_filter.h"

#ifndef PR_SET_MDWE
#define PR_SET_MDWE              65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

/* The first ABI of Landlock that knows TCP ports. */
#define TCP_ABI 4

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define IS_SANITIZED true
#endif
#endif
#if !defined(IS_SANITIZED) && \
    (defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__))
#define IS_SANITIZED true
#endif
#ifndef IS_SANITIZED
#define IS_SANITIZED false
#endif

/* Written once, before there are threads. */
static struct {
    struct skd_landlock_state landlock;
    bool has_mdwe;
    bool has_seccomp;
    char line[96];
    char missing[512];
} sandbox = { .line = "off" };

bool skd_sandbox_is_built(void)
{
    return !IS_SANITIZED;
}

bool skd_sandbox_has_files(void)
{
    return sandbox.landlock.files;
}

bool skd_sandbox_has_tcp(void)
{
    return sandbox.landlock.tcp;
}

const char *skd_sandbox_describe(void)
{
    return sandbox.line;
}

const char *skd_sandbox_missing(void)
{
    return sandbox.missing;
}

static void
append(char *line, size_t cap, const char *between, const char *text)
{
    size_t len = strlen(line);

    (void)snprintf(line + len, cap - len, "%s%s", len == 0 ? "" : between,
                   text);
}

/* A layer cannot be had, and *diag says why: note it, or end the start. */
static enum skp_err
miss(enum skd_sandbox_mode mode, enum skp_err err, struct skp_diag *diag)
{
    if (mode == SKD_SANDBOX_REQUIRE) {
        return skp_prefix(diag, err, "sidekey.sandbox is \"require\"");
    }
    append(sandbox.missing, sizeof sandbox.missing, "; ", diag->text);
    return SKP_ERR_OK;
}

/* ---- layers -------------------------------------------------------------- */

static enum skp_err deny_code(struct skp_diag *diag)
{
    if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) != 0) {
        return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                        "mdwe: the kernel has no PR_SET_MDWE (Linux 6.3): %s",
                        strerrordesc_np(errno));
    }
    sandbox.has_mdwe = true;
    return SKP_ERR_OK;
}

static enum skp_err deny_reach(const struct skd_landlock_rules *reach,
                               int abi,
                               struct skp_diag *diag)
{
    return skd_landlock_restrict(reach, abi, &sandbox.landlock, diag);
}

static enum skp_err deny_ports(int abi, struct skp_diag *diag)
{
    if (abi >= TCP_ABI) {
        return SKP_ERR_OK;
    }
    return skp_fail(diag, SKP_ERR_FAILED_PRECONDITION,
                    "tcp: the kernel's Landlock has ABI %d, ports need %d "
                    "(Linux 6.7)",
                    abi, TCP_ABI);
}

static enum skp_err deny_calls(bool json, struct skp_diag *diag)
{
    SKP_TRY(skd_seccomp_filter_load(json, diag));
    sandbox.has_seccomp = true;
    return SKP_ERR_OK;
}

/* ---- all of them --------------------------------------------------------- */

static void describe_landlock(char *line, size_t cap)
{
    (void)snprintf(line, cap, "landlock %d (files%s%s)", sandbox.landlock.abi,
                   sandbox.landlock.tcp ? ", tcp" : "",
                   sandbox.landlock.scoped ? ", scopes" : "");
}

static void describe(void)
{
    char landlock[48];

    sandbox.line[0] = '\0';
    if (sandbox.landlock.files) {
        describe_landlock(landlock, sizeof landlock);
        append(sandbox.line, sizeof sandbox.line, ", ", landlock);
    }
    if (sandbox.has_seccomp) {
        append(sandbox.line, sizeof sandbox.line, ", ", "seccomp");
    }
    if (sandbox.has_mdwe) {
        append(sandbox.line, sizeof sandbox.line, ", ", "mdwe");
    }
    if (sandbox.line[0] == '\0') {
        append(sandbox.line, sizeof sandbox.line, "", "off");
    }
}

/* Landlock leaves threads that run already as they are, so there must be none:
 * a folder of /proc has a link from each of its folders, and two more. */
static bool is_only_thread(void)
{
    struct stat status;

    return stat("/proc/self/task", &status) != 0 || status.st_nlink <= 3;
}

/* The filter comes last: it forbids what the other layers are made with. */
static enum skp_err enter_layers(const struct skd_sandbox_rules *rules,
                                 struct skp_diag *diag)
{
    int abi = skd_landlock_abi();
    enum skp_err err;

    skp_assert(is_only_thread());
    err = deny_code(diag);
    if (err != SKP_ERR_OK) {
        SKP_TRY(miss(rules->mode, err, diag));
    }
    err = deny_reach(&rules->reach, abi, diag);
    if (err == SKP_ERR_OK) {
        err = deny_ports(abi, diag);
    }
    if (err != SKP_ERR_OK) {
        SKP_TRY(miss(rules->mode, err, diag));
    }
    err = deny_calls(rules->json, diag);
    if (err != SKP_ERR_OK) {
        SKP_TRY(miss(rules->mode, err, diag));
    }
    return SKP_ERR_OK;
}

enum skp_err skd_sandbox_enter(const struct skd_sandbox_rules *rules,
                               struct skp_diag *diag)
{
    struct skp_diag why = { "" };
    enum skp_err err;

    if (rules->mode == SKD_SANDBOX_OFF) {
        return SKP_ERR_OK;
    }
    if (IS_SANITIZED) {
        err = miss(rules->mode,
                   skp_fail(&why, SKP_ERR_FAILED_PRECONDITION,
                            "this program was built with a sanitizer"),
                   &why);
    } else {
        err = enter_layers(rules, &why);
    }
    describe();
    if (err != SKP_ERR_OK) {
        return skp_fail(diag, err, "%s", why.text);
    }
    return SKP_ERR_OK;
}
