/* daemon.h - real programs for integration tests: started, awaited, stopped.
 *
 * Start them in main() before the suite runs and stop them after it, so that a
 * failed test leaves nothing behind:
 *
 *     int main(void)
 *     {
 *         pid_t server = skt_spawn(argv, NULL, "log");
 *         int status;
 *
 *         if (!skt_wait_tcp(server, port, 30000)) { ... }
 *         status = skt_run("suite", tests, n_tests);
 *         (void)skt_stop(&server, SIGTERM, 15000);
 *         return status;
 *     }
 *
 * Every spawned program is the leader of a process group of its own and is
 * killed by the kernel when the thread that spawned it ends.
 */
#ifndef SKT_DAEMON_H
#define SKT_DAEMON_H

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SKT_PATH_MAX 512

/* The path of the program @name of the build under test ($B).  Four paths stay
 * good; the fifth call takes the place of the first. */
const char *skt_program(const char *name);

/* Start argv[0] (looked up in PATH) with stdin from /dev/null.
 * @env  NULL, or "NAME=VALUE" strings up to a NULL, added to our environment.
 * @log  file that stdout and stderr are appended to; NULL: ours.
 * The process id, or -1 with a line on stderr. */
pid_t skt_spawn(const char *const argv[],
                const char *const env[],
                const char *log);

/* Wait until 127.0.0.1:@port takes a connection.  False when @timeout_ms has
 * passed or @pid has ended (@pid 0: not looked at). */
bool skt_wait_tcp(pid_t pid, uint16_t port, unsigned timeout_ms);

/* The same for a stream socket at @path. */
bool skt_wait_unix(pid_t pid, const char *path, unsigned timeout_ms);

/* Send @signal and wait; after @timeout_ms kill the process group.  Returns
 * the status of waitpid, -1 when there was no process, and sets *pid to 0.  A
 * @signal of 0 only waits. */
int skt_stop(pid_t *pid, int signal, unsigned timeout_ms);

/* skt_spawn and wait: the exit status, or 128 + the signal, or -1 when it did
 * not start or took longer than @timeout_ms. */
int skt_exec(const char *const argv[],
             const char *const env[],
             const char *log,
             unsigned timeout_ms);

/* Does `sidekey status --json` of the agent at @socket say @text?  False also
 * when it fails. */
bool skt_status_has(const char *socket, const char *text);

/* A TCP port of 127.0.0.1 that was free a moment ago, out of a range where the
 * kernel looks for none; 0 when there is none. */
uint16_t skt_free_port(void);

/* Make a folder of mode 0700 under $TMPDIR or /tmp that is removed, with all
 * that is in it, when this process (not a fork of it) exits. */
bool skt_tempdir(char ret[SKT_PATH_MAX]);

/* Write @text to the file at @path with @mode, replacing it; false on failure.
 */
bool skt_write_file(const char *path, const char *text, unsigned mode);

/* The file's contents and a NUL, for free(); NULL when it cannot be read.
 * *ret_len may be NULL. */
char *skt_read_file(const char *path, size_t *ret_len);

#endif /* SKT_DAEMON_H */
