"""JSON as a patch may hold it: strict, no key twice, not too deep; each object knows its line."""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from typing import Any

from ghostbot.core.patch import Place, Refused

DEPTH = 32
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[\[\]{}]', re.DOTALL)
_KEY = re.compile(r"\s*:")
_HALF = re.compile("[\ud800-\udfff]")


class Table(dict[str, Any]):
    """A JSON object. `line` is where in the text it begins, from 1."""

    line: int = 1


def read(text: str) -> Any:
    """Return what the text says. Raises Refused: invalid_json, duplicate_key, encoding."""
    starts = _starts(text)
    newlines = [found.start() for found in re.finditer("\n", text)]
    ends = iter(starts)  # of objects, in the order in which they end

    def table(pairs: list[tuple[str, Any]]) -> Table:
        start = next(ends)
        made = Table(pairs)
        made.line = bisect_right(newlines, start) + 1
        if len(made) != len(pairs):
            raise _twice(text, start, newlines)
        for key, value in pairs:
            _vet(key, made.line)
            _vet(value, made.line)
        return made

    try:
        return json.loads(text, object_pairs_hook=table, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise invalid(error.msg, error.lineno, error.colno) from None
    except (ValueError, StopIteration, RecursionError) as error:
        raise invalid(str(error) or "it is too deep", 1, 1) from None


def invalid(why: str, line: int, column: int) -> Refused:
    """Return the refusal of a text that is no JSON."""
    words = f"cannot read the JSON: line {line}, column {column}: {why}"
    return Refused("invalid_json", words, Place(line=line, column=column))


def _vet(value: object, line: int) -> None:
    if isinstance(value, list):
        for one in value:
            _vet(one, line)
    elif isinstance(value, str) and not value.isascii() and _HALF.search(value):
        why = "a text holds half a character (a lone surrogate)"
        raise Refused("encoding", f"cannot read the JSON: line {line}: {why}", Place(line=line))


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is no number in JSON")


def _starts(text: str) -> list[int]:
    """Return where each object begins, in the order in which they end. Raises Refused."""
    opened: list[int] = []
    found: list[int] = []
    for token in _TOKEN.finditer(text):
        sign = token[0]
        if sign in {"{", "["}:
            opened.append(token.start() if sign == "{" else -1)
            if len(opened) > DEPTH:
                line = text.count("\n", 0, token.start()) + 1
                column = token.start() - text.rfind("\n", 0, token.start())
                raise invalid(f"it is over {DEPTH} deep", line, column)
        elif sign in {"}", "]"} and opened and (start := opened.pop()) >= 0:
            found.append(start)
    return found


def _twice(text: str, start: int, newlines: list[int]) -> Refused:
    """Return the refusal that points at the second of two equal keys."""
    depth, seen = 0, set[str]()
    for token in _TOKEN.finditer(text, start):
        sign = token[0]
        depth += (sign in {"{", "["}) - (sign in {"}", "]"})
        if depth == 1 and sign[0] == '"' and _KEY.match(text, token.end()):
            key = json.loads(sign, strict=False)
            if key in seen:
                at = token.start()
                line = bisect_right(newlines, at) + 1
                words = f"cannot read the JSON: line {line}: the key {key!r} is there twice"
                column = at - text.rfind("\n", 0, at)
                return Refused("duplicate_key", words, Place(line=line, column=column))
            seen.add(key)
    raise AssertionError("two keys are equal, and both stand in the text")
