#!/bin/sh
# test_cli_files.sh - the command line on files of any size, and on trees.
#
# usage: test_cli_files.sh BUILD_FOLDER
#
# Runs sidekey against two real agents: one with throw-away keys, and one whose
# tenant gets a new key on the way.  Crashes are made by a small library that is
# loaded in front of the C library and kills the program at the n-th call that
# changes the disk, a write half done.  Prints "N passed, N failed".
set -u

build=$(cd "${1:?usage: $0 BUILD_FOLDER}" && pwd)
# shellcheck source=tests/lib/wait.sh
. "$(dirname "$0")/../lib/wait.sh"
sidekey=$build/sidekey
work=$(mktemp -d)
agent=
keyed=
passed=0
failed=0

stop() {
    for pid in $agent $keyed; do
        kill "$pid" 2>/dev/null
        wait "$pid" 2>/dev/null
    done
    rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM

# expect NAME COMMAND...: the command succeeds.
expect() {
    name=$1
    shift
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -eq 0 ]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name: exit status $status"
        head -n 5 "$work/err"
    fi
}

# refuse NAME CODE TEXT COMMAND...: it fails with that exit status and says so.
refuse() {
    name=$1
    code=$2
    text=$3
    shift 3
    "$@" >"$work/out" 2>"$work/err"
    status=$?
    if [ $status -eq "$code" ] && grep -q -- "$text" "$work/err"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $name: exit status $status, and says:"
        head -n 5 "$work/err"
    fi
}

# says NAME PATTERN: the last command's standard output has such a line.
says() {
    if grep -q -- "$2" "$work/out"; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAIL: $1: it says:"
        head -n 5 "$work/out"
    fi
}

cd "$work" || exit 1
export SIDEKEY_SOCKET="$work/dev.sock"
"$build/sidekeyd" --dev --socket "$SIDEKEY_SOCKET" 2>dev.log &
agent=$!
expect "an agent answers" "$sidekey" health --timeout 60s

# ---- helpers that are compiled ------------------------------------------------

cat >peak.c <<'C'
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
/* Run a command; its largest resident memory in KiB to standard error. */
int main(int argc, char **argv)
{
    struct rusage usage;
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    if (argc < 2 || wait4(pid, &status, 0, &usage) != pid) return 126;
    fprintf(stderr, "%ld\n", usage.ru_maxrss);
    return status == 0 ? 0 : 1;
}
C
cat >crash.c <<'C'
#define _GNU_SOURCE
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>
/* End by CRASH_SIGNAL (9) at call CRASH_AT of those that change the disk. */
static long calls;
static int due(void)
{
    const char *at = getenv("CRASH_AT");
    return at != NULL && ++calls == atol(at);
}
static void end(void)
{
    const char *number = getenv("CRASH_SIGNAL");
    kill(getpid(), number == NULL ? SIGKILL : atoi(number));
}
ssize_t pwrite(int fd, const void *bytes, size_t len, off_t place)
{
    if (due()) {
        if (getenv("CRASH_SIGNAL") == NULL)
            syscall(SYS_pwrite64, fd, bytes, len / 2, place);
        end();
    }
    return syscall(SYS_pwrite64, fd, bytes, len, place);
}
ssize_t pwrite64(int fd, const void *bytes, size_t len, off_t place)
{
    return pwrite(fd, bytes, len, place);
}
int fsync(int fd)
{
    if (due()) end();
    return syscall(SYS_fsync, fd);
}
int fdatasync(int fd)
{
    if (due()) end();
    return syscall(SYS_fdatasync, fd);
}
int unlinkat(int fd, const char *name, int flags)
{
    if (due()) end();
    return syscall(SYS_unlinkat, fd, name, flags);
}
C
expect "a program that measures" "${CC:-cc}" -O1 peak.c -o peak
expect "a library that crashes" "${CC:-cc}" -O1 -shared -fPIC crash.c -o crash.so

# ---- sizes ----------------------------------------------------------------------

for size in 0 1 16383 16384 16385 32768 1000000; do
    head -c $size /dev/urandom >plain
    expect "$size bytes are encrypted" "$sidekey" encrypt t plain
    expect "$size bytes are decrypted" "$sidekey" decrypt t plain.ske -o back
    expect "$size bytes come back" cmp plain back
    # shellcheck disable=SC2016 # for the inner shell
    expect "$size bytes through pipes" sh -c \
        'cat plain | "$1" encrypt t | "$1" decrypt t | cmp - plain' - "$sidekey"
    rm -f plain.ske back
done

# ---- constant memory ------------------------------------------------------------

truncate -s 300M big
printf 'somewhere in the middle' | dd of=big bs=1 seek=150000000 conv=notrunc 2>/dev/null
: >empty
expect "nothing is encrypted" ./peak "$sidekey" encrypt t empty
base_encrypt=$(tail -n 1 err)
expect "nothing is decrypted" ./peak "$sidekey" decrypt t empty.ske -o empty.back
base_decrypt=$(tail -n 1 err)
expect "300 MiB are encrypted" ./peak "$sidekey" encrypt t big
peak_encrypt=$(tail -n 1 err)
expect "300 MiB are decrypted" ./peak "$sidekey" decrypt t big.ske -o big.back
peak_decrypt=$(tail -n 1 err)
expect "300 MiB come back" cmp big big.back
rm -f big.back
# shellcheck disable=SC2016
expect "300 MiB are decrypted to a pipe" sh -c \
    './peak "$1" decrypt t -i big.ske 2>pipe.peak | cmp - big' - "$sidekey"
peak_pipe=$(tail -n 1 pipe.peak)
echo "peak memory in KiB: encrypt $base_encrypt, 300 MiB $peak_encrypt;" \
    "decrypt $base_decrypt, 300 MiB $peak_decrypt, to a pipe $peak_pipe"
expect "encrypting takes no more memory for it" [ "$peak_encrypt" -lt $((base_encrypt + 4096)) ]
expect "decrypting takes no more memory for it" [ "$peak_decrypt" -lt $((base_decrypt + 4096)) ]
expect "neither does a pipe" [ "$peak_pipe" -lt $((base_decrypt + 4096)) ]
expect "a range of it is decrypted" ./peak "$sidekey" decrypt t --range 149999990-150000100 big.ske
says "the range has the words" 'somewhere in the middle'
expect "the range took no more memory" [ "$(tail -n 1 err)" -lt $((base_decrypt + 4096)) ]

# ---- ranges -----------------------------------------------------------------------

head -c 200000 /dev/urandom >plain
expect "a file for ranges" "$sidekey" encrypt t plain
check_range() {
    "$sidekey" decrypt t --range "$1" plain.ske >got 2>err.range &&
        tail -c +$(($2 + 1)) plain | head -c "$3" | cmp -s - got
}
awk 'BEGIN { srand(7); for (i = 0; i < 60; i++) {
    a = int(rand() * 200000); n = int(rand() * (i % 2 ? 200 : 70000)) + 1
    if (a + n > 200000) n = 200000 - a
    print a, n } }' >ranges
while read -r a n; do
    expect "bytes $a to $((a + n - 1))" check_range "$a-$((a + n - 1))" "$a" "$n"
done <ranges
expect "all from a byte on" check_range "150000-" 150000 50000
expect "the last bytes" check_range "-777" 199223 777
expect "an end behind the end" check_range "199990-300000" 199990 10
# shellcheck disable=SC2016
expect "standard input that is a file" sh -c '"$1" decrypt t --range 0-0 <plain.ske | cmp -n 1 - plain' - "$sidekey"
# shellcheck disable=SC2016
refuse "standard input that is a pipe" 1 'to seek in' sh -c 'cat plain.ske | "$1" decrypt t --range 0-0' - "$sidekey"
refuse "a range behind the end" 1 INVALID_ARGUMENT "$sidekey" decrypt t --range 200000- plain.ske
refuse "no range" 64 'none of A-B' "$sidekey" decrypt t --range 7 plain.ske

# ---- hazards ------------------------------------------------------------------------

cp plain other
ln other hard
ln -s other soft
mkfifo fifo
refuse "the input is no output" 1 'same file' "$sidekey" encrypt t -i other -o other --force
refuse "nor by a hard link" 1 'same file' "$sidekey" encrypt t -i other -o hard --force
refuse "nor by a symbolic one" 1 'same file' "$sidekey" encrypt t -i other -o soft --force
# shellcheck disable=SC2016
refuse "nor by the shell" 1 'same file' sh -c '"$1" encrypt t <other >>other' - "$sidekey"
refuse "a device is not replaced" 1 'no regular file' "$sidekey" encrypt t -i other -o /dev/null --force
refuse "a pipe is not replaced" 1 'no regular file' "$sidekey" encrypt t -i other -o fifo --force
refuse "a folder is not replaced" 1 'Is a directory' "$sidekey" encrypt t -i other -o . --force
refuse "nothing is overwritten" 1 ALREADY_EXISTS "$sidekey" encrypt t plain
expect "the input is as it was" cmp other plain

# No file but the named ones: temporary names are PLACE.XXXXXX.
temps() { find . -name "$1.??????" | grep -q .; }
no_temps() { ! temps "$1"; }

# Slower than what follows, on a busy machine, too.
nice -n 10 "$sidekey" encrypt t big -o growing.ske >/dev/null 2>grow.err &
pid=$!
await temps growing.ske
printf x >>big
wait $pid
status=$?
expect "an input that grows is an error" [ $status -eq 1 ]
expect "and it says so" grep -q 'changed while it was read' grow.err
expect "and there is no output" [ ! -e growing.ske ]
expect "nor a temporary file" no_temps growing.ske
truncate -s 300M big

for signal in INT TERM HUP; do
    env --default-signal="$signal" "$sidekey" encrypt t -i fifo -o cut.ske &
    pid=$!
    exec 9>fifo
    head -c 100000 plain >&9
    await temps cut.ske
    kill -s $signal $pid
    wait $pid
    status=$?
    exec 9>&-
    expect "SIG$signal ends a run" [ $status -gt 128 ]
    expect "and leaves no temporary file" no_temps cut.ske
    expect "nor an output" [ ! -e cut.ske ]
done

# ---- progress ---------------------------------------------------------------------

on_terminal() { script -qec "$1" typescript >/dev/null; }
expect "a run on a terminal" on_terminal "$sidekey encrypt t big -o bar.ske"
expect "shows a bar" grep -q ' [0-9]*% \[#* *\] ' typescript
expect "and a rate" grep -q 'iB of 300.0 MiB, [0-9.]* [KMG]iB/s, .* left' typescript
expect "a quiet run" on_terminal "$sidekey encrypt -q -f t big -o bar.ske"
# script writes lines of its own.
grep -v '^Script \|^.$\|^$' typescript >typed
expect "shows none" [ ! -s typed ]
expect "a run without a terminal" "$sidekey" encrypt -f t big -o bar.ske
expect "shows none either" [ ! -s err ]
rm -f bar.ske big big.ske

# ---- inspect ------------------------------------------------------------------------

expect "an envelope is inspected" "$sidekey" inspect plain.ske
says "its length is told" 'plaintext   200000 bytes'
says "its key is known" 'key held    yes, current key of t$'
expect "a tenant is asked about" "$sidekey" inspect --json --tenant t plain.ske
says "and has the key" '"key_held": "yes"}'
expect "another has not" "$sidekey" inspect --tenant u plain.ske
says "and says no" 'key held    no'
head -c 100 plain.ske >cut.ske
refuse "a cut one is told" 1 'cut or extended' "$sidekey" inspect cut.ske plain.ske

# ---- trees -----------------------------------------------------------------------------

tenant=67f1adf3-08e5-4eea-94e3-e611f263c87b
old='"SuUQdM2keQHz+kltExGZkoBapzYQeSnqu4d36U5FVCg="'
new='"HAkqV+apD4Vll+m7FYpqCoC8owAUD7ElyD6W2NPBNi+DJmut/efGb1yT6dxKcYwP"'
export SIDEKEY_SOCKET="$work/keyed.sock"
configure() {
    echo "{\"crypto\": {\"mode\": \"local-multi-keys\", \"update_period\": \"1h\",
        \"tenant_keys\": {\"$tenant\": [$1]}},
        \"sidekey\": {\"socket\": \"$SIDEKEY_SOCKET\", \"metrics\": \"\"}}" >config.new
    mv config.new config.json
}
has_key() { "$sidekey" pubkey $tenant | grep -q "$1"; }
# rotate FIRST SECOND KEY_ID: the agent takes a new configuration.
rotate() {
    configure "$1, $2"
    kill -HUP "$keyed"
    await has_key "$3"
}
configure "$old"
echo '{}' >secret.json
"$build/sidekeyd" --config config.json --secret secret.json 2>keyed.log &
keyed=$!
expect "an agent with a key of ours" await has_key 3e79bd828a6533d9

mkdir -p tree/a/b tree/c
i=0
while [ $i -lt 500 ]; do
    case $((i % 3)) in
    0) folder=tree ;;
    1) folder=tree/a/b ;;
    *) folder=tree/c ;;
    esac
    echo "object $i" >"$folder/$i"
    i=$((i + 1))
done
expect "500 files are encrypted" sh -c "find tree -type f -print0 | xargs -0 \"$sidekey\" encrypt $tenant"
find tree -type f ! -name '*.ske' -exec rm {} +
echo "no envelope" >tree/notes.txt
ln -s ../plain.ske tree/link.ske
cp plain.ske before.ske
expect "the tenant gets a new key" rotate "$new" "$old" dd15cd4ae3affea5

rewrap_tree() { "$sidekey" rewrap $tenant --recursive tree; }
crashing() { env LD_PRELOAD="$work/crash.so" "$@"; }
opens() {
    rm -rf opened
    mkdir opened
    find tree -type f -name '*.ske' -print0 | xargs -0 "$sidekey" decrypt $tenant -o opened || return 1
    i=0
    while [ $i -lt 500 ]; do
        [ "$(cat opened/$i)" = "object $i" ] || return 1
        i=$((i + 1))
    done
}
# Six steps a file: fsync, fsync of the folder, pwrite, fdatasync, unlinkat.
for at in 1 2 3 4 5 13 48 251 504 755; do
    crashing env CRASH_AT=$at "$sidekey" rewrap $tenant -r tree >/dev/null 2>&1
    status=$?
    expect "killed at call $at" [ $status -eq 137 ]
done
find tree -name '*.ske-rewrap' >journals
expect "a journal is left" [ "$(wc -l <journals)" -eq 1 ]
crashing env CRASH_AT=700 CRASH_SIGNAL=2 "$sidekey" rewrap $tenant -r tree >out.int 2>&1
status=$?
expect "an interrupted run ends by the signal" [ $status -eq 130 ]
expect "and says how far it came" grep -q 'stopped before the end' out.int
expect "a run ends what others began" rewrap_tree
says "nothing failed" ' 1 not an envelope, 0 failed$'
expect "another run" rewrap_tree
says "has nothing to do" '^0 rewrapped, 500 already current, 1 not an envelope, 0 failed$'
# shellcheck disable=SC2016
expect "no journal is left" sh -c '[ -z "$(find tree -name "*.ske-rewrap")" ]'
expect "a link is not followed" cmp plain.ske before.ske
expect "all files open" opens

expect "another new key" rotate "$old" "$new" 3e79bd828a6533d9
touch marker
has_changed() { find tree -name '*.ske' -newer marker | grep -q .; }
"$sidekey" rewrap $tenant -r tree >/dev/null 2>&1 &
pid=$!
await has_changed
kill -KILL $pid 2>/dev/null
wait $pid
expect "a run after kill -9" rewrap_tree
says "nothing failed then" ' 1 not an envelope, 0 failed$'
expect "all files open then" opens

# One file by name, torn in the middle of the write.
expect "a third new key" rotate "$new" "$old" dd15cd4ae3affea5
crashing env CRASH_AT=3 "$sidekey" rewrap $tenant tree/3.ske >/dev/null 2>&1
refuse "a torn header does not open" 1 'cut short' "$sidekey" decrypt $tenant -i tree/3.ske
expect "it is mended" "$sidekey" rewrap $tenant tree/3.ske
expect "and opens" "$sidekey" decrypt $tenant -i tree/3.ske
says "as it was" '^object 3$'

# A file that fails is named, the others are done.
printf 'SKE1\002\000\000\000%0200d' 0 >tree/bad.ske
refuse "a bad file fails the run" 1 'tree/bad.ske' rewrap_tree
says "and the others are done" '^499 rewrapped, 1 already current, 1 not an envelope, 1 failed$'
expect "JSON has the same" sh -c "\"$sidekey\" rewrap $tenant -r tree --json | python3 -c '
import json, sys
counts = json.load(sys.stdin)
assert counts[\"already_current\"] == 500 and counts[\"failed\"] == 1
assert counts[\"failures\"][0][\"file\"] == \"tree/bad.ske\"'"
rm tree/bad.ske
expect "a fourth new key" rotate "$old" "$new" 3e79bd828a6533d9
expect "a tree on a terminal" on_terminal "$sidekey rewrap $tenant -r tree"
expect "shows a bar, too" grep -q '% \[.*\] [0-9]* of 501 files, ' typescript

echo "$passed passed, $failed failed"
[ $failed -eq 0 ]
