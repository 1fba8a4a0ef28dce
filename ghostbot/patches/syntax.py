"""What parsed before a patch parses after it: Python, JSON, TOML and YAML.

Rule 1: a file that was broken, or is new, may be anything: only what a patch breaks is its fault.
Rule 2: nothing that is parsed is run or built, and Python is parsed in a process of its own.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Sequence

import yaml

from ghostbot.core.patch import Change, Place, Refused
from ghostbot.patches.child import asked

SIZE = 1024 * 1024  # bytes; larger files are not parsed
WALL_S = 15.0
Wrong = tuple[int, str] | None


def vet(changes: Sequence[Change]) -> None:
    """Parse what is changed. Raises Refused: syntax."""
    python: list[Change] = []
    for change in changes:
        kind = _kind(change)
        if kind == "py":
            python.append(change)
        elif kind is not None:
            _judge(change, _wrong(kind, change.base or b""), _wrong(kind, change.new or b""))
    if python:
        _python(python)


def _kind(change: Change) -> str | None:
    base, new = change.base, change.new
    if base is None or new is None or base == new or max(len(base), len(new)) > SIZE:
        return None
    kind = change.path.rsplit(".", 1)[-1].lower()
    kind = {"yml": "yaml", "pyi": "py"}.get(kind, kind)
    return kind if kind == "py" or kind in _PARSERS else None


def _judge(change: Change, before: Wrong, after: Wrong) -> None:
    if before is None and after is not None:
        line, why = after
        words = f"cannot patch {change.path}: line {line} would no longer parse: {why}"
        raise Refused("syntax", words, Place(path=change.path, line=line))


def _python(changes: Sequence[Change]) -> None:
    pairs = [((c.new or b"").decode("latin-1"), (c.base or b"").decode("latin-1")) for c in changes]
    said = json.dumps(pairs)
    rows = asked("syntax_child.py", said.encode(), wall_s=WALL_S).splitlines()
    told = [json.loads(row) for row in rows]
    for n, change in enumerate(changes):
        # one that its parser died of parses no more
        after = told[2 * n] if 2 * n < len(told) else (1, "the parser does not survive it")
        before = told[2 * n + 1] if 2 * n + 1 < len(told) else None
        _judge(change, tuple(before) if before else None, tuple(after) if after else None)


def _wrong(kind: str, data: bytes) -> Wrong:
    try:
        _PARSERS[kind](data.decode("utf-8-sig"))
    except json.JSONDecodeError as error:
        return error.lineno, error.msg
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        return (mark.line + 1 if mark else 1), error.problem or "no YAML"
    except (ValueError, RecursionError, yaml.YAMLError) as error:
        return 1, str(error).splitlines()[0] if str(error) else "it is too deep"
    return None


def _yaml(text: str) -> None:
    # events alone: aliases are not followed, so none can blow up
    for _ in yaml.parse(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
        pass


_PARSERS: dict[str, Callable[[str], object]] = {
    "json": json.loads,
    "toml": tomllib.loads,
    "yaml": _yaml,
}
