#!/usr/bin/python3
"""generate.py - brings what the manual pages say of options, commands, keys and
functions up to date: from --help of the built programs, from the table of keys
in agent/config/CONFIG.md, and from the comments of the public headers.  What
stands outside of the marked parts is written by hand.

Usage: generate.py BUILD [--check]    (in the root of the tree)
       --check: change nothing, and fail when a page is out of date
"""
import glob
import re
import subprocess
import sys

PAGES = "contrib/man/"
BEGIN, END = '.\\" begin of what is generated: make docs\n', '.\\" end of what is generated\n'


def text(line):
    """One line of text for roff."""
    line = line.strip().replace("\\", "\\e").replace("`", "")
    return "\\&" + line if line[:1] in (".", "'") else line


def paragraph(lines):
    """Text, one sentence or so a line, as mdoc has it."""
    joined = re.sub(r"\s+", " ", " ".join(lines)).strip()
    return [text(s) for s in re.split(r"(?<=[.;:]) (?=[A-Z\"(a-z])", joined) if s]


def literal(lines):
    return [".Bd -literal -offset indent"] + [text(line) or "\\&" if not line.startswith(" ") else
                                              line.replace("\\", "\\e") for line in lines] + [".Ed"]


def output(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


# ---- options -------------------------------------------------------------------


def options_of(help_text):
    """The options of a help text, each a pair of its flags and its meaning."""
    found = []
    for line in help_text.splitlines():
        start = re.match(r" {2,6}(-\w, )?(--[a-z-]+)( [^ ]+)?( +(.*))?$", line)
        if start:
            flags = (start.group(1) or "") + start.group(2) + (start.group(3) or "")
            found.append((flags, [start.group(5) or ""]))
        elif found and line.startswith(" " * 16):
            found[-1][1].append(line.strip())
    return found


def flag_line(flags):
    parts = []
    for flag in flags.split(", "):
        name, _, value = flag.partition(" ")
        parts.append(f"Fl {name[1:]}" + (f" Ar {text(value)}" if value else ""))
    return ".It " + " , ".join(parts)


def option_list(options):
    if not options:
        return []
    lines = [".Bl -tag -width Ds"]
    for flags, meaning in options:
        lines += [flag_line(flags)] + paragraph(meaning)
    return lines + [".El"]


def sidekeyd(build):
    return option_list(options_of(output(f"{build}/sidekeyd", "--help")))


def describe_command(program, name, common):
    told = output(program, name, "--help")
    usage, rest = told.split("\n", 1)
    body = rest.split("\noptions:\n")[0].strip().split("\n\n")
    lines = [f".Ss {name}"] + literal([usage.removeprefix("usage: ")]) + paragraph(
        [body[0].split(": ", 1)[1].capitalize() + "."])
    for block in body[1:]:
        lines += [".Pp"] + paragraph(block.splitlines())
    own = [option for option in options_of(told) if option not in common]
    return lines + option_list(own)


def sidekey(build):
    program = f"{build}/sidekey"
    told = output(program, "--help")
    common = options_of(told)
    commands = re.findall(r"^  ([a-z-]+) +", told.split("commands:")[1].split("options:")[0], re.MULTILINE)
    lines = [".Sh OPTIONS"] + option_list(common) + [".Sh COMMANDS"]
    for name in commands:
        if name == "help":
            lines += [".Ss help"] + literal(["sidekey help COMMAND"]) + ["Print the help of a command."]
        else:
            lines += describe_command(program, name, common)
    return lines


# ---- keys ----------------------------------------------------------------------


def sidekeyd_conf(_):
    table = open("agent/config/CONFIG.md", encoding="utf-8").read()
    table = table.split("<!-- begin of the table -->\n")[1].split("<!-- end of the table -->")[0]
    lines = [".Bl -tag -width Ds"]
    for row in table.splitlines()[2:]:
        key, kind, fallback, meaning = split_row(row)
        lines += [f".It Ic {key}"] + paragraph([f"{kind}; default {fallback or 'none'}."]) + [".br"] + paragraph([meaning + "."])
    return lines + [".El"]


def split_row(row):
    cells = [cell.strip().replace("`", "") for cell in row.strip().removeprefix("|").removesuffix("|").split("|")]
    return cells[0], cells[1], cells[2], "|".join(cells[3:]).strip()


# ---- functions -----------------------------------------------------------------


def comment_lines(comment):
    return [re.sub(r"^\s*(/\*|\*/|\*)? ?", "", line).removesuffix("*/").rstrip() for line in comment.splitlines()]


def describe_header(path):
    source = open(path, encoding="utf-8").read()
    name = path.rsplit("/", 1)[1]
    lines = [f".Ss <{name}>"]
    declaration = re.compile(r"(/\*(?:[^*]|\*(?!/))*\*/)?\n((?:SIDEKEY_MUST_CHECK )?[a-z][\w \n*]*?\bsidekey_\w+\([^;{]*\);)")
    for found in declaration.finditer(source):
        prototype = found.group(2).replace("SIDEKEY_MUST_CHECK ", "")
        lines += literal(prototype.splitlines())
        if found.group(1):
            lines += literal(comment_lines(found.group(1)))
    return lines


def libsidekey(_):
    lines = []
    for path in ["libclient/sidekey.h"] + sorted(set(glob.glob("libclient/sidekey_*.h"))):
        lines += describe_header(path)
    return lines


# ---- pages ---------------------------------------------------------------------


def main():
    build, is_check = sys.argv[1], "--check" in sys.argv
    status = 0
    for page, make in (("sidekeyd.8", sidekeyd), ("sidekey.1", sidekey), ("sidekeyd.conf.5", sidekeyd_conf),
                       ("libsidekey.3", libsidekey)):
        old = open(PAGES + page, encoding="utf-8").read()
        before, rest = old.split(BEGIN)
        after = rest.split(END)[1]
        new = before + BEGIN + "\n".join(make(build)) + "\n" + END + after
        if new != old and is_check:
            print(f"{PAGES}{page} is out of date: make docs")
            status = 1
        elif new != old:
            open(PAGES + page, "w", encoding="utf-8").write(new)
    sys.exit(status)


if __name__ == "__main__":
    main()
