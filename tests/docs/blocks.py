#!/usr/bin/python3
"""blocks.py - turns the code blocks of a document into files and a script.

A block marked c is written to the file that its first comment names; the blocks
marked sh become one bash script, in their order, which says on descriptor 3
after each of them that it went through.

usage: blocks.py DOCUMENT FOLDER     writes FOLDER/*.c and FOLDER/script.sh;
                                     prints how many sh blocks there are"""

import os
import re
import sys


def blocks_of(path):
    """(language, line number, text) of each fenced block."""
    language, start, lines = None, 0, []
    with open(path, encoding="utf-8") as document:
        for number, line in enumerate(document, 1):
            fence = re.match(r"^```(\w*)\s*$", line)
            if fence and language is None:
                language, start, lines = fence.group(1), number, []
            elif fence:
                yield language, start, "".join(lines)
                language = None
            elif language is not None:
                lines.append(line)
    if language is not None:
        sys.exit(f"{path}:{start}: the block has no end")


def main():
    path, folder = sys.argv[1:3]
    script = ["set -euo pipefail", "trap 'kill $(jobs -p) 2>/dev/null; wait' EXIT"]
    # What a page takes for granted: an agent that runs, say.
    before = os.path.join(os.path.dirname(os.path.abspath(__file__)), os.path.basename(path).replace(".md", ".sh"))
    if os.path.exists(before):
        with open(before, encoding="utf-8") as file:
            script.append(file.read())
    n_blocks = 0
    for language, line, text in blocks_of(path):
        if language == "c":
            name = re.match(r"/\* (\w+\.c) -", text).group(1)
            with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
                file.write(text)
        elif language == "sh":
            n_blocks += 1
            script += [f"echo '# {os.path.basename(path)}:{line}'", text, f"echo {line} >&3"]
        elif language not in ("text", "json"):
            sys.exit(f"{path}:{line}: a block marked {language!r} is not tested")
    with open(os.path.join(folder, "script.sh"), "w", encoding="utf-8") as file:
        file.write("\n".join(script) + "\n")
    print(n_blocks)


if __name__ == "__main__":
    main()
