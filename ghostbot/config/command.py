"""A daemon's command: split like a shell does, never run by one, and there when it is needed."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Mapping
from pathlib import Path

from ghostbot.config.wrong import Place, Wrong, shown

_SHELL_ONLY = frozenset({"|", "||", "&&", ";", ">", ">>", "<", "&", "2>", "2>&1", "&>"})
_ASSIGNED = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)=(.*)", re.DOTALL)
_READS_A_SCRIPT = re.compile(r"(python|node|ruby|bash|sh)[0-9.]*")
_PLAIN_FLAGS = frozenset({"-u", "-B", "-E", "-I", "-O", "-s"})  # python's that take no argument
_SCRIPT = re.compile(r"[^-].*\.(py|js|mjs|cjs|rb|sh)", re.DOTALL)


def command(value: object) -> tuple[str, ...]:
    """Read a command: a text, which is split, or a list. Its variables are still to expand."""
    if isinstance(value, str):
        words = _split(value)
    elif isinstance(value, list):
        wrong: list[tuple[Place, str]] = []
        for i, word in enumerate(value):
            if not isinstance(word, str):
                wrong.append(((i,), f"{shown(word)} is no text (put it in quotes)"))
        if wrong:
            raise Wrong(each=wrong)
        words = list(value)
    else:
        raise Wrong(f'{shown(value)} is no command: write "prog arg" or ["prog", "arg"]')
    if not words or not words[0]:
        raise Wrong("it is empty: write the program to run")
    return tuple(words)


def _split(line: str) -> list[str]:
    try:
        words = shlex.split(line)
    except ValueError as error:  # "No closing quotation", "No escaped character"
        raise Wrong(f"cannot split {shown(line)}: {str(error).lower()}") from None
    for word in words:
        if word in _SHELL_ONLY:
            sh = f'write ["sh", "-c", {shown(line)}]'
            raise Wrong(f"{shown(word)} is a shell's word, and no shell runs this: {sh}")
    return words


def unrunnable(words: tuple[str, ...], cwd: Path, search: str) -> str | None:
    """Say why `words` cannot be run in `cwd` with `search` as PATH, or None where it can."""
    program = words[0]
    if assigned := _ASSIGNED.fullmatch(program):
        pair = f"{assigned[1]} = {shown(assigned[2])}"
        return f"{shown(program)} is a shell's way to set a variable: write env = {{ {pair} }}"
    if "/" in program:
        return _no_program(program, cwd / program) or _no_script(words, cwd)
    places = [cwd / folder / program for folder in search.split(os.pathsep)]
    if any(_no_program(program, place) is None for place in places):
        return _no_script(words, cwd)
    near = f" (did you mean ./{program}?)" if _is_file(cwd / program) else ""
    if any(_is_file(place) for place in places):
        return f"cannot run {shown(program)}: what is on PATH by that name is not executable{near}"
    return f"cannot run {shown(program)}: no such program on PATH{near}"


def _no_program(program: str, place: Path) -> str | None:
    if not os.access(place, os.F_OK):
        hint = ": write ${HOME}" + program[1:] if program.startswith("~") else ""
        return f"cannot run {shown(program)}: there is no {place}{hint}"
    if not _is_file(place):
        return f"cannot run {shown(program)}: {place} is no file"
    if not os.access(place, os.X_OK):
        return f"cannot run {shown(program)}: {place} is not executable (chmod +x makes it so)"
    return None


def _no_script(words: tuple[str, ...], cwd: Path) -> str | None:
    """Say that the script an interpreter is to read is missing, or None."""
    reader, rest = _READS_A_SCRIPT.fullmatch(Path(words[0]).name), list(words[1:])
    while reader and reader[1] == "python" and rest and rest[0] in _PLAIN_FLAGS:
        rest.pop(0)
    if not (reader and rest and _SCRIPT.fullmatch(rest[0])):
        return None
    script = cwd / rest[0]
    return None if _is_file(script) else f"cannot run {shown(rest[0])}: there is no {script}"


def _is_file(place: Path) -> bool:
    try:
        return place.is_file()
    except OSError:  # a name too long, a folder that may not be entered
        return False


def search_path(env: Mapping[str, str], environ: Mapping[str, str]) -> str:
    """Return the PATH that a daemon with `env` will have."""
    return env.get("PATH", environ.get("PATH", os.defpath))
