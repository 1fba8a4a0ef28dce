"""What parsed before a patch parses after it: Python, JSON, TOML and YAML.

Rule 1: a file that was broken, or is new, may be anything: only what a patch breaks is its fault.
Rule 2: nothing that is parsed is run or built, and all of it is parsed in a process of its own:
        a line can be made so that its parser takes hours, or all memory there is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from ghostbot.core.patch import Change, Place, Refused
from ghostbot.patches.child import asked

SIZE = 1024 * 1024  # bytes; larger files are not parsed
WALL_S = 15.0
KINDS = {"py": "py", "pyi": "py", "json": "json", "toml": "toml", "yaml": "yaml", "yml": "yaml"}
DIED = (1, "the parser does not survive it")


def vet(changes: Sequence[Change]) -> None:
    """Parse what is changed. Raises Refused: syntax."""
    parsed = [change for change in changes if _kind(change) is not None]
    if not parsed:
        return
    rows = [(_kind(c), _letters(c.new), _letters(c.base)) for c in parsed]
    said = {"yaml": _yaml_at() if "yaml" in {row[0] for row in rows} else None, "files": rows}
    answer = asked("syntax_child.py", json.dumps(said).encode(), wall_s=WALL_S)
    told = [json.loads(row) for row in answer.splitlines() if row.endswith(b"]") or row == b"null"]
    for n, change in enumerate(parsed):
        # one that its parser died of parses no more
        after = told[2 * n] if 2 * n < len(told) else DIED
        before = told[2 * n + 1] if 2 * n + 1 < len(told) else None
        if before is None and after is not None:
            line, why = after
            words = f"cannot patch {change.path}: line {line} would no longer parse: {why}"
            raise Refused("syntax", words, Place(path=change.path, line=line))


def _kind(change: Change) -> str | None:
    base, new = change.base, change.new
    if base is None or new is None or base == new or max(len(base), len(new)) > SIZE:
        return None
    return KINDS.get(change.path.rsplit(".", 1)[-1].lower())


def _letters(data: bytes | None) -> str:
    """Return bytes as JSON can hold them: each is a character."""
    return (data or b"").decode("latin-1")


def _yaml_at() -> str | None:
    """Return the folder from which `yaml` is imported."""
    found = find_spec("yaml")
    return None if found is None or found.origin is None else str(Path(found.origin).parents[1])
