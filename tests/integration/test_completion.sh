#!/bin/sh
# test_completion.sh - the completions are what the programs' help says, and the
# shells take them: bash, zsh and fish complete commands, options, values, files
# and the tenants of a running agent.
# Usage: test_completion.sh BUILD    (in the root of the tree)
set -u
LC_ALL=C
export LC_ALL
b=$(cd "$1" && pwd)
completions=$(pwd)/contrib/completion
dir=$(mktemp -d)
agent=
clean_up() {
    [ -z "$agent" ] || { kill "$agent" && wait "$agent"; } 2>/dev/null
    rm -rf "$dir"
}
trap clean_up EXIT
trap 'exit 1' HUP INT PIPE TERM
passed=0
failed=0

# shellcheck source=tests/lib/expect.sh
. "$(dirname "$0")/../lib/expect.sh"
gives() { # WANTED COMMAND...: the words of its output, in order
    wanted=$1
    shift
    # Nobody at a prompt waits for more than two seconds: on a busy machine there
    # may be no tenants until the next time.
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        got=$("$@" 2>&1 | tr '\n' ' ')
        [ "$got" != "${wanted:+$wanted }" ] || return 0
    done
    echo "wanted \"$wanted\", got \"$got\""
    false
}
# What bash offers for the last of the words; = is a word of its own there.
cat >"$dir/bash.sh" <<'DRIVER'
source "$1" || exit 1
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
COMPREPLY=()
"_${1##*/}" "$1" "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
((${#COMPREPLY[@]} == 0)) || printf '%s\n' "${COMPREPLY[@]}"
DRIVER
in_bash() { program=${1##*/} && bash "$dir/bash.sh" "$completions/$program.bash" "$@"; }
# What zsh offers at the end of a line: its own line editor is asked, on a
# terminal of zpty, and what it would add is written to a pipe.
cat >"$dir/zsh.zsh" <<'DRIVER'
zmodload zsh/zpty || exit 1
mkfifo $3 && exec 3<>$3
zpty editor "TERM=dumb PS1= exec zsh -f -i"
zpty -w editor "fpath=(${(q)1} \$fpath); out=${(q)3}; exec 3>\$out; "'
setopt no_beep no_auto_list
autoload -Uz compinit && compinit -u -d $out.dump
compadd() {
    local -a hits
    [[ ${@[1,(i)(-|--)]} == *-(O|A|D)\ * ]] || { builtin compadd -A hits "$@"; print -rlu 3 -- $hits; }
    builtin compadd "$@"
}
finish() { print -u 3 END; }
zle -N finish && bindkey "^I" complete-word "^X" finish
print -u 3 END'
read -t 60 -u 3 line || { print "zsh does not start"; exit 1; }
zpty -w -n editor "$2"$'\t\x18'
while read -t 60 -r -u 3 line && [[ $line != END ]]; do print -r -- $line; done | grep . | sort -u
zpty -d editor
rm -f $3
DRIVER
in_zsh() { timeout 180 zsh -f "$dir/zsh.zsh" "$completions" "$1" "$dir/offered"; }
in_fish() { fish --no-config -c "source '$completions/${1%% *}.fish'; complete -C \"$1\"" | cut -f 1 | sort; }

expect "what is generated is up to date" /usr/bin/python3 contrib/completion/generate.py "$b" --check

# ---- an agent with tenants, one of them named to do harm
mkdir "$dir/files" && : >"$dir/files/plain one" && : >"$dir/files/plum"
PATH=$b:$PATH
SIDEKEY_SOCKET=$dir/sock
export PATH SIDEKEY_SOCKET
sidekeyd --dev --socket "$dir/sock" >"$dir/agent.log" 2>&1 &
agent=$!
tries=600
until sidekey health --live >/dev/null 2>&1 || [ "$tries" = 0 ]; do tries=$((tries - 1)) && sleep 0.1; done
harm="harm-\$(touch\${IFS}$dir/harmed)"
quoted=$(printf '%s' "$harm" | sed 's/[${}()]/\\&/g')
for tenant in gate-1 gate-2 "$harm"; do sidekey pubkey "$tenant" >/dev/null 2>&1; done
sidekey -q tenants >"$dir/tenants"
expect "the agent has the tenants" grep -q '^gate-1 ' "$dir/tenants"
expect "and that one" grep -q '^harm-' "$dir/tenants"

# ---- bash
expect "bash takes sidekey's" bash -n contrib/completion/sidekey.bash
expect "bash takes sidekeyd's" bash -n contrib/completion/sidekeyd.bash
expect "bash completes a command" gives "encrypt" in_bash sidekey enc
commands=$(sidekey --help | sed -n '/^commands:/,/^$/s/^  \([a-z-]*\) .*/\1/p' | tr '\n' ' ')
expect "bash knows all commands" gives "${commands% }" in_bash sidekey ""
for command in $commands; do
    [ "$command" != help ] || continue
    told=$(sidekey "$command" --help | sed -n '/^options:/,$s/.*\(--[a-z-]*\).*/\1/p' | sort | tr '\n' ' ')
    offered=$(in_bash sidekey "$command" -- | sort | tr '\n' ' ')
    expect "bash knows the options of $command" test "$told" = "$offered"
done
expect "bash completes a command behind options" gives "status" in_bash sidekey --socket /s -q sta
expect "bash completes a value" gives "key-compromise" in_bash sidekey kms revoke t --reason k
expect "and behind an equals sign" gives "1 2 x25519-hpke-aes256gcm" in_bash sidekey encrypt t --suite =
expect "and what was begun there" gives "x25519-hpke-aes256gcm" in_bash sidekey encrypt t --suite = x
expect "bash completes a verb" gives "activate" in_bash sidekey kms ac
expect "bash completes the topics of help" gives "keygen kms" in_bash sidekey help k
expect "bash completes tenants" gives "gate-1 gate-2" in_bash sidekey pubkey g
expect "bash quotes the name of a tenant" gives "$quoted" in_bash sidekey pubkey harm
expect "bash completes the value of --tenant" gives "gate-1" in_bash sidekey inspect --tenant gate-1
expect "bash asks the agent that is named" gives "" in_bash sidekey --socket "$dir/none" pubkey t
expect "bash completes files behind the tenant" gives "$dir/files/plain one $dir/files/plum" \
    in_bash sidekey encrypt gate-1 "$dir/files/pl"
expect "bash completes no tenant there" gives "" in_bash sidekey encrypt gate-1 gate-
expect "bash completes an option of the agent" gives "--supervise" in_bash sidekeyd --su
expect "bash completes a file of the agent" gives "$dir/files/plum" in_bash sidekeyd --config "$dir/files/plu"
expect "bash completes the tenant of a verb" gives "gate-1 gate-2" in_bash sidekey kms put --generate g
expect "and none where none may stand" gives "" in_bash sidekey kms list g
expect "nor behind options" gives "" in_bash sidekey kms --json info g
expect "a tenant's name is not run" test ! -e "$dir/harmed"

# ---- zsh
if command -v zsh >/dev/null; then
    for name in sidekey sidekeyd; do
        expect "zsh takes $name's" zsh -n "contrib/completion/_$name"
        # shellcheck disable=SC2016 # for zsh
        expect "zsh completes $name by it" gives "_$name" zsh -f -c \
            'fpath=($1 $fpath); autoload -Uz compinit && compinit -u -D && print ${_comps[$2]}' zsh "$completions" "$name"
    done
    expect "zsh completes a command" gives "encrypt" in_zsh "sidekey enc"
    sorted=$(printf '%s' "$commands" | tr ' ' '\n' | sort | tr '\n' ' ')
    expect "zsh knows all commands" gives "${sorted% }" in_zsh "sidekey "
    expect "zsh completes a command behind options" gives "status" in_zsh "sidekey --socket /s -q sta"
    expect "zsh completes an option of a command" gives "--any-suite" in_zsh "sidekey decrypt --any"
    expect "and not of another" gives "" in_zsh "sidekey status --any"
    expect "zsh completes a value" gives "key-compromise" in_zsh "sidekey kms revoke t --reason k"
    expect "and behind an equals sign" gives "x25519-hpke-aes256gcm" in_zsh "sidekey encrypt t --suite=x"
    expect "zsh completes a verb" gives "activate" in_zsh "sidekey kms ac"
    expect "zsh completes the topics of help" gives "keygen kms" in_zsh "sidekey help k"
    expect "zsh completes tenants" gives "gate-1 gate-2" in_zsh "sidekey pubkey g"
    expect "zsh completes the tenant of a verb" gives "gate-1 gate-2" in_zsh "sidekey kms put --generate g"
    expect "and none where none may stand" gives "" in_zsh "sidekey kms list g"
    expect "nor behind options" gives "" in_zsh "sidekey kms --json info g"
    expect "zsh quotes the name of a tenant" gives "$quoted" in_zsh "sidekey pubkey harm"
    expect "zsh completes the value of --tenant" gives "gate-1" in_zsh "sidekey inspect --tenant gate-1"
    expect "zsh asks the agent that is named" gives "" in_zsh "sidekey --socket $dir/none pubkey g"
    expect "and that one only" gives "gate-1 gate-2" env SIDEKEY_SOCKET="$dir/none" \
        zsh -f "$dir/zsh.zsh" "$completions" "sidekey --socket $dir/sock pubkey g" "$dir/offered"
    expect "zsh completes files behind the tenant" gives "plum" in_zsh "sidekey encrypt gate-1 $dir/files/plu"
    expect "zsh completes an option of the agent" gives "--supervise" in_zsh "sidekeyd --su"
    expect "a tenant's name is not run by zsh" test ! -e "$dir/harmed"
else
    echo "SKIPPED: no zsh to complete in"
fi

# ---- fish
if command -v fish >/dev/null; then
    export HOME="$dir" XDG_DATA_HOME="$dir" XDG_CONFIG_HOME="$dir"
    for name in sidekey sidekeyd; do expect "fish takes $name's" fish --no-config -n "contrib/completion/$name.fish"; done
    expect "fish completes a command" gives "encrypt" in_fish "sidekey enc"
    expect "fish completes an option of a command" gives "--any-suite" in_fish "sidekey decrypt --any"
    expect "and not of another" gives "" in_fish "sidekey status --any"
    expect "fish completes a value" gives "superseded" in_fish "sidekey kms revoke t --reason su"
    expect "fish completes tenants" gives "gate-1" in_fish "sidekey pubkey gate-1"
    expect "fish completes the tenant of a verb" gives "gate-1 gate-2" in_fish "sidekey kms put gate"
    expect "and none where none may stand" gives "" in_fish "sidekey kms list gate"
    expect "nor before a verb" gives "" in_fish "sidekey kms gate-"
    expect "fish completes an option of the agent" gives "--supervise" in_fish "sidekeyd --su"
else
    echo "SKIPPED: no fish to complete in"
fi

# ---- an agent that does not answer
kill -STOP "$agent"
before=$(date +%s)
expect "a silent agent has no tenants" gives "" in_bash sidekey pubkey t
took=$(($(date +%s) - before))
# A call without a limit would wait for half a minute.
expect "and is not waited for" test "$took" -le 20
kill -CONT "$agent"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
