#!/usr/bin/python3
"""generate.py - writes the completions of bash, zsh and fish for sidekey and
sidekeyd from what --help of the built programs says, which prints the tables
that the programs parse with.

Usage: generate.py BUILD [--check]    (in the root of the tree)
       --check: change nothing, and fail when a file is out of date
"""
import dataclasses
import re
import shlex
import subprocess
import sys

FOLDER = "contrib/completion/"
# Values that an option's sentence names; a word that it no longer names is an error.
VALUES = {
    "--suite": ["1", "2", "x25519-hpke-aes256gcm"],
    "--reason": ["unspecified", "key-compromise", "superseded", "cessation-of-operation"],
}


@dataclasses.dataclass
class Option:
    long: str
    letter: str  # "-q", or empty
    value: str  # what its value is called, or empty
    meaning: str

    def kind(self):
        """What may be completed as its value."""
        if self.long in VALUES:
            lost = [word for word in VALUES[self.long] if word not in self.value + " " + self.meaning]
            if lost:
                sys.exit(f"{self.long} no longer takes {lost}: mend VALUES in {FOLDER}generate.py")
            return "words"
        if self.value == "TENANT":
            return "tenant"
        if re.search(r"FILE|PATH|SOCKET", self.value):
            return "file"
        return "none" if self.value else ""


@dataclasses.dataclass
class Command:
    name: str
    summary: str
    options: list
    verbs: list  # words that must come first
    lone_verbs: list  # those of them that no tenant follows, where one may
    has_tenant: bool
    has_files: bool


# ---- what --help says ----------------------------------------------------------


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def options_of(help_text):
    found = []
    for line in help_text.splitlines():
        start = re.match(r" {2,6}(?:(-\w), )?(--[a-z-]+)(?: ([A-Z0-9][^ ]*))?(?: +(.*))?$", line)
        if start:
            letter, long, value, meaning = (part or "" for part in start.groups())
            found.append(Option(long, letter, value, meaning))
        elif found and line.startswith(" " * 16):
            found[-1].meaning = (found[-1].meaning + " " + line.strip()).strip()
    return found


def command_of(program, name, summary):
    """Its operands stand in the first line: words in small letters are typed as they are."""
    told = output(program, name, "--help")
    operands = told.split("\n", 1)[0].split("[OPTION...]", 1)[1]
    verbs, lone_verbs = [], []
    for way in re.split(r", or: [a-z]+", re.sub(r"\[.*?\]|-\w [A-Z]+", "", operands)):
        first = way.split()[:1]
        if first and re.fullmatch(r"[a-z|-]+", first[0]):
            verbs += first[0].split("|")
            lone_verbs += [] if "TENANT" in way else first[0].split("|")
    return Command(name, summary, options_of(told), verbs, lone_verbs, "TENANT" in operands,
                   bool(re.search(r"FILE\.\.\.|DIR", operands)))


def commands_of(program):
    table = output(program, "--help").split("commands:\n")[1].split("\n\n")[0]
    rows = re.findall(r"^  ([a-z-]+) +(.*)$", table, re.MULTILINE)
    found = [command_of(program, name, summary) for name, summary in rows if name != "help"]
    names = [command.name for command in found]
    return found + [Command("help", dict(rows)["help"], [], names, [], False, False)]


# ---- bash ----------------------------------------------------------------------

BASH_HEAD = """\
# @NAME@.bash - completion of @NAME@ for bash.  Generated: make docs.
"""
BASH_COMMON = """\
# Offers those of the words that begin with what is typed.  Not by compgen -W,
# which would expand what stands in a tenant's name.
_@NAME@_words() {
    local word
    for word in "$@"; do
        [[ $word != "$cur"* ]] || COMPREPLY+=("$(printf '%q' "$word")")
    done
}
_@NAME@_files() {
    local word
    compopt -o filenames 2>/dev/null
    while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen -f -- "$cur")
}
"""
BASH_TENANTS = """\
# Asks the agent, for a second at most; none when it does not answer.
_sidekey_tenants() {
    local ids
    mapfile -t ids < <(timeout 2 "$program" ${socket:+--socket "$socket"} --quiet --timeout 1s tenants 2>/dev/null | awk '{ print $1 }')
    _sidekey_words "${ids[@]}"
}
"""


def flags(options, long_only=False):
    return " ".join(word for o in options for word in ([] if long_only else [o.letter]) + [o.long] if word)


def patterns(options):
    return "|".join(word for o in options for word in (o.letter, o.long) if word)


def bash_values(name, options, indent):
    """Cases of $prev: options that take a value."""
    by_what = {}
    for option in options:
        kind = option.kind()
        what = {"words": f"_{name}_words " + " ".join(VALUES.get(option.long, [])), "tenant": f"_{name}_tenants",
                "file": f"_{name}_files", "none": ":", "": None}[kind]
        if what:
            by_what.setdefault(what, []).append(option)
    return [f"{indent}{patterns(group)}) {what} ;;" for what, group in by_what.items()]


def unique(options):
    return list({(o.long, o.value): o for o in options}.values())


def bash_sidekeyd(options):
    return [BASH_HEAD.replace("@NAME@", "sidekeyd") + BASH_COMMON.replace("@NAME@", "sidekeyd"), "_sidekeyd() {",
            "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}", "    COMPREPLY=()",
            "    case $prev in"] + bash_values("sidekeyd", options, "    ") + [
            f"    *) _sidekeyd_words {flags(options)} ;;", "    esac", "}", "complete -F _sidekeyd sidekeyd"]


def bash_operands(command):
    steps = []
    if command.verbs:
        steps.append(f"'_sidekey_words {' '.join(command.verbs)}'")
    if command.has_tenant and command.lone_verbs:
        steps.append(f"_sidekey_tenants; [[ $verb != @({'|'.join(command.lone_verbs)}) ]] || operand=''")
    elif command.has_tenant:
        steps.append("_sidekey_tenants")
    lines = [f"        {command.name})", f"            options=({flags(command.options)})"]
    if steps or command.has_files:
        lines.append("            case $n_words in")
        lines += [f"            {i}) operand={step} ;;" for i, step in enumerate(steps)]
        lines += ["            *) operand=_sidekey_files ;;"] if command.has_files else []
        lines.append("            esac")
    return lines + ["            ;;"]


def bash_sidekey(common, commands):
    every = unique(common + [o for c in commands for o in c.options])
    takes_value = patterns([o for o in every if o.value])
    return [BASH_HEAD.replace("@NAME@", "sidekey") + BASH_COMMON.replace("@NAME@", "sidekey") + BASH_TENANTS] + [
        "_sidekey() {",
        "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]}",
        "    local program=$1 command='' verb='' operand='' socket='' option n_words=0 i",
        f"    local options=({flags(common)})",
        "    COMPREPLY=()",
        "    # COMP_WORDBREAKS makes a word of the = in --name=value.",
        "    [[ $cur != '=' ]] || cur=''",
        "    [[ $prev != '=' ]] || prev=${COMP_WORDS[COMP_CWORD - 2]}",
        "    for ((i = 1; i < COMP_CWORD; i++)); do",
        "        case ${COMP_WORDS[i]} in",
        f"        {takes_value})",
        "            option=${COMP_WORDS[i]}",
        "            [[ ${COMP_WORDS[++i]} != '=' ]] || ((++i))",
        "            [[ $option != --socket ]] || socket=${COMP_WORDS[i]}",
        "            ;;",
        "        -*) ;;",
        "        *)",
        "            if [[ -z $command ]]; then",
        "                command=${COMP_WORDS[i]}",
        "            elif ((n_words++ == 0)); then",
        "                verb=${COMP_WORDS[i]}",
        "            fi",
        "            ;;",
        "        esac",
        "    done",
        "    case $prev in"] + bash_values("sidekey", every, "    ") + [
        "    *)",
        "        case $command in",
        "        '') operand='_sidekey_words " + " ".join(c.name for c in commands) + "' ;;"] + [
        line for command in commands for line in bash_operands(command)] + [
        "        esac",
        "        if [[ $cur == -* ]]; then _sidekey_words \"${options[@]}\"; else $operand; fi",
        "        ;;",
        "    esac",
        "}",
        "complete -F _sidekey sidekey"]


# ---- zsh -----------------------------------------------------------------------

ZSH_TENANTS = """\
# Asks the agent, for a second at most; none when it does not answer.
_sidekey_tenants() {
    local -a ids
    local named=${(Q)opt_args[--socket]:-$socket}
    ids=(${(f)"$(timeout 2 ${service:-sidekey} ${named:+--socket} $named \\
        --quiet --timeout 1s tenants 2>/dev/null | awk '{ print $1 }')"})
    compadd -a ids
}
"""


def zsh_escape(text):
    return re.sub(r"([\[\]:])", r"\\\1", text)


def zsh_option(option):
    action = {"words": "(" + " ".join(VALUES.get(option.long, [])) + ")", "tenant": "_sidekey_tenants", "file": "_files",
              "none": " ", "": ""}[option.kind()]
    value = f":{zsh_escape(option.value.lower())}:{action}" if action else ""
    meaning = f"[{zsh_escape(option.meaning)}]"
    equals = "=" if value else ""
    if not option.letter:
        return shlex.quote(option.long + equals + meaning + value)
    both = f"({option.letter} {option.long})"
    plus = "+" if value else ""
    return " ".join(shlex.quote(both + flag + meaning + value)
                    for flag in (option.letter + plus, option.long + equals))


def zsh_arguments(options, operands, indent):
    parts = [zsh_option(option) for option in options] + [shlex.quote(operand) for operand in operands]
    return f"{indent}_arguments -s -S " + f" \\\n{indent}    ".join(parts)


def zsh_operands(command):
    steps = []
    if command.verbs:
        steps.append(f":what:({' '.join(command.verbs)})")
    if command.has_tenant and command.lone_verbs:
        steps.append(f":tenant:{{[[ $line[1] == ({'|'.join(command.lone_verbs)}) ]] || _sidekey_tenants}}")
    elif command.has_tenant:
        steps.append(":tenant:_sidekey_tenants")
    return [f"{i + 1}{step}" for i, step in enumerate(steps)] + (["*:file:_files"] if command.has_files else [])


def zsh_sidekeyd(options):
    return ["#compdef sidekeyd", "# _sidekeyd - completion of sidekeyd for zsh.  Generated: make docs.",
            zsh_arguments(options, [], "")]


def zsh_sidekey(common, commands):
    lines = ["#compdef sidekey", "# _sidekey - completion of sidekey for zsh.  Generated: make docs.",
             ZSH_TENANTS + "_sidekey() {", "    local curcontext=$curcontext state line socket=''", "    local -A opt_args",
             "    local -a commands=("]
    lines += [f"        {shlex.quote(c.name + ':' + zsh_escape(c.summary))}" for c in commands] + ["    )"]
    lines.append(zsh_arguments(common, ["1: :->command", "*:: :->operands"], "    ").replace("-s -S", "-C -s -S") +
                 " && return")
    # The second call of _arguments forgets what the first has found.
    lines += ["    socket=${(Q)opt_args[--socket]}", "    case $state in", "    command) _describe command commands ;;", "    operands)", "        case $words[1] in"]
    for command in commands:
        lines += [f"        {command.name})", zsh_arguments(command.options, zsh_operands(command), " " * 12), " " * 12 + ";;"]
    return lines + ["        esac", "        ;;", "    esac", "}", '_sidekey "$@"']


# ---- fish ----------------------------------------------------------------------

FISH_TENANTS = """\
# Asks the agent, for a second at most; none when it does not answer.
function __sidekey_tenants
    set -l words (commandline -opc)
    set -l socket
    if set -l at (contains -i -- --socket $words)
        set socket --socket $words[(math $at + 1)]
    end
    timeout 2 $words[1] $socket --quiet --timeout 1s tenants 2>/dev/null | awk '{ print $1 }'
end
"""


def fish_quote(text):
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def fish_option(program, condition, option):
    value = {"words": " -x -a " + fish_quote(" ".join(VALUES.get(option.long, []))), "tenant": " -x -a '(__sidekey_tenants)'",
             "file": " -r -F", "none": " -x", "": ""}[option.kind()]
    letter = f" -s {option.letter[1:]}" if option.letter else ""
    return f"complete -c {program}{condition}{letter} -l {option.long[2:]}{value} -d {fish_quote(option.meaning)}"


def fish_sidekeyd(options):
    return ["# sidekeyd.fish - completion of sidekeyd for fish.  Generated: make docs.", "complete -c sidekeyd -f"] + [
        fish_option("sidekeyd", "", option) for option in options]


def fish_sidekey(common, commands):
    lines = ["# sidekey.fish - completion of sidekey for fish.  Generated: make docs.", FISH_TENANTS + "complete -c sidekey -f"]
    lines += [fish_option("sidekey", "", option) for option in common]
    known = {option.long for option in common}
    for c in commands:
        seen = f" -n '__fish_seen_subcommand_from {c.name}'"
        lines.append(f"complete -c sidekey -n __fish_use_subcommand -a {c.name} -d {fish_quote(c.summary)}")
        lines += [fish_option("sidekey", seen, option) for option in c.options if option.long not in known]
        if c.verbs:
            first = f" -n '__fish_seen_subcommand_from {c.name}; and not __fish_seen_subcommand_from {' '.join(c.verbs)}'"
            if c.name == "help":
                first = " -n 'test (count (commandline -opc)) -eq 2; and __fish_seen_subcommand_from help'"
            lines.append(f"complete -c sidekey{first} -a {fish_quote(' '.join(c.verbs))}")
        if c.has_tenant:
            with_tenant = [verb for verb in c.verbs if verb not in c.lone_verbs]
            after = f" -n '__fish_seen_subcommand_from {c.name}; and __fish_seen_subcommand_from {' '.join(with_tenant)}'"
            lines.append(f"complete -c sidekey{after if with_tenant else seen} -a '(__sidekey_tenants)'")
        if c.has_files:
            lines.append(f"complete -c sidekey{seen} -F")
    return lines


# ---- files ---------------------------------------------------------------------


def main():
    build, is_check = sys.argv[1], "--check" in sys.argv
    common, agent = options_of(output(f"{build}/sidekey", "--help")), options_of(output(f"{build}/sidekeyd", "--help"))
    commands = commands_of(f"{build}/sidekey")
    status = 0
    for name, lines in (("sidekey.bash", bash_sidekey(common, commands)), ("sidekeyd.bash", bash_sidekeyd(agent)),
                        ("_sidekey", zsh_sidekey(common, commands)), ("_sidekeyd", zsh_sidekeyd(agent)),
                        ("sidekey.fish", fish_sidekey(common, commands)), ("sidekeyd.fish", fish_sidekeyd(agent))):
        new = "\n".join(lines) + "\n"
        try:
            old = open(FOLDER + name, encoding="utf-8").read()
        except FileNotFoundError:
            old = ""
        if new != old and is_check:
            print(f"{FOLDER}{name} is out of date: make docs")
            status = 1
        elif new != old:
            open(FOLDER + name, "w", encoding="utf-8").write(new)
    sys.exit(status)


if __name__ == "__main__":
    main()
