# SPDX-License-Identifier: BSD-2-Clause
"""tests/lib/type_completions.py SHELL FOLDER - types a line and a tab, looks at the line."""
import os
import sys

from terminal import Failure, Terminal

START = {
    "bash": (["bash", "--norc", "-i"], "bind 'set bell-style none'; source {}/begat.bash; PS1='> '"),
    "zsh": (["zsh", "-f", "-i"],
            "fpath=({} $fpath); autoload -Uz compinit; compinit -u -D; unsetopt beep; PS1='> '"),
    "fish": (["fish", "--no-config", "-i"], "source {}/begat.fish; function fish_prompt; echo -n '> '; end"),
}
LINES = (
    ("begat wat\t", "> begat watch "),
    ("begat watch --form\t", "> begat watch --format "),
    ("begat watch --format j\t", "> begat watch --format json "),
    ("begat watch --format=j\t", "> begat watch --format=json "),
    ("begat help fil\t", "> begat help filter "),
    ("begat run -- basena\t", "> begat run -- basename "),
)


def main():
    shell, folder = sys.argv[1:]
    command, setup = START[shell]
    terminal = Terminal(command, 100, is_lenient=True)
    try:
        terminal.send(setup.format(folder) + "; echo re''ady\n")
        terminal.wait("^ready")
        terminal.wait("^>", "the prompt")
        for line, wanted in LINES:
            terminal.send("\x15" + line)
            terminal.send("#")
            terminal.wait("^" + wanted.replace(".", r"\.") + "#", repr(wanted))
            terminal.send("\x15")
    except Failure as failure:
        print(failure)
        return 1
    finally:
        terminal.kill()
    return 0


if __name__ == "__main__":
    os.environ["HISTFILE"] = ""
    sys.exit(main())
