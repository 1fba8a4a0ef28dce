"""A new ghost.toml as text: the one to begin with, or what another supervisor's file becomes.

Rule 1: a value stands here as ghost.toml has it; whoever drafts doubles the dollars that are meant.
Rule 2: what cannot be taken over is said at the daemon, and never left out in silence.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from ghostbot.config.wrong import BARE, plain

Value: TypeAlias = "str | int | Sequence[Value] | Mapping[str, Value]"

NO_NAME = re.compile(r"[^A-Za-z0-9_.-]+")
NAME_MAX = 64
SHELLS = re.compile(r"""[|&;<>()$`*?\[\]#~{}\n!]|^\s*[A-Za-z_][A-Za-z0-9_]*=""")
NOTE_WIDTH = 90  # a longer one is cut: it only says what somebody has to look up
HEAD = (
    "# What Ghost keeps alive on this machine. Every key, with its default: `ghost config example`."
)
SLACK = """\
[slack]
channel = "#ghost-alerts"  # where alerts appear, once `ghost slack setup` was here
"""
STARTER = f"""\
{HEAD}

{SLACK}
# One table for each daemon. This one only shows how it looks: put your own in its place.
[daemon.hello]
command = ["sh", "-c", "while true; do echo hello; sleep 10; done"]
description = "says hello every ten seconds"
# port = 8000     # where it listens: it is up once something answers there
# after = ["db"]  # started when these are ready, and stopped before them
"""


@dataclass(frozen=True, slots=True)
class Draft:
    """One daemon to be: its name, its keys in their order, and what it could not take over."""

    name: str
    keys: Mapping[str, Value]
    left: Sequence[str] = field(default=())


def text(drafts: Sequence[Draft], source: str, left: Sequence[str] = ()) -> str:
    """Return a ghost.toml of `drafts`, read from the file `source`."""
    lines = [HEAD, f"# Taken over from {plain(source)}.", *map(_note, left), "", SLACK.rstrip()]
    for draft in drafts:
        lines += ["", *_table(draft)]
    return "\n".join(lines) + "\n"


def named(words: str, taken: Sequence[str]) -> str:
    """Return a name that Ghost takes and no other daemon has, as near to `words` as can be."""
    name = NO_NAME.sub("-", words).strip("-.")[:NAME_MAX] or "daemon"
    count = 2
    found = name
    while found in ("all", *taken):
        found, count = f"{name[: NAME_MAX - 5]}-{count}", count + 1
    return found


def shell(line: str) -> str | list[str]:
    """Return a line that a shell ran as Ghost runs it: by a shell only where it needs one."""
    return ["sh", "-c", dollars(line)] if SHELLS.search(line) else line.strip()


def dollars(words: str) -> str:
    """Double each dollar, as ghost.toml takes a doubled one for itself."""
    return words.replace("$", "$$")


def seconds(value: object) -> str | None:
    """Return a number of seconds as a duration; None for what is none."""
    try:
        found = float(str(value))
    except ValueError:
        return None
    return f"{found:g}s" if 0 <= found < 10**6 else None


def _table(draft: Draft) -> Iterator[str]:
    yield f"[daemon.{_key(draft.name)}]"
    yield from (f"{key} = {_value(value)}" for key, value in draft.keys.items())
    yield from map(_note, draft.left)


def _note(words: str) -> str:
    line = plain(words)
    cut = line if len(line) <= NOTE_WIDTH else line[: NOTE_WIDTH - 1] + "…"
    return f"# not taken over: {cut}"


def _key(key: str) -> str:
    return key if BARE.fullmatch(key) else _value(key)


def _value(value: Value) -> str:
    """Spell a value as TOML does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        pairs = (f"{_key(key)} = {_value(item)}" for key, item in value.items())
        return f"{{ {', '.join(pairs)} }}" if value else "{}"
    return f"[{', '.join(map(_value, value))}]"
