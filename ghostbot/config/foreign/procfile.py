"""A Procfile (foreman, honcho, overmind, Heroku): `name: a line for the shell`."""

from __future__ import annotations

import re
from pathlib import Path

from ghostbot.config.draft import Draft, Value, dollars, named, shell

_ENTRY = re.compile(r"([A-Za-z0-9_.-]+)\s*:\s*(.+)")
ONCE = frozenset({"release", "migrate"})  # Heroku runs `release` to its end, before the others
FIRST_PORT = 5000  # foreman's, which gives each entry the next hundred
STEP = 100


def read(text: str, path: Path) -> tuple[list[Draft], list[str]]:
    """Return a draft for each entry, and the lines that are none."""
    drafts: list[Draft] = []
    left: list[str] = []
    env: dict[str, Value] = {"env_file": ".env"} if (path.parent / ".env").is_file() else {}
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        found = _ENTRY.fullmatch(line.strip())
        if found is None:
            left.append(line.strip())
            continue
        name = named(found[1], [draft.name for draft in drafts])
        drafts.append(Draft(name, {**_entry(found, len(drafts)), **env}))
    return drafts, left


def _entry(found: re.Match[str], count: int) -> dict[str, Value]:
    """Return the keys of one; a port is given to whom asks for $PORT."""
    keys: dict[str, Value] = {"command": shell(found[2])}
    if re.search(r"\$\{?PORT\b", found[2]):
        keys["port"] = FIRST_PORT + STEP * count
        keys["command"] = ["sh", "-c", dollars(found[2])]
    if found[1] in ONCE:
        keys["kind"] = "oneshot"
    return keys
