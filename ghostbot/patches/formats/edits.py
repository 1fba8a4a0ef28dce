"""Reads string edits, as the tools of models write them, and OpenAI's file operations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ghostbot.core.patch import Place, Refused
from ghostbot.patches.asks import Ask, Asked, Delete, Edit, Insert, Swap, Write
from ghostbot.patches.formats import v4a
from ghostbot.patches.formats.json_text import Table

EDITS, OPERATIONS = "edits", "openai"
_COMMANDS = {"str_replace", "create", "insert"}
_OPERATIONS = {"create_file", "update_file", "delete_file"}


def kind(value: object) -> str | None:
    """Return which of the two formats a JSON value is; None for neither."""
    if isinstance(value, list):
        kinds = {kind(one) for one in value}
        if len(kinds) > 1 and None not in kinds:
            words = "cannot read the patch: it mixes edits and operations"
            raise Refused("mixed_formats", words, Place(line=1))
        return kinds.pop() if len(kinds) == 1 else None
    if not isinstance(value, Table):
        return None
    if "operation" in value or value.get("type") in {"apply_patch_call", *_OPERATIONS}:
        return OPERATIONS
    for key in ("operations", "edits"):
        if isinstance(value.get(key), list):
            return OPERATIONS if key == "operations" else EDITS
    if value.get("command") in {*_COMMANDS, "view", "undo_edit"} or "old_string" in value:
        return EDITS
    return EDITS if "old_str" in value else None


def read(value: Any, format_: str) -> Asked:
    """Return what the edits or operations ask. Raises Refused."""
    asks: list[Ask] = []
    for one in _each(value):
        asks += [_operation(one)] if format_ == OPERATIONS else _edit(one)
    if not asks:
        raise _refused("empty", "it holds no edit", Table())
    return Asked(format=format_, asks=tuple(asks))


def _each(value: Any) -> Sequence[Table]:
    if isinstance(value, Table) and isinstance(value.get("operations"), list):
        value = value["operations"]
    rows = value if isinstance(value, list) else [value]
    for row in rows:
        if not isinstance(row, Table):
            raise _refused("unknown_format", "each of them is an object", Table())
    return rows


def _operation(row: Table) -> Ask:
    said = row.get("operation", row)
    if not isinstance(said, Table):
        raise _refused("unknown_format", "`operation` is an object", row)
    path, verb = text_of(said, "path"), said.get("type")
    if verb == "delete_file":
        return Delete(path=path, line=said.line)
    if verb not in _OPERATIONS:
        raise _refused("unknown_format", f"there is no operation {verb!r}", said)
    lines = text_of(said, "diff").split("\n")
    lines = [line.removesuffix("\r") for line in lines]
    try:
        if verb == "create_file":
            text = v4a.added(lines, 1)
            return Write(path=path, text=text, fresh=True, line=said.line)
        hunks = tuple(v4a.chunks(lines, 1))
    except Refused as refused:
        words = f"{refused.words} of its `diff`"
        raise Refused(refused.code, words, Place(path=path, line=said.line)) from None
    move = said.get("move_to")
    if move is not None and not isinstance(move, str):
        raise _refused("bad_path", "`move_to` is no text", said)
    if not hunks and move is None:
        raise _refused("empty_edit", "the update holds no change", said)
    return Edit(path=path, hunks=hunks, to=move, line=said.line)


def _edit(row: Table) -> list[Ask]:
    if isinstance(rows := row.get("edits"), list):
        return _several(row, rows)
    if "old_string" in row:
        return [_swap(row, text_of(row, "file_path", "path"), "old_string", "new_string")]
    command, path = row.get("command", "str_replace"), text_of(row, "path", "file_path")
    if command == "str_replace":
        return [_swap(row, path, "old_str", "new_str")]
    if command == "create":
        text = text_of(row, "file_text")
        return [Write(path=path, text=text, fresh=True, line=row.line)]
    if command != "insert":
        raise _refused("unknown_format", f"{command!r} changes nothing", row)
    after = row.get("insert_line")
    if not isinstance(after, int) or isinstance(after, bool) or after < 0:
        raise _refused("unknown_format", "`insert_line` is a number from 0", row)
    key = "insert_text" if "insert_text" in row else "new_str"
    text = text_of(row, key)
    if not text:
        raise _refused("empty_edit", f"`{key}` is empty", row)
    return [Insert(path=path, after=after, text=text, line=row.line)]


def _several(row: Table, rows: Sequence[object]) -> list[Ask]:
    path = text_of(row, "file_path", "path") if "file_path" in row or "path" in row else None
    asks: list[Ask] = []
    for one in rows:
        if not isinstance(one, Table):
            raise _refused("unknown_format", "each edit is an object", row)
        if path is None:
            asks += _edit(one)
        else:
            new = ("old_string", "new_string") if "old_string" in one else ("old_str", "new_str")
            asks.append(_swap(one, path, *new))
    return asks


def _swap(row: Table, path: str, old_key: str, new_key: str) -> Swap:
    new = text_of(row, new_key) if new_key in row else ""
    old = text_of(row, old_key)
    if not old:
        raise _refused("empty_edit", f"`{old_key}` is empty", row)
    if old == new:
        raise _refused("empty_edit", f"`{old_key}` and `{new_key}` are the same", row)
    everywhere = row.get("replace_all", False)
    if not isinstance(everywhere, bool):
        raise _refused("unknown_format", "`replace_all` is true or false", row)
    return Swap(path=path, old=old, new=new, count=None if everywhere else 1, line=row.line)


def text_of(row: Mapping[str, Any], *keys: str) -> str:
    """Return the text under the first key that is there. Raises Refused."""
    for key in keys:
        if isinstance(value := row.get(key), str):
            return value
    raise _refused("unknown_format", f"`{keys[0]}` is missing, or is no text", row)


def _refused(code: str, why: str, row: Mapping[str, Any]) -> Refused:
    line = row.line if isinstance(row, Table) else 1
    return Refused(code, f"cannot read the edits: line {line}: {why}", Place(line=line))
